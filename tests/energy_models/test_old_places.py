"""Names that moved to other files of the room are still found where they were."""

import importlib

import pytest


@pytest.mark.parametrize(
    ("old", "name", "new"),
    [
        ("prices.floors", "adc_floor", "physics"),
        ("prices.floors", "thermal_energy", "physics"),
        ("prices.floors", "check_floor", "prices.floor_checks"),
        ("prices.workload", "performance", "prices.performance"),
        ("prices.workload", "estimated", "components.model"),
        ("gpu.nvml", "NoGpu", "gpu.boards"),
    ],
)
def test_a_name_is_found_where_it_was(old, name, new):
    where, place = (importlib.import_module(f"revpath.energy_models.{module}") for module in (old, new))
    assert getattr(where, name) is getattr(place, name)
