"""The cost law C = C0 P T / K against real runs: the regression table of energy.md section 1.1."""

import pytest

from revpath.devices.base.errors import UnknownName
from revpath.energy_models import PriceError, load_law
from revpath.energy_models.framework.loss_law import best_parameters, loss
from revpath.energy_models.sensitivity import nominal

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


def test_presets_differ_in_tokens_alone():
    assert load_law("gpt3").flops(175e9) == pytest.approx(3.15e23, rel=1e-3)
    assert load_law("llama31").flops(405e9) == pytest.approx(3.791e25, rel=1e-3)
    assert load_law("gpt3").c0 == LAW.c0


def test_loss_law_by_hand():
    # Chinchilla, 70e9 parameters and 1.4e12 tokens
    assert nominal(loss(70e9, 1.4e12))[0] == pytest.approx(1.69 + 406.4 / 70e9**0.34 + 410.7 / 1.4e12**0.28)
    assert nominal(loss(70e9, 1.4e12))[0] < nominal(loss(175e9, 300e9))[0] < nominal(loss(1e9, 20e9))[0]


@pytest.mark.parametrize("flops", [1e20, 5.9e23])
def test_the_best_split_is_the_least_loss(flops):
    best = nominal(best_parameters(flops))[0]
    losses = [nominal(loss(p, flops / (6 * p)))[0] for p in (best, 0.9 * best, 1.1 * best)]
    assert min(losses) == losses[0]


def test_the_third_approach_does_not_give_twenty_tokens_a_parameter():
    ratios = {}
    for flops in (1e20, 5.9e23):
        best = nominal(best_parameters(flops))[0]
        ratios[flops] = flops / (6 * best) / best
    assert ratios[5.9e23] == pytest.approx(93, abs=1)  # by hand: 3.25e10 parameters, 3.02e12 tokens
    assert 20 < ratios[1e20] < ratios[5.9e23]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: loss(0, 1), "parameters = 0"),
        (lambda: loss(1, float("inf")), "tokens = inf"),
        (lambda: best_parameters(-1), "flops = -1"),
    ],
)
def test_bad_losses(call, message):
    with pytest.raises(PriceError, match=message):
        call()
