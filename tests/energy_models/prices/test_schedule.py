"""What a digital part adds to the events of its operations, by hand, and that no chip is left without one."""

from typing import Any

import pytest
from helpers.statistics import relative

from revpath.devices.base.errors import UnknownName
from revpath.energy_models import PriceError, chip_names, get, load_chip, price
from revpath.energy_models.prices.chip import read_chip
from revpath.energy_models.prices.schedule import REUSES, SCHEDULES, Schedule, completed, schedule, scheduled, seconds
from revpath.energy_models.prices.vocabulary import DIGITAL_OPERATIONS

RERAM = load_chip("reram-32nm")
assert RERAM.digital is not None
PART = RERAM.digital.model_dump()
WORK = {
    "digital.add": 320,
    "digital.softplus": 160,
    "adc.conversion{enob=9.5}": 10,
    "dac.conversion{bits=8}": 7,
    "line.drive": 7,
    "array.busy_s": 1e-6,
    "sram.byte_read{kept=65536}": 5,
}


def test_the_digital_part_by_hand():
    # a softplus is a look-up, a multiply and an add; 16 lanes of 16 bits at 1 ns
    steps = 320 + 3 * 160
    powered = 1e-6 + steps / 16 * 1e-9
    found = completed(WORK, RERAM)
    assert {full: found[full] for full in found if full not in WORK} == relative(
        {
            "digital.cycle": steps / 16,
            "digital.lane_s": 16 * powered,
            "digital.powered_s{kept=65536}": powered,
            "register.bit": 16 * steps,
            "bus.byte": 10 * 2 + 7,
        }
    )
    assert {full: found[full] for full in WORK} == WORK
    assert seconds(found) == relative(powered)


def test_leakage_is_paid_for_all_the_time_by_hand():
    bill = price(completed(WORK, RERAM), RERAM)
    powered = 1e-6 + 50e-9
    memory = [record for id, record in bill.records.items() if id.startswith("model.static.sram.bytes_65536")]
    shared = get("static.puma2019.instruction_memory").value + get("static.puma2019.control").value
    lane = get("static.puma2019.alu").value + get("static.puma2019.function_table").value
    assert bill.nominal("static digital") == relative(powered * (16 * lane + shared + memory[0].value))
    assert bill.nominal("bus") == relative(27 * get("bus.isaac2016").value)
    assert bill.nominal("registers") == relative(16 * 800 * get("register.aladdin2014.bit").value)


def test_nothing_leaks_twice():
    # the leakage of the function table and of row drivers was inside their energies and in the busy time as well
    table = get("digital.puma2019.function_table")
    assert table.value == relative((0.26e-3 - 0.026e-3) * 1e-9)
    used = {id for term in RERAM.prices["array.busy_s"].terms for id in term.records}
    assert "static.puma2019.row_driver" not in used
    leaks = [RERAM.prices[event] for event in ("digital.lane_s", "digital.powered_s", "array.busy_s")]
    once = [id for entry in leaks for term in entry.terms for id in term.records]
    assert len(once) == len(set(once))


TRAINING = [n for n in chip_names() if "digital.softplus" in load_chip(n).prices]


@pytest.mark.parametrize("name", TRAINING)
def test_every_chip_that_can_compute_completes_and_prices(name):
    chip = load_chip(name)
    work = {full: amount for full, amount in WORK.items() if full.partition("{")[0] in chip.prices}
    work |= {"matmul.flop": 1e3} if chip.kind == "digital" else {}
    work |= {"gpu.busy_s": 1e-6} if "gpu.busy_s" in chip.prices and chip.digital is None else {}
    bill = price(completed(work, chip), chip)
    assert bill.joules > 0
    assert (chip.digital is None) == (chip.kind == "digital" and name.startswith("h100"))
    if chip.digital is None:
        assert bill.joules == price(work, chip).joules
    elif name != "thermal-limit":  # there nothing leaks
        assert bill.nominal("static digital") > 0


