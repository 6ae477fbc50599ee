"""Units never lie: what is accepted is a plain factor, and what is hostile ends at once in a UnitError."""

import time

import pytest
from helpers.statistics import relative

from revpath.devices import UnitError, load_device, read_device
from revpath.devices.base.derivation import evaluate_derivation
from revpath.devices.base.errors import RecordError, RevpathError
from revpath.devices.base.units import conversion_factor, parse_unit

LOGARITHMIC = ["dB", "dBm", "dBW", "dBu", "Np", "neper", "octave", "decade", "decibel", "pH", "dB/m"]
OFFSET = ["degC", "degF", "celsius", "fahrenheit", "°C", "delta_degC", "Δ°C", "degC/W", "W/degF"]
VANISHING = [
    "cycle",
    "turn",
    "bit",
    "byte",
    "J/bit",
    "GB/s",
    "count",
    "J/count",
    "radian",
    "degree",
    "rpm",
    "baud",
    "pi",
]
HOSTILE = [
    "", " ", "%%", "S;S", "S\0", "\0", "\n", "S\n", "((((", "))))", "()", "1/0", "S/", "/S", "//", "*", "**", "S**", "S**S", "2 S",
    "S+S", "-S", "S-1", "m**9**9**9", "m^9^9^9", "(m**12)**12", "((m**9)**9)**9", "m⁹⁹⁹", "m**1e99", "m**(1/0)", "m**(9**9)",
    "(" * 5000 + "m" + ")" * 5000, "*".join(["m"] * 5000), "m" * 100_000, "m " * 49, "__import__('os')", "lambda: 1", "S #", "S\u202e",
    "\ud800", "1" * 90, "m**" + "9" * 90, "e" * 99, "S[0]", "S.T", "{S}", "S=1", "spoon", "'S'", "S\x1b[31m",
]  # fmt: skip


@pytest.mark.parametrize("unit", LOGARITHMIC + OFFSET + VANISHING)
def test_units_that_are_no_plain_factor_are_refused(unit):
    with pytest.raises(UnitError, match="unit = "):
        parse_unit(unit)


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_units_end_at_once(unit):
    start = time.process_time()
    with pytest.raises(UnitError, match="is not a unit that can be read: .") as caught:
        parse_unit(unit)
    assert time.process_time() - start < 1
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("unit", [5, None, 1.5, ["S"], True])
def test_units_are_texts(unit):
    with pytest.raises((UnitError, TypeError)):
        parse_unit(unit)


@pytest.mark.parametrize(
    ("have", "want", "factor"),
    [
        ("uS", "S", 1e-6),
        ("µS", "S", 1e-6),
        ("kΩ", "ohm", 1e3),
        ("m²", "mm^2", 1e6),
        ("V/Hz**(1/2)", "V/Hz**0.5", 1),
        ("J·s", "J s", 1),
        ("%", "dimensionless", 0.01),
        ("ppm", "percent", 1e-4),
        ("m**(-1)", "1/cm", 0.01),
        ("byte_moved", "bit_moved", 8),
        ("pJ/pulse", "fJ/pulse", 1e3),
        ("(J/op)/s", "W/op", 1),
    ],
)
def test_conversions(have, want, factor):
    assert conversion_factor(have, want) == relative(factor)


def test_a_temperature_in_degrees_is_refused_with_the_way_out(tmp_path):
    """85 degC was read as 23,303 K once."""
    path = tmp_path / "cell.toml"
    text = (load_library_text()).replace("[window.g_min]", RETENTION + "[window.g_min]", 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=r"degree_Celsius has a zero of its own; give temperatures .* in K"):
        read_device(path)
    path.write_text(text.replace('"degC"', '"K"').replace("value = 85", "value = 358.15"), encoding="utf-8")
    assert read_device(path).retention.temperature == relative(358.15)


RETENTION = '[retention.temperature]\nvalue = 85\nunit = "degC"\n'


def load_library_text() -> str:
    from importlib.resources import files

    text = (files("revpath.devices.library") / "reram-sb-gong2018.toml").read_text(encoding="utf-8")
    assert load_device("reram-sb-gong2018").retention.temperature is None
    return text.replace('"reram-sb-gong2018"', '"mine"', 1)


DERIVATIONS = [
    "9**9**9", "10**10**8", "9**9**9**9", "-" * 5000 + "1", "+" * 5000 + "1",
    "1+" * 5000 + "1", "(" * 5000 + "1" + ")" * 5000, "(" * 99,
    "1" * 5000, "1/0", "0**-1", "", " ", "(-8)**0.5", "1j", "True", "1e400", "1e308*10", "1;2", "~1", "1 if 1 else 2", "[1]", "f()",
    "\0", "\ud800", "1\n+", "'a'*9**9", "1 << 99", "9 // 2", "9 % 2", "1:=2", "*1", "1=1",
]  # fmt: skip


@pytest.mark.parametrize("expression", DERIVATIONS)
def test_hostile_derivations_end_at_once(expression):
    start = time.process_time()
    with pytest.raises(RecordError, match="derivation = "):
        evaluate_derivation(expression)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("expression", [1, None, ["1"], {"a": 1}])
def test_derivations_are_texts(expression):
    with pytest.raises(RevpathError, match="must be a text"):
        evaluate_derivation(expression)


@pytest.mark.parametrize("expression", ["-" * 99 + "1", "(" * 40 + "1" + ")" * 40, "1+" * 99 + "1"])
def test_long_derivations_within_the_bounds(expression):
    assert abs(evaluate_derivation(expression)) in (1, 100)
