"""Chips: those that come along load and agree with what is published; malformed ones are refused by name."""

import pytest
from helpers.statistics import relative

from revpath.devices.base.errors import RecordError, RevpathError, UnknownName
from revpath.energy_models import PriceError, chip_names, get, load_chip, price
from revpath.energy_models.prices.chip import read_chip
from revpath.energy_models.prices.vocabulary import EVENTS, ROLES
from revpath.energy_models.records import library

HEAD = {
    "name": "toy",
    "title": "A chip for tests",
    "kind": "analog",
    "node_nm": 32,
    "temperature": "constants.temperature",
    "node_overhead": "node.h100.power_over_gpu",
    "pue": "pue.google2021",
}
WHY = "a price for a test"
ADC = "adc.andrulis2024.32nm_8b"


def toy(*prices, **changes):
    return read_chip({**HEAD, "price": [{"why": WHY, **p} for p in prices], **changes}, "toy.toml")


@pytest.mark.parametrize("name", chip_names())
def test_shipped_chips_load_and_know_only_events(name):
    chip = load_chip(name)
    assert chip.name == name
    assert set(chip.prices) <= set(EVENTS)
    own = [id for id in chip.records if not id.startswith("model.")]
    assert all(chip.records[id] == library()[id] for id in own)
    assert all(chip.records[id].locator.startswith("component model") for id in set(chip.records) - set(own))


FULL = ["reram-32nm", "pcm-14nm-hermes", "puma-32nm", "isaac-32nm", "panther-32nm", "projected-14nm", "thermal-limit"]


@pytest.mark.parametrize("name", FULL)
def test_analog_chips_take_a_position_on_every_event(name):
    assert set(load_chip(name).prices) == set(EVENTS)


@pytest.mark.parametrize("name", FULL)
def test_full_chips_price_all_that_they_do_not_refuse(name):
    parameters = {"adc.conversion": "{enob=8}", "dac.conversion": "{bits=8}", "dac.pulse": "{bits=8}"}
    chip = load_chip(name)
    events = {f"{e}{parameters.get(e, '')}": 1e6 for e, entry in chip.prices.items() if not entry.refused}
    bill = price(events, chip)
    assert sum(bill.attributed(role).nominal for role in ROLES) == relative(bill.joules)
    assert bill.attributed("writes").nominal > 0
    assert all(floor.eta > 1 - 1e-9 for floor in bill.bounds)
    refused = {e for e, entry in chip.prices.items() if entry.refused}
    assert refused - {"array.gated_s"} == {"chip.idle_s", "gpu.busy_s", "matmul.flop"}
    assert ("array.gated_s" in refused) == (name == "pcm-14nm-hermes")  # whose static power holds everything


def test_unknown_chip_names_the_known():
    with pytest.raises(UnknownName, match="did you mean 'reram-32nm'"):
        load_chip("reram-32")


