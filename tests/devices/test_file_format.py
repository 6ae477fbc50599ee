"""Devices survive the way to a TOML file and back: number by number, record by record."""

import numpy as np
import pandas as pd
import pytest

from revpath.devices import Device, Record, RecordError, RevpathError, Source, device_names, fit_traces, load_device
from revpath.devices.laws import ConstantReadNoise, Window
from revpath.devices.response import TableStep


def again(device: Device, tmp_path) -> Device:
    text = device.to_toml(tmp_path / "cell.toml")
    assert (tmp_path / "cell.toml").read_text(encoding="utf-8") == text
    return load_device(tmp_path / "cell.toml")


@pytest.mark.parametrize("name", device_names())
def test_the_library(name, tmp_path):
    device = load_device(name)
    read = again(device, tmp_path)
    assert read == device
    assert read.unknowns == device.unknowns
    assert read.to_toml() == device.to_toml()


@pytest.mark.parametrize("name", device_names())
def test_what_was_swept(name, tmp_path):
    device = load_device(name)
    shrunk = device.replaced(window__g_max=0.999 * device.window.g_max, pulse={"energy_up": 1e-12})
    assert again(shrunk, tmp_path) == shrunk
    assert "window.g_max" not in shrunk.records
    renamed = shrunk.replaced(name="another", title='With "quotes", µ and \\ in it')
    assert again(renamed, tmp_path) == renamed


def traces(steps: int = 30) -> pd.DataFrame:
    rng, rows, w = np.random.default_rng(5), [], -1.0
    for cycle in range(2):
        for way in (1, -1):
            for k in range(steps):
                bound = (1 - w) if way > 0 else (1 + w)
                w += way * 0.03 * bound * (1 + 0.2 * rng.standard_normal())
                g = 5e-6 + 4e-6 * w + 2e-8 * rng.standard_normal()
                rows.append(("a", cycle, "up" if way > 0 else "down", k + 1, g))
    return pd.DataFrame(rows, columns=["device", "cycle", "direction", "pulse", "conductance_S"])


@pytest.mark.jit
@pytest.mark.parametrize("law", ["soft-bounds", "table-step"])
def test_what_was_fitted(law, tmp_path):
    device = fit_traces(traces(), name="mine", laws=[law]).device
    read = again(device, tmp_path)
    assert read == device
    assert read.records == device.records


def test_a_device_made_by_hand(tmp_path):
    table = TableStep(step=0.1, w_min=-1, w_max=1, up_steps=(1.0, 0.5), down_steps=(0.5, 1 / 3))
    device = Device(
        name="mine",
        title="t",
        window=Window(g_min=0, g_max=1e-6),
        response=table,
        read_noise=ConstantReadNoise(relative=0.1),
    )
    text = device.to_toml(tmp_path / "cell.toml")
    assert "[set_by_hand.window]" in text
    assert again(device, tmp_path) == device


def test_a_name_of_the_library_is_a_variant_on_purpose(tmp_path):
    changed = load_device("reram-sb-gong2018").replaced(response__step=0.01)
    text = changed.to_toml(tmp_path / "cell.toml")
    assert 'variant_of = "reram-sb-gong2018"' in text
    (tmp_path / "other.toml").write_text(text.replace('variant_of = "reram-sb-gong2018"\n', ""), encoding="utf-8")
    with pytest.raises(RecordError, match="is that of a device of the library, and this is another"):
        load_device(tmp_path / "other.toml")


def test_records_of_a_list_may_differ(tmp_path):
    device = load_device("reram-milo2021")
    path = next(name for name in device.records if name.endswith(".0"))
    records = {**device.records, path: device.records[path].model_copy(update={"note": "Another."})}
    changed = device.model_copy(update={"records": records, "name": "mine"})
    read = again(changed, tmp_path)
    assert read == changed
    assert read.records[path].note == "Another."


