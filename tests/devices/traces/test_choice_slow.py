"""The choice of a law sees nothing of what it left out, and no single read decides it."""

import dataclasses

import numpy as np
import pytest
from helpers.statistics import plausible
from scipy import stats

from revpath.devices.laws import Window
from revpath.devices.response import ConstantStep
from revpath.devices.traces import choice
from revpath.devices.traces.choice import choose_among, coordinates, fit_all, segments
from revpath.devices.traces.filter import filtered, summed
from revpath.devices.traces.laws import LAWS
from revpath.devices.traces.layout import Layout
from revpath.devices.traces.reading import read_traces
from revpath.devices.traces.samples import synthetic_traces
from revpath.devices.traces.search import search

pytestmark = pytest.mark.jit

WINDOW = Window(g_min=5e-6, g_max=45e-6)
LAW = ConstantStep(step=0.05, w_min=-2, w_max=2, step_noise=0.3)
LOWEST = 2.0


def named(*names: str):
    return tuple(law for law in LAWS if law.name in names)


CONSTANT, TABLE = named("constant-step, multiplicative noise"), named("table-step, multiplicative noise")


def data_of(*, devices=2, cycles=3, pulses=24, seed=0, planted=None):
    """Segments of constant steps; planted: (device, cycle) whose up steps are a quarter of the others'."""
    table = synthetic_traces(LAW, WINDOW, devices=devices, cycles=cycles, pulses=pulses, read_sigma=0.1e-6, seed=seed)
    if planted is not None:
        mine = (table["device"] == planted[0]) & (table["cycle"] == planted[1])
        g = table["conductance (S)"][mine]
        wave = 1 + 0.9 * np.sin(np.arange(len(g)) * 0.8)
        table["conductance (S)"][mine] = g[0] + np.r_[0, np.cumsum(np.diff(g) * wave[1:])]
    traces = read_traces(table)
    return segments(traces, coordinates(traces))


@pytest.mark.parametrize(
    "shape", [{"devices": 2, "cycles": 3}, {"devices": 3, "cycles": 1}, {"devices": 1, "cycles": 1, "pulses": 40}]
)
def test_what_is_left_out_is_scored_by_parameters_that_never_saw_it(shape):
    """By a slow twin: what a fold's pulses are worth does not change with the pulses of that fold in the training part.

    A choice that trained on the fold would score the planted signal as well as a fit of all pulses does.
    """
    data = data_of(**shape)
    optimum = fit_all(data, LOWEST, TABLE)[0]
    labels, by_device, _ = choice._folds(data)
    scores = choice._left_out(optimum, data, labels, LOWEST, by_device)
    for label in range(labels.max() + 1):
        test = data.chosen(labels == label)
        # whatever stands in the fold, its training part is the same: changed reads there change no parameter
        y = data.y.copy()
        rng = np.random.default_rng(label)
        y[labels == label] = rng.permuted(y[labels == label], axis=1)
        other = choice._left_out(optimum, dataclasses.replace(data, y=y), labels, LOWEST, by_device)
        free = np.ones(len(optimum.x), bool)
        if by_device:
            free = ~optimum.layout.scale_mask(np.isin(np.arange(optimum.devices), test.device))
        learned = search(
            optimum.law, data.chosen(labels != label), optimum.x, LOWEST, closed=optimum.closed, free=free, ftol=1e-6
        )
        for reads, got in ((data, scores), (dataclasses.replace(data, y=y), other)):
            fold = reads.chosen(labels == label)
            found = learned
            if by_device:
                found = search(optimum.law, fold, learned.x, LOWEST, closed=optimum.closed, free=~free, ftol=1e-6)
            twin = filtered(found.law, fold, found.parameters(), found.closed).loglik[0]
            np.testing.assert_allclose(got[labels == label], twin, rtol=1e-9, atol=1e-9)


