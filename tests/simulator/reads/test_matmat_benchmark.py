"""The benchmark runs, and writes what it measured with the machine it ran on."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

PATH = Path(__file__).parents[3] / "benchmarks" / "matmat.py"
PEER = """#!{python}
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({{"seconds": 0.5}} if "run" in request else {{"aihwkit": "0", "asked": request}}), flush=True)
"""


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
    said = capsys.readouterr().out
    for name in ("ideal", "noisy", "conductance"):
        assert row[f"{name}_over_numpy"] > 0
        assert f"{name}_over_numpy" in said
    assert "aihwkit_over_noisy" not in row
    assert written["aihwkit"] == "skipped: no interpreter given (--aihwkit-python)"
    assert written["aihwkit"] in said


def test_contestants_multiply_the_same_matrices(benchmark):
    calls = benchmark.contestants((12, 10))
    exact = calls["numpy"]()
    np.testing.assert_allclose(calls["ideal"](), exact, atol=1e-5)
    for name in ("noisy", "conductance"):
        noisy = calls[name]()
        assert 0.001 < np.abs(noisy - exact).max() < 0.5
        assert np.any(noisy != calls[name]())  # noise, not only rounding


def test_noise_grows_with_conductance_where_it_is_said_to(benchmark):
    """A line of large weights is noisier than one of small weights, in "conductance" alone."""
    from revpath.devices import load_device
    from revpath.devices.laws import ConstantReadNoise
    from revpath.simulator import Crossbar

    laws = {"conductance": load_device("pcm-nandakumar2019").read_noise, "noisy": ConstantReadNoise(relative=0.01)}
    spread = {}
    for name, law in laws.items():
        array = Crossbar((20, 2), benchmark.noisy_config((20, 2), law))
        array.program(np.tile(np.array([[0.0, 1.0]], np.float32), (20, 1)) * np.resize([1, -1], 20)[:, None])
        y = array.forward(np.ones((4000, 20), np.float32))
        spread[name] = y.std(axis=0)
    assert abs(spread["noisy"][1] / spread["noisy"][0] - 1) < 0.1
    assert abs(spread["conductance"][1] / spread["conductance"][0] - 1) > 0.1


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for the peer's interpreter is a script")
def test_peer_is_asked_for_the_same_work(benchmark, tmp_path):
    python = tmp_path / "python"
    python.write_text(PEER.format(python=sys.executable))
    python.chmod(0o755)
    result = benchmark.main(None, python)
    for row in result["by_threads"].values():
        assert row["12x10"]["microseconds"]["aihwkit"] == 5e5
        assert row["12x10"]["aihwkit_over_noisy"] > 10
        asked = row["12x10"]["aihwkit"]["asked"]
        assert asked["shape"] == [12, 10]
        assert asked["batch"] == 3
        assert asked["weight_noise"] == pytest.approx(2**0.5 * 0.01, rel=1e-6)  # of two cells


def test_a_peer_that_does_not_start_says_why(benchmark, tmp_path):
    """The interpreter of the tests has no aihwkit, or another fault that it names."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no aihwkit here >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(RuntimeError, match="the aihwkit peer gave no answer: no aihwkit here"):
        benchmark.main(None, broken)


@pytest.mark.skipif("REVPATH_AIHWKIT_PYTHON" not in os.environ, reason="REVPATH_AIHWKIT_PYTHON names no interpreter")
def test_aihwkit_makes_the_same_error(benchmark, monkeypatch):
    """Its tile and ours, with the same non-idealities: rms errors agree."""
    monkeypatch.setattr(benchmark, "SHAPES", ((128, 100),))
    monkeypatch.setattr(benchmark, "BATCH", 64)
    result = benchmark.main(None, os.environ["REVPATH_AIHWKIT_PYTHON"])
    errors = result["by_threads"][1]["128x100"]["aihwkit"]
    # 6400 errors each, normal but for rounding: 5.3 standard deviations of the ratio of their rms are 7 %
    assert errors["rms_error"] == pytest.approx(errors["rms_error_of_noisy"], rel=0.07)