def test_what_cannot_be_written_is_said(tmp_path):
    device = load_device("reram-sb-gong2018")
    record = device.records["window.g_max"]
    wrong = {**device.records, "window.g_max": record.model_copy(update={"value": 50.0})}
    with pytest.raises(RecordError, match=r"window.g_max = 8.82e-05 S, but its record says 5e-05"):
        device.model_copy(update={"records": wrong}).to_toml()
    other = record.model_copy(update={"source": Source(key="gong2018", citation="Another paper of the same key")})
    with pytest.raises(RecordError, match="two of its sources have the key 'gong2018'"):
        device.model_copy(update={"records": {**device.records, "window.g_max": other}}).to_toml()
    with pytest.raises(RevpathError, match="cannot be written"):
        device.to_toml(tmp_path / "nowhere" / "cell.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[set_by_hand.window]", "[set_by_hand.windows]", r"\[set_by_hand.windows\] is not one of"),
        (
            "[set_by_hand.window]\n",
            "[set_by_hand]\npulse = 3\n[set_by_hand.window]\n",
            "set_by_hand.pulse = 3 must be a table",
        ),
        ("g_max = 1e-06", "g_mox = 1e-06", "g_mox is not one of"),
        ("g_max = 1e-06", 'g_max = "1e-06"', "must be a number"),
        ("g_max = 1e-06", "g_max = true", "must be a number"),
        ("g_max = 1e-06", "g_max = 1e6", "not plausible"),
    ],
)
def test_numbers_by_hand_are_checked(tmp_path, old, new, said):
    text = Device(name="mine", title="t", window=Window(g_min=0, g_max=1e-6)).to_toml()
    assert old in text
    (tmp_path / "cell.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RecordError, match=said):
        load_device(tmp_path / "cell.toml")


def test_a_number_has_a_record_or_is_set_by_hand(tmp_path):
    text = load_device("reram-sb-gong2018").replaced(name="mine").to_toml()
    (tmp_path / "cell.toml").write_text(text + "\n[set_by_hand.window]\ng_max = 1e-6\n", encoding="utf-8")
    with pytest.raises(RecordError, match="g_max has a record too"):
        load_device(tmp_path / "cell.toml")


# -- variants -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", device_names())
def test_read_noise_can_be_swept_on_every_device(name):
    device = load_device(name)
    for law in ({"law": "constant", "relative": 0.01}, ConstantReadNoise(relative=0.01)):
        noisy = device.replaced(read_noise=law, name="noisy")
        assert noisy.read_noise == ConstantReadNoise(relative=0.01)
        assert (noisy.name, noisy.title) == ("noisy", device.title)
        assert not [path for path in noisy.records if path.startswith("read_noise.")]
        assert noisy.window == device.window


def test_numbers_of_a_section_are_validated_together():
    """g_min above the old g_max, g_max above both: in either order."""
    device = load_device("reram-sb-gong2018")
    for names in (("g_min", "g_max"), ("g_max", "g_min")):
        moved = device.replaced(**{f"window__{n}": {"g_min": 1e-4, "g_max": 2e-4}[n] for n in names})
        assert (moved.window.g_min, moved.window.g_max) == (1e-4, 2e-4)


def test_a_record_may_be_the_value():
    device = load_device("reram-sb-gong2018")
    record = device.records["pulse.energy_up"].model_copy(
        update={"value": 900.0, "unit": "fJ/pulse", "id": "my.energy"}
    )
    swept = device.replaced(pulse__energy_up=record)
    assert swept.pulse.energy_up == pytest.approx(9e-13, rel=1e-12, abs=0)
    assert swept.records["pulse.energy_up"] == record


def test_what_does_not_change_keeps_its_record():
    device = load_device("reram-sb-gong2018")
    same = device.replaced(window__g_max=device.window.g_max, name="copy")
    assert same.records == device.records
    assert isinstance(same.records["window.g_max"], Record)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"read_noise": 0.01}, "read_noise = 0.01 must be a law or a dictionary"),
        ({"read_noise": {"law": "konstant"}}, "law = 'konstant' is not one of"),
        ({"read_noise": {"law": "constant"}}, "read_noise.relative: Field required"),
        ({"read_noise": {"law": "constant", "relative": 0.1, "x": 1}}, "'read_noise__x' is not known"),
        ({"read_noise": Window(g_min=0, g_max=1e-6)}, "read_noise"),
        (
            {"window": {"g_min": 0, "g_max": 1e-6}, "window__g_max": 1e-5},
            "window is given as a whole and by its fields",
        ),
        ({"name": "No Name"}, "name = 'No Name'"),
        ({"window__g_max": True}, "must be a number"),
    ],
)
def test_changes_that_cannot_be(changes, said):
    with pytest.raises(RevpathError, match=said):
        load_device("reram-sb-gong2018").replaced(**changes)


def test_a_copy_of_pydantic_is_validated():
    device = load_device("reram-sb-gong2018")
    for update in ({"window": "nonsense"}, {"windou": device.window}, {"window": Window(g_min=0, g_max=1e-6), "x": 1}):
        with pytest.raises(RevpathError, match="win|x"):
            device.model_copy(update=update)
    assert device.model_copy() == device
    smaller = device.model_copy(update={"window": Window(g_min=0, g_max=1e-6)})
    assert "window.g_max" not in smaller.records


@pytest.mark.parametrize("name", device_names())
def test_representations_are_short(name):
    device = load_device(name)
    for text in (repr(device), str(device)):
        assert len(text.splitlines()) <= 11
        assert len(text) < 1500
        assert device.name in text
    assert "<table>" in device._repr_html_()


def test_html_escapes_what_a_file_says():
    device = load_device("ideal").replaced(title="<script>alert(1)</script>", name="mine")
    assert "<script>" not in device._repr_html_()
