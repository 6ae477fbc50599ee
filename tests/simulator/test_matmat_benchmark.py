"""The benchmark runs, and writes what it measured with the machine it ran on."""

import importlib.util
import json
from pathlib import Path

import numba
import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "matmat.py"


@pytest.fixture
def benchmark(monkeypatch):
    spec = importlib.util.spec_from_file_location("matmat", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SHAPES", ((12, 10),))
    monkeypatch.setattr(module, "ROUNDS", 2)
    monkeypatch.setattr(module, "BATCH", 3)
    return module


def test_benchmark_writes_json(benchmark, tmp_path, capsys):
    result = benchmark.main(tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["by_threads"]["1"] == result["by_threads"][1]
    assert set(written["machine"]) >= {"cpu", "platform", "python", "numpy", "numba", "threads"}
    row = written["by_threads"][str(numba.config.NUMBA_NUM_THREADS)]["12x10"]
    assert row["noisy_over_numpy"] > 0
    assert "noisy_over_numpy" in capsys.readouterr().out


def test_contestants_multiply_the_same_matrices(benchmark):
    calls = benchmark.contestants((12, 10))
    exact = calls["numpy"]()
    np.testing.assert_allclose(calls["ideal"](), exact, atol=1e-5)
    noisy = calls["noisy"]()
    assert 0.001 < np.abs(noisy - exact).max() < 0.5
