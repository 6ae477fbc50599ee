"""One training run: its checkpoints, what it leaves on disk, and how it goes on after an interruption."""

import json
import pickle
import zipfile
from importlib.resources import files
from io import BytesIO

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.devices.base.files import results_folder, sweep, write_whole
from revpath.studies.compare import learn as module
from revpath.studies.compare.learn import BegunAnew, Checkpoint, LearningRun, learn, read_run, run_path
from revpath.studies.compare.models import ConditionalBoltzmannSpec, ConditionalRBMSpec
from revpath.studies.compare.recipes import Hardware, Range, Recipe
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


class StopAfter:
    """A progress that says stop at its n-th call of a kind (True: checkpoints, False: slices)."""

    def __init__(self, n, scored=True):
        self.left, self.scored, self.calls = n, scored, []

    def __call__(self, done, bits):
        self.calls.append((done, bits))
        self.left -= (bits is not None) == self.scored
        return self.left > 0


@BOTH
def test_a_run_has_its_checkpoints(text, recipe, tmp_path):
    watch = StopAfter(99)
    run = learn(text, recipe, tmp_path, watch)
    assert run.complete
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
    assert [done for done, bits in watch.calls if bits is None] == [64, 128, 160, 224, 272, 288, 352, 416, 480]
    assert [(done, bits) for done, bits in watch.calls if bits] == [(c.examples, c.validation) for c in run.checkpoints]
    assert [p.name for p in tmp_path.iterdir()] == [f"{recipe.name}-{run.key}.json"]
    assert read_run(run_path(text, recipe, tmp_path)) == run
    assert run.best.validation == min(c.validation for c in run.checkpoints)


@BOTH
def test_an_interrupted_run_goes_on_to_the_same_bits(text, recipe, tmp_path):
    whole = learn(text, recipe, tmp_path / "whole")
    folder = tmp_path / "parts"
    first = learn(text, recipe, folder, StopAfter(1))  # at a checkpoint
    assert len(first.checkpoints) == 1
    assert not first.complete
    again = learn(text, recipe, folder, StopAfter(4, scored=False))  # beyond the second
    assert len(again.checkpoints) == 2
    assert read_run(run_path(text, recipe, folder)) == again
    last = learn(text, recipe, folder, StopAfter(99))
    assert last == whole
    assert run_path(text, recipe, folder).read_bytes() == run_path(text, recipe, tmp_path / "whole").read_bytes()
    assert not list(folder.glob("*.npz"))
    assert not list(folder.glob("*.partial"))


def test_stopped_before_the_first_checkpoint_nothing_is_there(text, tmp_path):
    run = learn(text, DIGITAL, tmp_path, StopAfter(1, scored=False))
    assert run.checkpoints == ()
    assert not run.complete
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_goes_on_from_what_its_memory_holds(text, tmp_path, monkeypatch):
    """Killed between writing the memory of checkpoint 2 and its result: the result file is one checkpoint behind."""
    whole = learn(text, DIGITAL, tmp_path / "whole")
    folder = tmp_path / "parts"
    learn(text, DIGITAL, folder, StopAfter(1))
    result = run_path(text, DIGITAL, folder)
    behind = result.read_bytes()
    learn(text, DIGITAL, folder, StopAfter(1))
    result.write_bytes(behind)
    assert learn(text, DIGITAL, folder) == whole
    for path in folder.glob("*.npz"):
        path.unlink()
    result.unlink()
    learn(text, DIGITAL, folder, StopAfter(1))
    result.unlink()
    assert learn(text, DIGITAL, folder) == whole


def test_a_finished_run_is_not_repeated(text, tmp_path):
    first = learn(text, DIGITAL, tmp_path)
    result = run_path(text, DIGITAL, tmp_path)
    stamp = result.stat().st_mtime_ns
    watch = StopAfter(99)
    assert learn(text, DIGITAL, tmp_path, watch) == first
    assert watch.calls == []
    assert result.stat().st_mtime_ns == stamp


