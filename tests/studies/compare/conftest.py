"""A job of three tiny recipes, and a folder with a result to be asked."""

import json

import pytest
from helpers.tiny_job import ANALOG, DIGITAL, EVENTS, FLOPS, QUIET

from revpath.energy_models import gpu_energy
from revpath.studies.compare import job as module
from revpath.studies.compare import learn as learning
from revpath.studies.compare.learn import Checkpoint, Run
from revpath.studies.compare.recipes import recipes
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

    def recipes(characters, seed):
        more = {"characters": characters, "seed": seed}
        return [recipe.model_copy(update=more) for recipe in (DIGITAL, ANALOG, QUIET)]

    monkeypatch.setattr(module, "recipes", recipes)
    monkeypatch.setattr(learning, "FIRST_CHECKPOINT", 320)
    monkeypatch.setattr(learning, "CHECKPOINTS", 2)


@pytest.fixture
def undrawn(monkeypatch):
    """No figures: they have tests of their own, and take seconds."""
    monkeypatch.setattr(module, "compare_figure", lambda *_: None)
    monkeypatch.setattr(module, "save", lambda figure, stem: [stem.with_suffix(".png")])


@pytest.fixture
def folder(tmp_path):
    recipe = next(r for r in recipes(500_000, 1) if r.hardware is not None and not r.hardware.changes)
    point = Checkpoint(characters=100, validation_bits=3.2, test_bits=3.2, events=EVENTS.to_json())
    run = Run(recipe=recipe, key="k", text_sha256="t", version="0", parameters=7, checkpoints=(point,))
    joules = gpu_energy(FLOPS).joules
    stop = {"validation_bits": 3.1, "joules": {"nominal": joules}, "events": {"matmul.flop": FLOPS}}
    own = {"validation_bits": 3.2, "events": dict(EVENTS)}
    result = {
        "runs": [json.loads(run.model_dump_json())],
        "chip": "reram-32nm",
        "verdict": {"bits": 3.25, "transformer": "transformer-x-gpu"},
        "contenders": [
            {"name": "transformer-x-gpu", "title": "x", "kind": "gpu", "stops": [stop]},
            {"name": recipe.name, "title": recipe.title, "kind": "analog", "stops": [own]},
        ],
    }
    (tmp_path / "result.json").write_text(json.dumps(result))
    return tmp_path, recipe.hardware.cell()
