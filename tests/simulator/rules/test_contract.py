"""What every update rule keeps: the contract of an array, its repeatability, and its refusals."""

import pickle
from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from revpath.devices import load_device
from revpath.devices.base.errors import RevpathError
from revpath.devices.response import ConstantStep
from revpath.ebm.trained import TrainedFactory, trained_synapses
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar, Events
from revpath.simulator.arrays.parts import AnalogArray
from revpath.simulator.arrays.weight_slices import SlicedCrossbar
from revpath.simulator.operands import one_hot
from revpath.simulator.rules import (
    RULES,
    AnyRule,
    DeterministicPulses,
    DeterministicPulsesConfig,
    ErrorAwareUpdatesConfig,
    MeanFieldConfig,
    MixedPrecision,
    MixedPrecisionConfig,
    ResidualLearning,
    ResidualLearningConfig,
    SignPulses,
    SignPulsesConfig,
    StochasticPulsesConfig,
    TouchedMixedPrecisionConfig,
    Training,
    WriteVerifiedCopyConfig,
    weight_granularity,
)

STEP = 0.01
RERAM = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=6.0))


def linear(step=STEP, **config) -> ArrayConfig:
    """Cells that every pulse moves by the same step, without any noise: a weight moves by `step`."""
    response = ConstantStep(step=step, w_min=-1.0, w_max=1.0)
    return ArrayConfig(load_device("ideal").model_copy(update={"response": response}), **config)


def batch(n, rows=5, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (n, rows)).astype(np.float32), rng.uniform(-1, 1, (n, columns)).astype(np.float32)


# -- the contract ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_a_ruled_array_is_an_analog_array(rule):
    array = rule().on((5, 4), RERAM, seed=3, array=2)
    assert isinstance(array, AnalogArray)
    assert array.shape == (5, 4)
    w = np.linspace(-0.9, 0.9, 20, dtype=np.float32).reshape(5, 4)
    array.program(w)
    x = np.eye(5, dtype=np.float32)
    np.testing.assert_allclose(array.forward(x), array.read(), atol=0.15)
    np.testing.assert_allclose(array.backward(np.eye(4, dtype=np.float32)), array.read().T, atol=0.15)
    assert array.events["adc.conversion" if "adc.conversion" in array.events else "array.read"] >= 0
    array.calibrate(x)
    assert array.adc().y_max < 6.0


@pytest.mark.parametrize("rule", RULES)
def test_aside_leaves_no_trace(rule):
    """Reads aside change neither the events nor what is learned afterwards."""
    x, d = batch(12)
    arrays = [rule().on((5, 4), RERAM, seed=1) for _ in range(2)]
    for n, array in enumerate(arrays):
        array.update(x[:6], d[:6], 0.05)
        before = array.events
        if n:
            with array.aside():
                array.forward(x)
                array.backward(d)
            assert array.events == before
        array.update(x[6:], d[6:], 0.05)
    np.testing.assert_array_equal(arrays[0].read(), arrays[1].read())
    np.testing.assert_array_equal(arrays[0].forward(x), arrays[1].forward(x))
    assert arrays[0].events == arrays[1].events


@pytest.mark.parametrize("rule", RULES)
def test_pickled_halfway_it_goes_on_to_the_same_bits(rule):
    x, d = batch(12)
    array = rule().on((5, 4), RERAM, seed=1)
    array.update(x[:6], d[:6], 0.05)
    copy = pickle.loads(pickle.dumps(array))
    for one in (array, copy):
        one.update(x[6:], d[6:], 0.05)
    np.testing.assert_array_equal(array.read(), copy.read())
    assert array.events == copy.events


