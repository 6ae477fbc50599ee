"""The benchmark of the n-gram energy runs, and writes what it measured with the machine it ran on."""

import importlib.util
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "benchmarks"


def test_benchmark_writes_json(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delenv("REVPATH_TORCH_PYTHON", raising=False)
    spec = importlib.util.spec_from_file_location(
        "conditional_boltzmann_benchmark", FOLDER / "conditional_boltzmann.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "CHARACTERS", 500)
    monkeypatch.setattr(module, "REPEATS", 1)
    result = module.main(tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["by_threads"]["2"] == result["by_threads"][2]
    assert set(written["by_threads"]["1"]) == {"revpath", "revpath_by_processor"}
    assert all(speed > 0 for row in result["by_threads"].values() for speed in row.values())
    assert "characters/s (goal 1,000,000)" in capsys.readouterr().out
    X, y = module.data()
    assert module.request(X, y, str(tmp_path), 1)["rows"] == 27 + 27**2 + 4 * 8192
