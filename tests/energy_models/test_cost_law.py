"""The cost law C = C0 P T / K against real runs: the regression table of energy.md section 1.1."""

import pytest
from revpath.devices.errors import UnknownName
from revpath.energy_models import PriceError, load_law

LAW = load_law("hpe2024")

# model, P, T, K, parameters active per token, law/real as printed
TABLE = [
    ("GPT-3", 175e9, 300e9, 1, 175e9, 11.7),
    ("Chinchilla", 70e9, 1.4e12, 1, 70e9, 1.00),
    ("Llama-2-70B", 69e9, 2.0e12, 1, 69e9, 0.69),
    ("Llama-3.1-405B", 405e9, 15.6e12, 1, 405e9, 0.52),
    ("Llama-3.1-8B", 8.0e9, 15e12, 1, 8.0e9, 0.011),
    ("DeepSeek-V3", 671e9, 14.8e12, 671 / 37, 37e9, 0.91),
]


@pytest.mark.parametrize(("model", "P", "T", "K", "active", "printed"), TABLE, ids=[row[0] for row in TABLE])
def test_law_over_real_run(model, P, T, K, active, printed):
    real = 6 * active * T
    digits = {11.7: 0.05, 0.011: 0.0005}.get(printed, 0.005)
    assert LAW.flops(P, experts=K) / real == pytest.approx(printed, abs=digits)
    assert LAW.flops(P, tokens=T, experts=K) == pytest.approx(real)


def test_the_preset_is_120_P_squared_over_K():
    assert LAW.flops(1e9) == pytest.approx(120e18)
    assert LAW.flops(1e9, experts=8) == pytest.approx(15e18)
    assert LAW.tokens(70e9) == pytest.approx(1.4e12)
    assert LAW.c0.source.key == LAW.tokens_per_parameter.source.key == "faraboschi2024"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0,), "parameters = 0"),
        ((1e9, -1.0), "tokens = -1"),
        ((1e9, 1e9, 0.5), "experts = 0.5"),
        ((1e9, None, 0), "experts = 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(PriceError, match=message):
        LAW.flops(*arguments)


def test_unknown_law():
    with pytest.raises(UnknownName, match="did you mean 'hpe2024'"):
        load_law("hpe2025")
