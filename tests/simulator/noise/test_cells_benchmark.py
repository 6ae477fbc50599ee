"""The benchmark of cell noise runs, writes what it measured, and its contestants draw from one law."""

import importlib.util
import json
import math
from pathlib import Path

import numba
import numpy as np
import pytest
from helpers.statistics import plausible

PATH = Path(__file__).parents[3] / "benchmarks" / "cell_noise.py"


@pytest.fixture
def benchmark(monkeypatch):
    spec = importlib.util.spec_from_file_location("cell_noise_benchmark", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in {"SHAPE": (6, 5), "BATCH": 3, "ROUNDS": 2}.items():
        monkeypatch.setattr(module, name, value)
    return module


def test_benchmark_writes_json(benchmark, tmp_path, capsys):
    result = benchmark.main(tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    row = written["by_threads"][str(numba.config.NUMBA_NUM_THREADS)]
    assert row == result["by_threads"][numba.config.NUMBA_NUM_THREADS]
    assert set(row["million_cells_per_second"]) == {"sampled", "numpy", "numpy_tiled", "collapsed"}
    assert set(written["machine"]) >= {"cpu", "platform", "python", "numpy", "numba", "threads"}
    assert "sampled_over_numpy" in capsys.readouterr().out


@pytest.mark.jit
def test_contestants_have_the_same_law(benchmark):
    """Means and variances of 4000 batches, against those of the collapsed law; false-alarm rate 6e-7."""
    from scipy import stats

    draws = {name: np.array([call() for _ in range(4000)]) for name, call in benchmark.contestants((6, 5), 3).items()}
    base = draws.pop("collapsed").astype(float)
    error = base.std(axis=0) * math.sqrt(2 / len(base))
    for sample in draws.values():
        z = np.abs(sample.mean(axis=0) - base.mean(axis=0)) / error
        plausible(min(1.0, 2 * z.size * stats.norm.sf(z.max())))
        ratio = np.abs(np.log(sample.var(axis=0) / base.var(axis=0))) / math.sqrt(4 / len(base))
        plausible(min(1.0, 2 * ratio.size * stats.norm.sf(ratio.max())))
