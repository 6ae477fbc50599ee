"""Parameters and FLOPs of a decoder-only transformer (GPT-2 and nanoGPT: pre-LayerNorm, learned positions), exactly.

Convention: 1 multiply-accumulate = 2 FLOP; matrix products only, those of attention (scores and values) included;
look-ups, LayerNorm, softmax, activation functions, residual adds, biases, dropout and the optimizer are not counted.
The backward pass is twice the forward pass: one product for the gradient of the input and one for that of the weight
(for attention, one for each operand). So training costs 3 forward passes: 6 FLOP per matrix parameter and token, plus
attention.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import PriceError


@dataclass(frozen=True)
class TransformerShape:
    """A decoder-only transformer.

    layers, d_model, heads, d_ff, context, vocab: depth, width, attention heads, hidden width of the MLP, tokens in a
        window, tokens in the vocabulary.
    tied_embeddings: the output matrix is the token embedding.
    bias: linear layers and LayerNorms have biases (GPT-2: yes; the output matrix never has).
    learned_positions: a (context, d_model) table of position embeddings.
    """

    layers: int
    d_model: int
    heads: int
    d_ff: int
    context: int
    vocab: int
    tied_embeddings: bool = True
    bias: bool = True
    learned_positions: bool = True

    def __post_init__(self) -> None:
        for field in ("layers", "d_model", "heads", "d_ff", "context", "vocab"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise PriceError(f"{field} = {value!r} must be a positive integer")
        if self.d_model % self.heads:
            raise PriceError(f"d_model = {self.d_model} must be a multiple of heads = {self.heads}")

    def matrix_parameters(self) -> int:
        """Weights that multiply every token, the N of 6 N: the output matrix is, look-up tables are not."""
        per_layer = 4 * self.d_model**2 + 2 * self.d_model * self.d_ff
        return self.layers * per_layer + self.vocab * self.d_model

    def parameters(self) -> int:
        """All trainable parameters, embeddings and positions included."""
        d = self.d_model
        embeddings = 0 if self.tied_embeddings else self.vocab * d
        positions = self.context * d if self.learned_positions else 0
        norms = (2 * self.layers + 1) * d
        biases = norms + self.layers * (4 * d + self.d_ff + d) if self.bias else 0
        return self.matrix_parameters() + embeddings + positions + norms + biases

    def attention_flops_per_token(self, length: int | None = None, *, causal: bool = False) -> int:
        """FLOPs of attention scores and values per token, forward, averaged over a window of `length` tokens.

        causal: count only the pairs that the causal mask keeps, (length + 1) / 2 per token; otherwise all `length`,
            which is what a dense kernel computes and what the usual 6 N + 12 L d T formula counts.
        """
        n = self._length(length)
        pairs_twice = n + 1 if causal else 2 * n
        return 2 * self.layers * self.d_model * pairs_twice  # (scores + values) x 2 FLOP x pairs_twice / 2

    def forward_flops_per_token(self, length: int | None = None, *, causal: bool = False) -> int:
        """FLOPs of one forward pass per token, in windows of `length` tokens (the full context unless given)."""
        return 2 * self.matrix_parameters() + self.attention_flops_per_token(length, causal=causal)

    def training_flops(self, tokens: int, length: int | None = None, *, causal: bool = False) -> int:
        """FLOPs of training on `tokens` tokens: forward and backward, 3 forward passes."""
        if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 0:
            raise PriceError(f"tokens = {tokens!r} must be a non-negative integer")
        return 3 * tokens * self.forward_flops_per_token(length, causal=causal)

    def _length(self, length: int | None) -> int:
        n = self.context if length is None else length
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= self.context:
            raise PriceError(f"length = {length!r} must be an integer, 1 to context = {self.context}")
        return n
