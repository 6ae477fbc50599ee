"""A sweep's runs are billed by the rule of the comparison: their digital work takes time and leaks."""

from types import SimpleNamespace
from typing import Any

from helpers.statistics import relative

from revpath.energy_models import load_chip, price
from revpath.energy_models.prices.schedule import completed
from revpath.simulator.events import Events
from revpath.studies.sweeps.pricing import price_study

EVENTS = Events({"digital.add": 16_000, "adc.conversion{enob=8.0}": 10}, {"array.busy_s": 1e-6})


def stored(*events):
    """A study and a store of so many runs without pulses, one of them of each events."""
    ids = [f"run{n}" for n in range(len(events))]
    planned = [SimpleNamespace(id=id, point={}, replicate=0, config=SimpleNamespace(pulses=dict)) for id in ids]
    records = [{"id": id, "events": e.to_json(), "values": {}} for id, e in zip(ids, events, strict=True)]
    study: Any = SimpleNamespace(runs=lambda: planned)
    store: Any = SimpleNamespace(refresh=lambda: None, records=lambda _: records)
    return study, store


def test_a_run_costs_what_its_completed_events_cost():
    frame = price_study(*stored(EVENTS, EVENTS * 2), n_draws=100)
    chip = load_chip("reram-32nm")
    joules = price(completed(EVENTS, chip), chip).joules
    assert list(frame["joules"]) == relative([joules, 2 * joules])
    assert joules > price(EVENTS, chip).joules
    assert list(frame["unpriced"]) == ["", ""]


def test_a_chip_without_lanes_says_why_and_prices_the_others():
    alone = Events({"adc.conversion{enob=8.0}": 10}, {})
    frame = price_study(*stored(EVENTS, alone), chip="hermes-64-14nm", n_draws=100)
    assert "has no [digital] part" in frame["unpriced"][0]
    assert frame["joules"].isna()[0]
    assert frame["unpriced"][1] == ""
    assert frame["joules"][1] > 0
