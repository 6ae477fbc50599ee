"""Fits of traces whose law is known: the likelihood against its twin, recovery, choice, intervals, and a device that trains."""

import dataclasses

import numpy as np
import pytest
from helpers.statistics import plausible, relative
from matplotlib.figure import Figure
from scipy import stats
from twins.traces import filtered_twin

from revpath.devices.base.errors import RevpathError, UnknownName
from revpath.devices.base.record import Evidence
from revpath.devices.laws import Window
from revpath.devices.response import ConstantStep, ExponentialStep, LinearStep, PowerStep, SoftBounds, TableStep
from revpath.devices.traces.filter import Parameters, Segments, filtered, summed
from revpath.devices.traces.fit import fit_traces
from revpath.devices.traces.kernels import clipped
from revpath.devices.traces.laws import LAWS
from revpath.devices.traces.samples import sample_traces, synthetic_traces
from revpath.devices.traces.search import _climb, search, slopes

# none of it is compiled but the arrays that train: once, with the JIT on, is enough of a slow file
pytestmark = pytest.mark.jit

WINDOW = Window(g_min=5e-6, g_max=45e-6)
BY_NAME = {law.name: law for law in LAWS}


@pytest.fixture(scope="module")
def sample():
    return fit_traces(str(sample_traces()), laws=["constant-step", "soft-bounds", "linear-step"])


# -- the likelihood ---------------------------------------------------------------------------------------------------


def segment(length: int, seed: int, devices: int = 2) -> Segments:
    rng = np.random.default_rng(seed)
    up = np.tile(np.arange(length) % 6 < 3, (2 * devices, 1))
    y = np.cumsum(np.c_[np.full(2 * devices, -0.3), np.where(up, 0.08, -0.08)], axis=1) + 0.02 * rng.standard_normal(
        (2 * devices, length + 1)
    )
    return Segments(
        y,
        up,
        np.ones_like(up),
        np.arange(2 * devices) % devices,
        np.arange(2 * devices) // devices,
        np.linspace(1, 1.2, devices),
    )


def joint_loglik(y, up, slope, s, noise, read) -> float:
    """Density of reads 1.. given read 0, of v' = v +- s (1 -+ slope v) + noise and reads with `read`: one normal vector.

    v_0 given read 0 is normal about it with variance read^2 (nothing else is known of it).
    """
    a = 1 - np.where(up, 1, 1) * s * slope
    mean, covariance = np.empty(len(up)), np.zeros((len(up), len(up)))
    m, spread = y[0], read**2
    crossings = np.empty((len(up), len(up)))
    for k, way in enumerate(up):
        m = a[k] * m + (s if way else -s)
        spread = a[k] ** 2 * spread + noise**2
        mean[k], crossings[k, k] = m, spread
        for j in range(k):
            crossings[k, j] = crossings[j, k] = a[k] * crossings[k - 1, j]
    covariance = crossings + read**2 * np.eye(len(up))
    return float(stats.multivariate_normal(mean, covariance).logpdf(y[1:]))


@pytest.mark.parametrize(("slope", "noise", "read"), [(0.0, 0.01, 0.03), (0.6, 0.02, 0.01), (0.9, 0.03, 1e-4)])
def test_the_filter_is_exact_where_the_law_is_linear(slope, noise, read):
    data = segment(12, seed=3)
    s = 0.08
    p = Parameters(
        np.array([[slope, slope]]), np.array([noise / s]), np.array([read]), np.full((1, 2), s), np.full((1, 2), s)
    )
    got = filtered(BY_NAME["linear-step, additive noise"], data, p).loglik[0].sum(axis=1)
    for k in range(4):
        twin = joint_loglik(data.y[k], data.up[k], slope, s, noise, read / data.half[data.device[k]])
        assert got[k] == relative(twin, 1e-9)


