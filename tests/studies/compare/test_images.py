"""The second task of the comparison: images, networks trained in place, and digital ones beside them."""

import json

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.energy_models.prices.schedule import SCHEDULES, scheduled
from revpath.studies.baselines.mlp import MLPCurve, MLPPoint
from revpath.studies.baselines.rivals import MLPRival
from revpath.studies.compare import job as module
from revpath.studies.compare import writing
from revpath.studies.compare.job import compare_images
from revpath.studies.compare.models import LayeredSpec
from revpath.studies.compare.recipes import Hardware, Recipe, image_recipes
from revpath.studies.compare.work import WORD, ebm_work
from revpath.studies.tasks import loading
from revpath.studies.tasks.image_class import ImageClass
from revpath.studies.tasks.images import Images
from revpath.studies.tasks.loading import Source, load_task

RULES = ("transposed-error", "equilibrium-propagation")


def recipe(rule="transposed-error", **more):
    model = LayeredSpec(inputs=64, hidden=(8,), rule=rule, learning_rate=0.2, free_steps=2, nudged_steps=2)
    return Recipe(name="r", title="r", kind="digital", task="images", model=model, batch=16, examples=64, **more)


def learned(made):
    model = made.model.estimator(None, made.batch, 0)
    rng = np.random.default_rng(0)
    made.model.learn(model, rng.random((64, 64), np.float32), rng.integers(0, 10, 64))
    return model


@pytest.mark.parametrize("rule", RULES)
def test_products_are_those_that_ideal_synapses_count(rule):
    made = recipe(rule)
    # ideal synapses count driven lines alone; all are driven but those of units that are cut
    counted = learned(made).events_["matmul.flop"] / 2
    told = made.model.products({}, 64)
    assert 0.5 * told < counted <= told


def test_products_by_hand():
    first, later = 64 * 8, 8 * 10
    assert recipe().model.products({}, 10) == 10 * ((first + later) + later + (first + later))  # forward, back, update
    rounds = 2 + 2 * 2
    # the input's array once; the other in the first pass and every round, forward and back; two updates of it
    slow = first + first + later * (1 + rounds + rounds + 2)
    assert recipe("equilibrium-propagation").model.products({}, 10) == 10 * slow


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("place", ["arrays", "lanes"])
def test_bytes_stay_in_the_memory_that_the_model_named(rule, place):
    made = recipe(rule)
    events = learned(made).events_
    work = ebm_work(events, made, 64, SCHEDULES["register-tile"], place)
    counted = {full: n for full, n in scheduled(events, "register-tile").items() if full.startswith("sram.")}
    assert counted
    assert all(work[full] == amount for full, amount in counted.items())
    more = {full: amount for full, amount in work.items() if full.startswith("sram.") and full not in counted}
    weights = made.model.weights * WORD
    if place == "lanes":  # an update of all weights a mini-batch, in the memory that keeps them
        assert set(more.values()) == {64 / 16 * weights}
        assert all(f"kept={made.model.kept(16) + weights}" in full for full in more)
    else:
        assert not any(more.values())
    assert work["hbm.byte_read"] == 64 * 64  # a byte a pixel


def test_a_family_is_a_rule():
    assert [recipe(rule).model.family for rule in RULES] == ["layers by transposed error", "equilibrium EBM"]
    made = image_recipes(100, [1, 2])
    assert len({r.label for r in made}) == len(made) == (2 + 3) * 2
    assert all(r.hardware is None or r.hardware.thermal for r in made)


def test_the_task_is_that_of_its_source():
    task = load_task(Source("images", name="digits"))
    assert isinstance(task, ImageClass)
    x, y = task.take(np.array([3, 1]), 0)
    np.testing.assert_array_equal(x, task.images.train[0][[3, 1]])
    np.testing.assert_array_equal(y, task.images.train[1][[3, 1]])
    assert len(task.places(0)) == 1200
    assert task.scored("validation", 0) is task.images.validation
    assert task.scored("test", 0) is task.images.test


def test_seeds_of_a_rival_are_one_rival():
    curves = [MLPCurve((5, 3, 2), seed, (MLPPoint(32, 9.0 + seed, 8.0),)) for seed in (1, 2)]
    rival = MLPRival(curves)
    assert (rival.name, rival.parameters) == ("5-3-2", 6 * 3 + 4 * 2)
    assert [point.validation for point in rival.points] == [10.0]
    assert [[point.validation for point in points] for points in rival.again] == [[11.0]]
    assert rival.steps(64) == 2


@pytest.fixture
def tiny(monkeypatch):
    """Ten images of each class, one analog recipe and its twin, one rival."""

    def recipes(images, seeds, inputs):
        made = []
        for name, hardware in (
            ("ebm-ecram", Hardware(device="ecram-li-tang2018", thermal=True)),
            ("ebm-digital", None),
        ):
            kind = "analog" if hardware else "digital"
            model = LayeredSpec(inputs=inputs, hidden=(4,), learning_rate=0.3)
            made += [
                Recipe(
                    name=name, title=name, kind=kind, task="images", model=model, hardware=hardware, batch=8,
                    examples=images, seed=seed,
                )
                for seed in seeds
            ]  # fmt: skip
        return made

    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 10)
    pixels = (0.2 * rng.random((100, 10)) + 0.8 * np.eye(10)[labels]).astype(np.float32)
    part = (pixels, labels)
    for where in (module, loading):
        monkeypatch.setattr(where, "load_images", lambda name: Images(name, part, part, part))
    monkeypatch.setattr(module, "image_recipes", recipes)
    monkeypatch.setattr(module, "SIZES", ((),))
    monkeypatch.setattr(writing, "compare_figure", lambda *_: None)
    monkeypatch.setattr(writing, "save_figure", lambda figure, stem, **options: [stem.with_suffix(".png")])
    monkeypatch.setattr(ImageClass, "first_checkpoint", 40)
    monkeypatch.setattr("revpath.studies.compare.learn.CHECKPOINTS", 3)


@pytest.mark.jit
@pytest.mark.usefixtures("tiny")
def test_a_comparison_on_images(tmp_path):
    found = compare_images(tmp_path, images=400, seeds=2, side_by_side=False)
    assert found.complete
    assert {run.recipe.label for run in found.runs} == {"ebm-ecram.1", "ebm-ecram.2", "ebm-digital.1", "ebm-digital.2"}
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["task"]["kind"], result["task"]["unit"], result["seeds"]) == ("images", "% error", [1, 2])
    assert result["counting"]["loss"] is None
    assert [c["name"] for c in result["contenders"] if not c["ours"]][:2] == ["MLP-10-10-gpu", "MLP-10-10-gpu-bound"]
    by = {c.name: c for c in found.contenders}
    assert len(by["ebm-ecram"].again) == len(by["MLP-10-10-gpu"].again) == 1
    assert by["MLP-10-10-gpu-alone"].again == ()  # no verdict is made of it
    again = compare_images(tmp_path, images=400, seeds=2, side_by_side=False)
    assert again.verdict == found.verdict


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": 0}, "images = 0 must be a positive integer"),
        ({"images": 2.5}, "images = 2.5"),
        ({"seeds": 0}, "seeds = 0"),
        ({"chip": "h100-run"}, "is digital"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_done(arguments, message, tmp_path):
    with pytest.raises(RevpathError, match=message):
        compare_images(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_unknown_images_are_named(tmp_path):
    with pytest.raises(RevpathError, match="digit"):
        compare_images(tmp_path / "out", name="digit")
