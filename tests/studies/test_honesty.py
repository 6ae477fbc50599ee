"""The honesty of the studies' own machinery: data in which a choice or a score that sees the test data comes out otherwise."""

import numpy as np
import pytest
from helpers.lanes import representatives

from revpath.simulator import Events
from revpath.studies.baselines import tuning
from revpath.studies.baselines.curves import Curve, Hyper, Point
from revpath.studies.baselines.transformer import SMALL
from revpath.studies.compare.contenders import Contender, Stop
from revpath.studies.compare.learn import Checkpoint, LearningRun, learn
from revpath.studies.compare.models import ConditionalBoltzmannSpec
from revpath.studies.compare.recipes import Recipe
from revpath.studies.rules import trial
from revpath.studies.rules.study import DIGITAL, RATES, Plan, study, table
from revpath.studies.sweeps.engine import Summary
from revpath.studies.tasks import tasks
from revpath.studies.tasks.next_character import NextCharacter
from revpath.studies.tasks.text import Text

CHANCE = np.log2(27)  # bits per character of 27 symbols that nothing foretells


def planted(test_is_noise=True):
    """A text that runs through three symbols; its test split, or its validation split, is noise."""
    codes = (np.arange(6000) % 3).astype(np.uint8)
    noise = np.random.default_rng(0).integers(27, size=300).astype(np.uint8)
    codes[-300:] = noise if test_is_noise else codes[-300:]
    codes[5400:5700] = codes[5400:5700] if test_is_noise else noise
    return Text("planted", codes, "d" * 64)


# --- the comparison -------------------------------------------------------------------------------------------------


@pytest.mark.jit
@pytest.mark.parametrize("test_is_noise", [True, False])
def test_each_score_is_of_the_split_that_it_names(test_is_noise):
    model = ConditionalBoltzmannSpec(context=2, max_rows=64, learning_rate=8.0)
    recipe = Recipe(name="a", title="a", kind="digital", model=model, batch=16, examples=2000)
    last = learn(NextCharacter(planted(test_is_noise)), recipe).checkpoints[-1]
    learnt, noise = last.validation, last.test
    if not test_is_noise:
        learnt, noise = noise, learnt
    assert learnt < 0.5 * CHANCE < 0.9 * CHANCE < noise
    assert last.validation_stored == pytest.approx(last.validation, rel=1e-6)


def points(*bits):
    events = Events().to_json()
    return tuple(
        Checkpoint(examples=100 * (n + 1), validation=v, test=t, events=events) for n, (v, t) in enumerate(bits)
    )


# validation passes 3 at the third point and is best at the third; test at the first, and best at the second
CROSSED = ((4.0, 2.5), (3.5, 1.0), (2.9, 3.9), (3.2, 4.0))


def test_a_run_and_a_contender_pass_and_are_best_on_the_validation_data():
    recipe = Recipe(name="a", title="a", kind="digital", examples=400)
    run = LearningRun(recipe=recipe, key="k", data_sha256="t", version="0", parameters=1, checkpoints=points(*CROSSED))
    stops = tuple(Stop(c.examples, c.validation, c.test, bill=None) for c in run.checkpoints)
    curve = Contender("a", "a", "EBM", "analog", 1, stops)
    for it in (run, curve):
        assert it.first_at(3.0).examples == 300
        assert it.best.examples == 300
    assert curve.compared_at(3.0).examples == 300
    assert curve.compared_at(2.0).examples == 300
    assert curve.compared_at(3.6).examples == 200
    assert not curve.passed_unseen(3.0)