def test_a_chip_of_ones_own_from_a_file_with_its_own_records(tmp_path):
    path = tmp_path / "mine.toml"
    lines = [f'{k} = "{v}"' for k, v in HEAD.items() if k != "node_nm"] + ["node_nm = 28"]
    lines += [
        '[sources.ours]\ncitation = "Measured in our own laboratory"',
        '[[record]]\nid = "mine.adc"\nvalue = 3.0\nunit = "pJ/conversion"\nevidence = "measured"\nread_in = "primary"',
        'source = "ours"\nuncertainty = { kind = "normal", sigma = 0.1 }',
        f'[[price]]\nevent = "adc.conversion"\nwhy = "{WHY}"\nterms = [{{ records = ["mine.adc"], times = 2 }}]',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    bill = price({"adc.conversion": 10}, load_chip(path))
    assert bill.joules == relative(10 * 2 * 3e-12)
    assert list(bill.records) == ["mine.adc"]


def test_an_own_record_may_not_shadow_the_library():
    record = {"id": ADC, "value": 1.0, "unit": "J/conversion", "source": "ours", "evidence": "measured"}
    record |= {"read_in": "primary", "uncertainty": {"kind": "exact"}}
    with pytest.raises(RecordError, match=r"toy.toml.*is in the library already"):
        toy(record=[record], sources={"ours": {"citation": "Measured in our own laboratory"}})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"event": "adc.conversion", "terms": [{"records": ["digital.puma2019.add"]}]},
            "cannot be read as J/conversion",
        ),
        ({"event": "digital.add", "terms": [{"records": [ADC]}]}, "digital.add.*cannot be read as J/op"),
        ({"event": "pulse.up", "terms": [{"records": ["constants.temperature"]}]}, "cannot be read as J/pulse"),
        ({"event": "adc.conversion", "terms": [{"records": ["adc.nobody.energy"]}]}, "adc.nobody.energy.*not one of"),
        ({"event": "adc.convert", "terms": [{"records": [ADC]}]}, "did you mean 'adc.conversion'"),
        ({"event": "adc.snr_sum", "terms": [{"records": [ADC]}]}, "not to be priced.*adc.snr_sum"),
        ({"event": "adc.conversion"}, "exactly one of"),
        ({"event": "adc.conversion", "refused": True, "terms": [{"records": [ADC]}]}, "exactly one of"),
        ({"event": "adc.conversion", "terms": [{"records": [ADC], "times": 0}]}, "times = 0"),
        ({"event": "adc.conversion", "table": [{"at": 8, "record": ADC}]}, "parameter and table go together"),
        ({"event": "adc.conversion", "parameter": "enob", "table": [{"at": 8, "record": ADC}]}, "at least two points"),
        ({"event": "adc.conversion", "included_in": ["adc.conversion"]}, "included_in"),
        ({"event": "adc.conversion", "joules": True}, "not in joules"),
        ({"event": "adc.conversion", "joule": True}, "joule"),
    ],
)
def test_malformed_prices_are_refused(entry, message):
    with pytest.raises(RevpathError, match=rf"(?s)toy.toml.*{message}"):
        toy(entry)


def test_the_same_event_priced_twice_is_refused():
    entry = {"event": "adc.conversion", "terms": [{"records": [ADC]}]}
    with pytest.raises(PriceError, match=r"priced twice.*adc.conversion"):
        toy(entry, entry)


def test_a_missing_field_is_named():
    with pytest.raises(PriceError, match=r"toy.toml.*node_nm"):
        read_chip({k: v for k, v in HEAD.items() if k != "node_nm"}, "toy.toml")


def test_a_price_that_could_be_negative_is_refused():
    record = {"id": "mine.add", "value": 1.0, "unit": "J/op", "source": "ours", "evidence": "measured"}
    record |= {"read_in": "primary", "uncertainty": {"kind": "normal", "sigma": 0.5}}
    with pytest.raises(PriceError, match=r"mine.add.*must stay positive"):
        toy(
            {"event": "digital.add", "terms": [{"records": ["mine.add"]}]},
            record=[record],
            sources={"ours": {"citation": "Measured in our own laboratory"}},
        )


READ_256 = {  # one read of a 256 x 256 array, 8-bit converters, 10 fJ a cell, 100 ns
    "array.read": 1,
    "array.read_energy_J": 256 * 256 * 10e-15,
    "array.busy_s": 100e-9,
    "line.drive": 256,
    "dac.conversion{bits=8}": 256,
    "adc.conversion{enob=8.0}": 256,
}


def test_hermes_chip_spends_what_the_measured_chip_does():
    # 63.1 TOPS at 9.76 TOPS/W from 64 cores of 2 x 256 x 256 operations: 6.47 W, 133 ns, 13.4 nJ a core (energy.md V1)
    seconds = 64 * 2 * 256 * 256 / 63.1e12
    watts = 63.1 / 9.76
    assert price(READ_256, load_chip("pcm-14nm-hermes")).joules == relative(watts / 64 * seconds, rel=1e-3)
    assert watts / 64 * seconds == relative(13.4e-9, rel=0.01)


