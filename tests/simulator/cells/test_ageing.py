"""Arrays that age: golden values, exactness at 0 s and in steps, the law over cells, and drift compensation."""

import math

import numba
import numpy as np
import pytest
from helpers.statistics import (
    implausible,
    p_of_covariance,
    p_of_law,
    p_of_mean,
    p_of_variance,
    plausible,
    relative,
)

from revpath.devices import Device, RevpathError, load_device
from revpath.devices.laws import ConstantReadNoise, LogarithmicRelaxation, MeasuredRelaxation, NoDrift, PowerLawDrift
from revpath.devices.response import IdealResponse
from revpath.simulator import ADC, DAC, ArrayConfig, ArrayError, Crossbar
from revpath.simulator.arrays.drift_compensation import DriftCompensation
from revpath.simulator.cells.ageing import Age, UnknownDriftWarning
from revpath.simulator.mapping import WeightMapping
from revpath.simulator.noise.streams import Stream

PCM = load_device("pcm-nandakumar2019")
TIMES = (1.0, 3600.0, 86400.0, 31536000.0)
DAY = 86400.0


class OldArray(Crossbar):
    """A `Crossbar` whose cells age, in the shortest way: what an array does with an `Age`."""

    def __init__(self, shape, config, *, seed=0, array=0):
        super().__init__(shape, config, seed=seed, array=array)
        self.ages = Age(self.shape, self.device, self.mapping, seed=seed, array=array)

    def program(self, weights, **options):
        report = super().program(weights, **options)
        self.ages.restart()
        return report

    def age(self, seconds):
        cells = self.cells
        cells.state[:], cells.shown[:] = self.ages.advance(cells.state, cells.shown, seconds)
        if not isinstance(self.device.drift, NoDrift):
            cells.changed()

    def sigma(self):
        return self.ages.read_sigma(self.cells.state, self.cells.shown, self.config.read_time)


def quiet(device: Device, **laws) -> Device:
    """The device without programming noise, and with other laws."""
    fields = {name: getattr(device, name) for name in ("name", "title", "window", "drift", "read_noise", "response")}
    return Device(**{**fields, **laws})


def grid(rows: int = 24, columns: int = 20) -> np.ndarray:
    return np.linspace(-1, 1, rows * columns, dtype=np.float32).reshape(rows, columns)


def old_array(device: Device = PCM, weights: np.ndarray | None = None, **options) -> OldArray:
    weights = grid() if weights is None else weights
    mapping = options.pop("mapping", "one-sided")
    seed = options.pop("seed", 3)
    array = OldArray(weights.shape, ArrayConfig(device, mapping=mapping, **options), seed=seed)
    array.program(weights)
    return array


# -- golden values, computed by hand from the published coefficients ---------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "factor"), [(1, 0.997563), (3600, 0.771110), (86400, 0.657992), (31536000, 0.489904)]
)
def test_golden_drift_of_an_exponent_of_one_twentieth(seconds, factor):
    """(t / 20 s)^-0.05 with t = 20 s later, through an array whose cells all have that exponent."""
    law = PowerLawDrift(
        t0=20, mean_slope=-1e-12, mean_offset=0.05, mean_low=0.05, mean_high=0.05,
        spread_slope=-1e-12, spread_offset=0, spread_low=0, spread_high=0,
    )  # fmt: skip
    array = old_array(quiet(PCM, drift=law))
    before = array.conductances()
    array.age(seconds)
    after = array.conductances()
    assert factor == relative((seconds / 20 + 1) ** -0.05, 1e-6)
    # states are float32, of which a conductance near zero has few digits left
    np.testing.assert_allclose(after, before * factor, rtol=2e-6, atol=25e-6 * 1e-7)


@pytest.mark.parametrize(
    ("seconds", "growth"),
    [(0, 4.183825), (1, 4.189652), (3600, 4.764755), (86400, 5.086810), (31536000, 5.636958)],
)
def test_golden_growth_of_read_noise(seconds, growth):
    """sigma = g Q(r) sqrt(ln((t + t_read) / 2 t_read)), with the golden Q(r) of 1.9."""
    r = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 1.0])
    q = np.array([0.061681, 0.039308, 0.021668, 0.013809, 0.010609, 0.008800])
    array = old_array(quiet(PCM, drift=NoDrift()), np.float32(r).reshape(2, 3), read_time=250e-9)
    array.age(seconds)
    sigma = array.sigma()[..., 0].ravel()
    np.testing.assert_allclose(sigma, 25e-6 * r * q * growth, rtol=6e-5)  # of the golden Q, five digits


