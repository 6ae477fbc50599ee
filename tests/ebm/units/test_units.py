"""Units that are circuits: their laws by enumeration, their noise from the unit or from the array, their events and their price."""

import pickle

import numpy as np
import pytest
from helpers.statistics import p_of_counts, plausible, relative
from scipy.special import expit, ndtr, softmax

from revpath.devices import RevpathError
from revpath.ebm import RBM, DigitalSynapses, crossbar_synapses
from revpath.ebm.evaluation import exact
from revpath.ebm.units import (
    ComparatorUnits,
    DigitalUnits,
    NonlinearADC,
    Response,
    Units,
    UnitSynapses,
    WinnerTakeAll,
    unit_kind,
    with_units,
)
from revpath.ebm.units.comparator import inverse_temperature
from revpath.energy_models import price
from revpath.energy_models.prices.schedule import completed
from revpath.simulator import ADC, DAC, ArrayConfig, Crossbar, Events, Stream
from revpath.simulator.noise.circuit import CircuitNoise

W = np.array([[1.5, -1.0], [-0.8, 1.2], [0.6, 0.9]], np.float32)
VISIBLE, HIDDEN = np.array([0.2, -0.3, 0.1], np.float32), np.array([-0.4, 0.3], np.float32)
STATES = exact.states(3)


def stationary(on) -> np.ndarray:
    """The law of the visible states under alternating draws with P(unit on) = on(net input): by the matrix of transitions."""
    hidden = exact.states(2)

    def conditional(states, weights, bias, of):
        p = on(states @ weights + bias)
        return np.prod(np.where(of[None] > 0, p[:, None], 1 - p[:, None]), axis=2)

    step = conditional(STATES, W, HIDDEN, hidden) @ conditional(hidden, W.T, VISIBLE, STATES)
    law = np.linalg.matrix_power(step.astype(np.float64), 2**12)[0]
    return law / law.sum()


def boltzmann(beta: float = 1.0) -> np.ndarray:
    model = exact.Parameters(beta * W, beta * VISIBLE, beta * HIDDEN)
    weights = np.exp(-exact.free_energy(model, STATES))
    return weights / weights.sum()


def distance(a, b) -> float:
    return 0.5 * float(np.abs(a - b).sum())


def drawn(synapses, chains: int, steps: int = 40) -> np.ndarray:
    """How many of the chains end in each visible state."""
    units = Stream(3, "hidden"), Stream(3, "visible")
    v = np.zeros((chains, 3), np.float32)
    for _ in range(steps):
        h = synapses.sample(v, HIDDEN, units[0])[1]
        v = synapses.sample(h, VISIBLE, units[1], transposed=True)[1]
    return np.bincount((v @ [1, 2, 4]).astype(int), minlength=8)


def ideal(units) -> UnitSynapses:
    synapses = UnitSynapses(DigitalSynapses(W.shape), units)
    synapses.program(W)
    return synapses


def test_a_comparator_is_nearly_a_logistic_unit_of_known_temperature():
    x = np.linspace(-12, 12, 4001)
    for sigma in (0.3, 1.6, 4.0):
        assert np.abs(ndtr(x / sigma) - expit(inverse_temperature(sigma) * x)).max() < 0.018
    assert inverse_temperature(0.0) == np.inf


def test_a_machine_of_comparators_is_near_one_at_that_temperature():
    """Total variation of the exact stationary laws: 0.8 % at temperature 1, 2.3 % where it is half and weights are steep."""
    for sigma in (0.8, 1.6, 3.2):
        law = stationary(lambda x, sigma=sigma: ndtr(x / sigma))
        near = boltzmann(inverse_temperature(sigma))
        assert distance(law, near) < (0.03 if sigma < 1 else 0.01)
        assert distance(law, near) < distance(law, boltzmann(0.7 * inverse_temperature(sigma)))
        assert distance(law, near) < distance(law, boltzmann(1.4 * inverse_temperature(sigma)))
    assert distance(stationary(expit), boltzmann()) < 1e-12


@pytest.mark.parametrize("sigma", [0.8, 1.6])
def test_comparators_draw_the_law_that_enumeration_gives(sigma):
    counts = drawn(ideal(ComparatorUnits(noise=sigma)), 4000)
    plausible(p_of_counts(counts, 4000 * stationary(lambda x: ndtr(x / sigma))))


