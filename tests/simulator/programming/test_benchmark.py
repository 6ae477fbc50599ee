"""The benchmark of write-verify runs, and writes what it measured with the machine it ran on."""

import importlib.util
import json
import sys
from pathlib import Path

import numba
import pytest

from revpath.simulator.programming.write_verify import WriteVerify

PATH = Path(__file__).parents[3] / "benchmarks" / "write_verify.py"


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))  # the benchmark adds the folder of the twin
    spec = importlib.util.spec_from_file_location("write_verify_benchmark", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SHAPE", (4, 5))
    monkeypatch.setattr(module, "ROUNDS", 2)
    monkeypatch.setattr(module, "TWIN_CELLS", 3)
    monkeypatch.setattr(module, "SCHEME", WriteVerify(max_pulses=20))
    return module


def test_benchmark_writes_json(benchmark, tmp_path, capsys):
    result = benchmark.main(tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["by_threads"]["1"] == result["by_threads"][1]
    assert written["scheme"]["max_pulses"] == 20
    assert set(written["machine"]) >= {"cpu", "platform", "python", "numpy", "numba", "threads"}
    for name in benchmark.DEVICES:
        row = written["by_threads"][str(numba.config.NUMBA_NUM_THREADS)][name]
        assert row["cells"] == 40
        assert row["twin_over_simulator"] > 0
        assert row["twin_with_free_noise_over_simulator"] > 0
    assert "twin_over_simulator" in capsys.readouterr().out


def test_a_twin_that_does_something_else_is_no_measure(benchmark, monkeypatch):
    monkeypatch.setattr(benchmark, "slow", lambda **work: (1.0, 6, [99, 99, 99]))
    with pytest.raises(RuntimeError, match="the twin did something else"):
        benchmark.measure("pcm-nandakumar2019")
