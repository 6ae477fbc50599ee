"""Chip files whose tables are something else, whose numbers nothing has, or whose counts no float holds: a clear error."""

import copy

import pytest
from helpers.statistics import relative

from revpath.devices.base.errors import RevpathError
from revpath.energy_models import PriceError, load_chip, price
from revpath.energy_models.prices.chip import read_chip
from revpath.energy_models.prices.vocabulary import MOST

WRONG = [3, -1.5, True, "text", "", [], [3], ["text"], [[]], {}, {"a": 1}, [{"a": [1]}], None, 10**400, "\x1b[31m"]

RIGHT = {
    "name": "toy",
    "title": "A chip for tests",
    "kind": "analog",
    "node_nm": 32,
    "temperature": "constants.temperature",
    "node_overhead": "node.h100.power_over_gpu",
    "pue": "pue.google2021",
    "sources": {"ours": {"citation": "Measured in our own laboratory"}},
    "record": [
        {
            "id": "my.add",
            "value": 1.0,
            "unit": "pJ/op",
            "uncertainty": {"kind": "lognormal", "sigma_ln": 0.3},
            "evidence": "assumed",
            "source": "ours",
            "read_in": "primary",
        }
    ],
    "price": [
        {"event": "digital.add", "why": "A price of a test, well explained.", "terms": [{"records": ["my.add"], "times": 2}]},
        {
            "event": "adc.conversion",
            "why": "A price of a test, well explained.",
            "parameter": "enob",
            "table": [
                {"at": 4.0, "component": "adc.survey", "enob": 4, "rate_Hz": 1e8, "node_nm": 32},
                {"at": 8.0, "component": "adc.survey", "enob": 8, "rate_Hz": 1e8, "node_nm": 32},
            ],
        },
    ],
    "workload": [
        {"name": "mvm", "why": "A workload of a test, made up.", "ops": 10.0, "events": {"digital.add": 3}},
    ],
    "part": [{"component": "adc.survey", "drivers": {"enob": 4, "rate_Hz": 1e8, "node_nm": 32}, "count": 2}],
}  # fmt: skip


def places(content, path=()):
    """Every place in a file, from the top down."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(path, value):
    content = copy.deepcopy(RIGHT)
    inside = content
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return content


def test_the_file_that_is_spoilt_is_right():
    chip = read_chip(copy.deepcopy(RIGHT), "toy.toml")
    assert price({"digital.add": 3}, chip).joules == relative(6e-12)


@pytest.mark.parametrize("path", list(places(RIGHT)), ids=str)
def test_a_file_with_something_else_at_any_place_is_read_or_refused(path):
    """A wrong value is a RevpathError that names the file; a right one (a title of another text) is a chip that prices."""
    for value in WRONG:
        content = changed(path, value)
        refusal, chip = outcome(lambda content=content: read_chip(content, "toy.toml"))
        if chip is None:
            assert refusal.startswith("toy.toml")
            assert "\x1b" not in refusal
        for workload in () if chip is None else chip.workloads:
            refusal, bill = outcome(lambda chip=chip, workload=workload: price(workload.events, chip))
            assert "no price" in refusal if bill is None else bill.joules > 0


def outcome(call):
    """The message of a refusal and None, or nothing and what came of the call."""
    try:
        return "", call()
    except RevpathError as error:
        return str(error), None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("price",), 3, r"toy.toml: price = 3 must be a list of tables, \[\[price\]\]"),
        (("price", 0), "x", "price number 1 = 'x' must be a table"),
        (("price", 0, "terms"), "x", r"price of 'digital.add': terms = 'x' must be a list"),
        (("workload", 0, "events"), [1], r"workload 'mvm': events = \[1\] must be a table"),
        (("pue",), ["a"], "pue = .* must be the id of a record"),
        (("price", 1, "table", 0, "enob"), "x", "driver enob = 'x'"),
        (
            ("workload", 0, "events", "digital.add"),
            10**400,
            "event 'digital.add': an integer of 1329 bits must be finite",
        ),
    ],
)
def test_the_message_names_the_place(path, value, message):
    with pytest.raises(RevpathError, match=message):
        read_chip(changed(path, value), "toy.toml")


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (1.0, "PJ/op"),
        (1.0, "MJ/op"),
        (5.0, "J/op"),
        (1e-30, "J/op"),
        (1.0, "kW*hour/op"),
        (1e25, "eV/op"),
        (1e-9, "aJ/op"),
    ],
)
def test_absurd_prices_are_refused(value, unit):
    content = copy.deepcopy(RIGHT)
    content["record"][0] |= {"value": value, "unit": unit}
    with pytest.raises(RevpathError, match=r"my.add.*not plausible"):
        read_chip(content, "toy.toml")


def test_a_product_of_records_that_are_each_plausible_can_be_absurd():
    content = copy.deepcopy(RIGHT)
    content["record"].append({**content["record"][0], "id": "my.length", "value": 1e9, "unit": "um"})
    content["record"].append({**content["record"][0], "id": "my.wire", "value": 1.0, "unit": "mJ/op/um"})
    content["price"][0]["terms"] = [{"records": ["my.wire", "my.length"]}]
    with pytest.raises(PriceError, match="price of 'digital.add', my.wire x my.length = 1e\\+06 J/op is not plausible"):
        read_chip(content, "toy.toml")
    content["record"][2]["unit"] = "fJ/op/um"
    assert price({"digital.add": 1}, read_chip(content, "toy.toml")).joules == relative(1e-6)


@pytest.mark.parametrize("amount", [10**400, 10**309, 1.7e308, MOST * 1.01])
def test_counts_that_no_bill_can_hold_are_refused(amount):
    with pytest.raises(PriceError, match=r"event 'digital.add': .* must be finite and not negative, at most 1e\+290"):
        price({"digital.add": amount}, load_chip("reram-32nm"))


def test_the_largest_count_makes_a_finite_bill():
    bill = price({"digital.add": MOST, "array.busy_s": MOST, "digital.exp": int(MOST)}, load_chip("reram-32nm"))
    assert 0 < bill.up_to("facility").high < float("inf")
