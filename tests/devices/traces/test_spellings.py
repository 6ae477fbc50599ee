"""What instruments and spreadsheets write is read as it is meant, each guess is a note, and the rest is an error with row and cell."""

import sys

import numpy as np
import pandas as pd
import pytest

from revpath.devices.laws import Window
from revpath.devices.response import ConstantStep
from revpath.devices.traces.directions import TraceError, way_of_cell
from revpath.devices.traces.reading import read_traces
from revpath.devices.traces.samples import synthetic_traces
from revpath.devices.traces.units import unit_of

MADE = synthetic_traces(
    ConstantStep(step=0.1, w_min=-1, w_max=1, step_noise=0.2),
    Window(g_min=11e-6, g_max=95e-6),
    devices=2,
    cycles=2,
    pulses=12,
    seed=1,
)
MICRO = [f"{g * 1e6:.4f}" for g in MADE["conductance (S)"]]
WORDS = [{1: "up", -1: "down", 0: ""}[int(d)] for d in MADE["direction"]]
KEYS = "device,cycle,pulse,direction,conductance (uS)"


def rows(values=None, ways=None, *, separator=","):
    body = zip(MADE["device"], MADE["cycle"], MADE["pulse"], ways or WORDS, values or MICRO, strict=True)
    return [separator.join(map(str, row)) for row in body]


def text(header=KEYS, values=None, ways=None, *, separator=",", end="\n", before="", between=""):
    head = header if separator == "," else header.replace(",", separator)
    return before + end.join([head, *([between] if between else []), *rows(values, ways, separator=separator)]) + end


def read(tmp_path, content, **options):
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_traces(path, **options)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return read(tmp_path_factory.mktemp("plain"), text())


def same(traces, plain, rtol=1e-6):
    assert len(traces.series) == len(plain.series)
    for one, other in zip(traces.series, plain.series, strict=True):
        np.testing.assert_allclose(one.g, other.g, rtol=rtol)
        np.testing.assert_array_equal(one.up, other.up)


def noted(traces, *words):
    assert all(any(word in note for note in traces.notes) for word in words), traces.notes


# -- encodings, separators, lines ------------------------------------------------------------------------------------------

MU = KEYS.replace("uS", "\N{MICRO SIGN}S")
ENCODINGS = {
    "utf-8": "",
    "utf-8-sig": "",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "cp1252",
    "latin-1": "cp1252",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings(tmp_path, plain, encoding, end):
    traces = read(tmp_path, text(MU, end=end).encode(encoding))
    same(traces, plain)
    if ENCODINGS[encoding]:
        noted(traces, ENCODINGS[encoding])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "  ", "    ", " | "])
def test_separators(tmp_path, plain, separator):
    same(read(tmp_path, text(separator=separator, ways=[w or "none" for w in WORDS])), plain)


def test_single_blanks_and_a_markdown_table(tmp_path, plain):
    ways = [w or "none" for w in WORDS]
    same(read(tmp_path, text("device cycle pulse direction G(uS)", separator=" ", ways=ways)), plain)
    same(read(tmp_path, text("device cycle pulse direction G (uS)", separator=" ", ways=ways)), plain)
    table = "\n".join(f"| {line.replace(',', ' | ')} |" for line in text(ways=ways).splitlines())
    first, rest = table.split("\n", 1)
    same(read(tmp_path, f"{first}\n|---|---|---|---|---|\n{rest}\n"), plain)


BEFORE = "Setup title,pulse train\nTest date,2020-01-01\nDevice ID,D1\n\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: BEFORE + t, ["3 rows before it not used", "Setup title"]),
        (lambda t: "Keithley 4200A\nPulse count: 24\n\n" + t, ["rows before it not used"]),
        (lambda t: "# a\n% b\n// c\n" + t, []),
        (lambda t: t.replace("\n", ",\n"), []),
        (lambda t: t.replace("\n", ",,,\n").replace(",,,\n", "\n", 1), []),
        (lambda t: t.replace("\n", "\n\n"), []),
        (lambda t: t + ",,,,\n,,,,\n", []),
        (lambda t: t + "end of data\n", ["end of data"]),
        (lambda t: t.replace(KEYS + "\n", KEYS + "\n,,,,(mean of 3 reads)\n"), ["row 2 holds no numbers"]),
        (lambda t: t.replace("1,1,3,up", '1,1,3,"up'), ["stray quotes in rows 5"]),
        (lambda t: t.replace("1,1,3,up", '1,1,3,up"'), []),
        (lambda t: t.replace("1,1,3,up", '"1","1","3","up"'), []),
        (lambda t: t.replace("\n1,2,0,", ",,see notebook\n1,2,0,", 1), ["see notebook"]),
        (lambda t: t.replace("\n1,2,0,", f"\n{KEYS}\n1,2,0,", 1), ["the names stand again"]),
        (lambda t: "# " + t, ["comment in row 1"]),
        (lambda t: t.replace("conductance (uS)", '"Conductance\n(uS)"', 1), []),
        (lambda t: t.replace("conductance (uS)", "Conductance, uS", 1), []),
    ],
)
def test_stray_things(tmp_path, plain, change, words):
    traces = read(tmp_path, change(text()))
    same(traces, plain)
    noted(traces, *words)