def test_the_noise_of_the_lines_is_enough():
    """A read so weak that its thermal noise is the temperature: the same law, by no noise of the units' own."""
    config = ArrayConfig(
        "reram-sb-gong2018", weight_max=2.0, dac=DAC(8), adc=ADC(8, y_max=8.0), read_voltage=1e-3, read_time=2e-9,
        circuit_noise=CircuitNoise(thermal=True),
    )  # fmt: skip
    synapses = crossbar_synapses(config, seed=2)((3, 2), 0)
    synapses.program(W)
    sigma = synapses.sense(np.ones((10_000, 3), np.float32)).std(axis=0, ddof=1)
    bias = np.array([0.3, -0.6], np.float32) - np.ones(3, np.float32) @ synapses.weights()
    x = np.ones((4000, 3), np.float32)
    on = UnitSynapses(synapses, ComparatorUnits(noise=0.0)).sample(x, bias, Stream(0, "u"))[1].sum(axis=0)
    want = ndtr(np.array([0.3, -0.6]) / sigma)
    assert np.all((want > 0.2) & (want < 0.8))  # the lines are noisy indeed
    for j in range(2):
        plausible(p_of_counts([on[j], 4000 - on[j]], 4000 * np.array([want[j], 1 - want[j]])))


def test_a_ramp_of_inverse_logistic_steps_by_hand():
    units = NonlinearADC(bits=4)
    driven = np.linspace(-6, 6, 257, dtype=np.float32)
    codes = []
    for x in driven:  # the ramp goes up until it is above the line
        code = 0
        while code < 15 and x > np.float32(np.log((code + 0.5) / (15 - code - 0.5))):
            code += 1
        codes.append(code / 15)
    np.testing.assert_array_equal(units.activation(driven), np.array(codes, np.float32))
    assert np.abs(units.activation(driven) - expit(driven)).max() <= 0.5 / 15 + 1e-6
    response = units.respond(np.zeros((3, 2), np.float32), np.zeros(2, np.float32), Stream(0, "u"))
    assert response.events == Events(
        {
            "comparator.decision": 6 * 16,
            "dac.conversion{bits=8}": 6,
            "register.bit": 2 * 6 * 16,
            "random.bit": 16 * 6,
            "digital.compare": 6,
        }
    )


def test_units_behind_a_ramp_draw_the_law_of_its_codes():
    units = NonlinearADC(bits=3)
    counts = drawn(ideal(units), 4000)
    plausible(p_of_counts(counts, 4000 * stationary(lambda x: units.activation(np.asarray(x, np.float32)))))


@pytest.mark.parametrize("law", ["gumbel", "normal"])
def test_the_largest_line_is_a_draw(law):
    units = WinnerTakeAll(law=law, noise=1.3)
    field = np.repeat(np.array([[0.4, -0.2, 1.1]], np.float32), 6000, axis=0)
    bias = np.array([0.1, 0.0, -0.5], np.float32)
    response = units.respond(field, bias, Stream(1, "u"))
    counts = response.states.sum(axis=0)
    assert counts.sum() == 6000
    if law == "gumbel":
        want = softmax(units.inverse_temperature * (field[0] + bias))
    else:  # P(the third is largest), by a sum over its noise
        z = np.linspace(-9, 9, 20001)
        density = np.exp(-0.5 * z**2) / np.exp(-0.5 * z**2).sum()
        driven = (field[0] + bias) / 1.3
        want = np.array(
            [density @ np.prod([ndtr(driven[j] + z - driven[k]) for k in range(3) if k != j], axis=0) for j in range(3)]
        )
    plausible(p_of_counts(counts, 6000 * want / want.sum()))
    assert response.events == Events({"comparator.decision": 6000 * 2, "dac.conversion{bits=8}": 6000 * 3})


def test_two_lines_are_a_comparator_of_their_difference():
    units = WinnerTakeAll(noise=1.0)
    assert units.inverse_temperature == relative(inverse_temperature(np.sqrt(2.0)))


@pytest.mark.parametrize("transposed", [False, True])
def test_lines_carry_what_an_ideal_converter_would_say(transposed):
    noisy = ArrayConfig("reram-sb-gong2018", dac=DAC(8), circuit_noise=CircuitNoise(thermal=True))
    sensed, converted = (Crossbar((5, 4), noisy, seed=1, array=2) for _ in range(2))
    x = np.random.default_rng(0).uniform(-1, 1, (7, 4 if transposed else 5)).astype(np.float32)
    y = converted.backward(x) if transposed else converted.forward(x)
    np.testing.assert_array_equal(sensed.sense(x, transposed=transposed), y)
    left = converted.events - sensed.events
    assert set(left) == {"adc.conversion{enob=inf}"}
    assert "adc.snr_sum" not in sensed.events


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"subtraction": "digital"}, "subtraction = 'digital' needs codes"),
        ({"dac": DAC(8, range="scale")}, "dac.range = 'scale' needs codes"),
        ({"dac": DAC(8, slice_bits=2)}, "slice_bits = 2 with shift_add = 'digital' needs codes"),
    ],
)
def test_reads_that_join_codes_have_no_line(settings, message):
    array = Crossbar((3, 2), ArrayConfig("reram-sb-gong2018", adc=ADC(8), **{"dac": DAC(8), **settings}))
    with pytest.raises(RevpathError, match=message):
        array.sense(np.ones((1, 3), np.float32))


