"""Physical limits: golden values of energy.md section 4 at 300 K, the derivations by simulation, and the refusal."""

import math

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.devices.base.record import Record
from revpath.energy_models import (
    FloorError,
    PriceError,
    adc_floor,
    check_floor,
    column_read_floor,
    converter_snr,
    landauer,
    load_chip,
    price,
    random_sign_read_floor,
    thermal_energy,
    training_floor,
    why_no_floor,
)
from revpath.energy_models.prices.vocabulary import EVENTS

RERAM = load_chip("reram-32nm")


def test_the_floor_of_training():
    # 2 N D k T at 300 K for 1.25e5 parameters and 1e6 characters: 1.0e-9 J, by hand in the project's field report
    assert training_floor(1.25e5, 1e6) == relative(2 * 1.25e5 * 1e6 * 1.380649e-23 * 300)
    assert training_floor(1.25e5, 1e6) == relative(1.0e-9, rel=0.04)
    assert training_floor(10, 10, 600) == relative(2 * training_floor(10, 10))
    # below what Landauer charges a machine that overwrites one bit in six operations a parameter and example
    assert training_floor(1e5, 1e6) < 6 * 1e5 * 1e6 * landauer()
    for bad in (0, -1, math.inf, math.nan):
        with pytest.raises(PriceError, match="parameters = "):
            training_floor(bad, 1)
        with pytest.raises(PriceError, match="examples = "):
            training_floor(1, bad)


def test_golden_values():
    assert thermal_energy() == relative(4.142e-21, rel=1e-4)
    assert landauer() == relative(2.87e-21, rel=1e-3)
    # energy.md prints two digits
    table_fJ = {4: 0.013, 6: 0.20, 8: 3.3, 10: 52, 12: 834}
    for bits, femtojoules in table_fJ.items():
        assert adc_floor(converter_snr(bits)) == relative(femtojoules * 1e-15, rel=0.03)
    assert column_read_floor(converter_snr(8)) == relative(0.81e-15, rel=0.01)
    assert column_read_floor(converter_snr(8)) / 256 == relative(3.2e-18, rel=0.01)
    assert column_read_floor(converter_snr(10)) / 256 == relative(51e-18, rel=0.01)


def test_schreier_bound_is_191_8_dB():
    # FoM = SNDR + 10 log10(bandwidth / power), bandwidth half the sample rate
    assert 10 * np.log10(1 / (2 * adc_floor(1.0))) == pytest.approx(191.8, abs=0.02)


def test_converter_snr_is_6_02_bits_plus_1_76_dB():
    assert 10 * np.log10(converter_snr(8)) == pytest.approx(6.02 * 8 + 1.76, abs=0.01)


def test_floors_scale_with_temperature_and_refuse_nonsense():
    assert adc_floor(10.0, 600) == relative(2 * adc_floor(10.0, 300))
    with pytest.raises(PriceError, match="temperature_K = 0"):
        landauer(0)


def test_a_johnson_limited_column_meets_its_floor_exactly_and_never_beats_it():
    rng = np.random.default_rng(1)
    G, t = rng.uniform(1e-6, 1e-4, 64), 1e-7
    for V in (np.full(64, 0.2), rng.uniform(0, 0.2, 64)):
        snr = (G @ V) ** 2 / (2 * thermal_energy() * G.sum() / t)
        energy = (G @ V**2) * t
        eta = energy / column_read_floor(snr)
        assert eta == relative(1) if np.ptp(V) == 0 else eta > 1


def events(snr_array, snr_adc):
    return {
        "array.read_energy_J": 1e-12,
        "array.snr_sum": snr_array,
        "adc.conversion{enob=8.0}": 1,
        "adc.snr_sum": snr_adc,
    }


def test_floors_stand_in_the_bill():
    bill = price(events(1e6, converter_snr(8)), RERAM)
    by_name = {floor.component: floor for floor in bill.floors}
    assert by_name["array read"].eta == relative(1e-12 / (2 * thermal_energy() * 1e6))
    assert by_name["adc"].eta == relative(525, rel=0.02)  # energy.md: the survey fit at 32 nm is 525x above
    assert by_name["adc"].energy_J == relative(bill.nominal("adc"))
    table = bill.to_frame("floor").set_index("component")["eta"]
    assert table.to_dict() == {name: floor.eta for name, floor in by_name.items()}


@pytest.mark.parametrize(("margin", "refused"), [(0.999, False), (1.001, True)])
def test_the_array_is_refused_exactly_at_its_floor(margin, refused):
    snr = margin * 1e-12 / (2 * thermal_energy())
    if refused:
        with pytest.raises(FloorError, match=r"array read: 1e-12 J is below the 1e-12 J.*read voltage"):
            price(events(snr, 1.0), RERAM)
    else:
        assert price(events(snr, 1.0), RERAM).floors[0].eta == relative(1 / margin)


def test_a_converter_better_than_its_price_is_refused():
    with pytest.raises(FloorError, match=r"(?s)adc: .* J is below the .* J.*chip cheaper than its simulated noise"):
        price(events(1.0, 1e9), RERAM)


def test_noise_without_energy_is_refused():
    with pytest.raises(FloorError, match="array read: 0 J"):
        price({"array.snr_sum": 1.0}, RERAM)


