"""Events: exact, additive, immutable; what they refuse."""

import copy
import json
import math
import pickle
from fractions import Fraction

import pytest
from helpers.statistics import relative
from hypothesis import given, settings
from hypothesis import strategies as st

from revpath.simulator.events import EventError, Events, Tally, event, split_event

relaxed = settings(max_examples=50, deadline=None)  # a busy machine is no failure
NAMES = st.sampled_from(["array.read", "line.drive", "dac.conversion{bits=8}", "adc.conversion{enob=7.95}"])
INTEGRALS = st.sampled_from(["array.read_energy_J", "array.busy_s", "array.snr_sum"])
VALUES = st.one_of(st.just(0.0), st.floats(1e-14, 1e12))
RECORDS = st.builds(Events, st.dictionaries(NAMES, st.integers(0, 2**70)), st.dictionaries(INTEGRALS, VALUES))


def test_counts_and_integrals_read_back():
    done = Events({"array.read": 3, "line.drive": 0}, {"array.busy_s": 1e-7, "array.snr_sum": 0.0})
    assert dict(done) == {"array.busy_s": 1e-7, "array.read": 3}
    assert done.counts == {"array.read": 3}
    assert done.integrals == {"array.busy_s": 1e-7}
    assert len(done) == 2
    assert done["pulse.up"] == 0
    assert "array.read" in done
    assert "line.drive" not in done
    assert list(done) == ["array.busy_s", "array.read"]
    assert repr(done) == "Events(array.busy_s: 1e-07, array.read: 3)"


@relaxed
@given(a=RECORDS, b=RECORDS, c=RECORDS)
def test_addition_is_a_commutative_monoid(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Events() == a
    assert sum([a, b, c]) == a + b + c


@relaxed
@given(a=RECORDS, b=RECORDS)
def test_addition_adds(a, b):
    total = a + b
    for name in {*a, *b}:
        if name in total.counts:
            assert total[name] == a[name] + b[name]
        else:
            assert total[name] == relative(a[name] + b[name], 1e-15)


@relaxed
@given(values=st.lists(st.floats(1e-14, 1e12), min_size=2, max_size=30), seed=st.randoms())
def test_sums_of_integrals_do_not_depend_on_order(values, seed):
    """They are exact to the quantum; a float sum is not."""
    parts = [Events(integrals={"array.busy_s": v}) for v in values]
    total = sum(parts, Events())
    seed.shuffle(parts)
    assert sum(parts, Events()) == total
    exact = sum(Fraction(v) for v in values)
    assert abs(Fraction(total["array.busy_s"]) - exact) <= len(values) * Fraction(1, 2**100) + exact * Fraction(
        1, 2**52
    )


@relaxed
@given(a=RECORDS, n=st.integers(0, 5))
def test_multiplication_repeats(a, n):
    assert a * n == sum([a] * n, Events())
    assert n * a == a * n


@relaxed
@given(a=RECORDS, b=RECORDS)
def test_subtraction_undoes_addition(a, b):
    assert (a + b) - a == b
    assert a - a == Events()


def test_subtraction_refuses_what_was_not_there():
    with pytest.raises(EventError, match=r"event 'array\.read': 3 cannot be taken from 2"):
        Events({"array.read": 2}) - Events({"array.read": 3})
    with pytest.raises(EventError, match=r"line\.drive"):
        Events({"array.read": 2}) - Events({"line.drive": 1})


@relaxed
@given(a=RECORDS)
def test_round_trips(a):
    assert Events.from_json(a.to_json()) == a
    assert json.loads(a.to_json()) == json.loads(Events.from_json(a.to_json()).to_json())
    assert pickle.loads(pickle.dumps(a)) == a
    assert copy.deepcopy(a) == a
    assert hash(copy.copy(a)) == hash(a)


@relaxed
@given(a=RECORDS, b=RECORDS)
def test_equality_is_exact(a, b):
    assert (a == b) == (a.to_json() == b.to_json())
    assert a + Events({"line.drive": 1}) != a
    assert a != "events"


def test_immutable():
    done = Events({"array.read": 3}, {"array.busy_s": 1.0})
    for attempt in (
        lambda: done.counts.__setitem__("array.read", 4),
        lambda: done.integrals.__setitem__("array.busy_s", 4.0),
        lambda: done.__setitem__("array.read", 4),
        lambda: setattr(done, "extra", 1),
    ):
        with pytest.raises((TypeError, AttributeError)):
            attempt()
    more = done
    more += Events({"array.read": 1})
    assert done["array.read"] == 3
    assert more["array.read"] == 4


def test_what_was_given_can_change_afterwards():
    counts = {"array.read": 1}
    done = Events(counts)
    counts["array.read"] = 5
    assert done["array.read"] == 1


@pytest.mark.parametrize("count", [-1, 1.0, "1", None, True, math.nan])
def test_counts_are_non_negative_integers(count):
    with pytest.raises(EventError, match=r"event 'array.read': count = .* must be a non-negative integer"):
        Events({"array.read": count})


@pytest.mark.parametrize("value", [-1e-30, math.nan, math.inf, -math.inf, "much", None])
def test_integrals_are_non_negative_and_finite(value):
    with pytest.raises(EventError, match=r"event 'array.busy_s': integral = .* must be a finite"):
        Events(integrals={"array.busy_s": value})


@pytest.mark.parametrize(
    "name",
    ["", "Array.read", "array read", "array.read{", "a{b}", "a{b=}", "a{b=1,}", "a{b=1}c", "a{B=1}", "a\n", 3, None],
)
def test_names_are_validated(name):
    with pytest.raises(EventError, match="event name"):
        Events({name: 1})
    with pytest.raises(EventError, match="event name"):
        Events(integrals={name: 1.0})
    with pytest.raises(EventError, match="event name"):
        Events()[name]


def test_an_event_is_a_count_or_an_integral():
    with pytest.raises(EventError, match=r"event 'array\.read' is both"):
        Events({"array.read": 1}, {"array.read": 1.0})
    with pytest.raises(EventError, match=r"event 'array\.read' is both"):
        Events({"array.read": 1}) + Events(integrals={"array.read": 1.0})


@pytest.mark.parametrize("times", [-1, 1.5, True, "2"])
def test_repeats_are_non_negative_integers(times):
    with pytest.raises(EventError, match="times = "):
        Events({"array.read": 1}) * times


def test_only_events_add_up():
    with pytest.raises(TypeError):
        Events({"array.read": 1}) + 1
    with pytest.raises(TypeError):
        Events({"array.read": 1}) + {"array.read": 1}
    with pytest.raises(TypeError):
        Events({"array.read": 1}) - 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"counts": 3, "quanta": {}}',
        '{"counts": {"array.read": -1}, "quanta": {}}',
        '{"counts": {"array.read": 1.5}, "quanta": {}}',
        '{"counts": {}, "quanta": {"array.busy_s": "zz"}}',
        '{"counts": {}, "quanta": {"array.busy_s": "-0x1"}}',
        '{"counts": {}, "quanta": {"BAD": "0x1"}}',
        '{"counts": {}, "quanta": {"array.busy_s": 3}}',
        '{"counts": {"array.read": 1}, "quanta": {"array.read": "0x1"}}',
    ],
)
def test_json_that_is_no_record_is_refused(text):
    with pytest.raises(EventError):
        Events.from_json(text)