# -- numbers -----------------------------------------------------------------------------------------------------------


def comma(values):
    return [v.replace(".", ",") for v in values]


THREE = [f"{float(v):.3f}" for v in MICRO]
BIG = [f"{float(v) * 1000:,.1f}" for v in MICRO]  # nS with marks of thousands


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (text(values=comma(MICRO), separator=";"), ["decimal commas"]),
        (text(values=comma(THREE), separator=";"), ["decimal commas"]),
        (text(values=comma(MICRO), separator="\t"), ["decimal commas"]),
        (text(values=[f'"{v}"' for v in comma(MICRO)]), ["decimal commas"]),
        (text(KEYS.replace("uS", "nS"), values=BIG, separator=";"), ["commas taken as marks of thousands"]),
        (
            text(KEYS.replace("uS", "nS"), values=[v.translate(str.maketrans(",.", ".,")) for v in BIG], separator=";"),
            ["points taken as marks of thousands", "decimal commas"],
        ),
        (text(KEYS.replace("uS", "nS"), values=[v.replace(",", "'") for v in BIG]), ["apostrophes"]),
        (text(KEYS.replace("uS", "nS"), values=[v.replace(",", "\N{NO-BREAK SPACE}") for v in BIG]), ["blanks"]),
        (text(KEYS.replace("uS", "S"), values=[f"{float(v):.4f}E-06" for v in MICRO]), []),
        (text(KEYS.replace("uS", "S"), values=[f"{v}D-6" for v in MICRO]), []),
        (text(KEYS.replace("uS", "S"), values=[f"{v}\N{MULTIPLICATION SIGN}10^-6" for v in MICRO]), []),
        (
            text("device,cycle,pulse,direction,conductance", values=[f"{v} uS" for v in MICRO]),
            ["units of the conductance taken"],
        ),
        (text(values=[f"{v} \N{GREEK SMALL LETTER MU}S" for v in MICRO]), []),
        (text(values=[f"\N{NO-BREAK SPACE}{v}\N{NO-BREAK SPACE}" for v in MICRO]), []),
    ],
)
def test_numbers(tmp_path, plain, content, words):
    traces = read(tmp_path, content)
    same(traces, plain, rtol=1e-3)
    noted(traces, *words)


def test_pulse_numbers_above_a_thousand():
    pulses = [*range(990, 1010)]
    way = ["", *["up"] * 10, *["down"] * 9]
    g = [*np.linspace(10, 20, 11), *np.linspace(19, 11, 9)]
    table = {"pulse": [f"{p:,}" for p in pulses], "direction": way, "G (uS)": [f"{x:.3f}" for x in g]}
    traces = read_traces(table)
    np.testing.assert_array_equal(traces.series[0].pulse, pulses)
    noted(traces, "marks of thousands")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("1_0", "row 7: conductance = '1_0' is not a finite number: an underscore"),
        ("\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}", "row 7.*other digits than 0 to 9"),
        ("", "row 7.*the cell is empty; leave the row out"),
        ("#N/A", "row 7.*the cell is empty"),
        ("inf", "row 7: conductance = 'inf' is not a finite number"),
        ("1e999", "row 7"),
        ("12.5 kg", "row 7.*its unit is not known"),
        ("12.5 V", "row 7: conductance = '12.5 V' is no conductance"),
        ("12.5 nS", "row 7.*has another unit than the name of the column says"),
        ("1.2.3", "row 7: conductance = '1.2.3' is not a finite number"),
        ("OVERFLOW", "row 7: conductance = 'OVERFLOW'"),
        ("0x1F", "row 7"),
        ("-3", "row 7: conductance = -3 uS must be not negative"),
        ("9.91e37", "row 7: conductance = 9.91e37 uS is 9.91e\\+31 S.*A failed read"),
        ('5"', None),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(tmp_path, value, message):
    values = list(MICRO)
    values[5] = value
    content = text(values=values)
    if message is None:
        read(tmp_path, content)
        return
    with pytest.raises(TraceError, match=message):
        read(tmp_path, content)


