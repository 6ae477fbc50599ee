"""The tests of `test_job.py` that take long."""

import multiprocessing
import os
import re
import signal

import pytest
from helpers.tiny_job import DIGITAL

from revpath.devices.base.errors import RevpathError
from revpath.studies.baselines.transformer import load_baseline
from revpath.studies.compare import job as module
from revpath.studies.compare import learn as learning
from revpath.studies.compare.models import ConditionalRBMSpec
from revpath.studies.compare.workers import train_side_by_side
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
    monkeypatch.setattr("revpath.studies.compare.recipes.code_digest", lambda *_: "edited")
    notes = []
    again = run(tmp_path, text_path, note=notes.append)
    assert [note for note in notes if note.startswith("3 runs of other code")]
    assert again.notes == tuple(notes)
    assert len(list((tmp_path / "runs").glob("*.json"))) == 6
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
    """Two processes with one thread each, of which one gets two runs, give the bits that this one gives."""
    environment, handler = dict(os.environ), signal.getsignal(signal.SIGINT)
    told = []
    others = ({"name": "two", "seed": 8, "model": ConditionalRBMSpec(hidden=4)}, {"name": "three", "batch": 16})
    recipes = [DIGITAL, *(DIGITAL.model_copy(update=change) for change in others)]
    assert train_side_by_side(
        Source("text", text_path), recipes, tmp_path / "a", lambda *what: told.append(what), workers=2
    )
    # and leave everything here as it was
    assert dict(os.environ) == environment
    assert signal.getsignal(signal.SIGINT) is handler
    text = NextCharacter(load_text(text_path))
    for recipe in recipes:
        here = learning.learn(text, recipe, tmp_path / "b")
        there = learning.read_run(learning.run_path(text, recipe, tmp_path / "a"))
        assert there.model_dump() == here.model_dump()
        last = [what for what in told if what[0] == recipe.label][-1]
        assert last == (recipe.label, 640, here.checkpoints[-1].validation)


@pytest.mark.jit
def test_a_killed_worker_is_noticed(text_path, tmp_path):
    """The run goes on in another process, and is given up when that is killed too."""
    long = DIGITAL.model_copy(update={"examples": 2_000_000_000})
    killed = set()

    def kill(*_):
        for child in multiprocessing.active_children():
            killed.add(child.pid)
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(RevpathError, match=re.escape("digital.1: its process was ended from outside")) as caught:
        train_side_by_side(Source("text", text_path), [long], tmp_path, kill)
    assert "SIGKILL(-9)" in str(caught.value)
    assert len(killed) >= 2
    assert not list(tmp_path.glob("*.partial"))