# --- the study of rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("best", representatives([0, 2, 5], quick=[2]))
@pytest.mark.parametrize("task", ["digits", "text"])
def test_the_rate_is_chosen_on_the_validation_data_and_judged_with_fresh_seeds(tmp_path, monkeypatch, task, best):
    """Validation is best at one rate, test at the one before; the trials of the choice score best of all on the test."""
    rates = RATES[task]
    sign = -1.0 if task == "digits" else 1.0  # a mean log-likelihood, or bits

    def quality_of(task, device, rule, rate, seed, size):
        at = rates.index(rate)
        validation, test = 10.0 + abs(at - best), 10.0 + abs(at - (best - 1) % 6)
        return sign * validation, sign * (test - 9.0 * (seed == 0) + seed), 64, Events({"pulse.up": 64 * seed})

    monkeypatch.setattr(trial, "quality_of", quality_of)
    plan = Plan(tasks=(task,), rules=("stochastic",), devices=("reram-sb-gong2018",), seeds=3, size="fast")
    outcomes = study(plan, tmp_path, workers=1)
    assert {o.trial.rate for o in outcomes} == {rates[best]}
    for device in (DIGITAL, "reram-sb-gong2018"):
        assert [o.trial.seed for o in outcomes if o.trial.device == device] == [1, 2, 3]
    row = table(outcomes).set_index("device").loc["reram-sb-gong2018"]
    assert row["quality"] == pytest.approx(sign * (12.0 + abs(best - (best - 1) % 6)))  # mean over the fresh seeds
    assert row["spread"] == pytest.approx(2.0)
    assert (row["rate"], row["seeds"], row["pulses_per_weight"]) == (rates[best], 3, 2.0)


def test_the_digits_are_scored_on_the_split_that_is_named(monkeypatch):
    """Trained on empty images: an empty validation split is likely, a full test split is not."""
    empty = np.zeros((200, 64), np.float32)
    monkeypatch.setattr(tasks, "_digits", lambda: (empty, empty[:50], 1 - empty[:50]))
    validation, test, _, _ = tasks.quality_of("digits", None, None, 0.2, 1, "fast")
    assert validation > -64 * np.log(2) > test
    # and what needs no weights has its frequencies from the training data, its score from the test data
    assert tasks.TASKS["digits"].baseline() == pytest.approx(64 * np.log(0.5 / 201))


def test_the_text_is_scored_on_the_split_that_is_named(monkeypatch):
    text = planted()
    monkeypatch.setattr(tasks, "load_text", lambda: text)
    monkeypatch.setattr(tasks, "_SCORED", 200)
    validation, test, _, _ = tasks.quality_of("text", None, None, 1.0, 1, "fast")
    assert validation < 0.5 * CHANCE < test
    p = (np.bincount(text.train, minlength=27) + 1) / (len(text.train) + 27)
    assert tasks.TASKS["text"].baseline() == pytest.approx(-np.log2(p[text.test[2:202]]).mean())


# --- the transformer ------------------------------------------------------------------------------------------------


def test_the_transformer_is_tuned_on_the_validation_data(monkeypatch):
    """Validation falls with a smaller rate, test with a larger one."""

    def train(text, shape, hyper, tokens, seed, progress=None, marks=None):
        bits = 3.0 + np.log2(hyper.learning_rate / Hyper().learning_rate) / 10
        point = Point(
            tokens=tokens,
            flops=shape.training_flops(tokens),
            validation_bits=bits,
            test_bits=6.0 - bits,
            validation_bits_last=6.0 - bits,
            wall_s=0.0,
        )
        return Curve(shape=shape, hyper=hyper, seed=seed, parameters=shape.parameters(), points=(point,))

    monkeypatch.setattr(tuning, "train_transformer", train)
    trials, best = tuning.tune(planted(), 100, 1, lambda trial: None)
    lowest = min(trials, key=lambda t: t.validation_bits if t.shape == SMALL else np.inf)
    assert best[SMALL].learning_rate == lowest.hyper.learning_rate < Hyper().learning_rate


def test_counting_is_scored_on_the_validation_data(tmp_path, monkeypatch):
    """The line that every verdict is held against."""
    from revpath.studies.compare import job

    seen = []
    monkeypatch.setattr(job, "witten_bell_bits", lambda *given: seen.append(given) or np.array([2.0]))
    monkeypatch.setattr("revpath.studies.compare.comparison.make", lambda runs, *_, **__: Summary(len(runs)))
    done = job.compare(tmp_path, characters=2000)
    ((train, scored, order),) = seen
    np.testing.assert_array_equal(train, done.task.text.train)
    np.testing.assert_array_equal(scored, done.task.text.validation)
    assert order == job.NGRAM_ORDER
