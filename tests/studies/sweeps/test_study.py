"""A study file: every mistake is an error before anything runs; identities hold what they must and nothing else."""

import pytest

from revpath.devices import RevpathError
from revpath.studies.identity import code_digest
from revpath.studies.sweeps import Study, read_study, study_names, task_kinds
from revpath.studies.sweeps.paths import DeviceChoice, quantity
from revpath.studies.sweeps.study import CODE

GOOD = """
schema = 1
name = "mine"
task = "toy"
replicates = 2
[fixed]
word = "b"
[axes]
x = [1.0, 2.0]
y = { linear = [1, 3, 3] }
"""


def study_file(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read(tmp_path):
    study = read_study(study_file(tmp_path, GOOD))
    runs = list(study.runs())
    assert len(runs) == 12
    assert {run.config.word for run in runs} == {"b"}
    assert [run.seed for run in runs[:2]] == [0, 1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 2", "schema = 2 must be 1"),
        ('name = "mine"', 'name = "My Study"', "name = 'My Study'"),
        ('task = "toy"', 'task = "toys"', "task = 'toys' is not known; did you mean 'toy'"),
        ("replicates = 2", "replicates = 0", "replicates = 0"),
        ("replicates = 2", "replicats = 2", "replicats"),
        ('word = "b"', 'wrod = "b"', "path of Toy = 'wrod' is not known; did you mean 'word'"),
        ('word = "b"', "word = 3", "word = 3"),
        ('word = "b"', "x = 3.0", "path 'x' is both an axis and fixed"),
        ("x = [1.0, 2.0]", "x = []", "axis 'x' is empty"),
        ("x = [1.0, 2.0]", "x = [1.0, 1.0]", "axis 'x' holds 1.0 twice"),
        ("x = [1.0, 2.0]", 'x = ["one"]', "x = 'one'"),
        ("x = [1.0, 2.0]", "x = [nan]", "x = nan"),
        ("y = { linear = [1, 3, 3] }", "y = { linear = [-1, 3, 5] }", "y = -1"),
        ("y = { linear = [1, 3, 3] }", "y = { linear = [1, 3] }", "must be"),
        ("[axes]", 'quality = "speed"\n[axes]', "path of Toy = 'quality' is not known"),
        ("[fixed]", 'failures = "penalty"\n[fixed]', "penalty = None goes with"),
        ("[fixed]", 'failures = "ignore"\n[fixed]', "failures = 'ignore'"),
        ("[fixed]", 'quality = "speed"\n[fixed]', "quality of task 'toy' = 'speed' is not known"),
        ("[axes]", "[axes", "not a readable TOML file"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_value(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(RevpathError, match=message) as caught:
        read_study(study_file(tmp_path, GOOD.replace(old, new)))
    assert "mine.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RevpathError, match=r"gone\.toml"):
        read_study(tmp_path / "gone.toml")
    with pytest.raises(RevpathError, match="study = 'no-such' is not known"):
        read_study("no-such")


@pytest.mark.parametrize("name", study_names())
def test_every_shipped_study_can_be_run(name):
    study = read_study(name)
    assert study.title
    assert len({run.id for run in study.runs()}) == len(study.points) * study.replicates
    assert study.task in task_kinds()


def test_the_identity_holds_all_that_a_result_depends_on_and_no_name_of_the_study(study):
    one = next(study.runs())
    other = next(Study(**{**study.model_dump(), "name": "other", "title": "another"}).runs())
    assert one.id == other.id
    assert set(one.identity) == {
        "schema",
        "task",
        "task_code",
        "config",
        "numbers",
        "seed",
        "code",
    }  # a task outside the house
    assert one.identity["code"] == code_digest(*CODE)
    changed = [Study(**{**study.model_dump(), **change}) for change in ({"seed": 4}, {"fixed": {"word": "z"}})]
    assert all(next(s.runs()).id != one.id for s in changed)


def test_an_edited_device_is_another_run(tmp_path):
    from revpath.devices import load_device

    def id_of(step):
        study = Study(name="d", task="array-error", fixed={"device": "reram-sb-gong2018", "device.response.step": step})
        return next(study.runs()).id

    assert id_of(0.01) == id_of("0.01") == id_of("1 percent")
    assert id_of(0.01) != id_of(0.02)
    assert load_device("reram-sb-gong2018").unit_of("response.step") == "dimensionless"


def test_a_law_that_the_device_lacks_can_be_swept():
    fixed = {"device": "reram-wan2022", "device.read_noise.law": "constant"}
    study = Study(name="d", task="array-error", axes={"device.read_noise.relative": [0.0, 0.02]}, fixed=fixed)
    assert [run.config.device.load().read_noise.relative for run in study.runs()] == [0.0, 0.02]


def test_paired_seeds_are_shared_and_others_are_not(study):
    paired = [run.seed for run in study.runs()]
    assert len(set(paired)) == study.replicates
    apart = [run.seed for run in Study(**{**study.model_dump(), "paired": False}).runs()]
    assert len(set(apart)) == len(apart)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [("1 pJ", "J", 1e-12), ("-2.5e3 mV", "V", -2.5), ("3", "dimensionless", 3.0), ("10 ns", "s", 1e-8)],
)
def test_a_value_with_its_unit(text, unit, value):
    assert quantity(text, unit) == pytest.approx(value, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("text", "unit"), [("1 V", "J"), ("one pJ", "J"), ("pJ", "J"), ("", "J"), ("1 parsnip", "J"), ("3", "J")]
)
def test_a_unit_that_does_not_fit_is_refused(text, unit):
    with pytest.raises(RevpathError):
        quantity(text, unit)
    with pytest.raises(RevpathError, match=r"pulse\.energy_up"):
        Study(name="d", task="array-error", fixed={"device": "reram-sb-gong2018", "device.pulse.energy_up": "1 V"})


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"device": "reram-sb"}, "device"),
        ({"device.response.steps": 1.0}, "response"),
        ({"array.adc.bitz": 8}, "bitz"),
        ({"array.adcs.bits": 8}, "adcs"),
        ({"array.adc": 8}, "adc"),
        ({"array.device": "ideal"}, "the cell is the path device"),
        ({"rows": "many"}, "rows = 'many'"),
        ({"rows.of": 3}, "rows"),
    ],
)
def test_paths_into_arrays_and_devices_are_checked(fixed, message):
    with pytest.raises(RevpathError, match=message):
        Study(name="d", task="array-error", fixed=fixed)


def test_the_height_of_a_pulse_moves_all_that_follows_from_it():
    cell = DeviceChoice("reram-tiox-messaris2017", pulse={"voltage": "700 mV", "duration": "10 us"}).load()
    assert cell == DeviceChoice("reram-tiox-messaris2017").load().driven(0.7, 1e-5).replaced()
    changed = DeviceChoice("reram-tiox-messaris2017", pulse={"voltage": 0.7, "energy_up": 1e-12}).load()
    assert changed.pulse.energy_up == 1e-12
    with pytest.raises(RevpathError, match="reram-sb-gong2018.*is not known; change response.step"):
        DeviceChoice("reram-sb-gong2018", pulse={"voltage": 1.0})
