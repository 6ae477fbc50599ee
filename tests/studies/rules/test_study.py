"""The study of update rules: equal trials for all, results kept and gone on from, and an honest table and figure."""

import json
import os

import numpy as np
import pytest
from helpers.lanes import representatives

from revpath.devices.base.errors import RevpathError
from revpath.simulator import Events
from revpath.simulator.rules import TikiTaka2Config
from revpath.studies.commands.rules import print_table, run_and_print
from revpath.studies.rules import study as training_rules
from revpath.studies.rules import trial as trials
from revpath.studies.rules.figure import publish, rules_figure
from revpath.studies.rules.study import (
    DIGITAL,
    FAST,
    MORE_DEVICES,
    RATES,
    RULE_NAMES,
    Outcome,
    Plan,
    Trial,
    granularity,
    rule_for,
    study,
    table,
)
from revpath.studies.rules.trial import run_trial
from revpath.studies.sweeps import Store
from revpath.studies.sweeps import study as sweeps
from revpath.studies.tasks.tasks import TASKS

SB = "reram-sb-gong2018"


def trial(**changes) -> Trial:
    given = {"task": "digits", "device": SB, "rule": rule_for("mixed-precision", SB, "digits"), "rate": 0.2}
    return Trial(**{**given, "seed": 1, "size": "fast", **changes})


def test_every_rule_and_device_gets_as_many_trials():
    plan = Plan(size="fast")
    tuning = [plan.tuning(*cell) for cell in plan.cells()]
    assert len(tuning) == 2 * (1 + 5 * len(RULE_NAMES))
    for of_cell in tuning:
        assert tuple(t.rate for t in of_cell) == RATES[of_cell[0].task]
        assert {t.seed for t in of_cell} == {0}
    assert [t.rate for t in Plan(rates=2).tuning("digits", DIGITAL, None)] == list(RATES["digits"][2:4])


def test_the_name_of_a_result_depends_on_all_that_it_does(tmp_path):
    keys = {
        t.key
        for t in (
            trial(),
            trial(seed=2),
            trial(rate=0.3),
            trial(size="small"),
            trial(device="gokmen-vlasov2016"),
            trial(rule=rule_for("agad", SB, "digits")),
            trial(rule=TikiTaka2Config(fast_lr=0.1)),
            trial(task="text"),
        )
    }
    assert len(keys) == 8
    assert trial().key == trial().key


def test_the_name_of_a_result_depends_on_the_numbers_of_a_device_file(tmp_path):
    from importlib.resources import files

    own = tmp_path / "own-cell.toml"
    content = files("revpath.devices.library").joinpath(f"{SB}.toml").read_text().replace(f'"{SB}"', '"own-cell"')
    own.write_text(content)
    before = trial(device=str(own)).key
    own.write_text(content.replace("value = 0.002\n", "value = 0.003\n"))
    assert trial(device=str(own)).key != before


@pytest.mark.parametrize("task", TASKS)
def test_transfers_come_once_a_gradient(task):
    updates = TASKS[task].updates_per_gradient
    assert rule_for("mixed-precision", SB, task).transfer_every == updates
    assert rule_for("write-verified-copy", SB, task).program_every == updates
    for name in ("tiki-taka-2", "chopped-tiki-taka-2", "agad", "tracked-symmetric-point"):
        rule = rule_for(name, SB, task)
        assert (rule.transfer_every, rule.units_in_mbatch, rule.max_steps) == (updates, True, 1)
    fine, coarse = (rule_for("agad", device, task) for device in ("idealized-rasch2019", "reram-om-gong2022"))
    assert (fine.max_steps, fine.fast_lr) == (10, 0.5)
    assert coarse.max_steps == 1
    assert coarse.fast_lr == pytest.approx(0.5 * 0.002 / 0.0949)


@pytest.mark.jit
@pytest.mark.parametrize("task", representatives(TASKS, quick=["digits"]))
@pytest.mark.parametrize("rule", RULE_NAMES)
def test_every_rule_runs_and_runs_again_to_the_same_bits(rule, task):
    one = trial(task=task, rule=rule_for(rule, SB, task), rate=RATES[task][1])
    first, second = run_trial(one), run_trial(one)
    assert first == second
    assert not first.refused
    assert first.test is not None
    assert np.isfinite(first.test)
    assert first.pulses_per_weight > 0
    events = first.spent()
    digital = events["sram.byte_read"] + events["digital.add"]
    assert digital > 0
    row = table([first]).iloc[0]
    assert np.isfinite(row["joules"]) == (row["training"] != "no hardware"), row["unpriced"]