def test_clipped_moments_are_those_of_many_draws():
    rng = np.random.default_rng(5)
    mean, sd = np.array([0.9, -1.05, 0.0, 0.99]), np.array([0.2, 0.1, 0.3, 0.01])
    draws = np.clip(mean + sd * rng.standard_normal((200_000, 4)), -1, 1)
    at, variance = np.array([clipped(m, s * s, -1.0, 1.0, 0.0) for m, s in zip(mean, sd, strict=True)]).T
    error = draws.std(axis=0) / np.sqrt(len(draws))
    plausible(min(1.0, 4 * 2 * float(stats.norm.sf(np.abs((draws.mean(axis=0) - at) / error).max()))))
    np.testing.assert_allclose(draws.var(axis=0), variance, rtol=0.03)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_kernel_is_its_twin(law):
    """Over random parameters, near and far from bounds, and with series of unequal length."""
    data, rng = segment(30, seed=6), np.random.default_rng(8)
    there = data.there.copy()
    there[2, 17:] = False
    data = dataclasses.replace(data, there=there, y=np.clip(1.3 * data.y, -1.02, 1.02))
    q = np.array([[rng.uniform(max(p.low, -2), min(p.high, 2)) for p in law.parameters] for _ in range(6)])
    scales = rng.uniform(0.02, 0.3, (2, 6, 2))
    p = Parameters(q.reshape(6, -1), rng.uniform(0.05, 1, 6), rng.uniform(1e-4, 0.1, 6), *scales)
    got, twin = filtered(law, data, p), filtered_twin(law, data, p)
    for mine, other in zip((got.loglik, got.innovation, got.variance, got.state), twin, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(summed(law, data, p), twin[0].sum(axis=2), rtol=1e-7)


def test_a_bound_that_was_not_met_does_not_clip():
    """Cells that turn before their bound are not closed there, and those that press against it are; both by the likelihood."""
    free = fit_traces(
        traces_of(TRUE["constant-step"].model_copy(update={"w_min": -2, "w_max": 2}), cycles=4, pulses=16),
        laws=["constant-step"],
    )
    assert not free.optimum.closed[1].any()
    assert "3 of 3 at the highest conductance" in free.report
    held = fit_traces(traces_of(TRUE["constant-step"], cycles=2, pulses=60), laws=["constant-step"])
    assert held.optimum.closed.all()
    assert "turned before" not in held.report


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_gradients_and_scores_are_those_of_one_parameter_at_a_time(law):
    data = segment(12, seed=4)
    n = len(law.parameters)
    x = np.r_[[p.start for p in law.parameters], np.log(0.2), np.log(0.02), np.log([0.08, 0.09, 0.07, 0.08])]
    at = search(law, data, x, 2.0, ftol=1.0)  # ends where it begins, inside the limits
    at = dataclasses.replace(at, x=x)
    value, gradient = _climb(law, data, x, np.ones(len(x), bool))
    slow = np.empty(len(x))
    for k in range(len(x)):
        sides = []
        for h in (1e-4, -1e-4):
            moved = x.copy()
            moved[k] += h
            sides.append(_climb(law, data, moved, np.zeros(len(x), bool))[0])
        slow[k] = (sides[0] - sides[1]) / 2e-4
    np.testing.assert_allclose(gradient, slow, rtol=2e-3, atol=2e-2)
    np.testing.assert_allclose(slopes(at, data).scores.sum(axis=0), slow, rtol=1e-3, atol=1e-3)
    assert np.isfinite(value)
    assert len(gradient) == n + 6


# -- recovery and choice ----------------------------------------------------------------------------------------------

TRUE = {
    "constant-step": ConstantStep(step=0.05, w_min=-1, w_max=1, asymmetry=0.2, step_noise=0.3),
    "soft-bounds": SoftBounds(step=0.1, w_min=-1, w_max=1, step_spread=0, asymmetry_spread=0, w_max_spread=0, w_min_spread=0,
                              step_noise=0.2, write_noise=0),
    "linear-step": LinearStep(step=0.06, w_min=-1, w_max=1, gamma_up=0.4, gamma_down=-0.5, step_noise=0.3),
    "power-step": PowerStep(step=0.2, w_min=-1, w_max=1, gamma=2.5, step_noise=0.3),
    "exponential-step": ExponentialStep(step=0.06, w_min=-1, w_max=1, amplitude_up=0.001, gamma_up=6.5, amplitude_down=0.001,
                                        gamma_down=6.5, a=1, b=0, step_noise=0.3),
    "table-step": TableStep(step=0.06, w_min=-1, w_max=1, up_steps=(1, 0.2, 1.4, 0.2, 1), down_steps=(0.3, 1.4, 0.4, 1.4, 0.3),
                            step_noise=0.3),
}  # fmt: skip


def traces_of(law, *, devices=3, cycles=2, pulses=40, read_sigma=0.1e-6, seed=0):
    return synthetic_traces(
        law, WINDOW, devices=devices, cycles=cycles, pulses=pulses, read_sigma=read_sigma, seed=seed
    )


def test_multiplicative_noise_is_told_from_additive():
    law = LinearStep(step=0.08, w_min=-1, w_max=1, gamma_up=0.8, gamma_down=0.8, step_noise=0.4)
    for noise in ("multiplicative", "additive"):
        fit = fit_traces(traces_of(law.model_copy(update={"noise": noise})), laws=["linear-step"])
        assert fit.law.noise == noise


# -- the device -------------------------------------------------------------------------------------------------------


def test_the_sample_gives_its_law_back(sample):
    fit, value, error = sample, sample.estimate.value, sample.estimate.error
    assert fit.law.law == "soft-bounds"
    assert list(fit.table["chosen"]).count(True) == 1
    assert abs(value["step_noise"] - 0.3) < 5 * error["step_noise"]
    assert abs(value["read_sigma"] - 0.3e-6) < 5 * error["read_sigma"]
    assert abs(value["g_max"] - 72e-6) < 5 * error["g_max"]
    assert fit.standardised.std() == pytest.approx(1, abs=0.1)
    assert sample_traces().name in fit.report
    assert "SYNTHETIC" in fit.report


def test_numbers_are_records_with_file_hash_and_uncertainty(sample):
    device = sample.device
    assert set(device.numbers) - set(device.records) == {"response.write_noise"}
    for path, record in device.records.items():
        assert record.value == device.numbers[path]
        assert record.evidence is Evidence.SIMULATED
        assert sample.traces.sha256 in record.source.citation
        assert record.uncertainty.kind == "normal"
    measured = fit_traces(traces_of(TRUE["constant-step"]), laws=["constant-step"], name="mine", evidence="projected")
    assert {r.evidence for r in measured.device.records.values()} == {Evidence.PROJECTED}
    assert measured.device.name == "mine"
    assert {"drift", "programming", "endurance"} <= set(measured.device.unknowns)


def test_one_device_has_no_spread_and_says_so():
    fit = fit_traces(traces_of(TRUE["linear-step"], devices=1), laws=["linear-step"])
    assert {"response.step_spread", "response.w_max_spread", "response.asymmetry_spread"} <= set(fit.device.unknowns)
    assert "one device only" in fit.report
    assert fit.device.records["response.step"].evidence is Evidence.MEASURED


def test_two_devices_of_one_short_series_still_fit():
    fit = fit_traces(
        traces_of(TRUE["soft-bounds"], devices=2, cycles=1, pulses=12), laws=["constant-step", "soft-bounds"]
    )
    assert "stretches of pulses" in fit.report
    assert "jackknife" in fit.report


def test_read_noise_that_cannot_be_told_is_not_known():
    fit = fit_traces(
        traces_of(TRUE["soft-bounds"], read_sigma=0.0, devices=1, cycles=2, pulses=20), laws=["soft-bounds"]
    )
    assert not fit.read.told
    assert "read_noise" in fit.device.unknowns
    assert "not told" in fit.report


def test_bad_options():
    table = traces_of(TRUE["constant-step"])
    with pytest.raises(UnknownName, match="law = 'cubic' is not known"):
        fit_traces(table, laws=["cubic"])
    with pytest.raises(RevpathError, match="must name at least one"):
        fit_traces(table, laws=[])
    with pytest.raises(UnknownName, match="evidence = 'hearsay'"):
        fit_traces(table, evidence="hearsay")
    with pytest.raises(RevpathError, match="name = 'My Device' must be"):
        fit_traces(table, laws=["constant-step"], name="My Device")


# -- the sheet --------------------------------------------------------------------------------------------------------


def test_the_sheet_shows_traces_fit_and_residuals(sample):
    axes = sample.plot()
    panels = {ax.get_title(loc="left"): ax for ax in axes.figure.axes}
    names = {
        "Traces and fit",
        "Change by one pulse",
        "Residuals",
        "Residuals against a normal law",
        "Laws (chosen: orange)",
    }
    assert names <= set(panels)
    assert len(panels["Traces and fit"].lines) == len(sample.traces.series) + 1
    shown = sum(len(line.get_xdata()) for line in panels["Residuals"].lines[:2])
    assert shown == sample.segments.count
    assert "synthetic" in axes.get_title(loc="left")
    places = Figure().subplots(1, 2)
    assert sample.plot(places[1]) is places[1]


def test_the_band_holds_most_reads(sample):
    from revpath.devices.figures.traces import band

    series = sample.traces.series
    low, _, high = band(sample, series[0].up, [s.g[0] for s in series])
    inside = np.mean([(s.g >= low) & (s.g <= high) for s in series])
    assert 0.8 < inside < 0.98