def test_zero_quanta_in_json_are_dropped():
    assert Events.from_json('{"counts": {"array.read": 0}, "quanta": {"array.busy_s": "0x0"}}') == Events()


def test_names_with_parameters():
    assert event("array.read") == "array.read"
    assert event("adc.conversion", enob=7.95) == "adc.conversion{enob=7.95}"
    assert event("x.y", b=2, a=1) == "x.y{a=1,b=2}"
    assert split_event("adc.conversion{enob=7.95}") == ("adc.conversion", {"enob": "7.95"})
    assert split_event("array.read") == ("array.read", {})
    done = Events({"adc.conversion{enob=7}": 1, "adc.conversion{enob=8}": 2, "adc.conversion2": 3})
    assert done.matching("adc.conversion") == {"adc.conversion{enob=7}": 1, "adc.conversion{enob=8}": 2}


def test_huge_totals_do_not_overflow():
    done = Events(integrals={"array.snr_sum": 1e300}) * 10**20
    assert done["array.snr_sum"] == math.inf
    assert done - done == Events()


@relaxed
@given(parts=st.lists(RECORDS, max_size=5))
def test_a_tally_is_a_running_sum(parts):
    tally = Tally()
    for part in parts:
        for name, n in part.counts.items():
            tally.count(name, n)
        for name, value in part.integrals.items():
            tally.integrate(name, value)
    assert tally.events.counts == sum(parts, Events()).counts
    assert tally.events == sum((Events(part.counts, part.integrals) for part in parts), Events())


def test_a_tally_hands_out_values():
    tally = Tally(Events({"array.read": 1}))
    before = tally.events
    tally.count("array.read", 2)
    assert before["array.read"] == 1
    assert tally.events["array.read"] == 3


def test_a_tally_refuses():
    tally = Tally()
    with pytest.raises(EventError, match="integral = nan"):
        tally.integrate("array.busy_s", math.nan)
    with pytest.raises(EventError, match="count = -1"):
        tally.count("array.read", -1)
    with pytest.raises(EventError, match="event name"):
        tally.count("Bad name", 1)
    assert tally.events == Events()


@pytest.mark.parametrize(
    ("value", "times"), [(-1.0, 1), (math.nan, 1), (math.inf, 1), (1.0, -1), (1.0, True), (1.0, 0.5)]
)
def test_a_tally_refuses_what_follows_a_name_that_it_knows(value, times):
    tally = Tally(Events({"array.read": 1}, {"array.busy_s": 1.0}))
    with pytest.raises(EventError, match="must be a"):
        tally.integrate("array.busy_s", value, times)
    with pytest.raises(EventError, match="must be a non-negative integer"):
        tally.count("array.read", -1 if times == 1 else times)
    assert tally.events == Events({"array.read": 1}, {"array.busy_s": 1.0})
