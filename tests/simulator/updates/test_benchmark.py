"""The benchmark of pulsed updates runs, and writes what it measured; a peer that does not answer is said to."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[3] / "benchmarks" / "pulsed_update.py"
PEER = """#!{python}
import json, sys
for line in sys.stdin:
    done = "run" in json.loads(line)
    print(json.dumps({{"seconds": 0.5, "spread": 0.1, "aihwkit": "0", "torch": "0"}} if done else {{}}), flush=True)
"""


@pytest.fixture
def benchmark(monkeypatch):
    spec = importlib.util.spec_from_file_location("pulsed_update", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SHAPE", (8, 6))
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "SLOTS", (3,))
    monkeypatch.setattr(module, "sparse", lambda rounds: 1.0)
    return module


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for aihwkit is a script")
def test_ratios_are_to_the_peer(benchmark, tmp_path):
    peer = tmp_path / "python"
    peer.write_text(PEER.format(python=sys.executable))
    peer.chmod(0o755)
    benchmark.main(tmp_path / "out.json", str(peer), rounds=1)
    rows = json.loads((tmp_path / "out.json").read_text())["by_threads"]["1"]
    for law in ("constant-step", "soft-bounds"):
        row = rows[f"{law}, 3 slots"]
        seconds = row["ns_per_cell_sample"]
        assert seconds["aihwkit"] == pytest.approx(0.5e9 / 2 / 48, rel=1e-3)
        assert row["aihwkit_over_summed"] == pytest.approx(seconds["aihwkit"] / seconds["summed"], rel=0.01)


def test_without_a_peer(benchmark, capsys):
    result = benchmark.main(rounds=1)
    assert "skipped" in result["aihwkit"]
    assert "aihwkit_over_summed" not in result["by_threads"][1]["constant-step, 3 slots"]


def test_a_peer_that_cannot_start_says_why(benchmark):
    with pytest.raises(RuntimeError, match="gave no answer"):
        benchmark.main(aihwkit_python="/bin/false", rounds=1)