def test_marks_that_are_ambiguous_ask(tmp_path, plain):
    content = text(values=comma(THREE), separator="\t")
    with pytest.raises(TraceError, match="row 2: conductance = '.*' is ambiguous.*give decimal=','"):
        read(tmp_path, content)
    same(read(tmp_path, content, decimal=","), plain, rtol=1e-3)
    mixed = [comma(MICRO)[0], *MICRO[1:]]
    with pytest.raises(TraceError, match="row 2: conductance.*with a point, not a comma: row 3 has"):
        read(tmp_path, text(values=mixed, separator=";"))
    with pytest.raises(TraceError, match="row 2 has 6 columns, the line of names.*5; is a comma in a number"):
        read(tmp_path, text(values=comma(MICRO)))
    with pytest.raises(TraceError, match="decimal = 'x' must be"):
        read(tmp_path, content, decimal="x")


# -- titles -----------------------------------------------------------------------------------------------------------

CONDUCTANCES = [
    "G / \N{MICRO SIGN}S",
    "G/uS",
    '"Conductance, \N{GREEK SMALL LETTER MU}S"',
    "Conductance [uS]",
    "G_DUT (uS)",
    "conductance (\N{MICRO SIGN} S)",
    "G(uS)",
    "G_uS",
    "G uS",
    "Conductance in uS",
    "Conductance (microsiemens)",
    "Conductance {uS}",
    "CONDUCTANCE (US)",
    "g (us)",
    "Mean conductance (uS)",
    "Conductance @ 0.2V (uS)",
    "Conductance (uS) at 0.1 V",
    "G [10^-6 S]",
    "G (1e-6 S)",
    "G (uA/V)",
    "Conductance (\N{LATIN CAPITAL LETTER A WITH CIRCUMFLEX}\N{MICRO SIGN}S)",
    "Smu1.G[1][1] (uS)",
    "deviceG (uS)",
    "Read conductance (\N{MICRO SIGN}S)",
]


@pytest.mark.parametrize("title", CONDUCTANCES)
def test_titles_of_conductance(tmp_path, plain, title):
    if title == "CONDUCTANCE (US)":  # a prefix in capitals may be anything
        with pytest.raises(TraceError, match="'US' cannot be read"):
            read(tmp_path, text(f"device,cycle,pulse,direction,{title}"))
        return
    same(read(tmp_path, text(f"device,cycle,pulse,direction,{title}")), plain)


@pytest.mark.parametrize(
    "title",
    [
        "Pulse #",
        "pulse_num",
        "N pulse",
        "PulseNumber",
        "Pulse No.",
        "pulse index",
        "# pulse",
        "pulse number (#)",
        "Number of pulses",
        "n",
        "Index",
    ],
)
def test_titles_of_pulse_numbers(tmp_path, plain, title):
    same(read(tmp_path, text(f"device,cycle,{title},direction,G (uS)")), plain)


@pytest.mark.parametrize(
    ("title", "factor"),
    [
        ("Resistance (Ohms)", 1e6),
        ("R / k\N{GREEK CAPITAL LETTER OMEGA}", 1e3),
        ("R (M\N{OHM SIGN})", 1.0),
        ("Resistance, kiloohm", 1e3),
        ("R_kohm", 1e3),
        ("R (megohm)", 1.0),
        ("SMU1 R (ohm)", 1e6),
        ("resistance [kOhm]", 1e3),
    ],
)
def test_titles_of_resistance(tmp_path, plain, title, factor):
    values = [f"{factor / float(v):.9g}" for v in MICRO]
    header = f'device,cycle,pulse,direction,"{title}"'
    traces = read(tmp_path, text(header, values=values))
    same(traces, plain, rtol=1e-5)
    noted(traces, "inverse of the resistance")