@pytest.mark.parametrize("tile", [None, (3, 3)], ids=["one array", "tiles"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name())
def test_listed_rows_are_one_hot_inputs(rule, tile):
    """Weights, events and everything that follows are the same bits, whether a rule knows rows or has them written out."""
    short, long = (rule().on((5, 4), RERAM, seed=1, tile=tile) for _ in range(2))
    rng = np.random.default_rng(0)
    for n in (6, 1, 6):
        rows, d = rng.integers(0, 5, n), rng.uniform(-1, 1, (n, 4)).astype(np.float32)
        short.update_rows(rows, d, 0.2)
        long.update(one_hot(rows, 5), d, 0.2)
        np.testing.assert_array_equal(short.forward_rows(rows), long.forward(one_hot(rows, 5)))
    np.testing.assert_array_equal(short.read(), long.read())
    assert short.events == long.events
    short.update(*batch(4), 0.1)
    long.update(*batch(4), 0.1)
    np.testing.assert_array_equal(short.read(), long.read())
    with pytest.raises(ArrayError, match="rows holds 0 to 5; the array has rows 0 to 4"):
        short.update_rows([0, 5], np.zeros((2, 4)), 0.1)
    with pytest.raises(ArrayError, match="x has 2 rows and d has 1"):
        short.update_rows([0, 1], np.zeros((1, 4)), 0.1)
    assert short.events == long.events


def test_what_is_digital_is_said_of_the_class():
    """By what a trained array of each rule holds in digital memory: a number for each weight, and of what."""
    for rule in RULES:
        assert rule.training in get_args(Training)
        array = rule().on((5, 4), RERAM, seed=1)
        array.update(*batch(3), 0.05)
        kept = [v for v in vars(array).values() if isinstance(v, np.ndarray) and v.shape == (5, 4)]
        assert bool(kept) == (rule.training in ("digital buffer", "digital training")), rule.name()
        assert ("ideal.update" in array.events) == (rule.training == "no hardware")
    assert {r.name() for r in RULES if r.training == "digital training"} == {
        "mixed-precision",
        "touched-mixed-precision",
        "write-verified-copy",
    }


@pytest.mark.jit
@pytest.mark.parametrize("rule", RULES)
def test_results_do_not_depend_on_threads(rule):
    import numba

    if numba.config.NUMBA_NUM_THREADS < 2:  # type: ignore[attr-defined]
        pytest.skip("one thread is all there is")
    x, d = batch(4, 90, 150)
    found = []
    before = numba.get_num_threads()
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            array = rule().on((90, 150), RERAM, seed=1)
            array.update(x, d, 0.02)
            found.append((array.read(), array.events))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize("rule", RULES)
def test_a_rate_of_zero_does_nothing(rule):
    array = rule().on((5, 4), RERAM, seed=1)
    before = array.read()
    array.update(*batch(3), 0.0)
    np.testing.assert_array_equal(array.read(), before)
    assert array.events == Events()


@pytest.mark.parametrize("rule", RULES)
def test_bad_updates_are_refused(rule):
    array = rule().on((5, 4), RERAM)
    x, d = batch(3)
    for bad, words in (
        ((x[:, :4], d, 0.1), r"x has shape \(3, 4\)"),
        ((x, d[:2], 0.1), "x has 3 rows and d has 2"),
        ((x, d * np.nan, 0.1), "d must be finite"),
        ((x, d, -0.1), "rate = -0.1 must be a finite number and not negative"),
        ((x, d, np.inf), "rate = inf"),
        ((x, d, "fast"), "rate = 'fast'"),
    ):
        with pytest.raises(ArrayError, match=words):
            array.update(*bad)
    assert array.events == Events()


@pytest.mark.parametrize("rule", [r for r in RULES if r not in (StochasticPulsesConfig, WriteVerifiedCopyConfig)])
@pytest.mark.parametrize("device", ["ideal", "pcm-nandakumar2019"])
def test_rules_that_pulse_need_pulses(rule, device):
    with pytest.raises(ArrayError, match=f"device '{device}' has a response '.*' without pulses"):
        rule().on((5, 4), ArrayConfig(device))


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (MixedPrecisionConfig, {"transfer_every": 0}),
        (MixedPrecisionConfig, {"granularity": 0.0}),
        (MixedPrecisionConfig, {"granularity": float("nan")}),
        (MixedPrecisionConfig, {"n_x_bins": -1}),
        (WriteVerifiedCopyConfig, {"program_every": 0}),
        (DeterministicPulsesConfig, {"bins": 3}),
        (SignPulsesConfig, {"threshold": 1.0}),
        (SignPulsesConfig, {"threshold": -0.1}),
        (ErrorAwareUpdatesConfig, {"threshold": 0.0}),
        (ErrorAwareUpdatesConfig, {"signal_to_noise": -1.0}),
        (TouchedMixedPrecisionConfig, {"bits": 4}),
        (ResidualLearningConfig, {"n_arrays": 1}),
        (ResidualLearningConfig, {"gamma": 1.0}),
        (ResidualLearningConfig, {"transfer_lr": 0.0}),
        (ResidualLearningConfig, {"warm_start": -1}),
        (MeanFieldConfig, {"step": 0.1}),
    ],
)
def test_bad_parameters_are_refused(rule, bad):
    with pytest.raises(RevpathError, match=next(iter(bad))):
        rule(**bad)


