"""Parts that users missed: comparators, converters of few bits, time converters, buffers, lines, clock, leakage, dividers."""

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.energy_models import PriceError, component, get
from revpath.energy_models.components.scaling import energy_factor


def test_a_flash_converter_is_its_comparators_by_hand():
    flash = component("adc.flash")
    one = flash.estimate(bits=1, node_nm=65, supply_V=1.2)
    assert one.value == relative(get("comparator.satapathy2023").to("J/conversion"))
    for bits in (2, 3, 4):
        assert flash.estimate(bits=bits, node_nm=65, supply_V=1.2).value == relative((2**bits - 1) * one.value)
    small = flash.estimate(bits=3, node_nm=14, supply_V=0.8).value
    assert small == relative(7 * one.value * energy_factor(14, 0.8, 65, 1.2))
    assert str(flash.estimate(bits=3, node_nm=14, supply_V=0.8).record().evidence) == "assumed"
    with pytest.raises(PriceError, match="driver bits = 8"):
        flash.estimate(bits=8, node_nm=65, supply_V=1.2)


@pytest.mark.parametrize(
    ("name", "id", "unit"),
    [
        ("comparator.charging", "comparator.timely2020", "J/conversion"),
        ("adc.time_to_digital", "adc.timely2020.tdc_8b", "J/conversion"),
        ("dac.digital_to_time", "dac.timely2020.dtc_8b", "J/conversion"),
        ("buffer.input_line", "buffer.timely2020.input_line", "J/op"),
        ("buffer.output_line", "buffer.timely2020.output_line", "J/op"),
    ],
)
def test_published_parts_are_their_records(name, id, unit):
    assert component(name).estimate().value == relative(get(id).to(unit))


def test_lines_clock_leakage_and_dividers_by_hand():
    wire = get("wire.kogge2008.capacitance").to("F/m")
    sram = component("line.sram").estimate(cells=256, volts=0.8, pitch_m=5e-7)
    assert sram.value == relative(256 * (get("line.assumed.sram_cell").to("F/cell") + wire * 5e-7) * 0.8**2)
    clock = component("clock.tree").estimate(cells=1000, volts=0.8, pitch_m=1e-5)
    assert clock.value == relative(1000 * (get("register.assumed.clock_pin").to("F/cell") + wire * 1e-5) * 0.8**2)
    assert component("static.leakage").estimate(mm2=2.5).value == relative(
        2.5 * get("static.assumed.leakage").to("W/mm^2")
    )
    assert component("divider.resistive").estimate(volts=0.9, siemens=1e-4, seconds=1e-8).value == relative(0.81e-12)


def test_a_distributed_line_settles_as_a_ladder_of_many_sections_does():
    """4 R C / pi^2 is the slowest mode of a line driven at one end: a ladder of 400 sections, by its eigenvalues."""
    sections, ohm, farad = 400, 50.0, 2e-13
    between, each = sections / ohm, farad / sections
    laplacian = np.diag(np.full(sections, 2 * between)) - between * (np.eye(sections, k=1) + np.eye(sections, k=-1))
    laplacian[-1, -1] = between  # open at the far end
    slowest = 1 / np.linalg.eigvalsh(laplacian / each).min()
    assert slowest == relative(4 * ohm * farad / np.pi**2, rel=0.01)
