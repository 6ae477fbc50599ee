"""The loader of device files: what it reads, and what it says of a file that it cannot read."""

import pytest
from helpers.statistics import relative

from revpath.devices import Device, RecordError, RevpathError, UnknownName, device_names, load_device, read_device
from revpath.devices.laws import ConstantReadNoise
from revpath.devices.response import SoftBounds

GOOD = """
schema = 1
name = "test-cell"
title = "A cell for tests"
[sources.paper2020]
citation = "A. Author, 'A paper about cells', Journal 1, 1 (2020)"
url = "https://example.org/cells"
[defaults]
source = "paper2020"
evidence = "measured"
read_in = "primary"
uncertainty = { kind = "normal", sigma = 0.1 }
[window.g_min]
value = 1
unit = "uS"
[window.g_max]
value = 20
unit = "uS"
[read_noise]
law = "constant"
[read_noise.relative]
value = 2
unit = "percent"
"""


def device_from(tmp_path, text: str) -> Device:
    path = tmp_path / "cell.toml"
    path.write_text(text, encoding="utf-8")
    return read_device(path)


def test_a_good_file(tmp_path):
    device = device_from(tmp_path, GOOD)
    assert device.name == "test-cell"
    assert device.window.g_min == relative(1e-6)
    assert device.window.g_max == relative(20e-6)
    assert device.read_noise == ConstantReadNoise(relative=0.02)
    assert device.programming.law == "none"
    assert device.response.law == "unknown"
    assert device.pulse.voltage is None


def test_records_reach_sources(tmp_path):
    device = device_from(tmp_path, GOOD)
    assert set(device.records) == {"window.g_min", "window.g_max", "read_noise.relative"}
    record = device.records["window.g_max"]
    assert (record.id, record.value, record.unit) == ("test-cell.window.g_max", 20, "uS")
    assert record.to("S") == device.window.g_max
    assert set(device.sources) == {"paper2020"}
    assert device.sources["paper2020"].citation.startswith("A. Author")


