"""Numbers that an audit of the library found wrong, each held to what is right."""

import pytest
from helpers.statistics import relative

from revpath.devices import load_device
from revpath.devices.base.record import Evidence
from revpath.energy_models import get, load_chip
from revpath.energy_models.records import library


def test_a_write_of_neurrams_cell_takes_its_own_conductance():
    # V^2 G t at the file's own 40 uS, not at the 4 uS of a cell file
    pulse, window = load_device("reram-wan2022").pulse, load_device("reram-wan2022").window
    for energy in (pulse.energy_up, pulse.energy_down):
        assert energy == relative(pulse.voltage**2 * window.g_max * pulse.duration)


def test_neurrams_cells_are_those_of_the_device_of_that_chip():
    window = load_device("reram-wan2022").window
    for work in load_chip("neurram-130nm").workloads:
        cells, volts, activity, read_s = 65536, 0.5, 0.5, 2e-9
        pulses = work.events["array.read_energy_J"] / (cells * volts**2 * activity * read_s)
        mean = (window.g_min + window.g_max) / 2
        assert pulses / mean == relative(round(pulses / mean))


def test_llama_has_one_number_of_parameters():
    stated = get("run.llama31_405b.parameters").value
    assert get("gpu.run.llama31_405b").conditions["parameters"] == stated
    assert get("cost_law.llama31.tokens_per_parameter").value == relative(15.6e12 / stated, rel=1e-3)


@pytest.mark.parametrize("name", ["ecram-li-tang2018", "ecram-mo-kim2019", "reram-sb-gong2018", "reram-es-gong2018"])
def test_what_a_fit_assumed_is_not_called_measured(name):
    """Spreads of round numbers and an asymmetry of zero are aihwkit's choices, by its own comments."""
    records = {id.rpartition(".")[2]: record for id, record in load_device(name).records.items()}
    chosen = [n for n in records if n.endswith("_spread") or n == "asymmetry"]
    assert chosen
    for each in chosen:
        assert records[each].evidence is Evidence.ASSUMED, each


def test_no_leakage_is_inside_an_energy_that_is_charged_over_time_too():
    table = get("digital.puma2019.function_table")
    assert table.value * 1e9 + get("static.puma2019.function_table").value == relative(0.26e-3)


def test_the_memory_of_the_default_chip_fits_what_is_kept():
    chip = load_chip("reram-32nm")
    for event in ("sram.byte_read", "sram.byte_written"):
        points = chip.prices[event].table
        assert [point.at for point in points] == [2.0**k for k in range(10, 21)]
        for point in points:
            assert chip.records[point.record].conditions["bytes"] == point.at
            assert chip.records[point.record].conditions["node_nm"] == chip.node_nm
    assert "sram.horowitz2014.8kb" not in {id for price in chip.prices.values() for id in price.record_ids()}
    assert get("sram.horowitz2014.32kb").value == relative(2 * get("sram.horowitz2014.8kb").value)
    assert "sram.horowitz2014.32kb" in library()
