"""Slips of a prefix are refused, wherever a number comes from; what the libraries hold is not."""

import pytest

from revpath.devices import Device, RecordError, RevpathError, device_names, load_device
from revpath.devices.base.plausible import CELL_CONDUCTANCE, RANGES, plausible_range, refuse_absurd
from revpath.devices.base.record import Record, Source, read_record
from revpath.devices.laws import Window
from revpath.devices.laws.sections import Endurance, Pulse
from revpath.simulator import ArrayConfig, ArrayError

SOURCE = {"mine": Source(key="mine", citation="Made up for this test")}
ENTRY = {
    "id": "my.number",
    "uncertainty": {"kind": "lognormal", "sigma_ln": 0.3},
    "evidence": "assumed",
    "source": "mine",
    "read_in": "primary",
}


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (1.0, "PJ/op"), (1.5, "MJ/conversion"), (2.0, "kJ/pulse"), (3.0, "GJ/flop"), (10.0, "J/bit_moved"), (5.0, "kJ/byte_moved"),
        (1.0, "EW"), (1.0, "MV"), (8.0, "kF"), (1.0, "Ym"), (1.0, "km^2"), (1e-30, "s"), (1.0, "Ys"), (1e9, "K"),
        (1e-40, "J/op"), (1e300, "dimensionless"), (1e-310, "V"), (1e305, "S"),
    ],
)  # fmt: skip
def test_records_with_a_slip_are_refused(value, unit):
    with pytest.raises(RecordError, match="is not plausible: .* has .* to "):
        read_record({**ENTRY, "value": value, "unit": unit}, SOURCE, "file.toml")


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (1.0, "pJ/op"),
        (1.0, "fJ/byte_moved"),
        (1e-6, "J/sample"),
        (100, "GWh"),
        (27, "MW"),
        (3, "fW"),
        (1e9, "hour"),
        (1e12, "token"),
    ],
)
def test_numbers_of_real_things_are_read(value, unit):
    record = read_record({**ENTRY, "value": value, "unit": unit}, SOURCE, "file.toml")
    assert isinstance(record, Record)


def test_an_interval_must_be_plausible_too():
    entry = {**ENTRY, "value": 0.5, "unit": "J/op", "uncertainty": {"kind": "uniform", "low": 0.1, "high": 1e6}}
    with pytest.raises(RecordError, match="uncertainty.high = 1e\\+06 J/op is not plausible"):
        read_record(entry, SOURCE, "file.toml")


@pytest.mark.parametrize(
    "sections",
    [
        {"window": Window(g_min=9, g_max=88.2)},
        {"window": Window(g_min=0, g_max=1e6)},
        {"window": Window(g_min=0, g_max=88.2e-3)},
        {"window": Window(g_min=1e-30, g_max=1e-6)},
        {"pulse": Pulse(voltage=2e3)},
        {"pulse": Pulse(duration=1e9)},
        {"pulse": Pulse(energy_up=600)},
        {"endurance": Endurance(cycles=1e30)},
    ],
)
def test_cells_that_do_not_exist_are_refused(sections):
    (name,) = sections
    with pytest.raises(ValueError, match=rf"{name}\.\w+ = .* is not plausible"):
        Device(**{"name": "cell", "title": "cell", "window": Window(g_min=0, g_max=1e-5), **sections})


def test_a_sweep_does_not_leave_what_exists():
    with pytest.raises(RevpathError, match=r"window.g_max = 88 S is not plausible"):
        load_device("reram-sb-gong2018").replaced(window__g_max=88.0)


def test_zero_and_either_sign():
    refuse_absurd(0.0, "J/op", "x")
    refuse_absurd(-1e-12, "J/op", "x")
    refuse_absurd(5.0, "uS", "x", CELL_CONDUCTANCE)
    with pytest.raises(RecordError, match="x = -5 J/op is not plausible"):
        refuse_absurd(-5.0, "J/op", "x")
    for value in (float("nan"), float("inf")):
        with pytest.raises(RecordError, match="is not plausible"):
            refuse_absurd(value, "J/op", "x")


@pytest.mark.parametrize("unit", RANGES)
def test_ranges_are_in_order_and_in_their_own_unit(unit):
    known = RANGES[unit]
    assert 0 < known.low < 1 <= known.high or unit == "op/J"
    assert known.unit == unit
    assert plausible_range(unit) is known


def test_the_range_goes_by_the_dimension():
    assert plausible_range("MWh") is RANGES["J"]
    assert plausible_range("pJ/byte_moved") is RANGES["J/bit_moved"]
    assert plausible_range("mA/V").high == 1e60


@pytest.mark.parametrize("name", device_names())
def test_every_device_of_the_library_exists(name):
    assert load_device(name).numbers


@pytest.mark.parametrize(
    "options",
    [{"read_voltage": 1e-310}, {"read_voltage": 2e5}, {"read_time": 1e-30}, {"read_time": 1e9}, {"read_voltage": True}],
)
def test_reads_that_no_circuit_does_are_refused(options):
    """1e-310 V gave infinite outputs once."""
    with pytest.raises(ArrayError, match=r"read_\w+ = .* (is not plausible|must be a positive)"):
        ArrayConfig(**options)