@pytest.mark.parametrize("between", [",,,,uS", "(no),,#,,(\N{MICRO SIGN}S)", "-,-,-,-,microsiemens"])
def test_a_row_of_units(tmp_path, plain, between):
    traces = read(tmp_path, text("device,cycle,pulse,direction,conductance", between=between))
    same(traces, plain)
    noted(traces, "row 2 holds units")
    frame = pd.read_csv(tmp_path / "t.csv")
    same(read_traces(frame), plain)


@pytest.mark.parametrize(
    "extra",
    [
        {"index": "k"},
        {"type": "HfO2"},
        {"mode": "pulsed"},
        {"id": "k"},
        {"polarity": "n-type"},
        {"G error (uS)": "0.1"},
        {"time (s)": "k"},
        {"cell": "A1"},
        {"Temperature (K)": "300"},
        {"target G (uS)": "k"},
        {"current (uA)": "1"},
        {"pulse width (ns)": "100"},
        {"number": "k"},
        {"V_pulse (V)": "1.2"},
        {"log G": "-5"},
    ],
)
def test_an_exact_name_wins_and_the_rest_is_noted(plain, extra):
    name, value = next(iter(extra.items()))
    count = len(MICRO)
    table = dict(zip(KEYS.split(","), zip(*(row.split(",") for row in rows()), strict=True), strict=True))
    for order in ({**table, name: None}, {name: None, **table}):
        order[name] = list(map(str, range(count))) if value == "k" else [value] * count
        traces = read_traces(pd.DataFrame({key: list(column) for key, column in order.items()}))
        same(traces, plain)
        noted(traces, f"columns not used: {name!r}")


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("1.2", "\N{MINUS SIGN}1.5"),
        ("1.2 V", "-1.5 V"),
        ("1,2", "-1,5"),
        ("800 mV", "\N{EN DASH}900 mV"),
        ("Potentiate", "Depress"),
        ("LTP", "LTD"),
        ("+", "-"),
        ("positive", "negative"),
        ("Set pulse", "Reset pulse"),
        ("\N{UPWARDS ARROW}", "\N{DOWNWARDS ARROW}"),
        ("UP", "Down "),
        ("increase", "decrease"),
    ],
)
def test_directions(plain, up, down):
    table = {
        "device": MADE["device"],
        "cycle": MADE["cycle"],
        "pulse": MADE["pulse"],
        "G (uS)": MICRO,
        "polarity": [
            {"up": up, "down": down, "": "0"}[w]
            if any(c.isdigit() for c in up)
            else {"up": up, "down": down, "": ""}[w]
            for w in WORDS
        ],
    }
    same(read_traces(table), plain)


@pytest.mark.parametrize("cell", ["sideways", "program", "on", True, "1.2 uS", "up and down", "1_0"])
def test_what_is_no_direction(cell):
    assert way_of_cell(cell) is None


# -- devices side by side, currents ------------------------------------------------------------------------------------------

WIDE = {"pulse": MADE["pulse"][:25], "direction": WORDS[:25]}
FIRST, SECOND = (np.array(MICRO, float)[k : k + 25] for k in (0, 50))


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("D1 (uS)", "D2 (uS)"), ("d1", "d2")),
        (("G1 (uS)", "G2 (uS)"), ("1", "2")),
        (("Device A / uS", "Device B / uS"), ("device a", "device b")),
        (("G_D1 (uS)", "G_D2 (uS)"), ("d1", "d2")),
        (("Conductance 1 [uS]", "Conductance 2 [uS]"), ("1", "2")),
    ],
)
def test_devices_side_by_side(names, labels):
    traces = read_traces({**WIDE, names[0]: FIRST, names[1]: SECOND})
    assert traces.devices == labels
    np.testing.assert_allclose(traces.series[1].g, SECOND * 1e-6)
    noted(traces, "columns side by side taken as devices")


def test_devices_side_by_side_of_unequal_length_with_units_below_or_given(tmp_path):
    short = [*map(str, SECOND[:23]), "", ""]
    assert [len(s.g) for s in read_traces({**WIDE, "D1 (uS)": FIRST, "D2 (uS)": short}).series] == [25, 23]
    lines = [
        "pulse,direction,A7,B3",
        ",,uS,uS",
        *(f"{p},{w},{a},{b}" for p, w, a, b in zip(*WIDE.values(), FIRST, SECOND, strict=True)),
    ]
    assert read(tmp_path, "\n".join(lines)).devices == ("a7", "b3")
    assert read_traces({**WIDE, "A7": FIRST, "B3": SECOND}, unit="uS").devices == ("a7", "b3")
    with pytest.raises(
        TraceError, match="no conductance column.*devices side by side: name their columns 'D1 \\(uS\\)'"
    ):
        read_traces({**WIDE, "A7": FIRST, "B3": SECOND})
    with pytest.raises(TraceError, match="a device column .* and several columns of conductances"):
        read_traces({**WIDE, "device": ["x"] * 25, "D1 (uS)": FIRST, "D2 (uS)": SECOND})


