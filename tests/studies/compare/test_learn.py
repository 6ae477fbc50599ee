"""One training run: its checkpoints, what it leaves on disk, and how it goes on after an interruption."""

from importlib.resources import files

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.devices.base.files import results_folder, sweep, write_whole
from revpath.studies.compare import learn as module
from revpath.studies.compare.learn import Checkpoint, LearningRun, learn, planned, run_of
from revpath.studies.compare.models import ConditionalBoltzmannSpec, ConditionalRBMSpec
from revpath.studies.compare.recipes import Hardware, Range, Recipe
from revpath.studies.sweeps.engine import make
from revpath.studies.sweeps.running import Run as Engine
from revpath.studies.sweeps.running import RunStopped
from revpath.studies.sweeps.store import Store
from revpath.studies.tasks.loading import Source
from revpath.studies.tasks.next_character import NextCharacter
from revpath.studies.tasks.text import Text, TextError, load_text

RBM = ConditionalRBMSpec(context=2, hidden=4)
DIGITAL = Recipe(name="tiny", title="Tiny", kind="digital", model=RBM, batch=16, examples=480, seed=3)
RANGES = (Range(largest=3.0, adc=3.0), Range(largest=2.0))
ANALOG = DIGITAL.model_copy(update={"name": "tiny-analog", "kind": "analog", "hardware": Hardware(ranges=RANGES)})
NGRAMS = DIGITAL.model_copy(
    update={"name": "tiny-n-grams", "model": ConditionalBoltzmannSpec(context=3, max_rows=64, learning_rate=4.0)}
)
ANALOG_NGRAMS = NGRAMS.model_copy(update={"name": "tiny-lines", "kind": "analog", "hardware": Hardware()})
BOTH = pytest.mark.parametrize(
    "recipe",
    [DIGITAL, NGRAMS, *(pytest.param(recipe, marks=pytest.mark.jit) for recipe in (ANALOG, ANALOG_NGRAMS))],
    ids=lambda recipe: recipe.name,
)


