"""Parameters and FLOPs of decoder-only transformers, against published totals, hand counts and brute-force counting."""

import pytest
from revpath.energy_models import PriceError, TransformerShape

GPT2 = TransformerShape(layers=12, d_model=768, heads=12, d_ff=3072, context=1024, vocab=50257)


@pytest.mark.parametrize(
    ("layers", "d_model", "heads", "total"),
    [
        (12, 768, 12, 124_439_808),
        (24, 1024, 16, 354_823_168),
        (36, 1280, 20, 774_030_080),
        (48, 1600, 25, 1_557_611_200),
    ],
)
def test_gpt2_family_totals(layers, d_model, heads, total):
    # the published 124M, 355M, 774M and 1.5B
    shape = TransformerShape(layers, d_model, heads, 4 * d_model, 1024, 50257)
    assert shape.parameters() == total


def test_small_shape_by_hand():
    shape = TransformerShape(layers=2, d_model=4, heads=2, d_ff=8, context=3, vocab=5, bias=False)
    # per layer: qkv 48, projection 16, mlp 32 + 32, two norms of 4; final norm 4, tokens 20, positions 12
    assert shape.parameters() == 2 * (48 + 16 + 64 + 8) + 4 + 20 + 12
    untied = TransformerShape(2, 4, 2, 8, 3, 5, bias=False, tied_embeddings=False, learned_positions=False)
    assert untied.parameters() == 2 * (48 + 16 + 64 + 8) + 4 + 20 + 20
    biased = TransformerShape(2, 4, 2, 8, 3, 5)
    # per layer: norms 4 + 4, qkv 12, projection 4, mlp 8 + 4; final norm 4
    assert biased.parameters() - shape.parameters() == 2 * (8 + 12 + 4 + 12) + 4


def count_by_walking(s, n, causal):
    """FLOPs of one forward pass over a window of n tokens, product by product."""
    flops = 0
    for _ in range(s.layers):
        flops += n * 2 * s.d_model * 3 * s.d_model
        for position in range(n):
            seen = position + 1 if causal else n
            for _ in range(s.heads):
                flops += 2 * (2 * seen * (s.d_model // s.heads))  # scores, then values
        flops += n * 2 * s.d_model * s.d_model
        flops += n * 2 * 2 * s.d_model * s.d_ff
    return flops + n * 2 * s.d_model * s.vocab


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n", [1, 7, 16])
def test_forward_flops_by_walking(causal, n):
    shape = TransformerShape(layers=3, d_model=12, heads=4, d_ff=20, context=16, vocab=11)
    assert n * shape.forward_flops_per_token(n, causal=causal) == count_by_walking(shape, n, causal)


def test_training_is_6_N_and_attention():
    tokens = 10**9
    N = GPT2.matrix_parameters()
    attention = 12 * GPT2.layers * GPT2.d_model * GPT2.context  # PaLM, appendix B: 12 L H Q T per token
    assert GPT2.training_flops(tokens) == tokens * (6 * N + attention)
    # 6 x all parameters falls short by the attention correction and the look-up tables alone
    excess = GPT2.training_flops(tokens) / (6 * GPT2.parameters() * tokens) - 1
    assert excess == pytest.approx(attention / (6 * GPT2.parameters()), abs=0.01)


def test_causal_counting_halves_attention():
    full, causal = GPT2.attention_flops_per_token(), GPT2.attention_flops_per_token(causal=True)
    assert causal / full == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"layers": 0}, "layers = 0"), ({"heads": 5}, "multiple of heads"), ({"vocab": 5.0}, "vocab = 5.0")],
)
def test_bad_shapes(change, message):
    with pytest.raises(PriceError, match=message):
        TransformerShape(**{**dict(layers=2, d_model=4, heads=2, d_ff=8, context=3, vocab=5), **change})


def test_bad_lengths_and_tokens():
    with pytest.raises(PriceError, match="length = 1025"):
        GPT2.forward_flops_per_token(1025)
    with pytest.raises(PriceError, match="tokens = -1"):
        GPT2.training_flops(-1)