def test_rules_are_frozen_and_told_apart_in_json():
    adapter = TypeAdapter(AnyRule)
    for rule in RULES:
        made = rule()
        assert adapter.validate_json(made.model_dump_json()) == made
        with pytest.raises(RevpathError, match="frozen"):
            made.rule = "other"  # type: ignore[misc]
    assert len({rule().rule for rule in RULES}) == len(RULES)  # type: ignore[attr-defined]


def test_what_is_not_an_array_is_refused():
    with pytest.raises(ArrayError, match="must be an analog array"):
        MixedPrecision("array")
    sliced = SlicedCrossbar(
        (5, 4), RERAM, slices=2, bits_per_slice=2
    )  # a pulse on a weight is not a pulse on its digits
    with pytest.raises(ArrayError, match="SlicedCrossbar cannot fire its lines together"):
        DeterministicPulses(sliced)
    with pytest.raises(ArrayError, match="SlicedCrossbar cannot be pulsed weight by weight"):
        MixedPrecision(sliced)
    with pytest.raises(ArrayError, match="SlicedCrossbar cannot fire its lines together"):
        SignPulses(sliced)
    with pytest.raises(ArrayError, match=r"arrays = \[\(5, 4\), \(4, 5\), \(5, 4\)\] must be 3 of one shape"):
        ResidualLearning([Crossbar(shape, RERAM) for shape in ((5, 4), (4, 5), (5, 4))])
    with pytest.raises(ArrayError, match=r"arrays = \[\(5, 4\)\] must be 3 of one shape"):
        ResidualLearning([Crossbar((5, 4), RERAM)])
    with pytest.raises(ArrayError, match="n_reads_per_transfer = 6 must be at most the 5 rows"):
        ResidualLearningConfig(n_reads_per_transfer=6).on((5, 4), RERAM)
    with pytest.raises(ArrayError, match="n_rows_per_transfer = 6 must be at most the 5 rows"):
        MixedPrecisionConfig(n_rows_per_transfer=6).on((5, 4), RERAM)
    with pytest.raises(ArrayError, match="n_x_bins = 1 must be 0 or at least 2"):
        MixedPrecisionConfig(n_x_bins=1).on((5, 4), RERAM)


def test_factories_make_the_rule_and_number_the_arrays():
    factory = trained_synapses(MixedPrecisionConfig(), [RERAM, linear()], seed=4)
    assert pickle.loads(pickle.dumps(factory)) == factory
    first, second = factory((5, 4), 0), factory((5, 4), 1)
    assert isinstance(first.array, MixedPrecision)
    assert second.array.config == linear()
    with pytest.raises(Exception, match="array = 2 has none of the 2 configurations"):
        factory((5, 4), 2)
    with pytest.raises(Exception, match="must be the configuration of a rule"):
        TrainedFactory("mixed-precision", (RERAM,))  # type: ignore[arg-type]
    with pytest.raises(Exception, match="must be at least one ArrayConfig"):
        trained_synapses(MixedPrecisionConfig(), [])


def test_granularity_of_a_weight():
    assert weight_granularity(Crossbar((2, 2), linear(weight_max=3.0))) == pytest.approx(3 * STEP)
    assert weight_granularity(Crossbar((2, 2), linear(weight_max=3.0, mapping="offset"))) == pytest.approx(3 * STEP)


def test_stochastic_pulses_are_the_plain_crossbar():
    x, d = batch(6)
    plain, ruled = Crossbar((5, 4), RERAM, seed=2), StochasticPulsesConfig().on((5, 4), RERAM, seed=2)
    for array in (plain, ruled):
        array.update(x, d, 0.05)
    np.testing.assert_array_equal(plain.read(), ruled.read())
    assert plain.events == ruled.events
