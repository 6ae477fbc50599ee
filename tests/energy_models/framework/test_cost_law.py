"""The cost law C = C0 P T / K against real runs: the regression table of energy.md section 1.1."""

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError, UnknownName
from revpath.energy_models import PriceError, load_law
from revpath.energy_models.framework.loss_law import LOSS_LAWS, best_parameters, loss
from revpath.energy_models.sensitivity import nominal, propagate

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
    refitted = 1.8172 + 482.01 / 70e9**0.3478 + 2085.43 / 1.4e12**0.3658
    assert nominal(loss(70e9, 1.4e12))[0] == pytest.approx(refitted)
    printed = 1.69 + 406.4 / 70e9**0.34 + 410.7 / 1.4e12**0.28
    assert nominal(loss(70e9, 1.4e12, "hoffmann2022"))[0] == pytest.approx(printed)
    assert nominal(loss(70e9, 1.4e12))[0] < nominal(loss(175e9, 300e9))[0] < nominal(loss(1e9, 20e9))[0]


@pytest.mark.parametrize("constants", LOSS_LAWS)
@pytest.mark.parametrize("flops", [1e20, 5.9e23])
def test_the_best_split_is_the_least_loss(flops, constants):
    best = nominal(best_parameters(flops, constants=constants))[0]
    losses = [nominal(loss(p, flops / (6 * p), constants))[0] for p in (best, 0.9 * best, 1.1 * best)]
    assert min(losses) == losses[0]


def _tokens_a_parameter(flops, constants):
    best = nominal(best_parameters(flops, constants=constants))[0]
    return flops / (6 * best) / best


def test_the_third_approach_as_printed_does_not_give_twenty_tokens_a_parameter():
    # by hand: 3.25e10 parameters, 3.02e12 tokens
    assert _tokens_a_parameter(5.9e23, "hoffmann2022") == pytest.approx(93, abs=1)
    assert 20 < _tokens_a_parameter(1e20, "hoffmann2022") < _tokens_a_parameter(5.9e23, "hoffmann2022")


def test_the_replication_gives_about_twenty():
    for flops in (1e20, 1e22, 5.9e23):
        assert 17 < _tokens_a_parameter(flops, "besiroglu2024") < 28


def test_each_set_of_constants_spans_the_other():
    """At the sizes that were trained the printed constants' interval holds the refit, which is narrow in their middle."""
    for parameters, tokens in ((1e9, 5e10), (16e9, 5e11), (7e7, 5e9)):
        refit, printed = (propagate(loss(parameters, tokens, law), n_draws=4000).interval for law in LOSS_LAWS)
        assert printed.low < refit.nominal < printed.high
    middle = propagate(loss(1e9, 5e10), n_draws=4000).interval
    assert middle.high - middle.low < 0.1 * middle.nominal


def test_a_scale_drawn_with_its_power_spreads_less_than_alone():
    term = "cost_law.besiroglu2024.parameters_"
    apart = propagate(lambda take: take(term + "scale") / 1e9 ** take(term + "power"))
    together = propagate(loss(1e9, 1e300))
    spread = [np.log(found.interval.high / found.interval.low) for found in (apart, together)]
    assert spread[1] < spread[0] / 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: loss(0, 1), "parameters = 0"),
        (lambda: loss(1, float("inf")), "tokens = inf"),
        (lambda: best_parameters(-1), "flops = -1"),
        (lambda: loss(1e9, 1e9, "kaplan2020"), "constants = 'kaplan2020'"),
    ],
)
def test_bad_losses(call, message):
    with pytest.raises(RevpathError, match=message):
        call()