def test_marks_closer_than_a_batch_make_one_checkpoint(text, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHECKPOINTS", 9)
    recipe = DIGITAL.model_copy(update={"examples": 170})  # marks 160, 161, ... 170; batches of 16
    run = learn(text, recipe, tmp_path / "whole")
    assert [c.examples for c in run.checkpoints] == [160, 176]
    assert run.complete
    assert run.checkpoints[-1].validation_stored is not None
    learn(text, recipe, tmp_path / "parts", StopAfter(1))
    assert learn(text, recipe, tmp_path / "parts") == run


def test_fewer_characters_than_the_first_checkpoint(text, tmp_path):
    run = learn(text, DIGITAL.model_copy(update={"examples": 10}), tmp_path)
    assert [c.examples for c in run.checkpoints] == [16]
    assert run.complete


def test_characters_wrap_around_the_text(text, tmp_path):
    """2,700 training characters, asked for 3,000: it begins anew, in the same order."""
    run = learn(text, DIGITAL.model_copy(update={"examples": 3000}), tmp_path)
    assert run.checkpoints[-1].examples == 3008
    assert run.complete


def test_another_seed_is_another_run(text, tmp_path):
    one, two = (learn(text, DIGITAL.model_copy(update={"seed": seed}), tmp_path) for seed in (1, 2))
    assert one.key != two.key
    assert one.checkpoints[-1].validation != two.checkpoints[-1].validation


def test_too_short_a_text_is_refused(tmp_path):
    with pytest.raises(TextError, match="64"):
        learn(NextCharacter(Text("short", load_text().codes[:800], "b" * 64)), DIGITAL, tmp_path)


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"", b"{", b"[1, 2]", b"null", b"\xff\xfe", b'{"recipe": 3}', b"[" * 100_000])
def test_a_corrupt_result_is_named(text, tmp_path, damage):
    result = run_path(text, DIGITAL, tmp_path)
    result.write_bytes(damage)
    with pytest.raises(RevpathError, match="delete it to train anew") as caught:
        learn(text, DIGITAL, tmp_path)
    assert str(result) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_corrupt_events_in_a_result_are_named(text, tmp_path):
    learn(text, DIGITAL, tmp_path)
    result = run_path(text, DIGITAL, tmp_path)
    content = json.loads(result.read_text())
    content["checkpoints"][1]["events"] = "{}"
    result.write_text(json.dumps(content))
    with pytest.raises(RevpathError, match=r"tiny-.*checkpoints\.1\.events"):
        read_run(result)


def _damaged(content):
    """The ways in which a checkpoint can be none: cut, another kind of file, a program, and numbers that were changed."""
    head = np.load(BytesIO(content))["head"].tobytes()
    changed = {name: array for name, array in np.load(BytesIO(content)).items() if name != "head"}
    changed["array_0"] = changed["array_0"] + 1
    altered, other_run = BytesIO(), BytesIO()
    np.savez(altered, head=np.frombuffer(head, np.uint8), **changed)
    np.savez(other_run, head=np.frombuffer(head.replace(b'"done": 160', b'"done": 161'), np.uint8))
    huge = BytesIO()
    with zipfile.ZipFile(huge, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("head.npy", b"0" * 50_000_000)
    program = BytesIO()
    np.savez(program, head=np.array([Crafted()], dtype=object))
    return {
        "nothing": b"",
        "cut": content[:100],
        "last byte": content[:-1],
        "no archive": b"\x80\x04}q\x00." * 50,
        "a pickle": pickle.dumps(Crafted()),
        "a pickle in an archive": program.getvalue(),
        "a bomb": huge.getvalue(),
        "another number": altered.getvalue(),
        "another head": other_run.getvalue(),
    }


RAN = []


class Crafted:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return RAN.append, ("the file ran",)


@pytest.mark.parametrize(
    "kind",
    [
        "nothing",
        "cut",
        "last byte",
        "no archive",
        "a pickle",
        "a pickle in an archive",
        "a bomb",
        "another number",
        "another head",
    ],
)
def test_a_checkpoint_that_is_none_is_named_and_the_run_begins_anew(text, tmp_path, kind):
    whole = learn(text, DIGITAL, tmp_path / "whole")
    learn(text, DIGITAL, tmp_path, StopAfter(1))
    (memory,) = tmp_path.glob("*.npz")
    memory.write_bytes(_damaged(memory.read_bytes())[kind])
    notes = []
    assert learn(text, DIGITAL, tmp_path, note=notes.append) == whole
    assert RAN == []
    (note,) = notes
    assert str(memory) in note
    assert "begins anew" in note
    assert "\n" not in note


def test_without_anyone_to_note_it_is_a_warning(text, tmp_path):
    learn(text, DIGITAL, tmp_path, StopAfter(1))
    (memory,) = tmp_path.glob("*.npz")
    memory.write_bytes(b"")
    with pytest.warns(BegunAnew, match="begins anew"):
        learn(text, DIGITAL, tmp_path)


def test_a_checkpoint_of_another_run_is_not_taken(text, tmp_path):
    """Both are of one make, so that the numbers would fit."""
    other = DIGITAL.model_copy(update={"seed": 9})
    learn(text, other, tmp_path / "other", StopAfter(1))
    learn(text, DIGITAL, tmp_path, StopAfter(1))
    (memory,), (strange,) = tmp_path.glob("*.npz"), (tmp_path / "other").glob("*.npz")
    memory.write_bytes(strange.read_bytes())
    notes = []
    learn(text, DIGITAL, tmp_path, note=notes.append)
    assert "it is of another run" in notes[0]


def test_no_pickle_is_opened_and_one_beside_a_complete_run_goes(text, tmp_path):
    """What revpath 0.1 left of an unfinished run, or who knows who."""
    result = run_path(text, DIGITAL, tmp_path)
    result.with_suffix(".pickle").write_bytes(pickle.dumps(Crafted()))
    learn(text, DIGITAL, tmp_path)
    assert RAN == []
    assert [path.name for path in tmp_path.iterdir()] == [result.name]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"validation": -0.1}, r"validation = -0\.1"),
        ({"test": -2.0}, "test = -2"),
        ({"examples": -160}, "examples = -160"),
        ({"examples": 480}, "must rise from checkpoint to checkpoint"),
    ],
)
def test_numbers_that_no_run_has_are_refused(text, tmp_path, change, words):
    learn(text, DIGITAL, tmp_path)
    result = run_path(text, DIGITAL, tmp_path)
    content = json.loads(result.read_text())
    content["checkpoints"][1] |= change
    result.write_text(json.dumps(content))
    with pytest.raises(RevpathError, match=words):
        read_run(result)


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


