"""A sweep's runs are billed by the rule of the comparison: their digital work takes time and leaks."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from helpers.statistics import relative

from revpath.energy_models import load_chip, price
from revpath.energy_models.prices.schedule import completed
from revpath.simulator.events import Events
from revpath.studies.baselines.cheapest import cheapest_transformer
from revpath.studies.baselines.transformer import load_baseline
from revpath.studies.sweeps.pricing import price_study

EVENTS = Events({"digital.add": 16_000, "adc.conversion{enob=8.0}": 10}, {"array.busy_s": 1e-6})


def stored(*events, rival=None):
    """A study, of a task with or without a rival, and a store of so many runs without pulses, one of them of each events."""
    ids = [f"run{n}" for n in range(len(events))]
    planned = [SimpleNamespace(id=id, point={}, replicate=0, config=SimpleNamespace(pulses=dict)) for id in ids]
    records = [
        {"id": id, "events": e.to_json(), "values": {"q": n}} for n, (id, e) in enumerate(zip(ids, events, strict=True))
    ]
    study: Any = SimpleNamespace(runs=lambda: planned, kind=SimpleNamespace(rival=rival))
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


def test_a_rival_stands_beside_each_run_that_it_came_as_far_as():
    rivals = [SimpleNamespace(joules=3.0, at_most=False), SimpleNamespace(joules=1.0, at_most=True), None]
    frame = price_study(*stored(EVENTS, EVENTS, EVENTS, rival=lambda values: rivals[values["q"]]), n_draws=100)
    ratio, joules = frame["ratio"].to_numpy(float), frame["joules"].to_numpy(float)
    assert list((ratio * joules)[:2]) == relative([3.0, 1.0], 1e-12)
    assert np.isnan(ratio).tolist() == [False, False, True]
    assert list(frame["bound"]) == ["", "at most", ""]


def test_the_cheapest_transformer_is_the_first_checkpoint_of_any_shape_that_comes_there():
    curves = [curve.points for curve in load_baseline().curves]
    best = min(point.validation_bits for points in curves for point in points)
    at = cheapest_transformer(3.0)
    assert at is not None
    passed = [next(point for point in points if point.validation_bits <= 3.0) for points in curves]
    assert at.tokens in {point.tokens for point in passed}
    dearer = cheapest_transformer(best)
    assert dearer is not None
    assert dearer.joules > at.joules
    assert cheapest_transformer(best - 0.01) is None
    easy = cheapest_transformer(6.0)
    assert easy is not None
    assert easy.at_most
