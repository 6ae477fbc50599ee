"""A job of three tiny recipes, and a folder with a result to be asked."""

import json

import pytest
from helpers.tiny_job import ANALOG, DIGITAL, EVENTS, FLOPS, QUIET

from revpath.energy_models import gpu_energy
from revpath.studies.compare import job as module
from revpath.studies.compare import learn as learning
from revpath.studies.compare import writing
from revpath.studies.compare.learn import Checkpoint, LearningRun
from revpath.studies.compare.recipes import text_recipes
from revpath.studies.tasks.next_character import NextCharacter
from revpath.studies.tasks.text import load_text


@pytest.fixture(scope="module")
def text_path(tmp_path_factory):
    """30,000 characters of Moby Dick: another text, of which no transformer ships."""
    moby = load_text()
    path = tmp_path_factory.mktemp("text") / "whale.txt"
    path.write_text(moby.decode(moby.codes[:30_000]))
    return path


@pytest.fixture
def tiny(monkeypatch):
    """The job with three tiny recipes, one checkpoint early and one at the end."""

    def recipes(characters, seeds):
        made = (DIGITAL, ANALOG, QUIET)
        return [r.model_copy(update={"examples": characters, "seed": seed}) for r in made for seed in seeds]

    monkeypatch.setattr(module, "text_recipes", recipes)
    monkeypatch.setattr(NextCharacter, "first_checkpoint", 320)
    monkeypatch.setattr(learning, "CHECKPOINTS", 2)


@pytest.fixture
def undrawn(monkeypatch):
    """No figures: they have tests of their own, and take seconds."""
    monkeypatch.setattr(writing, "compare_figure", lambda *_: None)
    monkeypatch.setattr(writing, "save_figure", lambda figure, stem, **options: [stem.with_suffix(".png")])


@pytest.fixture
def folder(tmp_path):
    recipe = next(r for r in text_recipes(500_000, [1]) if r.hardware is not None and not r.hardware.changes)
    point = Checkpoint(examples=100, validation=3.2, test=3.2, events=EVENTS.to_json())
    run = LearningRun(recipe=recipe, key="k", data_sha256="t", version="0", parameters=7, checkpoints=(point,))
    joules = gpu_energy(FLOPS).joules
    stop = {"validation": 3.1, "joules": {"nominal": joules}, "events": {"matmul.flop": FLOPS}}
    own = {"validation": 3.2, "events": dict(EVENTS)}
    result = {
        "runs": [json.loads(run.model_dump_json())],
        "chip": "reram-32nm",
        "task": {"unit": "bits/char"},
        "verdict": {
            "quality": 3.25,
            "rival": "transformer-x-gpu",
            "analog": recipe.name,
            "ratio": {"low": 2.0, "high": 5.0},
        },
        "contenders": [
            {"name": "transformer-x-gpu", "title": "x", "kind": "gpu", "stops": [stop]},
            {"name": recipe.name, "title": recipe.title, "kind": "analog", "stops": [own]},
        ],
    }
    (tmp_path / "result.json").write_text(json.dumps(result))
    return tmp_path, recipe.hardware.cell()
