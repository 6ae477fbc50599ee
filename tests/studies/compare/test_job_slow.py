"""The tests of `test_job.py` that take long."""

import os
import signal

import pytest
from helpers.tiny_job import DIGITAL

from revpath.devices.base.errors import RevpathError
from revpath.studies.baselines.transformer import load_baseline
from revpath.studies.compare import job as module
from revpath.studies.compare import learn as learning
from revpath.studies.compare.models import ConditionalRBMSpec
from revpath.studies.sweeps.engine import make
from revpath.studies.sweeps.store import Store
from revpath.studies.tasks.loading import Source
from revpath.studies.tasks.next_character import NextCharacter
from revpath.studies.tasks.text import load_text
from tests.studies.compare.test_job import run


@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_the_shipped_transformer_is_for_the_shipped_text(tmp_path, monkeypatch):
    found = run(tmp_path, None)
    assert [r.curve for r in found.rivals] == list(load_baseline().curves)
    # a damaged baseline on the text that it is for is an error, not a comparison without a transformer
    monkeypatch.setattr(module, "load_baseline", load_broken)
    with pytest.raises(RevpathError, match="broken"):
        run(tmp_path, None)


def load_broken(*_, **__):
    raise module.BaselineError("baseline is broken")


@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_runs_of_other_code_are_not_used_and_that_is_said(text_path, tmp_path, monkeypatch):
    run(tmp_path, text_path)
    assert not any("other code" in note for note in run(tmp_path, text_path).notes)
    monkeypatch.setattr("revpath.studies.sweeps.study.code_digest", lambda *_: "edited")
    notes = []
    again = run(tmp_path, text_path, note=notes.append)
    assert [note for note in notes if note.startswith("3 runs of other code")]
    assert again.notes == tuple(notes)
    assert len(Store(tmp_path / "store")) == 6
    assert not any("other code" in note for note in run(tmp_path, text_path, seed=2).notes)  # other settings, not code


@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_a_text_without_a_transformer_is_said_before_the_training(text_path, tmp_path):
    said = []
    run(tmp_path, text_path, note=said.append, tell=lambda *what: said.append(what))
    assert "--retrain" in said[0]
    assert all(isinstance(what, tuple) for what in said[1:])
    said.clear()
    run(tmp_path, None, note=said.append)
    assert said == []


@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_a_short_run_says_so_first(tmp_path, monkeypatch):
    monkeypatch.setattr(NextCharacter, "qualities", (4.5,))
    verdict = run(tmp_path, None).verdict
    assert verdict.quality == 4.5
    assert verdict.sentence.startswith("A short run, of 640 characters where 200,000 are the default")
    monkeypatch.setattr(module, "CHARACTERS", 640)
    assert run(tmp_path, None).verdict.sentence.startswith("At 4.5 bits/char")


@pytest.mark.jit
def test_runs_side_by_side_are_those_of_one_process(text_path, tmp_path):
    """Two processes with one thread each, of which one gets two runs, give the bits that this one gives, and are heard."""
    environment, handler = dict(os.environ), signal.getsignal(signal.SIGINT)
    heard = []
    others = ({"name": "two", "seed": 8, "model": ConditionalRBMSpec(hidden=4)}, {"name": "three", "batch": 16})
    recipes = [DIGITAL, *(DIGITAL.model_copy(update=change) for change in others)]
    text, source = NextCharacter(load_text(text_path)), Source("text", text_path)
    runs = [learning.planned(text, source, recipe) for recipe in recipes]
    store = Store(tmp_path)
    assert make(runs, store, workers=2, hear=lambda run, words: heard.append((run.id, *words))).complete
    # and leave everything here as it was
    assert dict(os.environ) == environment
    assert signal.getsignal(signal.SIGINT) is handler
    for recipe, of_engine in zip(recipes, runs, strict=True):
        here = learning.learn(text, recipe)
        there = learning.run_of(recipe, store.get(of_engine.id))
        assert there.model_dump(exclude={"key"}) == here.model_dump(exclude={"key"})
        last = [what for what in heard if what[0] == of_engine.id][-1]
        assert last == (of_engine.id, 640, here.checkpoints[-1].validation)
    assert not list((tmp_path / "checkpoints").iterdir())
