"""Every command that prints a table prints it for other programs and for papers too, and nothing else on standard output."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from revpath.studies.commands import compare, forms, rules
from revpath.studies.compare import verdict
from revpath.studies.sweeps import Store, read_study
from revpath.studies.sweeps.engine import run

STUDY = """
schema = 1
name = "small"
task = "array-error"

[fixed]
rows = 8
columns = 4
vectors = 2
"array.adc.range" = "maximum"

[axes]
"array.adc.bits" = [4, 8]
"""


pytestmark = pytest.mark.jit


@pytest.fixture
def swept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(STUDY)
    run(read_study("small.toml"), Store("revpath-store"), workers=1)


@pytest.mark.parametrize("command", ["collate", "price"])
def test_runs_of_a_study(revpath, swept, command):
    code, out, _ = revpath(command, "small.toml", "--json")
    assert code in (0, None)
    rows = json.loads(out)
    assert [row["array.adc.bits"] for row in rows] == [4, 8]
    assert [row["joules"] is None for row in rows] == [True] * 2 if command == "price" else "joules" not in rows[0]
    assert revpath(command, "small.toml", "--csv")[1].count("\n") == 3
    assert revpath(command, "small.toml", "--latex")[1].startswith(r"\begin{tabular}")
    assert revpath(command, "small.toml", "--latex", "--csv")[0] == 2


def test_a_study_that_prices_itself_is_not_priced_again(revpath, tmp_path):
    path = tmp_path / "chips.toml"
    path.write_text('schema = 1\nname = "chips"\ntask = "chip-price"\n[axes]\nchip = ["reram-32nm", "puma-32nm"]\n')
    code, _, err = revpath("price", path, "--store", tmp_path / "store")
    assert code == 2
    assert "has chips on an axis" in err


def test_rules_are_a_table_alone(monkeypatch, capsys, tmp_path):
    found = pd.DataFrame({"task": ["digits"], "rule": ["stochastic"], "quality": [float("nan")]})
    monkeypatch.setattr(rules, "outlook", lambda plan, folder: (1, 1, 0))
    monkeypatch.setattr(rules, "publish", lambda plan, folder, **options: found)
    rules.run_and_print(None, tmp_path, form="json")
    assert json.loads(capsys.readouterr().out) == [{"task": "digits", "rule": "stochastic", "quality": None}]


def test_two_tasks_of_a_comparison_are_one_table(monkeypatch, capsys):
    """Columns that mean the same have one name, whatever the unit and the example of the task."""

    def told(contenders, quality, unit, example):
        return [{"contender": "a", f"best {unit} (test)": 2.0, f"{example}s to Q": 7, f"test {unit} at Q": 2.5}]

    monkeypatch.setattr(verdict, "table", told)
    tasks = [("text", "bits/char", "character"), ("digits", "% error", "image")]
    frames = [
        compare.contenders_frame(
            SimpleNamespace(
                task=SimpleNamespace(name=name, unit=unit, example=example),
                verdict=SimpleNamespace(quality=quality),
                contenders=(),
            )
        )
        for (name, unit, example), quality in zip(tasks, (2.25, None), strict=True)
    ]
    forms.print_frames(frames, "json")
    rows = json.loads(capsys.readouterr().out)
    assert [row["task"] for row in rows] == ["text", "digits"]
    assert [row["unit"] for row in rows] == ["bits/char", "% error"]
    assert [row["Q"] for row in rows] == [2.25, None]
    assert [set(row) for row in rows] == [
        {"task", "unit", "example", "Q", "contender", "best (test)", "examples to Q", "test at Q"}
    ] * 2