@pytest.fixture(scope="module")
def text():
    return NextCharacter(Text("tiny", load_text().codes[:3000], "a" * 64))


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Checkpoints at 160, 277 and 480 characters, and a look at the stop signal every 64."""
    monkeypatch.setattr(NextCharacter, "first_checkpoint", 160)
    monkeypatch.setattr(module, "CHECKPOINTS", 3)
    monkeypatch.setattr(module, "_SLICE", 64)


class Watched(Engine):
    """A run that somebody watches, and that is asked to stop at what it says the n-th time of a kind."""

    def __init__(self, folder, n=99, scored=True):
        super().__init__(DIGITAL.seed, folder / "kept", folder / "stop", words=self.hear)
        self.left, self.scored, self.heard = n, scored, []
        folder.mkdir(exist_ok=True)
        self.stop.unlink(missing_ok=True)

    def hear(self, done, loss):
        self.heard.append((done, loss))
        self.left -= (loss is not None) == self.scored
        if not self.left:
            self.stop.touch()


@BOTH
def test_a_run_has_its_checkpoints(text, recipe, tmp_path):
    watched = Watched(tmp_path)
    run = learn(text, recipe, watched)
    assert [c.examples for c in run.checkpoints] == [160, 288, 480]  # whole mini-batches of 16
    for c in run.checkpoints:
        assert 2 < c.validation < 5
        assert 2 < c.test < 5
    assert [c.validation_stored is None for c in run.checkpoints] == [True, True, False]
    reads = [c.spent() for c in run.checkpoints]
    what = "array.read" if recipe.hardware else "matmul.flop"
    assert 0 < reads[0][what] < reads[1][what] < reads[2][what]
    if recipe.hardware:
        # one read a character and 27 a mini-batch, or one of each order: the scoring is not part of the run
        each = 1 + 27 / 16 if recipe.model.kind == "conditional-rbm" else 3
        assert [r["array.read"] for r in reads] == [n * each for n in (160, 288, 480)]
    sizes = {"conditional-rbm": 2 * 27 * 4 + 27 * 4 + 4 + 27, "conditional-boltzmann": (27 + 64 + 64) * 27 + 27}
    assert run.parameters == sizes[recipe.model.kind]
    heard = watched.heard
    assert [done for done, loss in heard if loss is None] == [64, 128, 160, 224, 272, 288, 352, 416, 480]
    assert [(done, loss) for done, loss in heard if loss] == [(c.examples, c.validation) for c in run.checkpoints]
    assert run.best.validation == min(c.validation for c in run.checkpoints)
    assert (run.data_sha256, run.code) == ("a" * 64, planned(text, Source(), recipe).identity["code"])


@BOTH
def test_an_interrupted_run_goes_on_to_the_same_bits(text, recipe, tmp_path):
    whole = learn(text, recipe)
    for n, scored in ((2, False), (1, True), (1, True)):  # before the first look, soon after it, soon after the second
        with pytest.raises(RunStopped):
            learn(text, recipe, Watched(tmp_path, n, scored))
    last = Watched(tmp_path)
    assert learn(text, recipe, last) == whole
    assert last.notes == []
    assert last.heard[0][0] == 416  # it had done 352


def test_a_checkpoint_of_another_run_is_not_taken(text, tmp_path):
    """Both are of one make, so that the numbers would fit."""
    whole = learn(text, DIGITAL)
    with pytest.raises(RunStopped):
        learn(text, DIGITAL, Watched(tmp_path / "a", 1))
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "kept").rename(tmp_path / "b" / "other")
    again = Watched(tmp_path / "b")
    again.checkpoints = tmp_path / "b" / "other"
    assert learn(text, DIGITAL, again) == whole
    assert "it is of another run" in again.notes[0]


@pytest.mark.jit
def test_a_run_of_the_engine_is_that_of_this_process(text, tmp_path):
    """The same recipe on the shipped text, through store and record."""
    task, recipe = NextCharacter(load_text()), ANALOG_NGRAMS
    run = planned(task, Source(), recipe)
    store = Store(tmp_path)
    assert make([run], store, workers=1).complete
    record = store.get(run.id)
    here = learn(task, recipe)
    there = run_of(recipe, record)
    assert there.model_dump(exclude={"key"}) == here.model_dump(exclude={"key"})
    assert there.key == run.id
    assert record["values"] == {
        "validation": here.checkpoints[-1].validation,
        "test": here.checkpoints[-1].test,
        "parameters": here.parameters,
        "saturated": here.saturated,
    }
    assert "reram-sb-gong2018.response.step" in " ".join(record["records"])


def test_data_that_have_changed_are_refused(tmp_path):
    """A file that is another by the time when a worker reads it."""
    path = tmp_path / "mine.txt"
    letters = load_text().decode(load_text().codes[:25_000])
    path.write_text(letters)
    run = planned(NextCharacter(load_text(path)), Source("text", path), DIGITAL)
    path.write_text(letters[::-1])
    store = Store(tmp_path / "store")
    make([run], store, workers=1)
    assert "'mine' has the sha256" in store.get(run.id)["error"]
    assert (
        run.id
        == planned(NextCharacter(Text("elsewhere", load_text().codes, run.config.data_sha256)), Source(), DIGITAL).id
    )


def test_marks_closer_than_a_batch_make_one_checkpoint(text, monkeypatch):
    monkeypatch.setattr(module, "CHECKPOINTS", 9)
    recipe = DIGITAL.model_copy(update={"examples": 170})  # marks 160, 161, ... 170; batches of 16
    run = learn(text, recipe)
    assert [c.examples for c in run.checkpoints] == [160, 176]
    assert run.checkpoints[-1].validation_stored is not None


def test_fewer_characters_than_the_first_checkpoint(text):
    run = learn(text, DIGITAL.model_copy(update={"examples": 10}))
    assert [c.examples for c in run.checkpoints] == [16]


def test_characters_wrap_around_the_text(text):
    """2,700 training characters, asked for 3,000: it begins anew, in the same order."""
    run = learn(text, DIGITAL.model_copy(update={"examples": 3000}))
    assert run.checkpoints[-1].examples == 3008


def test_another_seed_is_another_run(text):
    one, two = (learn(text, DIGITAL.model_copy(update={"seed": seed})) for seed in (1, 2))
    assert one.checkpoints[-1].validation != two.checkpoints[-1].validation


def test_too_short_a_text_is_refused():
    with pytest.raises(TextError, match="64"):
        learn(NextCharacter(Text("short", load_text().codes[:800], "b" * 64)), DIGITAL)


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_whole(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("revpath.devices.base.files.os.replace", full)
    with pytest.raises(RevpathError, match=r"a\.json' cannot be written: No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_swept(tmp_path):
    mine, other, done = (tmp_path / name for name in ("a.json.123.partial", "a.json.1234.partial", "a.json"))
    for path in (mine, other, done):
        path.write_bytes(b"")
    sweep(tmp_path, 123)
    assert sorted(tmp_path.iterdir()) == sorted([other, done])


def test_a_folder_for_results_is_made_or_refused(tmp_path):
    assert results_folder(str(tmp_path / "a" / "b")).is_dir()
    (tmp_path / "file").write_text("")
    for bad in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(RevpathError, match=r"out = .*file"):
            results_folder(bad)


# --- recipes --------------------------------------------------------------------------------------------------------

OTHER = {
    "name": "other",
    "title": "Other",
    "kind": "analog",
    "task": "text",
    "model": ConditionalBoltzmannSpec(),
    "hardware": Hardware(),
    "batch": 17,
    "last_rate": 0.9,
    "examples": 999,
    "seed": 9,
}
MODELS = {
    ConditionalRBMSpec: {
        "kind": "conditional-rbm",
        "context": 3,
        "hidden": 5,
        "rule": "cd",
        "learning_rate": 1.5,
        "label_learning_rate": 0.3,
        "bias_learning_rate": 1.7,
    },
    ConditionalBoltzmannSpec: {
        "kind": "conditional-boltzmann",
        "context": 3,
        "max_rows": 32,
        "learning_rate": 1.5,
        "bias_learning_rate": 1.7,
    },
}


def key(recipe, data="a" * 64):
    return planned(NextCharacter(Text("tiny", load_text().codes[:3000], data)), Source(), recipe).id


def test_the_key_changes_with_any_field_but_what_a_run_is_called():
    assert set(OTHER) == set(Recipe.model_fields)
    names = {"name", "title", "kind"}
    assert {key(DIGITAL.model_copy(update={field: OTHER[field]})) for field in names} == {key(DIGITAL)}
    keys = {key(DIGITAL), key(DIGITAL, "b" * 64)}
    keys |= {key(DIGITAL.model_copy(update={field: value})) for field, value in OTHER.items() if field not in names}
    assert len(keys) == 2 + len(OTHER) - len(names) - 1  # the task of the others is that of this one
    for spec, fields in MODELS.items():
        assert set(fields) == set(spec.model_fields)
        of_model = {key(DIGITAL.model_copy(update={"model": spec(**{field: fields[field]})})) for field in fields}
        assert len(of_model) == len(fields)
    hardware = {
        "device": "ideal",
        "changes": {"response__step": 0.1},
        "ranges": (Range(largest=1.5),),
        "bits": 6,
        "thermal": True,
        "longest_train": 7,
    }
    assert set(hardware) == set(Hardware.model_fields)
    keys = {key(DIGITAL.model_copy(update={"hardware": Hardware()}))}
    keys |= {key(DIGITAL.model_copy(update={"hardware": Hardware(**{f: v})})) for f, v in hardware.items()}
    assert len(keys) == 1 + len(hardware)


def test_the_key_changes_with_the_numbers_of_a_device_file(tmp_path):
    """By its name alone an edited file would have been given the runs of what it was before."""
    path = tmp_path / "mine.toml"
    recipe = DIGITAL.model_copy(update={"hardware": Hardware(device=str(path))})
    shipped = (files("revpath.devices.library") / "reram-sb-gong2018.toml").read_text(encoding="utf-8")
    shipped = shipped.replace('name = "reram-sb-gong2018"', 'name = "mine"')
    edits = {
        "as shipped": shipped,
        "another source": shipped.replace("Falcone et al.", "Falcone and others"),
        "another window": shipped.replace("value = 88.2", "value = 88.3"),
    }
    keys = {}
    for name, content in edits.items():
        path.write_text(content, encoding="utf-8")
        keys[name] = key(recipe)
    assert keys["as shipped"] == keys["another source"]
    assert keys["as shipped"] != keys["another window"]
    path.unlink()
    with pytest.raises(RevpathError, match=r"mine\.toml: no such file"):
        key(recipe)


def test_first_passage_is_the_first_at_or_below():
    bits = (4.0, 3.5, 3.6, 3.0)
    events = '{"counts": {}, "quanta": {}}'
    points = [Checkpoint(examples=n, validation=b, test=b, events=events) for n, b in zip(range(4), bits, strict=True)]
    run = LearningRun(recipe=DIGITAL, key="k", data_sha256="a", version="1", parameters=1, checkpoints=tuple(points))
    found = [run.first_at(q) for q in (4.5, 3.5, 3.4, 2.9)]
    assert [f and f.examples for f in found] == [0, 1, 3, None]


def test_a_model_sees_what_came_before_and_never_what_comes(monkeypatch):
    """In a text that runs through the alphabet, the symbols before y are y - 1, y - 2, ...: nearest first, no y among them."""
    from revpath.ebm import ConditionalRBM

    seen = {"partial_fit": [], "bits_per_symbol": []}

    def spy_on(name):
        real = getattr(ConditionalRBM, name)

        def spy(self, X, y, *rest, **more):
            seen[name].append((X, y))
            return real(self, X, y, *rest, **more)

        monkeypatch.setattr(ConditionalRBM, name, spy)

    for name in seen:
        spy_on(name)
    alphabet = NextCharacter(Text("alphabet", (np.arange(2700) % 27).astype(np.uint8), "c" * 64))
    learn(alphabet, DIGITAL.model_copy(update={"model": RBM.model_copy(update={"context": 3})}))
    assert len(seen["partial_fit"]) == 9
    assert len(seen["bits_per_symbol"]) == 3 * 2 + 1  # validation and test, and at the end the stored weights
    for X, y in seen["partial_fit"] + seen["bits_per_symbol"]:
        np.testing.assert_array_equal(X, (y[:, None] - [1, 2, 3]) % 27)
    trained = np.concatenate([y for _, y in seen["partial_fit"]])
    assert len(trained) == 480
    assert len(set(np.diff(trained) % 27)) > 20  # in a random order
    assert [len(y) for _, y in seen["bits_per_symbol"][:2]] == [135 - 64, 135 - 64]  # the scored spans


def test_the_rates_fall(text, monkeypatch):
    """Linearly to `last_rate` at the end; looked at through the slowdown that the model is given."""
    from revpath.ebm import ConditionalRBM as model

    seen = []
    learned = model.partial_fit

    def spy(self, X, y, slowdown=1.0):
        seen.append(1 / slowdown)
        return learned(self, X, y, slowdown=slowdown)

    monkeypatch.setattr(model, "partial_fit", spy)
    learn(text, DIGITAL.model_copy(update={"last_rate": 0.25}))
    done = np.array([0, 64, 128, 160, 224, 272, 288, 352, 416])
    np.testing.assert_allclose(seen, 1 - 0.75 * done / 480)
