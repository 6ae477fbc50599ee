"""Records: what makes a number credible, and unit conversion."""

import pickle

import pytest
from helpers.statistics import relative
from hypothesis import given, settings
from hypothesis import strategies as st

from revpath.devices import Record, RecordError, Source, UnitError, device_names, load_device
from revpath.devices.base.errors import RevpathError, explain, unknown
from revpath.devices.base.record import evaluate_derivation, load_records, parse_unit, read_record

SOURCE = Source(key="paper2020", citation="A. Author, 'A paper', Journal (2020)")
FIELDS = {
    "id": "adc.test.energy",
    "value": 1.5,
    "unit": "pJ/conversion",
    "uncertainty": {"kind": "lognormal", "sigma_ln": 0.3},
    "evidence": "measured",
    "source": SOURCE,
    "read_in": "primary",
}


def record(**changes) -> Record:
    return Record(**{**FIELDS, **changes})


def test_conversion():
    assert record().to("J/conversion") == relative(1.5e-12)
    assert record().factor("fJ/conversion") == relative(1000)


@pytest.mark.parametrize("unit", ["J", "J/pulse", "J/op", "W", "m", "dimensionless"])
def test_a_joule_a_conversion_stands_for_nothing_else(unit):
    with pytest.raises(UnitError, match=r"record 'adc.test.energy': unit 'pJ/conversion' cannot be read as"):
        record().to(unit)


@pytest.mark.parametrize("unit", ["spoon", "J/", "3 +", "J**", "__import__('os')"])
def test_units_that_cannot_be_read(unit):
    with pytest.raises(UnitError, match="is not a unit"):
        parse_unit(unit)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"evidence": "assumed", "uncertainty": {"kind": "exact"}}, "an assumed value cannot be exact"),
        ({"evidence": "assumed", "uncertainty": {"kind": "unstated"}}, "an assumed value cannot be unstated"),
        ({"value": -1.0}, "must be positive for a lognormal"),
        ({"value": 0.0}, "must be positive for a lognormal"),
        ({"uncertainty": {"kind": "uniform", "low": 2, "high": 3}}, r"lies outside \[2.0, 3.0\]"),
        ({"uncertainty": {"kind": "uniform", "low": 3, "high": 2}}, "low = 3.0 must be below high = 2.0"),
        ({"uncertainty": {"kind": "normal", "sigma": 0}}, "greater than 0"),
        ({"uncertainty": {"kind": "lognormal", "sigma_ln": 9}}, "less than or equal to 5"),
        ({"uncertainty": {"kind": "cauchy"}}, "cauchy"),
        ({"value": float("nan")}, "finite"),
        ({"id": "No Spaces"}, "pattern"),
        ({"boundary": "kitchen"}, "boundary"),
        ({"read_in": "dream"}, "read_in"),
    ],
)
def test_records_refuse(changes, said):
    with pytest.raises(RevpathError, match=said):
        record(**changes)


def test_a_record_with_an_unreadable_unit_is_refused():
    with pytest.raises((RevpathError, UnitError), match="spoon"):
        record(unit="spoon")


def test_shaky():
    assert record(evidence="assumed").shaky
    assert record(read_in="memory").shaky
    assert not record().shaky
    assert not record(read_in="secondary").shaky


def test_sources_need_a_citation():
    for changes in ({"citation": "short"}, {"key": "ab"}, {"url": "ftp://x"}):
        with pytest.raises(RevpathError):
            Source(**{"key": "paper2020", "citation": "A long enough citation", **changes})


def test_read_record_names_the_record():
    with pytest.raises(RecordError, match=r"file.toml: record 'a.b': value: Field required"):
        read_record(
            {**{k: v for k, v in FIELDS.items() if k != "value"}, "id": "a.b", "source": "paper2020"},
            {"paper2020": SOURCE},
            "file.toml",
        )


RECORDS = """
[sources.paper2020]
citation = "A. Author, 'A paper', Journal (2020)"
[[record]]
id = "one.energy"
value = 1
unit = "pJ/op"
source = "paper2020"
evidence = "measured"
read_in = "primary"
uncertainty = { kind = "exact" }
"""


def test_load_records(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(RECORDS)
    assert load_records(path)["one.energy"].to("J/op") == relative(1e-12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RECORDS + RECORDS[RECORDS.index("[[record]]") :], "record 'one.energy' stands twice"),
        (RECORDS.split("[[record]]")[0], r"holds no \[\[record\]\]"),
        (RECORDS[RECORDS.index("[[record]]") :], r"\[sources\] is missing"),
    ],
)
def test_load_records_refuses(tmp_path, text, said):
    path = tmp_path / "r.toml"
    path.write_text(text)
    with pytest.raises(RecordError, match=said):
        load_records(path)


@pytest.mark.parametrize(
    ("expression", "value"), [("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 ** -1", 0.5), ("-3e-2", -0.03), ("7 / 2", 3.5)]
)
def test_derivations(expression, value):
    assert evaluate_derivation(expression) == relative(value)


@pytest.mark.parametrize(
    "expression", ["__import__('os')", "a + 1", "1 if 2 else 3", "1e308 * 10", "1 +", "1 / 0", "'a'"]
)
def test_derivations_are_plain_arithmetic(expression):
    with pytest.raises(RecordError, match="derivation"):
        evaluate_derivation(expression)


def test_devices_can_be_pickled():
    device = load_device("reram-sb-gong2018")
    assert pickle.loads(pickle.dumps(device)) == device


def test_unknown_lists_what_is_known():
    assert str(unknown("chip", "b", ["abc", "a"])) == "chip = 'b' is not known. Known: a, abc"
    assert "did you mean 'abc'?" in str(unknown("chip", "abd", ["abc"]))


def test_explain_passes_other_errors_on():
    assert explain(ValueError("plain")) == "plain"


@settings(max_examples=50, deadline=None)
@given(value=st.floats(1e-20, 1e20), unit=st.sampled_from(["pJ/conversion", "fJ/conversion", "J/conversion"]))
def test_conversion_is_linear(value, unit):
    assert record(value=value, unit=unit).to("J/conversion") == relative(
        value * record(unit=unit).factor("J/conversion")
    )


def test_a_number_without_an_interval_is_not_an_exact_one():
    """Of the library, only definitions, choices of coordinate and specifications are exact; fits without an interval say so."""
    for name in device_names():
        for record in load_device(name).records.values():
            if record.uncertainty.kind == "exact":
                assert record.evidence in ("exact", "projected"), record.id
                assert not record.spreads
            elif record.uncertainty.kind == "unstated":
                assert record.evidence not in ("exact", "assumed"), record.id
                assert not record.spreads
            else:
                assert record.spreads