@pytest.mark.parametrize(
    ("r", "mean", "spread"),
    [
        (0.05, 0.070834, 0.031547),
        (0.1, 0.060090, 0.022882),
        (0.25, 0.049, 0.011429),
        (0.5, 0.049, 0.008),
        (1, 0.049, 0.008),
    ],
)
def test_golden_exponents_over_the_cells_of_an_array(r, mean, spread):
    """The exponents that an array shows have the golden mean and standard deviation, as |N(mean, spread)| does."""
    array = old_array(quiet(PCM), np.full((128, 64), r, np.float32))
    before = array.conductances()[..., 0]
    array.age(DAY)
    nu = (-np.log(array.conductances()[..., 0] / before) / math.log(DAY / 20 + 1)).ravel()

    def folded(x):
        from scipy.special import ndtr

        return ndtr((x - mean) / spread) - ndtr((-x - mean) / spread)

    plausible(p_of_law(nu, folded))
    implausible(p_of_law(nu * 1.05, folded))
    if mean > 4 * spread:  # nothing is folded
        plausible(p_of_mean(nu, mean, spread))
        plausible(p_of_variance(nu, spread**2))


def test_read_noise_of_a_drifted_cell_has_the_q_of_what_it_was_programmed_to():
    """sigma = g(t) Q(g_prog): with Q(g(t)) it would be a third larger after a day."""
    array = old_array(quiet(PCM), np.full((4, 4), 0.5, np.float32), read_time=250e-9)
    array.age(DAY)
    g = array.conductances()[..., 0]
    expected = g * 0.013809 * 5.086810
    np.testing.assert_allclose(array.sigma()[..., 0], expected, rtol=6e-5)
    assert np.all(PCM.read_noise.sigma(g, 25e-6, DAY, 250e-9) > 1.2 * expected)


def test_golden_relaxation_of_a_metal_oxide_cell():
    """CMO at 50 uS after a day: mean shift -1.011664 uS, sd .889366 uS, read .233157 uS (log10 of the unmoved cell)."""
    device = load_device("reram-cmo-falcone2025")
    law = device.drift
    assert isinstance(law, LogarithmicRelaxation)
    weights = np.full((96, 64), (50e-6 - device.window.g_min) / (device.window.g_max - device.window.g_min))
    array = old_array(quiet(device), np.float32(weights))
    array.age(DAY)
    shift = (array.conductances()[..., 0].ravel() - 50e-6) * 1e6
    plausible(p_of_mean(shift, -1.011664, 0.889366))
    plausible(p_of_variance(shift, 0.889366**2))
    implausible(p_of_mean(shift, -0.95, 0.889366))
    still = old_array(quiet(device, drift=NoDrift()), np.float32(weights[:1, :1]), read_time=1e-6)
    still.age(DAY)
    # the golden value has t = 1 day; the law counts from t0, when the cell was verified
    assert still.sigma()[0, 0, 0] * 1e6 == relative(0.233157, 2e-4)


@pytest.mark.parametrize(("seconds", "sigma"), [(1.0, 2.258270), (DAY, 3.720758)])
def test_golden_spread_of_a_relaxed_filament(seconds, sigma):
    """Wan et al. at r = 0.25: the spread around the target after a day, programming noise of 1 s included."""
    device = load_device("reram-wan2022")
    assert isinstance(device.drift, MeasuredRelaxation)
    scale = device.drift.g_scale
    g = 0.25 * scale
    window = device.window
    weights = np.full((96, 64), (g - window.g_min) / (window.g_max - window.g_min), np.float32)
    array = old_array(device, weights)
    array.age(seconds)
    plus = array.conductances()[..., 0].ravel() * 1e6
    unit = scale * 1e6 / 40  # the fit is for 40 uS
    if sigma * unit * 6 < g * 1e6:  # far from zero conductance, nothing is held there
        plausible(p_of_mean(plus, g * 1e6, sigma * unit))
    assert plus.std() == relative(sigma * unit, 0.06)


# -- exactness ------------------------------------------------------------------------------------------------------


def devices_that_age() -> list[str]:
    from revpath.devices import device_names

    return [name for name in device_names() if not isinstance(load_device(name).drift, NoDrift)]


