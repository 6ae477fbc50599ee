"""The tests of `test_cells.py` that take long."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from helpers.statistics import p_of_covariance, p_of_variance, plausible

from revpath.simulator.wires import (
    noise_covariance,
    solve,
)
from tests.simulator.wires.test_cells import NOISY, arrays


@pytest.mark.jit
def test_noise_is_what_sampled_cells_give():
    """Monte Carlo with exact solves; sigma is so small that the second order is far below the statistical error."""
    g, v = arrays(4, 3)
    sigma = 1e-3 * g
    expected = noise_covariance(g, v, sigma, NOISY)
    rng = np.random.default_rng(2)
    samples = np.array([solve(g + sigma * rng.normal(size=g.shape), v, NOISY).currents for _ in range(4000)])
    mean = solve(g, v, NOISY).currents
    sd = np.sqrt(np.diag(expected))
    plausible(p_of_variance(samples / sd, np.ones(3)))
    z = (samples - mean) / sd
    correlation = expected[0, 1] / (sd[0] * sd[1])
    plausible(p_of_covariance(z[:, 0], z[:, 1], correlation, (0.0, 0.0), (1.0, 1.0)))


@pytest.mark.jit
def test_benchmark_measures_the_same_problem(monkeypatch):
    """The benchmark's assembled matrix is the solver's circuit, and a missing peer is said to be missing."""
    path = Path(__file__).parents[3] / "benchmarks" / "wires.py"
    spec = importlib.util.spec_from_file_location("wires_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    if Path("/proc/self/status").exists():
        assert 1 < benchmark.memory("512, 1 vector") < 40  # 2 MB a field
    monkeypatch.setattr(benchmark, "memory", lambda case: 0.0)  # another process does not know the tiny case
    for vectors in (1, 0):
        monkeypatch.setitem(benchmark.CASES, "tiny", (8, vectors, 1e3, 1e4, 1, 1))
        row = benchmark.measure("tiny", None)
        assert row["superlu_difference"] < 1e-9
        assert row["superlu_over_revpath"] > 0
        assert row["badcrossbar_over_revpath"] == "badcrossbar is not installed"