def test_component_prices_are_about_ten_times_below_measured_silicon_as_the_chip_file_says():
    ratio = price(READ_256, load_chip("pcm-14nm-hermes")).joules / price(READ_256, load_chip("reram-32nm")).joules
    assert 5 < ratio < 20


def test_dac_table_grows_by_the_stated_factor_a_bit():
    chip = load_chip("reram-32nm")
    each = [price({f"dac.conversion{{bits={b}}}": 1}, chip).joules for b in (4, 5)]
    assert each[1] / each[0] == relative((get("dac.chen2018.8b").value / get("dac.puma2019.1b").value) ** (1 / 7))
    assert each[1] / each[0] == pytest.approx(1.85, abs=0.005)


def test_a_shipped_chip_is_parsed_once():
    assert load_chip("reram-32nm") is load_chip("reram-32nm")


def test_extending_keeps_what_is_not_given_anew():
    base, chip = load_chip("reram-32nm"), load_chip("panther-32nm")
    assert chip.prices["digital.multiply"] == base.prices["digital.multiply"]
    assert chip.prices["update.slot"] != base.prices["update.slot"]
    assert chip.name == "panther-32nm"
    with pytest.raises(UnknownName, match=r"extends = 'nobody'"):
        read_chip({"extends": "nobody", "name": "toy", "title": "A chip"}, "toy.toml")


def test_a_price_may_name_a_component_and_its_drivers():
    adder = {"component": "digital.adder", "word_bits": 32, "node_nm": 40, "supply_V": 0.9}
    chip = toy({"event": "digital.add", "terms": [{**adder, "times": 2}]})
    bill = price({"digital.add": 3}, chip)
    assert bill.joules == relative(3 * 2 * get("digital.aladdin2014.add").value)
    assert [id.split(".")[:3] for id in bill.records] == [["model", "digital", "adder"]]
    with pytest.raises(PriceError, match=r"toy.toml.*digital.add.*node_nm = 400.*7 to 130"):
        toy({"event": "digital.add", "terms": [{**adder, "node_nm": 400}]})


def test_estimates_of_one_model_err_together():
    two = [{"component": "adc.survey", "enob": b, "rate_Hz": 1e8, "node_nm": 32} for b in (6, 8)]
    chip = toy({"event": "adc.conversion", "terms": two})
    keys = {chip.draw_key(id) for id in chip.prices["adc.conversion"].record_ids()}
    assert len(keys) == 1


def test_the_thermal_limit_is_its_own_floor():
    chip = load_chip("thermal-limit")
    events = {"adc.conversion{enob=6.37}": 5, "digital.add": 4, "sram.byte_read": 2, "random.bit": 9}
    eta = {floor.component: floor.eta for floor in price(events, chip).bounds}
    assert eta == relative({"adc": 1, "digital.add": 16, "sram": 1, "random bits": 1})


def test_the_projected_chip_is_below_the_component_chip_and_above_the_limit():
    each = [price(READ_256, load_chip(name)).joules for name in ("thermal-limit", "projected-14nm", "reram-32nm")]
    assert each[0] < each[1] < each[2]


def test_panther_updates_a_slice_for_its_own_constant():
    # 4.44 mW for 20 ns: 5.4 fJ for each weight and bit of the inputs, whatever the pulses; its digital rival: 3.27 times
    bill = price({"update.slot": 1, "line.pulse": 256, "pulse.up": 128 * 128}, load_chip("panther-32nm"))
    assert bill.joules / 128**2 == relative(5.42e-15, rel=0.01)
    assert get("claim.panther2019.digital_update").value == relative(3.27 * bill.joules, rel=1e-4)
    assert bill.attributed("writes").nominal == bill.joules