def test_ltp_and_ltd_side_by_side_are_directions_and_no_devices():
    up, down = np.linspace(10, 60, 20), np.linspace(58, 12, 20)
    traces = read_traces({"pulse": range(1, 21), "G LTP (uS)": up, "G LTD (uS)": down})
    assert traces.devices == ("1",)
    assert [s.up.all() for s in traces.series] == [True, False]
    noted(traces, "taken as the two directions")


@pytest.mark.parametrize(
    ("title", "factor", "options"),
    [
        ("current (uA)", 0.2, {"read_voltage": 0.2}),
        ("I [nA]", 200.0, {"read_voltage": "200 mV"}),
        ("Smu1.I[1][1] (A)", 0.2e-6, {"read_voltage": 0.2}),
        ("Read current, uA", -0.1, {"read_voltage": -0.1}),
        ("current", 0.2, {"read_voltage": 0.2, "unit": "uA"}),
    ],
)
def test_currents_with_a_read_voltage(tmp_path, plain, title, factor, options):
    values = [f"{float(v) * factor:.9g}" for v in MICRO]
    traces = read(tmp_path, text(f'device,cycle,pulse,direction,"{title}"', values=values), **options)
    same(traces, plain, rtol=1e-5)
    noted(traces, "read voltage of")


@pytest.mark.parametrize(
    ("name", "value"),
    [("read voltage (V)", 0.2), ("Vread (mV)", 200), ("V_read", "0.2"), ("Read Voltage", "200 mV"), ("V (V)", 0.2)],
)
def test_currents_with_a_column_of_read_voltages(plain, name, value):
    table = {
        "device": MADE["device"],
        "cycle": MADE["cycle"],
        "pulse": MADE["pulse"],
        "direction": WORDS,
        "current (uA)": [float(v) * 0.2 for v in MICRO],
        name: [value] * len(MICRO),
    }
    same(read_traces(table), plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "current must be divided by its read voltage: give read_voltage=0.2"),
        ({"read_voltage": 0}, "read_voltage = 0 must be a number other than 0"),
        ({"read_voltage": "2 kg"}, "read_voltage = '2 kg' must be"),
        ({"read_voltage": 200}, "read voltage = 200 V; a read has at most"),
        ({"read_voltage": -0.2}, "opposite signs"),
        ({"read_voltage": float("nan")}, "read_voltage = nan must be"),
    ],
)
def test_currents_without_a_read_voltage(tmp_path, options, message):
    with pytest.raises(TraceError, match=message):
        read(tmp_path, text("device,cycle,pulse,direction,current (uA)"), **options)


# -- directions against the data, turns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("signs", [("-1.2", "1.5"), (-1, 1), ("-1.2 V", "1.5 V")])
def test_opposite_signs_are_turned_round_with_a_note(plain, signs):
    ways = [{"up": signs[0], "down": signs[1], "": "0"}[w] for w in WORDS]
    table = {
        "device": MADE["device"],
        "cycle": MADE["cycle"],
        "pulse": MADE["pulse"],
        "polarity": ways,
        "G (uS)": MICRO,
    }
    traces = read_traces(table)
    same(traces, plain)
    noted(traces, "opposite to the data")


def test_opposite_words_and_single_opposite_devices_are_errors():
    table = {"device": MADE["device"], "cycle": MADE["cycle"], "pulse": MADE["pulse"], "G (uS)": MICRO}
    other = {"up": "down", "down": "up", "": ""}
    with pytest.raises(TraceError, match="in device 1, 2 conductance falls in pulses called up"):
        read_traces({**table, "direction": [other[w] for w in WORDS]})
    with pytest.raises(TraceError, match="in device 2 conductance falls in pulses called up"):
        read_traces(
            {**table, "direction": [other[w] if d == 2 else w for w, d in zip(WORDS, MADE["device"], strict=True)]}
        )
    with pytest.raises(TraceError, match="if the numbers are resistances, name their column so"):
        read_traces({**table, "direction": WORDS, "G (uS)": [1000 / float(v) for v in MICRO]})