def test_drivers_and_pulses_switch_or_write_at_least_a_bit():
    events = {"line.drive": 5, "dac.conversion{bits=8}": 3, "line.pulse": 7, "pulse.up": 2, "pulse.down": 4}
    bill = price(events, RERAM)
    floors = {floor.component: floor.floor_J for floor in bill.bounds}
    assert floors == {
        "line drive": relative(5 * landauer()),
        "dac": relative(3 * 8 * landauer()),
        "programming lines": relative(7 * landauer()),
        "programming pulses": relative(6 * landauer()),
    }
    assert check_floor(events, bill) == bill.floors == ()


def test_every_row_of_a_bill_has_a_floor_or_says_why_not():
    parameters = {"adc.conversion": "{enob=8}", "dac.conversion": "{bits=8}", "dac.pulse": "{bits=8}"}
    for name in ("reram-32nm", "thermal-limit"):
        chip = load_chip(name)
        bill = price({f"{e}{parameters.get(e, '')}": 1e6 for e, p in chip.prices.items() if not p.refused}, chip)
        table = bill.to_frame("floor").set_index("component")
        assert set(table.index) == set(bill.components)
        without = table["eta"].isna()
        assert ((table["none_because"] != "") == without).all()
        unbounded = {"array read", "verify array", "static", "static digital", "static table", "gated arrays"}
        assert set(table.index[without]) == unbounded & set(bill.components)
        assert all(why_no_floor(c) == table["none_because"][c] for c in bill.components if without[c])
        assert all(math.isnan(bill.eta(c)) == without[c] for c in bill.components)
    # with its noise counted the array read has one
    assert price(events(1e6, 1.0), RERAM).to_frame("floor").set_index("component")["none_because"]["array read"] == ""
    assert why_no_floor("sram") == ""


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_only_integrals_and_watts_have_no_bit_to_overwrite(event):
    integrals = {"array.read_energy_J", "array.verify_energy_J", "array.busy_s", "chip.idle_s"}
    integrals |= {"array.gated_s", "digital.lane_s", "digital.powered_s", "table.powered_s", "gpu.busy_s"}
    assert (event in integrals) == (EVENTS[event].unit in ("J", "W"))
    if EVENTS[event].unit in ("J", "W"):
        assert why_no_floor(EVENTS[event].component)


def test_a_parameter_that_is_no_number_leaves_one_bit():
    hermes = load_chip("hermes-64-14nm")  # its price ignores the bits
    for bits in ("many", "inf", "nan"):
        bill = price({f"dac.conversion{{bits={bits}}}": 2}, hermes)
        assert bill.bounds[0].floor_J == relative(2 * landauer())


def test_digital_work_forgets_at_least_its_results():
    bill = price({"digital.add": 5, "sram.byte_read": 3, "sram.byte_written": 4}, RERAM)
    floors = {floor.component: floor.floor_J for floor in bill.bounds}
    assert floors == {"digital.add": relative(5 * landauer()), "sram": relative(7 * 8 * landauer())}
    assert all(floor.eta > 1e6 for floor in bill.bounds)
    assert bill.eta("sram") == bill.bounds[1].eta
    assert bill.to_frame("component").set_index("component")["eta"]["sram"] == bill.eta("sram")


def test_a_converter_without_counted_noise_answers_for_the_bits_it_claims():
    bill = price({"adc.conversion{enob=8.0}": 3}, RERAM)
    assert bill.floors == ()
    assert bill.eta("adc") == relative(525, rel=0.02)


@pytest.mark.parametrize(
    ("event", "unit", "floor"),
    [
        ("digital.add", "J/op", landauer()),
        ("sram.byte_read", "J/byte_moved", 8 * landauer()),
        ("line.drive", "J/op", landauer()),
        ("pulse.up", "J/pulse", landauer()),
        ("dac.conversion", "J/conversion", landauer()),
    ],
)
@pytest.mark.parametrize("margin", [0.99, 1.01])
def test_a_chip_below_the_thermal_floor_is_refused(event, unit, floor, margin):
    cheap = Record(
        id="mine.cheap",
        value=margin * floor,
        unit=unit,
        uncertainty={"kind": "exact"},
        evidence="measured",
        read_in="primary",
        source={"key": "ours", "citation": "Measured in our own laboratory"},
    )
    if margin > 1:
        assert price({event: 7}, RERAM, overrides={event: cheap}).bounds[0].eta == relative(margin)
    else:
        with pytest.raises(FloorError, match=r"(?s)below the thermal floor is refused.*k T ln 2"):
            price({event: 7}, RERAM, overrides={event: cheap})


def test_random_signs_cost_two_kT_snr_a_product_by_simulation():
    rng = np.random.default_rng(2)
    rows, G, V, t = 256, 1e-6, 0.1, 1e-8
    products = rng.choice([-1.0, 1.0], (20_000, rows)) * G * V
    noise = 2 * thermal_energy() * rows * G / t
    snr = products.sum(axis=1).var() / noise
    energy = rows * G * V**2 * t
    assert energy / random_sign_read_floor(float(snr), rows) == relative(1, rel=0.05)
    # energy.md section 4: 8 bits of the dot product itself cost 0.81 fJ a product
    assert random_sign_read_floor(converter_snr(8), 256) / 256 == relative(0.81e-15, rel=0.01)
    with pytest.raises(PriceError, match="rows = 0"):
        random_sign_read_floor(1.0, 0)


def test_a_measured_chip_still_answers_for_its_array():
    hermes = load_chip("pcm-14nm-hermes")
    floors = {f.component: f.eta for f in price(events(1e6, converter_snr(8)), hermes).floors}
    assert floors["array read"] == relative(1e-12 / (2 * thermal_energy() * 1e6))
    assert floors["adc"] == relative(5.246e-11 / adc_floor(converter_snr(8)))
