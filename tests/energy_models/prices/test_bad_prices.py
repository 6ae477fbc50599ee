"""What a user can get wrong about energy, one by one, and the error that says so."""

import math

import numpy as np
import pytest

from revpath.devices.base.errors import RecordError, UnitError, UnknownName
from revpath.devices.base.record import Record, load_records
from revpath.energy_models import FloorError, PriceError, UnpricedEvent, adc_floor, column_read_floor, load_chip, price
from revpath.energy_models.prices.chip import read_chip

RERAM = load_chip("reram-32nm")
HEAD = {"name": "toy", "title": "A chip for tests", "kind": "analog", "node_nm": 32}
HEAD |= {"temperature": "constants.temperature", "node_overhead": "node.h100.power_over_gpu", "pue": "pue.google2021"}
OURS = {"ours": {"citation": "Measured in our own laboratory"}}


def own(id: str, value: float, unit: str, **changes) -> dict:
    record = {"id": id, "value": value, "unit": unit, "source": "ours", "evidence": "measured", "read_in": "primary"}
    return {**record, "uncertainty": {"kind": "exact"}, **changes}


@pytest.mark.parametrize("field", ["pue", "node_overhead"])
@pytest.mark.parametrize(
    ("value", "uncertainty", "refused"),
    [
        (0.99, {"kind": "exact"}, True),
        (1.0, {"kind": "exact"}, False),
        (1.1, {"kind": "uniform", "low": 0.9, "high": 1.3}, True),
        (1.1, {"kind": "uniform", "low": 1.0, "high": 1.3}, False),
        (1.1, {"kind": "normal", "sigma": 0.1}, True),
        (1.5, {"kind": "normal", "sigma": 0.1}, False),
        (1.1, {"kind": "lognormal", "sigma_ln": 0.3}, True),
    ],
)
def test_a_factor_below_one_is_refused_even_as_a_rare_draw(field, value, uncertainty, refused):
    content = {**HEAD, field: "mine.factor", "sources": OURS}
    content["record"] = [own("mine.factor", value, "dimensionless", uncertainty=uncertainty)]
    if refused:
        with pytest.raises(PriceError, match=rf"toy.*{field}: record 'mine.factor' = {value:g}.*at least 1"):
            read_chip(content, "toy")
    else:
        assert read_chip(content, "toy").records["mine.factor"].value == value


def test_a_factor_in_watts_is_refused():
    content = {**HEAD, "pue": "mine.factor", "sources": OURS, "record": [own("mine.factor", 1.1, "W")]}
    with pytest.raises((UnitError, PriceError), match=r"'mine.factor'.*'W'"):
        read_chip(content, "toy")


@pytest.mark.parametrize("amount", [-1, -1e-30, math.nan, math.inf, "3", True, None, 1j, np.array([1, 2]), [3]])
def test_amounts_that_are_no_counts_are_refused(amount):
    with pytest.raises(PriceError, match=r"event 'digital.add'"):
        price({"digital.add": amount}, RERAM)


def test_an_event_without_a_price_is_never_zero():
    with pytest.raises(UnpricedEvent, match=r"'warp.drive' has no price on chip 'reram-32nm'.*never zero"):
        price({"warp.drive": 0}, RERAM)
    with pytest.raises(UnpricedEvent, match=r"'pulse.up' has no price on chip 'charge-65nm-jia'"):
        price({"pulse.up": 1}, load_chip("charge-65nm-jia"))
    with pytest.raises(UnpricedEvent, match="power-gated"):
        price({"chip.idle_s": 1}, RERAM)


def test_a_record_without_a_source_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    body = '[[record]]\nid = "mine.adc"\nvalue = 1.0\nunit = "J/op"\nevidence = "measured"\nread_in = "primary"\n'
    path.write_text(body + 'uncertainty = { kind = "exact" }\n', encoding="utf-8")
    with pytest.raises(RecordError, match=r"\[sources\] is missing: every number needs a source"):
        load_records(path)
    path.write_text('[sources.ours]\ncitation = "Measured in our own laboratory"\n' + body, encoding="utf-8")
    with pytest.raises(RecordError, match=r"record 'mine.adc': source = None is not one of \['ours'\]"):
        load_records(path)