@pytest.mark.parametrize("name", devices_that_age())
def test_time_zero_is_exact_and_two_steps_are_one(name):
    device = load_device(name)
    high = min(getattr(device.drift, "domain", (0, math.inf))[1], 1e6)
    low = max(getattr(device.drift, "domain", (0, math.inf))[0], 1.0)
    once, twice, never = (old_array(device) for _ in range(3))
    fresh = never.cells.shown.copy()
    never.age(0.0)
    np.testing.assert_array_equal(never.cells.shown, fresh)
    twice.age(low)
    twice.age(0.0)
    twice.age(0.5 * high)
    once.age(low + 0.5 * high)
    np.testing.assert_array_equal(once.cells.shown, twice.cells.shown)
    np.testing.assert_array_equal(once.cells.state, twice.cells.state)
    np.testing.assert_array_equal(once.sigma(), twice.sigma())
    assert not np.array_equal(once.cells.shown, fresh)


def test_many_small_steps_are_one_where_the_sum_of_floats_is_not():
    """Ten times 0.1 s: the total is kept exactly, so that only the order of the float sum is gone."""
    many, other = old_array(), old_array()
    for _ in range(10):
        many.age(0.1)
    for seconds in (0.2, 0.1, 0.2, 0.1, 0.2, 0.2):
        other.age(seconds)
    assert many.ages.seconds == other.ages.seconds
    np.testing.assert_array_equal(many.cells.shown, other.cells.shown)


def test_ageing_is_the_law_cell_by_cell():
    """The twin: every cell alone, with the law of the device and the number of the cell."""
    array = old_array(seed=11)
    before = array.conductances().reshape(-1, 2)
    z = Stream(11, "ageing").normals(before.shape)
    array.age(DAY)
    after = array.conductances().reshape(-1, 2)
    for cell in [(0, 0), (5, 1), (77, 0), (300, 1)]:
        expected = PCM.drift.age(np.array(before[cell]), PCM.window.g_max, DAY, np.array(z[cell]))
        assert after[cell] == pytest.approx(float(expected), rel=1e-6, abs=25e-6 * 1e-7)


def test_a_device_without_drift_keeps_its_bits_but_not_its_read_noise():
    array = old_array(quiet(PCM, drift=NoDrift()))
    shown, sigma = array.cells.shown.copy(), array.sigma()
    array.age(DAY)
    np.testing.assert_array_equal(array.cells.shown, shown)
    grown = array.sigma()
    assert np.all(grown[sigma > 0] > sigma[sigma > 0])


def test_weights_of_ideal_cells_stay_finer_than_their_states():
    array = OldArray((3, 2), ArrayConfig(), seed=1)
    array.update(np.full((1, 3), 1e-9, np.float32), np.ones((1, 2), np.float32), 1.0)
    before = array.read()
    array.age(DAY)
    np.testing.assert_array_equal(array.read(), before)
    assert np.all(before != 0)


def test_threads_do_not_matter():
    found = []
    most = numba.config.NUMBA_NUM_THREADS
    for threads in (1, most):
        numba.set_num_threads(threads)
        try:
            array = old_array(weights=grid(256, 160))
            array.age(DAY)
            found.append((array.cells.shown.tobytes(), array.sigma().tobytes()))
        finally:
            numba.set_num_threads(most)
    assert found[0] == found[1]


def test_seeds_and_arrays_differ_in_their_exponents():
    shown = []
    for seed, number in ((3, 0), (4, 0), (3, 1)):
        array = OldArray((24, 20), ArrayConfig(quiet(PCM), mapping="one-sided"), seed=seed, array=number)
        array.program(grid())
        array.age(DAY)
        shown.append(array.cells.shown.tobytes())
    assert len(set(shown)) == 3


# -- clocks ---------------------------------------------------------------------------------------------------------


def test_programming_resets_the_clock_and_keeps_the_exponent_of_a_cell():
    device = quiet(PCM, read_noise=PCM.read_noise)
    array = old_array(device)
    array.age(DAY)
    first = array.cells.shown.copy()
    array.program(grid())
    assert np.all(array.ages.since_written(array.cells.state, array.cells.shown) == 0)
    array.age(DAY)
    np.testing.assert_array_equal(array.cells.shown, first)  # the same cells, with the same exponents, as old
    assert array.ages.seconds == 2 * DAY