@pytest.mark.jit
def test_a_study_is_kept_and_gone_on_with(tmp_path, monkeypatch):
    told = []
    first = study(FAST, tmp_path, workers=1, tell=lambda done, total, outcome: told.append((done, total, outcome)))
    n = (1 + 2) * (FAST.rates + FAST.seeds)
    assert [(done, total) for done, total, _ in told] == [(k + 1, n) for k in range(n)]
    assert all(outcome is not None for _, _, outcome in told)
    assert len(first) == 3 * FAST.seeds
    store = Store(tmp_path / "store")
    assert len(store) == n
    monkeypatch.setattr(trials, "quality_of", lambda *_: pytest.fail("there was a result already"))
    told.clear()
    assert study(FAST, tmp_path, tell=lambda *at: told.append(at)) == first
    assert all(outcome is None for _, _, outcome in told)
    monkeypatch.undo()
    segment = next((tmp_path / "store" / "segments").iterdir())
    os.truncate(segment, segment.stat().st_size - 1)  # the last record is torn
    told.clear()
    assert study(FAST, tmp_path, workers=1, tell=lambda *at: told.append(at)) == first
    assert sum(outcome is not None for *_, outcome in told) == 1


@pytest.mark.jit
@pytest.mark.parametrize("task", representatives(TASKS, quick=["text"]))
@pytest.mark.parametrize("device", representatives(MORE_DEVICES, quick=MORE_DEVICES[:2]))
def test_a_copy_is_written_and_verified_into_every_device(device, task):
    """Every pulse law of the study has a write-verify: no pair is left out for want of one."""
    found = run_trial(trial(task=task, device=device, rule=rule_for("write-verified-copy", device, task), rate=0.3))
    assert not found.refused
    assert found.test is not None
    assert np.isfinite(found.test)
    events = found.spent()
    assert events["pulse.up"] > 0
    assert events["pulse.down"] > 0
    assert events["cell.verify_read"] > events["cell.programmed"] == 0


def test_what_is_refused_is_asked_again(tmp_path):
    plan = Plan(tasks=("digits",), rules=("agad",), devices=("pcm-nandakumar2019",), rates=1, seeds=1, size="fast")
    found = study(plan, tmp_path, workers=1)
    assert "without pulses" in found[-1].refused
    told = []
    assert study(plan, tmp_path, workers=1, tell=lambda *at: told.append(at)) == found
    assert [bool(outcome and outcome.refused) for *_, outcome in told] == [False, True, False, True]


@pytest.mark.jit
def test_an_interruption_keeps_what_is_complete(tmp_path):
    def interrupt(done, total, outcome):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study(FAST, tmp_path, workers=1, tell=interrupt)
    assert len(Store(tmp_path / "store")) == 3


def test_a_fault_is_no_refusal(tmp_path, monkeypatch):
    """A device that a rule cannot train is a result; a bug is not."""
    monkeypatch.setattr(trials, "quality_of", lambda *_: 1 / 0)
    with pytest.raises(RevpathError, match="digits, digital, digital: ZeroDivisionError"):
        study(FAST, tmp_path, workers=1)


def test_a_training_that_diverges_is_never_the_best(monkeypatch):
    monkeypatch.setattr(trials, "quality_of", lambda *_: (float("nan"), 1.0, 64, Events()))
    found = run_trial(trial())
    assert (found.validation, found.test, found.refused, found.badness) == (None, 1.0, "", np.inf)


@pytest.mark.jit
def test_runs_of_other_code_are_counted_and_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "quality_of", lambda *_: (1.0, 1.0, 64, Events({"pulse.up": 1})))
    study(FAST, tmp_path, workers=1)
    n = (1 + 2) * (FAST.rates + FAST.seeds)
    assert training_rules.outlook(FAST, tmp_path) == (n, n, 0)
    monkeypatch.setattr(sweeps, "code_digest", lambda *_: "edited")
    assert training_rules.outlook(FAST, tmp_path) == (n, 0, n)