def test_tiles_and_rules_of_several_arrays_have_no_line():
    config = ArrayConfig("reram-sb-gong2018", dac=DAC(8), adc=ADC(8))
    tiled = crossbar_synapses(config, tile=(2, 2))((4, 2), 0)
    with pytest.raises(RevpathError, match=r"partial sums of 2 x 1 tiles are added as codes"):
        tiled.sense(np.ones((1, 4), np.float32))
    from revpath.ebm.synapses.analog import trained_synapses
    from revpath.simulator.rules import RULES

    x = np.ones((1, 4), np.float32)
    assert trained_synapses(RULES.named("stochastic")(), config)((4, 2), 0).sense(x).shape == (1, 2)
    with pytest.raises(RevpathError, match="no single line"):
        trained_synapses(RULES.named("tiki-taka-2")(), config)((4, 2), 0).sense(x)


def test_a_model_is_given_units_by_one_argument_and_the_bill_tells_them_apart():
    """784 x 64 Gibbs steps: with comparators no converters, no table, no random bits, and a smaller bill."""
    X = (np.random.default_rng(0).random((16, 784)) < 0.3).astype(np.float32)
    config = ArrayConfig(
        "reram-sb-gong2018",
        weight_max=4.0,
        dac=DAC(8),
        adc=ADC(8, y_max=32.0),
        circuit_noise=CircuitNoise(thermal=True),
    )
    joules = {}
    for units in (DigitalUnits(), ComparatorUnits(), NonlinearADC()):
        model = RBM(64, n_iter=0, random_state=0, synapses=with_units(config, units, seed=1)).fit(X)
        before = model.events_
        model.gibbs(X, 2)
        bill = price(completed(model.events_ - before, "reram-32nm", "column-registers"), "reram-32nm", n_draws=100)
        joules[units.name] = bill.joules
        assert (bill.nominal("comparator") > 0) == (units.name != "digital")
        assert (bill.nominal("adc") > 0) == (units.name == "digital")
        if units.name == "comparator":
            assert not {"digital.sigmoid", "random bits"} & set(bill.components)
    assert joules["comparator"] < joules["digital"]


def test_digital_units_are_those_of_synapses():
    x = np.random.default_rng(0).random((6, 3)).astype(np.float32)
    plain, same = DigitalSynapses(W.shape), ideal("digital")
    plain.program(W)
    for one, other in zip(plain.sample(x, HIDDEN, Stream(1, "u")), same.sample(x, HIDDEN, Stream(1, "u")), strict=True):
        np.testing.assert_array_equal(one, other)
    assert plain.events == same.events


def test_an_evaluation_leaves_no_trace_and_factories_pickle():
    factory = pickle.loads(pickle.dumps(with_units("reram-sb-gong2018", "comparator", seed=1)))
    synapses = factory((3, 2), 0)
    before = synapses.events
    with synapses.aside():
        synapses.sample(np.ones((2, 3), np.float32), HIDDEN, Stream(0, "u"))
    assert synapses.events == before
    np.testing.assert_array_equal(synapses.forward(np.zeros((1, 3), np.float32)), 0)


def test_settings_out_of_range_are_refused():
    for wrong, message in (
        (lambda: ComparatorUnits(noise=-1), "noise = -1 must be finite and not negative"),
        (lambda: ComparatorUnits(threshold_bits=0), "threshold_bits = 0 must be an integer from 1 to 10"),
        (lambda: NonlinearADC(bits=9), "bits = 9 must be an integer from 1 to 8"),
        (lambda: WinnerTakeAll(law="luck"), "law = 'luck' must be 'normal' or 'gumbel'"),  # type: ignore[arg-type]
        (lambda: unit_kind("comparaotr"), "units = 'comparaotr'"),
        (lambda: unit_kind(3), "units = 3 must be Units or the name of a kind"),  # type: ignore[arg-type]
    ):
        with pytest.raises(RevpathError, match=message):
            wrong()


def test_a_kind_takes_part_by_being_defined():
    class Steady(Units):
        name = "steady"

        def respond(self, field, bias, stream):
            return Response(np.ones_like(field), np.ones_like(field), Events({"comparator.decision": field.size}))

    try:
        states = ideal("steady").sample(np.zeros((2, 3), np.float32), HIDDEN, Stream(0, "u"))[1]
        np.testing.assert_array_equal(states, 1)
    finally:
        Units.KINDS.pop("steady")