def test_a_planted_signal_is_not_foreseen():
    """One cycle goes its own way: a fit that saw it explains it far better than one that did not.

    Four seeds gave 26 to 85 nats of that cycle and 70 to 211 of all; with the cycle in the training part there would be none.
    """
    data = data_of(planted=(1, 2))
    optimum = fit_all(data, LOWEST, TABLE)[0]
    labels, by_device, _ = choice._folds(data)
    scores = choice._left_out(optimum, data, labels, LOWEST, by_device)
    seen = summed(optimum.law, data, optimum.parameters(), optimum.closed)[0]
    planted = (data.device == 0) & (data.group == 1)
    assert (seen - scores.sum(axis=1))[planted].sum() > 15
    assert seen.sum() - scores.sum() > 30


def test_parameters_that_mean_nothing_cost_what_is_left_out():
    """A table of steps on cells of constant steps: twelve idle parameters gain likelihood where they are fitted, and lose it
    where they are not. The mean loss over 12 seeds is positive by a one-sided t test; leaked folds would show a gain."""
    losses, gains = [], []
    for seed in range(12):
        data = data_of(seed=100 + seed)
        found = choose_among(fit_all(data, LOWEST, CONSTANT + TABLE), data, LOWEST)
        simple, rich = found.candidates
        losses.append(simple.score - rich.score)
        gains.append(rich.optimum.loglik - simple.optimum.loglik)
        assert found.candidates[found.chosen].law.name == CONSTANT[0].name
    assert min(gains) > 0
    assert stats.ttest_1samp(losses, 0.0, alternative="greater").pvalue < 1e-3
    plausible(stats.ttest_1samp(losses, 0.0, alternative="less").pvalue)


def test_every_device_keeps_pulses_of_both_directions_in_training():
    """Also where a cycle's two directions are series of their own, and where a device has as few as two cycles."""
    table = synthetic_traces(LAW, WINDOW, devices=2, cycles=2, pulses=12, seed=1)
    table["pulse"] = np.where(table["pulse"] > 12, table["pulse"] - 12, table["pulse"])
    for traces in (read_traces(table), read_traces({key: v[table["device"] == 1] for key, v in table.items()})):
        data = segments(traces, coordinates(traces))
        labels, by_device, _ = choice._folds(data)
        assert not by_device
        for label in range(labels.max() + 1):
            rest = data.chosen(labels != label)
            for device in range(len(data.half)):
                ways = rest.up[rest.device == device][rest.there[rest.device == device]]
                assert 0 < ways.sum() < len(ways)


def test_no_single_pulse_decides_how_far_a_law_is_behind():
    pulses = np.random.default_rng(0).normal(size=200)
    data = data_of()
    optimum = fit_all(data, LOWEST, CONSTANT)[0]
    best, other = (choice.Candidate(optimum, x, x) for x in (pulses + 0.5, pulses))
    wild = pulses + 0.5
    wild[7] -= 1e4
    behind, error = choice._behind(best, other)
    again, width = choice._behind(choice.Candidate(optimum, wild, wild), other)
    assert behind == pytest.approx(100, abs=1e-9)
    assert again == pytest.approx(behind, abs=1)
    assert width == pytest.approx(error, abs=0.1)


def test_the_layout_names_each_place():
    layout = Layout(shapes=2, devices=3)
    x = layout.pack(np.array([1.0, 2.0]), 3.0, 4.0, np.array([5.0, 6.0, 7.0]), np.array([8.0, 9.0, 10.0]))
    assert len(x) == layout.size == len(layout.names(["a", "b"], ("D1", "D2", "D3")))
    np.testing.assert_allclose(x[layout.shape], [1, 2])
    np.testing.assert_allclose(np.exp(x[[layout.cycle_noise, layout.read_noise]]), [3, 4])
    np.testing.assert_allclose(np.exp(x[layout.up]), [5, 6, 7])
    np.testing.assert_allclose(np.exp(x[layout.down]), [8, 9, 10])
    np.testing.assert_allclose(np.exp(x[layout.of_device(1)]), [6, 9])
    assert set(layout.means) == set(range(10)) - {2, 3}
    np.testing.assert_array_equal(np.flatnonzero(layout.scale_mask(np.array([False, True, False]))), [5, 8])