def outcome(
    test, *, task="digits", device=SB, rule="mixed-precision", validation=None, refused="", pulses=640
) -> Outcome:
    chosen = None if device == DIGITAL else rule_for(rule, device, task)
    return Outcome(
        trial=trial(task=task, device=device, rule=chosen),
        validation=test if validation is None else validation,
        test=test,
        weights=64,
        events=json.dumps({"counts": {"pulse.up": pulses // 2, "pulse.down": pulses // 2}, "quanta": {}}),
        refused=refused,
    )


def test_the_best_rate_is_chosen_on_the_validation_data():
    assert outcome(-20.0).badness < outcome(-21.0).badness < outcome(None).badness == np.inf
    assert outcome(3.0, task="text").badness < outcome(3.1, task="text").badness
    assert outcome(float("nan")).badness == np.inf


def test_the_table_says_mean_spread_pulses_and_what_could_not_be():
    found = table(
        [
            outcome(-20.0),
            outcome(-22.0, pulses=1280),
            outcome(None, device="idealized-rasch2019", rule="agad", refused="no pulses"),
            outcome(-19.0, device=DIGITAL, pulses=0),
        ]
    )
    row = found.iloc[0]
    assert (row["quality"], row["spread"], row["pulses_per_weight"], row["seeds"]) == (-21.0, 2.0, 15.0, 2)
    assert row["joules_low"] < row["joules"] < row["joules_high"]
    assert "node.assumed.power_over_analog_chip" in row["leans_on"]
    assert found.iloc[1]["refused"] == "no pulses"
    assert np.isnan(found.iloc[1]["quality"])
    assert found.iloc[2]["device"] == DIGITAL
    assert found["training"].tolist() == ["digital training", "digital buffer", ""]


@pytest.mark.parametrize(("task", "sign"), [("digits", 1), ("text", -1)])
def test_what_of_a_loss_is_granularity(task, sign):
    """Ideal 10 above stochastic pulses, the mean-field limit 7 above them: 7 of 10, in the direction of the task."""
    found = table(
        [
            outcome(sign * 20.0, task=task, device=DIGITAL),
            outcome(sign * 10.0, task=task, rule="stochastic"),
            outcome(sign * 17.0, task=task, rule="mean-field", pulses=0),
            outcome(sign * 12.0, task=task, device="idealized-rasch2019", rule="stochastic"),
            outcome(None, task=task, device="idealized-rasch2019", rule="mean-field", refused="no pulses"),
        ]
    )
    (loss,) = granularity(found, task)
    assert loss == (SB, pytest.approx(10.0), pytest.approx(7.0))
    assert granularity(found.loc[found["device"] != DIGITAL], task) == []
    assert granularity(found, "text" if task == "digits" else "digits") == []


def test_no_column_is_cut_off_where_output_is_a_pipe(capsys):
    longest = max(RULE_NAMES, key=len)
    for device in MORE_DEVICES:
        print_table(table([outcome(-20.0, device=device, rule=longest), outcome(-19.0, device=DIGITAL)]))
        heading = next(line for line in capsys.readouterr().out.splitlines() if "device" in line)
        assert [word.strip() for word in heading.strip("┃ ").split("┃")][-2:] == ["joules (90 %)", "rate"]


def test_the_report_says_how_much_is_granularity(capsys):
    ideal, limit = outcome(-18.0, device=DIGITAL), outcome(-19.0, rule="mean-field", pulses=0)
    print_table(table([ideal, outcome(-22.0, rule="stochastic"), limit]))
    said = " ".join(capsys.readouterr().out.split())
    assert f"of the 4 nats that stochastic pulses lose on {SB}" in said
    assert "win back 3: 75%" in said
    for words in ("in place", "no hardware", "not priced"):
        assert words in said
    print_table(table([ideal, outcome(-17.0, rule="stochastic"), limit]))
    assert "lose nothing against the ideal model" in " ".join(capsys.readouterr().out.split())


def test_what_cannot_be_priced_says_why():
    row = table([outcome(-20.0, device="reram-alox-woo2016")]).iloc[0]
    assert np.isnan(row["joules"])
    assert "pulse.energy_up is not known" in row["unpriced"]


def test_a_rule_that_a_device_does_not_allow_is_an_outcome():
    found = run_trial(trial(device="pcm-nandakumar2019", rule=rule_for("mixed-precision", SB, "digits")))
    assert "without pulses" in found.refused
    assert found.badness == np.inf


@pytest.mark.slow
@pytest.mark.jit
def test_published_files_and_figure(tmp_path):
    found = publish(FAST, tmp_path, workers=1)
    assert (tmp_path / "rules.csv").read_text().startswith("task,device,rule,unit")
    before = (tmp_path / "rules.png").read_bytes()
    publish(FAST, tmp_path, workers=1)
    assert (tmp_path / "rules.png").read_bytes() == before
    axes = rules_figure(found).axes[0]
    written = [text.get_text() for text in axes.texts]
    qualities = found.loc[found["device"] != DIGITAL, "quality"]
    assert [text.split("\n")[0] for text in written] == [f"{q:.2f}" for q in qualities]


def test_the_figure_marks_what_is_not_possible():
    found = table([outcome(-20.0, device=DIGITAL), outcome(None, refused="no")])
    axes = rules_figure(found).axes[0]
    assert [text.get_text() for text in axes.texts] == ["not\nsimulated"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["mixed\nprecision\n(digital training)"]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"rules": ("sgd",)}, "rules = .*must be some of stochastic"),
        ({"tasks": ()}, "tasks = .*must be some of digits, text"),
        ({"devices": ("no-such",)}, "no-such"),
        ({"rates": 7}, "rates = 7 must be 1 to 6"),
        ({"seeds": 0}, "seeds = 0 at least 1"),
    ],
)
def test_bad_plans_are_refused(bad, words):
    with pytest.raises(RevpathError, match=words):
        Plan(**bad)


@pytest.mark.slow
@pytest.mark.jit
def test_the_report_names_all_that_was_run(tmp_path, capsys):
    run_and_print(FAST, tmp_path, workers=1)
    said = capsys.readouterr()
    n = (1 + 2) * (FAST.rates + FAST.seeds)
    assert len([line for line in said.err.splitlines() if f" of {n}: digits" in line]) == n
    for words in ("digital training", SB, "stochastic", "mixed-precision", "rules.csv", "independent pixels"):
        assert words in said.out
    run_and_print(FAST, tmp_path, workers=1)
    assert capsys.readouterr().err == ""


def test_the_printed_table_says_what_was_not_possible(capsys):
    print_table(table([outcome(-20.0, device=DIGITAL), outcome(None, refused="cannot be")]))
    said = capsys.readouterr().out
    assert "not simulated" in said
    assert "mixed-precision: cannot be" in said