def test_relaxation_is_drawn_anew_by_each_programming():
    device = load_device("reram-wan2022")
    array = old_array(quiet(device))
    before = array.conductances()[..., 0]
    shifts = []
    for _ in range(2):
        array.program(grid())
        array.age(DAY)
        shifts.append((array.conductances()[..., 0] - before)[before > 0.4 * before.max()])
    a, b = shifts
    plausible(p_of_covariance(a, b, 0.0, (0.0, 0.0), (a.std(), b.std())))


def test_reprogramming_what_a_cell_held_makes_its_read_noise_young():
    array = old_array(quiet(PCM, drift=NoDrift()))
    young = array.sigma()
    array.age(DAY)
    array.program(grid())
    np.testing.assert_array_equal(array.sigma(), young)


def test_only_written_cells_are_young():
    array = old_array(quiet(PCM))
    array.age(3600)
    array.cells.state[5, 0] = array.cells.shown[5, 0] = 0.5
    old = array.cells.shown.copy()
    since = array.ages.since_written(array.cells.state, array.cells.shown)
    assert since[5, 0] == 0
    assert np.all(np.delete(since.ravel(), 10) == 3600)
    array.age(100)
    since = array.ages.since_written(array.cells.state, array.cells.shown)
    assert since[5, 0] == 100
    assert np.all(np.delete(since.ravel(), 10) == 3700)
    z = Stream(3, "ageing").normals(old.shape)
    expected = PCM.drift.age(np.array(0.5 * 25e-6), 25e-6, 100, np.array(z[5, 0]))
    assert array.conductances().reshape(-1, 2)[5, 0] == relative(float(expected), 1e-6)
    straight = old_array(quiet(PCM))
    straight.age(3700)
    np.testing.assert_array_equal(np.delete(array.cells.shown.ravel(), 10), np.delete(straight.cells.shown.ravel(), 10))


def test_births_that_nobody_has_left_are_forgotten():
    device = quiet(PCM, response=IdealResponse(w_min=0.0, w_max=1.0))
    array = old_array(device, np.full((2, 2), 0.5, np.float32))
    rng = np.random.default_rng(0)
    for _ in range(20):
        array.cells.hold(rng.uniform(0.2, 0.8, (4, 2)))
        array.age(1.0)
    assert len(array.ages._births) == 1


def test_shown_and_held_states_drift_alike():
    """Write noise is part of the conductance: it shrinks with it."""
    device = quiet(PCM)
    mapping = WeightMapping.of(device, 1.0, "one-sided")
    age = Age((8, 8), device, mapping, seed=2)
    state = np.full((64, 2), 0.5, np.float32)
    shown = state + np.float32(0.001)
    state_later, shown_later = age.advance(state, shown, DAY)
    np.testing.assert_allclose(shown_later / state_later, shown / state, rtol=2e-4)
    assert np.all(state_later < state)


def test_a_shared_reference_cell_ages_as_one():
    device = quiet(PCM)
    array = old_array(device, mapping="offset")
    array.age(DAY)
    pairs = array.conductances()
    np.testing.assert_array_equal(pairs[..., 1], np.broadcast_to(pairs[:, :1, 1], pairs.shape[:2]))
    assert len(np.unique(pairs[:, 0, 1])) > 20


# -- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf, "3", None, True])
def test_bad_times_are_refused(seconds):
    with pytest.raises(ArrayError, match="seconds = .* must be a finite number and not negative"):
        old_array().age(seconds)


def test_a_refused_age_leaves_array_and_clock_alone():
    array = old_array(load_device("reram-cmo-falcone2025"))
    shown = array.cells.shown.copy()
    with pytest.raises(RevpathError, match="seconds"):
        array.age(1e12)
    np.testing.assert_array_equal(array.cells.shown, shown)
    assert array.ages.seconds == 0
    array.age(DAY)
    assert array.ages.seconds == DAY


# -- drift compensation ---------------------------------------------------------------------------------------------


def drifting(spread: float) -> PowerLawDrift:
    return PowerLawDrift(
        t0=20, mean_slope=-1e-12, mean_offset=0.06, mean_low=0.06, mean_high=0.06,
        spread_slope=-1e-12, spread_offset=spread, spread_low=spread, spread_high=spread,
    )  # fmt: skip