def test_a_gpu_adds_nothing():
    work = {"matmul.flop": 10.0, "digital.add": 3.0}
    assert completed(work, load_chip("h100-run")) == work


def test_lanes_that_do_matrix_products_read_a_weight_once_a_tile():
    content: dict[str, Any] = {"name": "twin", "title": "A digital chip", "extends": "reram-32nm", "kind": "digital"}
    content["digital"] = {**PART, "matmul": True}
    chip = read_chip(content, "twin.toml")
    for chosen in SCHEDULES.values():
        found = completed({"matmul.flop": 64, "sram.byte_read{kept=4096}": 1}, chip, chosen)
        assert found["sram.byte_read{kept=4096}"] == relative(1 + 32 * 2 / chosen.rows)
        assert (found["digital.multiply"], found["digital.add"]) == (32, 32)
        assert "matmul.flop" not in found


def test_digital_work_on_a_chip_without_a_digital_part_is_refused():
    chip = RERAM.model_copy(update={"digital": None})
    with pytest.raises(
        PriceError, match=r"'reram-32nm' has no \[digital\] part, so its digital work would take no time"
    ):
        completed({"digital.add": 1}, chip)
    assert completed({"adc.conversion{enob=8}": 1}, chip) == {"adc.conversion{enob=8}": 1}


def test_what_a_schedule_moves_by_hand():
    work = {f"sram.byte_read{{kept=2048,reuse={reuse}}}": 64 for reuse in REUSES} | {
        "sram.byte_read{kept=2048}": 1,
        "digital.add": 2,
    }
    for name, shared in (("naive", 4 * 64), ("register-tile", 8 + 8 + 64), ("column-registers", 64)):
        assert scheduled(work, name) == {"sram.byte_read{kept=2048}": 1 + shared, "digital.add": 2}
    assert scheduled({"sram.byte_read{reuse=rows}": 64}, Schedule("mine", 16, 1, False)) == {"sram.byte_read": 4}
    with pytest.raises(PriceError, match="reuse = 'luck' must be one of rows, units, column, fused"):
        scheduled({"sram.byte_read{reuse=luck}": 1}, "naive")
    with pytest.raises(PriceError, match="rows = 0 must be a positive integer"):
        Schedule("none", 0, 1, True)


def test_every_bill_names_its_schedule():
    work = {"digital.add": 16, "sram.byte_read{kept=2048,reuse=rows}": 64}
    for name in SCHEDULES:
        for events, chip in ((work, "reram-32nm"), ({"matmul.flop": 8}, "h100-run")):
            bill = price(completed(events, chip, name), chip)
            assert repr(bill).endswith(f"shaky records, {name})")
            assert bill.schedule == str(SCHEDULES[name])
    as_counted = price(work, RERAM)
    assert repr(as_counted).endswith("shaky records, no schedule)")
    assert as_counted.nominal("sram") == price(completed(work, RERAM, "naive"), RERAM).nominal("sram")
    assert as_counted.nominal("sram") == relative(
        8 * price(completed(work, RERAM, "register-tile"), RERAM).nominal("sram")
    )


def test_schedules_have_names():
    assert schedule("register-tile") is SCHEDULES["register-tile"]
    with pytest.raises(UnknownName, match="schedule = 'tile'"):
        schedule("tile")


@pytest.mark.parametrize(
    ("digital", "message"),
    [
        ({"lanes": 0}, "lanes"),
        ({"word_bits": 65}, "word_bits"),
        ({"cycle": "digital.puma2019.add"}, "s"),
        ({"why": "x"}, "why"),
    ],
)
def test_a_digital_part_out_of_range_is_refused(digital, message):
    content: dict[str, Any] = {"name": "toy", "title": "A chip", "extends": "reram-32nm"}
    content["digital"] = {**PART, **digital}
    with pytest.raises(Exception, match=message) as caught:
        read_chip(content, "toy.toml")
    assert "toy.toml" in str(caught.value)


def test_every_operation_is_one_of_the_vocabulary():
    assert set(DIGITAL_OPERATIONS) <= set(RERAM.prices)
