"""Autocorrelation against a law that is known, and likelihoods of matrices as an array gives them."""

import numpy as np
import pytest
from helpers.statistics import plausible
from scipy import stats

from revpath.devices.base.errors import RevpathError
from revpath.ebm import DigitalSynapses, crossbar_synapses
from revpath.ebm.evaluation import exact, mixing, noisy
from revpath.simulator import ArrayConfig


def autoregressive(memory, steps, chains):
    rng = np.random.default_rng(2)
    x, innovations = np.zeros((steps, chains)), rng.normal(size=(steps, chains))
    x[0] = innovations[0] / np.sqrt(1 - memory**2)
    for t in range(1, steps):
        x[t] = memory * x[t - 1] + innovations[t]
    return x


@pytest.mark.parametrize("memory", [0.0, 0.6, 0.9])
def test_autocorrelation_time_of_an_autoregressive_chain(memory):
    """tau = (1 + m)/(1 - m); the estimate errs by tau sqrt((4 M + 2)/N) with the window M = 5 tau (Madras & Sokal, 1988)."""
    x = autoregressive(memory, 4000, 20)
    tau = (1 + memory) / (1 - memory)
    error = tau * np.sqrt((20 * tau + 2) / x.size)
    plausible(2 * stats.norm.sf(abs(mixing.autocorrelation_time(x) - tau) / error))
    assert mixing.effective_samples(x) == pytest.approx(x.size / mixing.autocorrelation_time(x))


def test_short_and_constant_series_are_refused():
    with pytest.raises(mixing.TooShort, match="at least 50 are needed"):
        mixing.autocorrelation_time(autoregressive(0.99, 300, 1))
    with pytest.raises(RevpathError, match="does not change"):
        mixing.autocorrelation_time(np.ones(100))
    with pytest.raises(RevpathError, match="must be finite"):
        mixing.autocorrelation_time(np.zeros((2, 2, 2)))


@pytest.fixture
def machine():
    rng = np.random.default_rng(1)
    return exact.Parameters(rng.normal(0, 0.7, (6, 4)).astype(np.float32), rng.normal(0, 0.5, 6), rng.normal(0, 0.5, 4))


def programmed(machine, factory):
    synapses = factory((6, 4), 0)
    synapses.program(machine.weights.astype(np.float32))
    return synapses


def test_as_read_by_ideal_synapses_it_is_the_likelihood(machine):
    rows, synapses = exact.states(6)[::5], programmed(machine, DigitalSynapses)
    before = synapses.events
    reads = noisy.log_likelihoods_as_read(machine, synapses, rows, reads=2)
    np.testing.assert_allclose(reads, exact.log_likelihood(machine, rows).mean(), rtol=0, atol=1e-6)
    assert synapses.events == before


class Noisy(DigitalSynapses):
    """Adds to what a read gives a matrix of numbers that is known."""

    noise = iter(np.random.default_rng(0).normal(0, 0.3, (2, 6, 4)).astype(np.float32))

    def forward(self, x):
        return super().forward(x) + next(self.noise)


def test_every_noisy_matrix_has_its_own_partition_function(machine):
    rows = exact.states(6)[::5]
    reads = noisy.log_likelihoods_as_read(machine, programmed(machine, Noisy), rows, reads=2)
    for nats, noise in zip(reads, np.random.default_rng(0).normal(0, 0.3, (2, 6, 4)), strict=True):
        other = exact.Parameters(machine.weights + noise, machine.visible, machine.hidden)
        assert nats == pytest.approx(exact.log_likelihood(other, rows).mean(), abs=1e-5)


def test_reads_of_an_array_differ_and_leave_the_run_alone(machine):
    make = crossbar_synapses(ArrayConfig("reram-sb-gong2018", weight_max=2.0), seed=1)
    synapses, untouched = programmed(machine, make), programmed(machine, make)
    before = synapses.events
    reads = noisy.log_likelihoods_as_read(machine, synapses, exact.states(6))
    assert len(reads) == noisy.READS == len(np.unique(reads))
    assert synapses.events == before
    np.testing.assert_array_equal(synapses.forward(np.eye(6)), untouched.forward(np.eye(6)))


def test_calibration_finds_the_temperature(machine):
    drawn = np.random.default_rng(0).choice(64, 6000, p=exact.visible_probabilities(machine))
    found = noisy.calibrated(noisy.at_temperature(machine, 1.25), exact.states(6)[drawn], np.array([0.6, 0.8, 1.2]))
    assert found.beta == 0.8
    assert found.nats > found.uncalibrated
    with pytest.raises(RevpathError, match="must be positive"):
        noisy.calibrated(machine, exact.states(6), np.array([0.0]))


def test_bad_input(machine):
    with pytest.raises(RevpathError, match="reads = 0"):
        noisy.log_likelihoods_as_read(machine, DigitalSynapses((6, 4)), exact.states(6), 0)
    with pytest.raises(RevpathError, match="synapses have shape"):
        noisy.log_likelihoods_as_read(machine, DigitalSynapses((5, 4)), exact.states(6))