def test_the_key_changes_with_any_field():
    assert set(OTHER) == set(Recipe.model_fields)
    keys = {DIGITAL.key("a" * 64, "1"), DIGITAL.key("b" * 64, "1"), DIGITAL.key("a" * 64, "2")}
    keys |= {DIGITAL.model_copy(update={field: value}).key("a" * 64, "1") for field, value in OTHER.items()}
    assert len(keys) == 3 + len(OTHER) - 1  # there is one task so far
    for spec, fields in MODELS.items():
        assert set(fields) == set(spec.model_fields)
        of_model = {
            DIGITAL.model_copy(update={"model": spec(**{field: fields[field]})}).key("a" * 64, "1") for field in fields
        }
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
    base = DIGITAL.model_copy(update={"hardware": Hardware()})
    keys = {base.key("a" * 64, "1")}
    for field, value in hardware.items():
        keys.add(base.model_copy(update={"hardware": Hardware(**{field: value})}).key("a" * 64, "1"))
    assert len(keys) == 1 + len(hardware)
    assert DIGITAL.key("a" * 64, "1") == DIGITAL.model_copy().key("a" * 64, "1")


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
        keys[name] = recipe.key("a" * 64, "1")
    assert keys["as shipped"] == keys["another source"]
    assert keys["as shipped"] != keys["another window"]
    path.unlink()
    with pytest.raises(RevpathError, match=r"mine\.toml: no such file"):
        recipe.key("a" * 64, "1")


def test_first_passage_is_the_first_at_or_below():
    bits = (4.0, 3.5, 3.6, 3.0)
    events = '{"counts": {}, "quanta": {}}'
    points = [Checkpoint(examples=n, validation=b, test=b, events=events) for n, b in zip(range(4), bits, strict=True)]
    run = LearningRun(recipe=DIGITAL, key="k", data_sha256="a", version="1", parameters=1, checkpoints=tuple(points))
    found = [run.first_at(q) for q in (4.5, 3.5, 3.4, 2.9)]
    assert [f and f.examples for f in found] == [0, 1, 3, None]
    assert not run.complete


def test_a_model_sees_what_came_before_and_never_what_comes(tmp_path, monkeypatch):
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
    learn(alphabet, DIGITAL.model_copy(update={"model": RBM.model_copy(update={"context": 3})}), tmp_path)
    assert len(seen["partial_fit"]) == 9
    assert len(seen["bits_per_symbol"]) == 3 * 2 + 1  # validation and test, and at the end the stored weights
    for X, y in seen["partial_fit"] + seen["bits_per_symbol"]:
        np.testing.assert_array_equal(X, (y[:, None] - [1, 2, 3]) % 27)
    trained = np.concatenate([y for _, y in seen["partial_fit"]])
    assert len(trained) == 480
    assert len(set(np.diff(trained) % 27)) > 20  # in a random order
    assert [len(y) for _, y in seen["bits_per_symbol"][:2]] == [135 - 64, 135 - 64]  # the scored spans


def test_the_rates_fall(text, tmp_path, monkeypatch):
    """Linearly to `last_rate` at the end; looked at through the slowdown that the model is given."""
    from revpath.ebm import ConditionalRBM as model

    seen = []
    learned = model.partial_fit

    def spy(self, X, y, slowdown=1.0):
        seen.append(1 / slowdown)
        return learned(self, X, y, slowdown=slowdown)

    monkeypatch.setattr(model, "partial_fit", spy)
    learn(text, DIGITAL.model_copy(update={"last_rate": 0.25}), tmp_path)
    done = np.array([0, 64, 128, 160, 224, 272, 288, 352, 416])
    np.testing.assert_allclose(seen, 1 - 0.75 * done / 480)
