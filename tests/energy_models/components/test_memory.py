"""Static memories: CACTI's sweeps as they stand, the records that pin them, and both laws of scaling below 22 nm."""

import math

import pytest
from helpers.statistics import relative

from revpath.energy_models import PriceError, component, get
from revpath.energy_models.components.memory import FLAVOURS, QUANTITIES, STANDBY, interpolated, sweeps
from revpath.energy_models.components.scaling import energy_factor

HOME = {"port_bits": 64, "node_nm": 32}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_sweeps_hold_the_records_that_were_read_apart(flavour):
    record = get(f"sram.cacti7.32nm_{flavour}_64b_8kb")
    joules = interpolated("read_J", 8192, 64, 32, FLAVOURS.index(flavour))
    assert joules == relative(record.to("J/byte_moved"), rel=1e-3)


def test_every_sweep_has_every_quantity_and_grows_with_capacity():
    assert len(sweeps()) == 3 * 3 * 3
    for sweep in sweeps().values():
        assert all(len(sweep[name]) == len(sweep["bytes"]) for name in QUANTITIES)
        for name in ("leakage_W", "area_mm2"):
            assert all(a < b for a, b in zip(sweep[name], sweep[name][1:], strict=False)), name
        for name in ("read_J", "written_J"):  # not at every step: CACTI changes its layout between them
            assert all(2 * a < b for a, b in zip(sweep[name], sweep[name][6:], strict=False)), name


@pytest.mark.parametrize(
    ("kilobytes", "low", "high"),
    [(8, 0.22, 0.49), (16, 0.29, 0.80), (32, 0.38, 1.2)],  # CACTI 7 compiled and run by the auditor, 32 nm, 64 bits
)
def test_the_values_of_the_audit_at_32_nm(kilobytes, low, high):
    each = [
        1e12 * component(f"memory.sram_{way}").estimate(bytes=1024 * kilobytes, flavour=end, **HOME).value
        for way in ("read", "written")
        for end in (0, 1)
    ]
    mean = (math.prod(each)) ** (1 / len(each))
    assert low < mean < high
    assert low * 0.8 < min(each)
    assert max(each) < high * 1.2


def test_between_points_it_is_straight_in_logarithms():
    low, middle, high = (interpolated("read_J", size, 64, 32, 1.0) for size in (8192, 8192 * math.sqrt(2), 16384))
    assert middle == relative(math.sqrt(low * high))
    ends = [interpolated("read_J", 8192, 64, 32, end) for end in (0, 1)]
    assert interpolated("read_J", 8192, 64, 32, 0.5) == relative(math.sqrt(math.prod(ends)))


def test_below_22_nm_the_interval_spans_both_sources():
    read = component("memory.sram_read")
    drive = {"bytes": 8192, "port_bits": 64, "flavour": 1.0, "supply_V": 0.8}
    at_22, at_45 = (read.estimate(**drive, node_nm=node).value for node in (22, 45))
    logic = read.estimate(**drive, node_nm=7, scaling=0).value
    hardly = read.estimate(**drive, node_nm=7, scaling=1).value
    assert logic == relative(at_22 * energy_factor(7, 0.8, 22, 0.8))
    assert hardly == relative(at_45 * get("scaling.jouppi2021.sram_8kb").value)
    assert hardly / logic > 5
    guessed = read.estimate(**drive, node_nm=7)
    assert guessed.value == relative(math.sqrt(logic * hardly))
    assert "scaling" in guessed.guesses
    assert guessed.record().shaky
    # the central 90 % of what the guess adds reaches from the one to the other
    assert guessed.sigma_ln >= math.log(hardly / logic) / (2 * 1.645) * (1 - 1e-3)


def test_it_is_continuous_at_22_and_45_nm():
    read = component("memory.sram_read")
    for node in (22, 45):
        inside, outside = (read.estimate(bytes=8192, port_bits=64, node_nm=node * f).value for f in (1, 1 + 1e-6))
        assert outside == relative(inside, rel=1e-4)
        outside = read.estimate(bytes=8192, port_bits=64, node_nm=node * (1 - 1e-6)).value
        assert outside == relative(inside, rel=1e-4)


def test_leakage_and_area_of_a_memory_that_fits():
    leak = component("static.sram").estimate(bytes=8192, flavour=1, **HOME)
    assert leak.value == relative(3.038e-3, rel=1e-3)
    assert leak.area_mm2 == relative(0.01331, rel=1e-3)
    assert leak.seconds == relative(0.1846e-9, rel=1e-2)


def test_outside_the_sweeps_the_driver_is_named():
    with pytest.raises(PriceError, match="driver bytes = 512 is outside"):
        component("memory.sram_read").estimate(bytes=512, **HOME)
    with pytest.raises(PriceError, match="port_bits = 8 is outside the sweeps of CACTI, 16 to 256"):
        interpolated("read_J", 8192, 8, 32, 0)


@pytest.mark.parametrize("megabytes", [0.25, 1, 4])
def test_a_table_is_banks_of_which_one_is_accessed_and_all_leak(megabytes):
    size, place = megabytes * 2**20, {"port_bits": 256, "node_nm": 32}
    bank = min(size, 2**20)
    for name, quantity in (("memory.table_read", "read_J"), ("memory.table_written", "written_J")):
        one = component(name).estimate(bytes=size, **place)
        assert one.value == relative(interpolated(quantity, bank, 256, 32, STANDBY))
        assert one.area_mm2 == relative(interpolated("area_mm2", bank, 256, 32, STANDBY) * max(megabytes, 1))
    leak = component("static.table").estimate(bytes=size, **place).value
    assert leak == relative(interpolated("leakage_W", bank, 256, 32, STANDBY) * max(megabytes, 1))


def test_a_table_leaks_hundreds_of_times_less_and_is_dearer_to_read():
    quick = {name: interpolated(name, 2**20, 256, 32, 0.0) for name in ("leakage_W", "read_J")}
    slow = {name: interpolated(name, 2**20, 256, 32, STANDBY) for name in ("leakage_W", "read_J")}
    assert quick["leakage_W"] > 300 * slow["leakage_W"]
    assert slow["read_J"] > 2 * quick["read_J"]