def test_compensation_undoes_a_drift_that_all_cells_share():
    array = old_array(quiet(PCM, drift=drifting(0.0), read_noise=ConstantReadNoise(relative=0.0)))
    x = np.random.default_rng(0).uniform(-1, 1, (5, 24)).astype(np.float32)
    fresh = array.forward(x)
    compensation = DriftCompensation(array)
    array.age(DAY)
    aged = array.forward(x)
    scale = compensation.measure(array)
    assert scale == relative((DAY / 20 + 1) ** 0.06, 1e-5)
    np.testing.assert_allclose(compensation.apply(aged), fresh, atol=2e-5)
    assert np.abs(aged - fresh).max() > 0.1


def test_compensation_is_the_ratio_of_mean_magnitudes():
    """The twin: aihwkit's formula on the weights that noiseless one-hot reads show, for both kinds."""
    then = np.abs(old_array(quiet(PCM, read_noise=ConstantReadNoise(relative=0.0))).read())
    for per_column in (False, True):
        array = old_array(quiet(PCM, read_noise=ConstantReadNoise(relative=0.0)))
        compensation = DriftCompensation(array, per_column=per_column)
        array.age(DAY)
        now = np.abs(array.read())
        axis = 0 if per_column else None
        expected = then.mean(axis=axis) / now.mean(axis=axis)
        np.testing.assert_allclose(compensation.measure(array), expected, rtol=1e-5)
        assert compensation.scale.shape == ((20,) if per_column else (1,))


def test_compensation_makes_an_aged_array_better():
    array = old_array(PCM, dac=DAC(bits=8), adc=ADC(bits=9, y_max=8.0))
    x = np.random.default_rng(1).uniform(-1, 1, (64, 24)).astype(np.float32)
    exact = x @ grid()
    compensation = DriftCompensation(array)
    array.age(30 * DAY)
    compensation.measure(array)
    y = array.forward(x)
    error = np.sqrt(np.mean((y - exact) ** 2))
    compensated = np.sqrt(np.mean((compensation.apply(y) - exact) ** 2))
    assert compensated < 0.5 * error


def test_calibration_reads_and_digital_work_are_counted():
    array = old_array()
    before = array.events
    compensation = DriftCompensation(array, per_column=True)
    reads = array.events - before
    assert reads["array.read"] == 24
    assert reads["line.drive"] == 24
    assert compensation.events == type(before)({"digital.add": 23 * 20})
    compensation.measure(array)
    compensation.apply(np.ones((3, 20), np.float32))
    assert compensation.events["digital.add"] == 2 * 23 * 20
    assert compensation.events["digital.divide"] == 20
    assert compensation.events["digital.multiply"] == 60
    whole = DriftCompensation(array)
    assert whole.events["digital.add"] == 24 * 20 - 1
    whole.measure(array)
    assert whole.events["digital.divide"] == 1


def test_columns_without_weights_keep_their_scale_and_silence_is_refused():
    weights = grid().copy()
    weights[:, 3] = 0
    array = old_array(quiet(PCM, read_noise=ConstantReadNoise(relative=0.0)), weights)
    columns, whole = DriftCompensation(array, per_column=True), DriftCompensation(array)
    array.age(DAY)
    assert columns.measure(array)[3] == 1
    array.program(np.zeros_like(weights))
    with pytest.raises(ArrayError, match="bit line 0 answers 0"):
        columns.measure(array)
    with pytest.raises(ArrayError, match="the array answers 0"):
        whole.measure(array)


def test_stuck_cells_do_not_age():
    device = quiet(PCM)
    mapping = WeightMapping.of(device, 1.0, "one-sided")
    stuck = np.zeros((64, 2), bool)
    stuck[3, 0] = True
    age = Age((8, 8), device, mapping, seed=2, fixed=stuck)
    state = np.full((64, 2), 0.5, np.float32)
    for _ in range(2):
        state, _ = age.advance(state, state.copy(), DAY)
    assert state[3, 0] == np.float32(0.5)
    assert np.count_nonzero(state < 0.5) == 127


def test_time_over_cells_of_unknown_drift_is_said_once():
    array = Crossbar((3, 2), ArrayConfig("reram-sb-gong2018"))
    array.age(0.0)
    with pytest.warns(UnknownDriftWarning, match="'reram-sb-gong2018': drift is not known") as seen:
        array.age(DAY)
    assert len(seen) == 1
    array.age(DAY)  # a second warning would be an error here
    stays = load_device("reram-sb-gong2018").replaced(drift={"law": "none"})
    Crossbar((3, 2), ArrayConfig(stays), seed=0).age(DAY)
