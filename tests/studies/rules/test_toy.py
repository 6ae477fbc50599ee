"""A rule that is defined outside the package takes part in the whole study: plan, runs, table, figure and command."""

import numpy as np
import pandas as pd
import pytest
from helpers.toy_rule import toy_rule
from typer.testing import CliRunner

from revpath.studies.commands import cli
from revpath.studies.rules import study
from revpath.studies.rules.figure import rules_figure
from revpath.studies.rules.study import Plan, Trial


def test_a_toy_rule_is_in_every_plan():
    with toy_rule():
        assert Plan().rules[-1] == "idle-toy"
        assert study.RULE_NAMES[-1] == "idle-toy"
        assert {rule.name() for _, _, rule in Plan(tasks=("digits",)).cells() if rule} >= {"idle-toy"}
    assert "idle-toy" not in Plan().rules


def test_a_trial_of_a_toy_rule_comes_back_from_its_file():
    with toy_rule() as toy:
        trial = Trial(task="digits", device="reram-sb-gong2018", rule=toy(), rate=0.1, seed=0, size="fast")
        assert Trial.model_validate_json(trial.model_dump_json()) == trial
        assert trial.rule_name == "idle-toy"
        assert '"patience":1' in trial.model_dump_json()


@pytest.mark.jit
def test_the_command_trains_lists_and_draws_a_toy_rule(tmp_path):
    arguments = ["rules", "--fast", "--workers", "1", "--out", str(tmp_path)]
    with toy_rule():
        done = CliRunner().invoke(cli.app, [*arguments, "--rule", "idle-toy", "--rule", "stochastic"])
        assert done.exit_code == 0, done.output
        assert "idle-toy, rate" in done.stderr
        assert "idle-toy" in done.stdout
        table = pd.read_csv(tmp_path / "rules.csv", keep_default_na=False)
        assert set(table["rule"]) == {"digital", "idle-toy", "stochastic"}
        assert (
            float(table.loc[table["rule"] == "idle-toy", "pulses_per_weight"].iloc[0]) == 2.0
        )  # both cells were programmed
        figure = rules_figure(
            table.replace("", np.nan).astype({"quality": float, "pulses_per_weight": float}).assign(refused="")
        )
        labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
        assert labels == ["stochastic\npulses\n(in place)", "idle toy\n(in place)"]