@pytest.mark.parametrize("name", device_names())
def test_every_number_of_the_library_has_a_record_with_a_source(name):
    device = load_device(name)
    assert device.name == name
    assert set(device.numbers) == set(device.records)
    assert all(record.source.citation for record in device.records.values())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[sources.paper2020]", "[other.paper2020]", r"\[sources\] is missing"),
        ('source = "paper2020"', 'source = "paper1999"', r"source = 'paper1999' is not one of \['paper2020'\]"),
        ('source = "paper2020"', 'source = ["paper2020"]', "is not one of"),
        ('source = "paper2020"\n', "", "source = None is not one of"),
        ('citation = "A. Author', 'citatoin = "A. Author', "citation"),
        ('value = 20\nunit = "uS"', 'value = 20\nunit = "us"', "'us' cannot be read as 'S'"),
        ('value = 20\nunit = "uS"', 'value = 20\nunit = "spoons"', "unit = 'spoons'"),
        ('value = 20\nunit = "uS"', "value = 20", "unit: Field required"),
        ('value = 20\nunit = "uS"', 'unit = "uS"', "value: Field required"),
        ("value = 20", "value = nan", "value = nan"),
        ("value = 20", "value = inf", "value = inf"),
        ("value = 20", 'value = "many"', "value = 'many'"),
        ("value = 20", 'value = "20"', "value = '20': Input should be a valid number"),
        ("value = 20", "value = true", "value = True: Input should be a valid number"),
        ("value = 20", "value = 0.5", "g_min = 1e-06 S must be below g_max = 5e-07 S"),
        ("value = 20", "value = 1", "must be below"),
        ("[window.g_min]\nvalue = 1", "[window.g_min]\nvalue = -1", "g_min = -1e-06"),
        ("[window.g_max]", "[window.g_mox]", r"\[window\] has no field 'g_mox'; it has \['g_max', 'g_min'\]"),
        ("[window.g_max]", "[windows.g_max]", r"\[windows\] is not one of"),
        ('law = "constant"', 'law = "konstant"', r"law = 'konstant' is not one of \['constant', 'flicker'"),
        ('law = "constant"', "", r"\[read_noise\] law = None is not one of"),
        ('[read_noise]\nlaw = "constant"', '[read_noise]\nlaw = "none"', r"\[read_noise\] has no field 'relative'"),
        ('law = "constant"', 'law = ["constant"]', "is not one of"),
        ("[read_noise.relative]\nvalue = 2", "[read_noise.relative]\nvalue = 200", "relative = 2.0"),
        ('[read_noise]\nlaw = "constant"', '[read_noise]\nlaw = "constant"\nnote = 3', "has no field 'note'"),
        ("[window.g_min]\nvalue = 1\nunit = \"uS\"", "[window]\ng_min = 1", "must be a record with unit and source"),
        ('name = "test-cell"', 'name = "Test Cell"', "name"),
        ('name = "test-cell"\n', "", "name"),
        ('evidence = "measured"', 'evidence = "hearsay"', "evidence = 'hearsay'"),
        ('evidence = "measured"', 'evidence = "measured"\ncolour = "red"', "colour"),
        ("schema = 1", "schema = = 1", "not a readable TOML file"),
        ("schema = 1", "schema = 7", "schema = 7"),
        ("[defaults]", "[read_noise2]", "read_noise2"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_by_name(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(RecordError, match=said) as error:
        device_from(tmp_path, GOOD.replace(old, new))
    assert "cell.toml" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("section", ["drift", "defaults"])
def test_a_section_that_is_no_table(tmp_path, section):
    with pytest.raises(RecordError, match=f"cell.toml: {section} = 3 must be a table"):
        device_from(tmp_path, f"{section} = 3" + GOOD.split("[defaults]")[0])


def test_missing_window(tmp_path):
    with pytest.raises(RecordError, match="window: Field required"):
        device_from(tmp_path, GOOD.split("[window.g_min]")[0])


def test_missing_file(tmp_path):
    with pytest.raises(RecordError, match="no such file"):
        read_device(tmp_path / "absent.toml")


def test_not_text(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_bytes(b"\xff\xfe\x00\x00")
    with pytest.raises(RecordError, match="not a readable TOML file"):
        read_device(path)


def test_a_folder_is_no_file(tmp_path):
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(RecordError, match=r"folder.toml: not a readable TOML file"):
        load_device(folder)


def test_load_by_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert load_device(path).name == "test-cell"
    assert load_device(str(path)).name == "test-cell"


def test_a_file_that_changed_is_read_again(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert load_device(path).window.g_max == relative(20e-6)
    path.write_text(GOOD.replace("value = 20", "value = 30"))
    assert load_device(path).window.g_max == relative(30e-6)


def test_unknown_device_suggests():
    with pytest.raises(UnknownName, match=r"device = 'reram-sb-gong' is not known; did you mean 'reram-sb-gong2018'\?"):
        load_device("reram-sb-gong")
    with pytest.raises(UnknownName, match="Known: capacitor-li2018, .*ideal, .*reram-sb-gong2018"):
        load_device("zzz")


@pytest.mark.parametrize("name", [None, 3, ["ideal"]])
def test_a_device_name_must_be_text(name):
    with pytest.raises(UnknownName, match="device = "):
        load_device(name)


def test_replaced_changes_a_number_and_drops_its_record():
    reram = load_device("reram-sb-gong2018")
    changed = reram.replaced(response__step=0.01, window__g_min=1e-6)
    assert isinstance(changed.response, SoftBounds)
    assert changed.response.step == 0.01
    assert changed.window.g_min == 1e-6
    assert reram.response.step == 0.002
    assert set(reram.records) - set(changed.records) == {"response.step", "window.g_min"}
    assert changed.response.w_max == reram.response.w_max


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"response__stepp": 1.0}, "device parameter = 'response__stepp' is not known; did you mean 'response__step'"),
        ({"step": 1.0}, "is not known"),
        ({"response__law": "nothing"}, r"\[response\] law = 'nothing' is not one of"),
        ({"response__law": "linear-step"}, "response.step: Field required"),
        (
            {"read_noise__k": 0.1},
            "read_noise has the law 'constant', which has no k; .* read_noise__law = 'one-over-f'",
        ),
        (
            {"read_noise__law": "one-over-f", "read_noise__relative": 0.1},
            "read_noise__law = 'constant' or 'proportional'",
        ),
        ({"window__g_min": 1.0}, "must be below"),
        ({"response__step": -1.0}, "response.step = -1.0"),
        ({"response__step": float("nan")}, "response.step = nan"),
        ({"response__step": "fast"}, "response.step = 'fast'"),
    ],
)
def test_replaced_refuses(changes, said):
    with pytest.raises(RevpathError, match=said):
        load_device("reram-sb-gong2018").replaced(**changes)


def test_a_copy_of_a_library_file_needs_a_name_of_its_own(tmp_path):
    """Or what it gives would be taken for what the library gives."""
    from importlib.resources import files

    name = "reram-sb-gong2018"
    text = files("revpath.devices.library").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    path = tmp_path / "cell.toml"
    path.write_text(text, encoding="utf-8")
    assert load_device(path) == load_device(name)  # the same one
    changed = text.replace("[response.step]\nvalue = 0.002", "[response.step]\nvalue = 0.004")
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(RecordError, match=f"cell.toml: name = '{name}' is that of a device of the library"):
        load_device(path)
    path.write_text(changed.replace(f'name = "{name}"', 'name = "own"'), encoding="utf-8")
    assert load_device(path).response.step == 0.004  # type: ignore[union-attr]
