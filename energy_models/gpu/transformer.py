"""Parameters and FLOPs of a decoder-only transformer, exactly, from its configuration.

Covers GPT-2 and GPT-3 (LayerNorm, learned positions, plain MLP), Llama (RMSNorm, rotary positions, gated MLP, grouped
queries) and mixtures of experts. Bytes and memory are in `transformer_memory`.

Convention: 1 multiply-accumulate = 2 FLOP; matrix products only, those of attention (scores and values) included;
look-ups, LayerNorm, softmax, activation functions, residual adds, biases, dropout and the optimizer are not counted.
The backward pass is twice the forward pass: one product for the gradient of the input and one for that of the weight
(for attention, one for each operand). So training costs 3 forward passes: 6 FLOP per matrix parameter and token, plus
attention. Activation recompute adds what it computes twice (`training_flops`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...devices.base.errors import unknown
from ..errors import PriceError

Recompute = Literal["none", "selective", "full"]
RECOMPUTES: tuple[Recompute, ...] = ("none", "selective", "full")
_BACKWARD = 2  # forward passes that a backward pass costs


@dataclass(frozen=True)
class TransformerShape:
    """A decoder-only transformer.

    Attributes
    ----------
    layers, d_model, heads, d_ff, context, vocab : int
        depth, width, attention heads, hidden width of the MLP, tokens in a window, tokens in the vocabulary.
    tied_embeddings : bool
        the output matrix is the token embedding.
    bias : bool
        linear layers and norms have biases (GPT-2: yes; the output matrix never has).
    learned_positions : bool
        a (context, d_model) table of position embeddings.
    kv_heads : int, optional
        heads of keys and values, shared by groups of query heads; as many as `heads` unless given.
    gated : bool
        the MLP has a second input matrix whose output gates the first's (SwiGLU): three matrices instead of two.
    experts, active_experts : int
        MLPs in each layer, and how many of them a token visits; a router of (d_model, experts) weights chooses. 1 and 1
        for a dense model, which has no router.
    head_width : int, optional
        numbers of a head's query, key or value; d_model / heads unless given (PaLM: 256 for 18432 / 48).
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
    kv_heads: int | None = None
    gated: bool = False
    experts: int = 1
    active_experts: int = 1
    head_width: int | None = None

    def __post_init__(self) -> None:
        if self.kv_heads is None:
            object.__setattr__(self, "kv_heads", self.heads)
        chosen = self.head_width is not None
        for field in (
            "layers",
            "d_model",
            "heads",
            "d_ff",
            "context",
            "vocab",
            "kv_heads",
            "experts",
            "active_experts",
            *(("head_width",) if chosen else ()),
        ):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise PriceError(f"{field} = {value!r} must be a positive integer")
        if not chosen and self.d_model % self.heads:
            raise PriceError(f"d_model = {self.d_model} must be a multiple of heads = {self.heads}, or give head_width")
        if self.heads % self._kv_heads:
            raise PriceError(f"heads = {self.heads} must be a multiple of kv_heads = {self.kv_heads}")
        if self.active_experts > self.experts:
            raise PriceError(f"active_experts = {self.active_experts} must be at most experts = {self.experts}")

    @property
    def _kv_heads(self) -> int:
        return self.heads if self.kv_heads is None else self.kv_heads

    @property
    def _head_width(self) -> int:
        return self.d_model // self.heads if self.head_width is None else self.head_width

    @property
    def query_width(self) -> int:
        """Width of the queries of one token, all heads together."""
        return self.heads * self._head_width

    @property
    def kv_width(self) -> int:
        """Width of the keys, and of the values, of one token."""
        return self._kv_heads * self._head_width

    def attention_parameters(self) -> int:
        """Weights of one layer's query, key, value and output matrices."""
        return 2 * self.d_model * self.query_width + 2 * self.d_model * self.kv_width

    def mlp_parameters(self) -> int:
        """Weights of one MLP (of one expert)."""
        return (3 if self.gated else 2) * self.d_model * self.d_ff

    def router_parameters(self) -> int:
        """Weights of one layer's router; none in a dense model."""
        return self.d_model * self.experts if self.experts > 1 else 0

    def layer_parameters(self) -> int:
        """Weights of one layer that multiply a token."""
        return self.attention_parameters() + self.active_experts * self.mlp_parameters() + self.router_parameters()

    def matrix_parameters(self) -> int:
        """Weights that multiply every token, the N of 6 N: the output matrix is, look-ups and idle experts are not."""
        return self.layers * self.layer_parameters() + self.vocab * self.d_model

    def parameters(self) -> int:
        """All trainable parameters: embeddings, positions and every expert included."""
        idle_experts = (self.experts - self.active_experts) * self.mlp_parameters()
        return self.active_parameters() + self.layers * idle_experts

    def active_parameters(self) -> int:
        """All parameters but those of the experts that a token does not visit."""
        d = self.d_model
        embeddings = 0 if self.tied_embeddings else self.vocab * d
        positions = self.context * d if self.learned_positions else 0
        norms = (2 * self.layers + 1) * d
        biases = norms + self.layers * self._linear_biases() if self.bias else 0
        return self.matrix_parameters() + embeddings + positions + norms + biases

    def _linear_biases(self) -> int:
        attention = self.query_width + self.d_model + 2 * self.kv_width
        mlp = (2 if self.gated else 1) * self.d_ff + self.d_model
        return attention + self.active_experts * mlp

    def attention_flops_per_token(self, length: int | None = None, *, causal: bool = False) -> int:
        """FLOPs of attention scores and values per token, forward, averaged over a window of `length` tokens.

        Parameters
        ----------
        causal : bool
            count only the pairs that the causal mask keeps, (length + 1) / 2 per token; otherwise all `length`, which
            is what a dense kernel computes and what the usual 6 N + 12 L d T formula counts.
        """
        n = self._length(length)
        pairs_twice = n + 1 if causal else 2 * n
        return 2 * self.layers * self.query_width * pairs_twice  # (scores + values) x 2 FLOP x pairs_twice / 2

    def forward_flops_per_token(self, length: int | None = None, *, causal: bool = False) -> int:
        """FLOPs of one forward pass per token, in windows of `length` tokens (the full context unless given)."""
        return 2 * self.matrix_parameters() + self.attention_flops_per_token(length, causal=causal)

    def training_flops(
        self, tokens: int, length: int | None = None, *, causal: bool = False, recompute: Recompute = "none"
    ) -> int:
        """FLOPs of training on `tokens` tokens: forward and backward, 3 forward passes, and what is recomputed.

        Parameters
        ----------
        recompute : Recompute
            ``none`` gives model FLOPs; ``selective`` computes the core of attention (scores and values) once more,
            ``full`` every layer (Korthikanti et al. 2022, arXiv:2205.05198). The output matrix is never recomputed, so
            that ``full`` is the 96 B s L h^2 (1 + s / 6 h + V / 16 L h) of Narayanan et al. (2021, arXiv:2104.04473).
        """
        if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 0:
            raise PriceError(f"tokens = {tokens!r} must be a non-negative integer")
        if recompute not in RECOMPUTES:
            raise PriceError(f"recompute = {recompute!r} is not one of {', '.join(RECOMPUTES)}")
        per_token = (1 + _BACKWARD) * self.forward_flops_per_token(length, causal=causal)
        attention = self.attention_flops_per_token(length, causal=causal)
        if recompute == "selective":
            per_token += attention
        elif recompute == "full":
            per_token += 2 * self.layers * self.layer_parameters() + attention
        return tokens * per_token

    def generation_flops(self, prompt: int, new: int) -> int:
        """FLOPs of reading a prompt of `prompt` tokens and generating `new` ones, with a cache of keys and values.

        Attention counts the pairs that exist: token number i (from 1) looks at i tokens. The first new token comes from
        the prompt's last output, so ``prompt + new - 1`` tokens pass through the network.
        """
        for field, value in (("prompt", prompt), ("new", new)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise PriceError(f"{field} = {value!r} must be a positive integer")
        passed = prompt + new - 1
        self._length(passed)
        pairs = passed * (passed + 1) // 2
        body = 2 * self.layers * self.layer_parameters() * passed + 4 * self.layers * self.query_width * pairs
        return body + 2 * self.vocab * self.d_model * new  # only the last token of the prompt needs its logits

    def _length(self, length: int | None) -> int:
        n = self.context if length is None else length
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= self.context:
            raise PriceError(f"length = {length!r} must be an integer, 1 to context = {self.context}")
        return n


def _gpt(layers: int, d_model: int, heads: int, context: int) -> TransformerShape:
    return TransformerShape(layers, d_model, heads, 4 * d_model, context, 50257)


def _mpt(layers: int, d_model: int, heads: int, context: int) -> TransformerShape:
    return TransformerShape(layers, d_model, heads, 4 * d_model, context, 50368)


def _llama(layers: int, d: int, heads: int, d_ff: int, context: int, vocab: int, kv: int, **more: int):
    return TransformerShape(layers, d, heads, d_ff, context, vocab, False, False, False, kv, True, **more)


# As published: Radford et al. 2019; Brown et al. 2020, table 2.1; Narayanan et al. 2021, table 1; Chowdhery et al. 2022,
# table 1; the model repositories of Meta, Mistral AI and MosaicML.
PUBLISHED_SHAPES: Mapping[str, TransformerShape] = {
    "gpt2": _gpt(12, 768, 12, 1024),
    "gpt2-medium": _gpt(24, 1024, 16, 1024),
    "gpt2-large": _gpt(36, 1280, 20, 1024),
    "gpt2-xl": _gpt(48, 1600, 25, 1024),
    "gpt3-175b": _gpt(96, 12288, 96, 2048),
    "megatron-1t": TransformerShape(128, 25600, 160, 102400, 2048, 51200),
    "palm-540b": TransformerShape(118, 18432, 48, 73728, 2048, 256000, True, False, False, 1, True, head_width=256),
    "mpt-1b": _mpt(24, 2048, 16, 2048),
    "mpt-7b": _mpt(32, 4096, 32, 2048),
    "mpt-30b": _mpt(48, 7168, 64, 2048),
    "mpt-70b": _mpt(80, 8192, 64, 2048),
    "llama2-7b": _llama(32, 4096, 32, 11008, 4096, 32000, 32),
    "llama2-13b": _llama(40, 5120, 40, 13824, 4096, 32000, 40),
    "llama2-70b": _llama(80, 8192, 64, 28672, 4096, 32000, 8),
    "llama3.1-8b": _llama(32, 4096, 32, 14336, 8192, 128256, 8),
    "llama3.1-70b": _llama(80, 8192, 64, 28672, 8192, 128256, 8),
    "llama3.1-405b": _llama(126, 16384, 128, 53248, 8192, 128256, 8),
    "mixtral-8x7b": _llama(32, 4096, 32, 14336, 32768, 32000, 8, experts=8, active_experts=2),
}


def published_shape(name: str) -> TransformerShape:
    """The configuration of a published model, by name; UnknownName lists them."""
    if name not in PUBLISHED_SHAPES:
        raise unknown("shape", name, PUBLISHED_SHAPES)
    return PUBLISHED_SHAPES[name]