def test_a_unit_of_another_kind_is_refused():
    watts = Record(**{**own("mine.w", 1.0, "W"), "source": {"key": "ours", **OURS["ours"]}})
    with pytest.raises(UnitError, match=r"mine.w.*\[W\].*J/op"):
        price({"digital.add": 1}, RERAM, overrides={"digital.add": watts})


def test_a_chip_below_the_thermal_floor_is_refused():
    content = {**HEAD, "sources": OURS, "record": [own("mine.adc", 1e-18, "J/conversion")]}
    content["price"] = [
        {
            "event": "adc.conversion",
            "why": "a price for a test",
            "ignores": ["enob"],
            "terms": [{"records": ["mine.adc"]}],
        }
    ]
    chip = read_chip(content, "toy")
    with pytest.raises(FloorError, match=r"adc: 1e-18 J is below the 3.26e-15 J that physics charges at 300 K"):
        price({"adc.conversion{enob=8}": 1}, chip)
    assert price({"adc.conversion{enob=1}": 0}, chip).bounds == ()
    assert price({"adc.conversion{enob=1}": 1}, load_chip("reram-32nm")).eta("adc") > 1


@pytest.mark.parametrize("events", [None, [("digital.add", 1)], "digital.add"])
def test_events_that_are_no_mapping_are_refused(events):
    with pytest.raises(PriceError, match=rf"events of type {type(events).__name__} must map names to amounts"):
        price(events, RERAM)


@pytest.mark.parametrize("name", [None, 3, "reram"])
def test_a_chip_that_does_not_exist_is_refused(name):
    with pytest.raises(UnknownName, match=rf"chip = {name!r} is not known"):
        load_chip(name)
    with pytest.raises(UnknownName, match=rf"chip = {name!r} is not known"):
        price({"digital.add": 1}, name)


def test_a_bare_number_is_no_price():
    with pytest.raises(PriceError, match=r"overrides: 'digital.add' = 1e-12 must be a Record"):
        price({"digital.add": 1}, RERAM, overrides={"digital.add": 1e-12})


def test_a_mistyped_event_gets_a_near_name():
    with pytest.raises(
        UnpricedEvent, match=r"'digital.ad' has no price on chip 'reram-32nm' \(did you mean 'digital.add'\?\)"
    ):
        price({"digital.ad": 1}, RERAM)


@pytest.mark.parametrize("floor", [adc_floor, column_read_floor])
@pytest.mark.parametrize("snr", [-1.0, math.nan])
def test_a_floor_of_a_negative_ratio_is_refused(floor, snr):
    with pytest.raises(PriceError, match=rf"snr = {snr} must be a ratio of powers"):
        floor(snr)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": True}, "value = True: Input should be a valid number"),
        ({"value": "1e-12"}, "value = '1e-12': Input should be a valid number"),
        ({"value": math.nan}, "value = nan: Input should be a finite number"),
        ({"derivation": "2 * 3e-12"}, r"value = 1e-12, but its derivation '2 \* 3e-12' gives 6e-12"),
        ({"derivation": "import os"}, "derivation = 'import os' has no value"),
        ({"evidence": "assumed"}, "an assumed value cannot be exact"),
        ({"unit": "J/furlongg"}, "unit = 'J/furlongg': not a unit that can be read"),
    ],
)
def test_a_record_of_ones_own_chip_is_checked(change, message):
    content = {**HEAD, "sources": OURS, "record": [{**own("mine.adc", 1e-12, "J/conversion"), **change}]}
    with pytest.raises(RecordError, match=rf"toy: record 'mine.adc': .*{message}"):
        read_chip(content, "toy")


def test_a_derivation_may_differ_by_rounding():
    content = {**HEAD, "sources": OURS, "record": [own("mine.adc", 1.33e-12, "J/conversion", derivation="4e-12 / 3")]}
    read_chip(content, "toy")
