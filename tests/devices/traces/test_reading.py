"""Trace files are read as they are meant, and what cannot be understood is an error that says what and where."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.devices.laws import Window
from revpath.devices.response import ConstantStep
from revpath.devices.traces.directions import TraceError
from revpath.devices.traces.reading import read_traces
from revpath.devices.traces.samples import sample_text, sample_traces, synthetic_traces

LAW, WINDOW = ConstantStep(step=0.1, w_min=-1, w_max=1, step_noise=0.2), Window(g_min=1e-6, g_max=9e-6)


def columns(**changes) -> dict:
    made = synthetic_traces(LAW, WINDOW, devices=2, cycles=2, pulses=12, seed=1)
    return {"device": made["device"], "cycle": made["cycle"], "pulse": made["pulse"], "direction": made["direction"],
            "conductance (uS)": made["conductance (S)"] * 1e6} | changes  # fmt: skip


def without(*names: str, **changes) -> dict:
    return {key: value for key, value in columns(**changes).items() if key not in names}


def written(path: Path, table: dict, head: str = "", delimiter: str = ",") -> Path:
    rows = [delimiter.join(table), *(delimiter.join(map(str, row)) for row in zip(*table.values(), strict=True))]
    path.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_file_is_read_as_it_was_made(tmp_path):
    table = columns()
    path = written(tmp_path / "cells.csv", table, "# from the prober\n")
    traces = read_traces(path)
    assert traces.name == "cells.csv"
    assert traces.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert traces.devices == ("1", "2")
    assert not traces.synthetic
    assert traces.notes == ()
    assert len(traces.series) == 4
    first = traces.series[0]
    np.testing.assert_allclose(first.g, table["conductance (uS)"][:25] * 1e-6, rtol=1e-12)
    np.testing.assert_array_equal(first.up, np.arange(24) < 12)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "names",
    [
        {
            "device": "Device ID",
            "pulse": "Pulse Number",
            "conductance (uS)": "Conductance [µS]",
            "direction": "Polarity",
        },
        {"device": "cell", "pulse": "#", "conductance (uS)": "G_uS", "direction": "TYPE", "cycle": "Loop"},
    ],
)
def test_columns_by_other_names(tmp_path, names, delimiter):
    renamed = {names.get(key, key): value for key, value in columns().items()}
    one, other = read_traces(written(tmp_path / "a.csv", columns())), read_traces(
        written(tmp_path / "b.csv", renamed, delimiter=delimiter)
    )  # fmt: skip
    assert [s.g.tolist() for s in one.series] == [s.g.tolist() for s in other.series]


def test_tables_of_any_kind_say_the_same():
    table = columns()
    frame = pd.DataFrame(table)
    array = frame.to_records(index=False)
    whole = [read_traces(t) for t in (table, frame, array)]
    assert len({t.sha256 for t in whole}) == 1
    for traces in whole[1:]:
        np.testing.assert_array_equal(traces.series[3].g, whole[0].series[3].g)


@pytest.mark.parametrize(("unit", "siemens"), [("S", 1.0), ("mS", 1e-3), ("uS", 1e-6), ("µS", 1e-6), ("nS", 1e-9)])
def test_units_in_the_name_and_by_argument(unit, siemens):
    plain = columns()["conductance (uS)"] * 1e-6 / siemens
    named = read_traces(without("conductance (uS)", **{f"g [{unit}]": plain}))
    told = read_traces(without("conductance (uS)", g=plain), unit=unit)
    for traces in (named, told):
        np.testing.assert_allclose(traces.series[0].g, columns()["conductance (uS)"][:25] * 1e-6, rtol=1e-12)


def test_resistances_are_inverted_and_it_says_so():
    table = without("conductance (uS)", **{"R (kohm)": 1e3 / columns()["conductance (uS)"]})
    traces = read_traces(table)
    np.testing.assert_allclose(traces.series[0].g, columns()["conductance (uS)"][:25] * 1e-6, rtol=1e-12)
    assert "inverse of the resistance" in " ".join(traces.notes)


@pytest.mark.parametrize(
    "words", [("LTP", "LTD"), ("set", "reset"), ("+1", "-1"), ("1.5", "-1.2"), ("Potentiation", "depression")]
)
def test_directions_by_other_words(words):
    way = np.array([words[0] if d >= 0 else words[1] for d in columns()["direction"]], dtype=object)
    np.testing.assert_array_equal(read_traces(columns(direction=way)).series[0].up, np.arange(24) < 12)


def test_directions_are_told_from_a_rise_and_a_fall_and_it_says_so():
    traces = read_traces(without("direction"))
    np.testing.assert_array_equal(traces.series[2].up, np.arange(24) < 12)
    assert any("12 up pulses and then 12 down" in note for note in traces.notes)


def test_one_device_without_a_column_is_said():
    keep = np.asarray(columns()["device"]) == 1
    traces = read_traces({key: np.asarray(value)[keep] for key, value in without("device").items()})
    assert traces.devices == ("1",)
    assert any("one device" in note for note in traces.notes)


def test_series_of_unequal_length_and_gaps():
    keep = np.ones(100, bool)
    keep[[5, 99, 98]] = False
    traces = read_traces({key: np.asarray(value)[keep] for key, value in columns().items()})
    assert [len(s.up) for s in traces.series] == [4, 18, 24, 24, 22]
    assert any("1 gaps" in note for note in traces.notes)


def test_pulse_numbers_may_restart_where_the_direction_turns():
    table = columns()
    pulse = np.where(table["pulse"] > 12, table["pulse"] - 12, table["pulse"])
    traces = read_traces(columns(pulse=pulse))
    assert [len(s.up) for s in traces.series] == [12, 11] * 4
    assert any("restart" in note for note in traces.notes)


def changed(name: str, row: int, value: object) -> dict:
    column = np.array(columns()[name], dtype=object)
    column[row] = value
    return columns(**{name: column})


G = "conductance (uS)"
MESSY = {
    "no pulses": (without("pulse"), "no pulse column; call it one of pulse.*Columns: 'device'"),
    "no conductance": (without(G), "no conductance column.*or a resistance"),
    "no unit": (without(G, g=columns()[G]), "has no unit: name the column 'conductance \\(uS\\)', or give unit='uS'"),
    "unknown unit": (without(G, **{"g (mho)": columns()[G]}), "'mho' cannot be read; allowed: S, mS"),
    "two conductances": (columns(g=columns()[G]), "two columns of conductances"),
    "nan": (changed(G, 7, "nan"), "row 8: conductance = 'nan' is not a finite number"),
    "wrong unit": (without(G, **{"g (S)": columns()[G]}), "S; a memory cell has at most 1 S: is S the right unit"),
    "text": (changed(G, 7, "1,5"), "row 8: conductance = '1,5'"),
    "negative": (changed(G, 7, -0.5), "row 8: conductance = -0.5 uS must be not negative"),
    "twice": (changed("pulse", 7, 6), "row 8: pulse = 6 after 6 \\(device 1, cycle 1\\): pulse numbers must count up"),
    "backwards": (changed("pulse", 7, 2), "row 8: pulse = 2 after 6"),
    "odd direction": (changed("direction", 7, "sideways"), "row 8: direction = 'sideways' must be up or down"),
    "silent direction": (changed("direction", 7, ""), "row 8: direction is empty"),
    "empty device": (changed("device", 7, ""), "row 8: device is empty"),
    "only up": (columns(direction=np.ones(100, int)), "device 1 has no down pulses"),
    "only up, not said": (
        {k: np.asarray(v)[columns()["pulse"] <= 12] for k, v in without("direction").items()}, "does not plainly rise and then fall"),
    "too few": ({k: np.asarray(v)[np.abs(columns()["pulse"] - 12) < 3] for k, v in columns().items()}, "at least 8 of either"),
    "does not move": (columns(**{G: np.full(100, 3.0)}), "device 1 does not move: its conductance is 3e-06 S"),
    "every tenth": (columns(pulse=10 * columns()["pulse"]), "no two reads are one pulse apart"),
    "ragged": ({"pulse": [1, 2], "g (S)": [1.0]}, "equally long"),
    "nothing": ({}, "give the path of a CSV file"),
    "number": (3.5, "traces = float: give the path"),
}  # fmt: skip


@pytest.mark.parametrize("case", MESSY)
def test_a_messy_table_is_a_clear_error(case):
    table, message = MESSY[case]
    with pytest.raises(TraceError, match=message):
        read_traces(table)
    assert issubclass(TraceError, RevpathError)


def test_a_unit_that_contradicts_the_column():
    with pytest.raises(TraceError, match="unit = 'nS', but the conductance column says 'uS'"):
        read_traces(columns(), unit="nS")


def test_files_that_are_none(tmp_path):
    with pytest.raises(TraceError, match="no such file"):
        read_traces(tmp_path / "missing.csv")
    (tmp_path / "binary.csv").write_bytes(b"\x93\xff\x00")
    with pytest.raises(TraceError, match="not a readable text file"):
        read_traces(tmp_path / "binary.csv")
    (tmp_path / "empty.csv").write_text("# nothing\n")
    with pytest.raises(TraceError, match="holds no table"):
        read_traces(tmp_path / "empty.csv")
    (tmp_path / "ragged.csv").write_text("pulse,g (S)\n# a comment\n1,2e-6\n2\n")
    with pytest.raises(TraceError, match="row 4 has 1 columns, the line of names 2"):
        read_traces(tmp_path / "ragged.csv")


def test_rows_are_those_of_the_file(tmp_path):
    path = written(tmp_path / "a.csv", changed(G, 7, -1.0), "# one\n# two\n")
    with pytest.raises(TraceError, match="a.csv: row 11: conductance"):  # two comments, names, and seven rows before it
        read_traces(path)


def test_the_sample_is_synthetic_says_so_and_is_what_its_script_makes():
    shipped = sample_traces().read_text(encoding="utf-8")
    made = sample_text()
    assert shipped.startswith("# SYNTHETIC")
    assert len(shipped) < 200_000
    *_, old, new = (text.splitlines() for text in (shipped, shipped, made))
    assert old[:5] == new[:5]
    a, b = (np.array([float(line.split(",")[-1]) for line in lines[5:]]) for lines in (old, new))
    np.testing.assert_allclose(a, b, atol=2e-4)
    traces = read_traces(str(sample_traces()))
    assert traces.synthetic
    assert len(traces.devices) == 8


def test_synthetic_traces_refuse_what_is_not_one():
    with pytest.raises(RevpathError, match="must be positive"):
        synthetic_traces(LAW, WINDOW, devices=0, cycles=1, pulses=1)