def test_a_drop_at_the_turn_is_noted_and_can_be_cut():
    g = np.array(MICRO, float)
    g[np.asarray(MADE["pulse"]) > 12] *= 0.5
    table = {"device": MADE["device"], "cycle": MADE["cycle"], "pulse": MADE["pulse"], "direction": WORDS, "G (uS)": g}
    noted(read_traces(table), "at the turn from up to down (pulse 13)", "cut_turns=True")
    cut = read_traces(table, cut_turns=True)
    assert [len(s.up) for s in cut.series] == [12, 11] * 4
    noted(cut, "4 changes where the direction turns are left out")
    assert not any("turn from" in note for note in cut.notes)


# -- files that are none, and anything at all --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "old format"),
        (b"\x89HDF\r\n", "HDF5 file"),
        (b"\xff\xfea", "not a readable text"),
        (b"a\x00b\x00\x00c", "zero bytes"),
        (b"", "holds no table"),
        (b"1,2,3\n4,5,6\n", "no pulse column"),
        (b"pulse,G (uS)\n", "holds no table"),
    ],
)
def test_what_is_no_text_says_what_it_is(tmp_path, content, message):
    with pytest.raises(TraceError, match=message):
        read(tmp_path, content)
    with pytest.raises(TraceError, match="not a readable text file|no such file"):
        read_traces(tmp_path)
    with pytest.raises(TraceError, match="not a readable text file"):
        read_traces("a\0b")


def test_an_excel_workbook(tmp_path, plain, monkeypatch):
    path = tmp_path / "t.xlsx"
    try:
        import openpyxl
    except ImportError:
        path.write_bytes(b"PK\x03\x04")
        with pytest.raises(TraceError, match="openpyxl, which is not installed"):
            read_traces(path)
        return
    book = openpyxl.Workbook()
    for line in text().splitlines():
        cells = line.split(",")
        book.active.append([float(c) if c.replace(".", "").isdigit() else c for c in cells])
    book.save(path)
    same(read_traces(path), plain)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(TraceError, match="openpyxl, which is not installed"):
        read_traces(path)


def test_masked_reads_and_indexed_frames(plain):
    table = {"device": MADE["device"], "cycle": MADE["cycle"], "direction": WORDS, "G (uS)": [float(v) for v in MICRO]}
    same(read_traces(pd.DataFrame(table, index=pd.Index(MADE["pulse"], name="pulse"))), plain)
    masked = np.ma.masked_array(table["G (uS)"], mask=np.arange(len(MICRO)) == 7)
    with pytest.raises(TraceError, match="row 8: conductance = '' is not a finite number"):
        read_traces({**table, "pulse": MADE["pulse"], "G (uS)": masked})


@pytest.mark.parametrize(
    ("text", "quantity", "scale"),
    [
        ("uS", "conductance", 1e-6),
        ("\N{MICRO SIGN}S", "conductance", 1e-6),
        ("\N{GREEK SMALL LETTER MU} S", "conductance", 1e-6),
        ("micro-Siemens", "conductance", 1e-6),
        ("k\N{GREEK CAPITAL LETTER OMEGA}", "resistance", 1e3),
        ("megohm", "resistance", 1e6),
        ("kilohm", "resistance", 1e3),
        ("1/ohm", "conductance", 1.0),
        ("A/V", "conductance", 1.0),
        ("V/A", "resistance", 1.0),
        ("\N{GREEK CAPITAL LETTER OMEGA}^-1", "conductance", 1.0),
        ("\N{GREEK CAPITAL LETTER OMEGA}\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT ONE}", "conductance", 1.0),
        ("mV", "voltage", 1e-3),
        ("10\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT SIX} S", "conductance", 1e-6),
    ],
)
def test_units(text, quantity, scale):
    unit = unit_of(text)
    assert unit is not None
    assert (unit.quantity, unit.scale) == (quantity, pytest.approx(scale, rel=1e-12, abs=1e-20))


@pytest.mark.parametrize("text", ["mho", "a.u.", "%", "", "s", "us", "kg", "SS", "x", "1/S"])
def test_what_is_no_unit(text):
    assert unit_of(text) is None
