"""Component models against published figures and hand arithmetic, and the ranges beyond which they keep silent."""

import math

import pytest
from helpers.statistics import relative

from revpath.devices.base.errors import RecordError, UnitError, UnknownName
from revpath.devices.base.record import Evidence, ReadIn
from revpath.energy_models import PriceError, component, component_names, get, load_chip, performance, price
from revpath.energy_models.components.laws import LAWS
from revpath.energy_models.components.model import Component, components
from revpath.energy_models.components.scaling import area_factor, energy_factor, nodes, records_of
from revpath.energy_models.prices.services import calibration_events, refresh_events, softmax_events
from revpath.energy_models.prices.workload import Part, WorkloadStep, estimated, read_workload


def middle(model: Component) -> dict[str, float]:
    """Drivers in the middle of their ranges (of their logarithms where they span decades)."""
    return {k: math.sqrt(low * high) if low > 0 else (low + high) / 2 for k, (low, high) in model.drivers.items()}


@pytest.mark.parametrize("name", component_names())
def test_every_component_answers_inside_its_range_and_refuses_outside(name):
    model = component(name)
    inside = middle(model)
    estimate = model.estimate(**inside)
    assert estimate.value > 0
    assert estimate.area_mm2 is None or estimate.area_mm2 > 0
    assert estimate.record().to(model.unit) == relative(estimate.value)
    for driver, (low, high) in model.drivers.items():
        for outside in (high * 1.01, low - 0.01 * abs(high)):
            with pytest.raises(PriceError, match=rf"'{name}': driver {driver} = .*outside its valid range"):
                model.estimate(**{**inside, driver: outside})


def test_every_law_is_used():
    assert {c.law for c in components().values()} == set(LAWS)


@pytest.mark.parametrize(
    ("bits", "node", "picojoules"),
    [  # the project's independent evaluation of the published model at 100 MS/s, to its printed digits
        (4, 14, 0.195),
        (8, 14, 0.362),
        (12, 14, 6.1),
        (6, 32, 1.07),
        (8, 32, 1.71),
        (10, 32, 3.31),
        (8, 65, 6.5),
        (8, 130, 23.9),
        (10, 130, 46),
    ],
)
def test_the_survey_model_gives_its_published_table(bits, node, picojoules):
    joules = component("adc.survey").estimate(enob=bits, rate_Hz=1e8, node_nm=node).value
    assert joules == relative(picojoules * 1e-12, rel=0.012)


def test_the_survey_model_agrees_with_the_records_of_it():
    for node in (14, 32):
        for bits in range(4, 13):
            joules = component("adc.survey").estimate(enob=bits, rate_Hz=1e8, node_nm=node).value
            assert joules == relative(get(f"adc.andrulis2024.{node}nm_{bits}b").value, rel=5e-3)


def test_a_converter_costs_more_bits_rate_node_and_supply():
    model, base = component("adc.survey"), {"enob": 8, "rate_Hz": 1e9, "node_nm": 32}
    energy = model.estimate(**base).value
    for more in ({"enob": 9}, {"rate_Hz": 5e9}, {"node_nm": 65}, {"supply_ratio": 1.2}):
        assert model.estimate(**{**base, **more}).value > energy
    # Jia et al. (2020): 3.56 pJ at 1.2 V, 1.79 pJ at 0.85 V
    low = model.estimate(**base, supply_ratio=0.85 / 1.2).value
    assert energy / low == relative(3.56 / 1.79, rel=0.01)


def test_the_area_of_the_converter_isaac_books():
    # 1200 um^2 in ISAAC; the survey's regression is of whole published converters
    area = component("adc.survey").estimate(enob=8, rate_Hz=1.2e9, node_nm=32).area_mm2
    assert 1 < area / get("adc.isaac2016.area").to("mm^2") < 10


def test_the_neuron_gives_the_measured_chip_back():
    # NeuRRAM, 10-bit outputs and 8-bit inputs: 75.86 fJ x 256 operations an output (energy.md V4)
    estimate = component("adc.neuron").estimate(samples=7, integrations=15 + 7, comparisons=10 + 6)
    assert estimate.value == relative(75.86e-15 * 256, rel=0.02)
    assert estimate.seconds == relative(22 * 0.27e-6 + 16 * 0.3e-6 + 0.3e-6)
    assert estimate.area_mm2 == relative(1100e-6)


def test_an_oscillator_costs_its_time():
    model = component("adc.oscillator")
    short, long = (model.estimate(seconds=t, node_nm=14, supply_V=0.8).value for t in (133e-9, 521e-9))
    assert long / short == relative(521 / 133)


def test_a_regulated_column_by_hand():
    model = component("column.regulator")
    drive = {"cells": 100, "pitch_m": 1e-6, "write_A": 1e-4, "bits": 7, "step_s": 1e-9, "on_s": 1e-7, "signal_s": 5e-8}
    drive |= {"siemens": 1e-6, "read_V": 0.2, "supply_V": 1.0, "activity": 0.25}
    # 100 cells of 0.1 fF, 0.1 fF of transistor and 0.3 fF of wire each; 8 ln 2 time constants in a nanosecond; 15 a volt, 2 branches
    farad = 100 * (0.1 + 0.1 + 0.3) * 1e-15
    bias = 2 * farad * 8 * math.log(2) / 1e-9 / 15
    signal = 100 * 1e-6 * 0.2 * 0.25 * 5e-8
    estimate = model.estimate(**drive)
    assert estimate.value == relative(bias * 1e-7 + 0.8 * signal)
    assert estimate.seconds == 1e-9
    # a slower input needs less current: bias falls as the step grows
    slow = model.estimate(**{**drive, "step_s": 1e-8}).value
    assert slow == relative(bias * 1e-8 + 0.8 * signal)
    with pytest.raises(PriceError, match=r"read_V = 0.6 must be below supply_V = 0.6"):
        model.estimate(**{**drive, "read_V": 0.6, "supply_V": 0.6})


def test_an_integrating_converter_by_hand():
    model = component("adc.integrating")
    drive = {"samples": 2, "integrations": 3, "comparisons": 4, "bits": 9, "step_s": 3e-7, "node_nm": 130}
    settle = 2 * 100e-15 * 10 * math.log(2) / 15  # coulomb: two branches, 100 fF, 15 a volt
    flip = component("register.bit").estimate(node_nm=130, supply_V=1.2).value
    estimate = model.estimate(**drive, supply_V=1.2)
    assert estimate.value == relative(1.2 * settle * (2 + 3 + 2 * 4) + 2 * 4 * flip)
    assert estimate.seconds == relative(13 * 3e-7)
    # the current falls as the step grows: energy does not depend on the speed
    assert model.estimate(**{**drive, "step_s": 1e-6}, supply_V=1.2).value == relative(estimate.value)
    # beyond the end of the scaling fit at 1.5 V a latch costs as the square of its supply
    latch = component("register.bit").estimate(node_nm=130, supply_V=1.5).value * (1.8 / 1.5) ** 2
    assert model.estimate(**drive, supply_V=1.8).value == relative(1.8 * settle * 13 + 8 * latch)


def test_a_pulse_input_by_hand():
    pulse = component("dac.pulse").estimate(bits=7, clock_Hz=1e9, node_nm=14)
    flip = component("register.bit").estimate(node_nm=14)
    assert pulse.value == relative(128 * 2 * flip.value)
    assert pulse.area_mm2 == relative(7 * flip.area_mm2)
    assert pulse.seconds == relative(128e-9)


def test_composed_digital_parts_are_the_sum_of_their_records():
    home = {"word_bits": 16, "node_nm": 32}
    parts = [component(f"digital.{n}").estimate(**home).value for n in ("function", "multiplier", "adder")]
    assert component("digital.interpolated").estimate(**home).value == relative(sum(parts))
    interpolated = component("digital.interpolated").estimate(**home)
    areas = [component(f"digital.{n}").estimate(**home).area_mm2 for n in ("function", "multiplier", "adder")]
    assert interpolated.seconds == relative(3e-9)
    assert interpolated.area_mm2 == relative(sum(areas))
    bit = component("random.xorshift").estimate(node_nm=40, supply_V=0.9).value
    assert bit == relative(9e-15 + 3 * 6.5625e-15, rel=1e-6)
    divide = component("digital.divider").estimate(word_bits=16, node_nm=32, supply_V=0.9)
    assert divide.value == relative(get("digital.puma2019.divide").value)


def test_line_charges_by_hand():
    # NeuRRAM's word line: (48 + 256 x 2.1) fF at 1.8 V
    energy = component("line.transistor").estimate(cells=256, volts=1.8).value
    assert energy == relative((48 + 256 * 2.1) * 1e-15 * 1.8**2)
    # 100 cells of 0.1 fF, 100 um of wire at 0.3 fF/um
    assert component("line.cells").estimate(cells=100, volts=2, pitch_m=1e-6).value == relative((10 + 30) * 1e-15 * 4)
    assert component("wire.full_swing").estimate(millimetres=2, volts=1).value == relative(0.5 * 2 * 300e-15)


def test_writes_by_hand():
    # the table of pulse energies in energy.md section 2.4
    assert component("write.voltage").estimate(volts=2, siemens=1 / 6000, seconds=50e-9).value == relative(33e-12, 0.02)
    assert component("write.current").estimate(volts=1.6, amperes=300e-6, seconds=40e-9).value == relative(19e-12, 0.02)
    ferroelectric = {"volts": 4, "polarization_C_m2": 0.2, "area_m2": 1.6e-15, "seconds": 50e-9}
    assert component("write.polarization").estimate(**ferroelectric).value == relative(2.56e-15)
    assert component("array.read").estimate(
        cells=65536, siemens=5e-6, volts=0.2, seconds=130e-9, activity=1
    ).value == relative(65536 * 26e-15)


def test_digital_parts_return_their_records_at_home():
    home = {"node_nm": 40, "supply_V": 0.9}
    add = component("digital.adder").estimate(word_bits=32, **home)
    assert add.value == relative(get("digital.aladdin2014.add").value)
    assert add.area_mm2 == relative(278e-6)
    assert component("digital.adder").estimate(word_bits=16, **home).value == relative(add.value / 2)
    multiply = component("digital.multiplier")
    full, half = (multiply.estimate(word_bits=w, **home).value for w in (32, 16))
    assert full / half == relative(4)


def test_memories_run_through_their_two_published_sizes():
    sram, home = component("memory.sram"), {"node_nm": 45, "supply_V": 0.9}
    assert sram.estimate(bytes=8192, **home).value == relative(1.25e-12)
    assert sram.estimate(bytes=2**20, **home).value == relative(12.5e-12)
    assert sram.estimate(bytes=65536, **home).value == relative(1.25e-12 * 10 ** (math.log(8) / math.log(128)))


def test_area_and_time_stand_beside_energy():
    sram = component("memory.sram").estimate(bytes=4096, node_nm=32)
    assert sram.area_mm2 == relative(4 * get("sram.puma2019.core_memory_area").to("mm^2"))
    assert sram.seconds == relative(1e-9)
    assert component("memory.edram").estimate().seconds == relative(2e-9)
    assert component("integrator.step").estimate().seconds == relative(0.27e-6)
    assert component("sample.hold").estimate().seconds == relative(0.3e-6)
    dac = component("dac.bits").estimate(bits=8)
    assert (dac.area_mm2, dac.seconds) == (relative(438e-6), relative(1 / 1.1e9))
    assert component("digital.multiplier").estimate(word_bits=16, node_nm=14).seconds == relative(1e-9)


def test_converters_dacs_and_random_bits_are_their_records():
    dac = component("dac.bits")
    assert dac.estimate(bits=1).value == relative(get("dac.puma2019.1b").value)
    assert dac.estimate(bits=8).value == relative(get("dac.chen2018.8b").value)
    assert component("random.physical").estimate().value == get("rng.jelincic2025.bit").value
    static = component("static.core").estimate(rows=128).value
    assert static == relative(128 * 3.90625e-7 + 1.92e-4 + 2.6e-5 + 1.47e-4 + 1.47e-4 + 4e-5 + 4e-5 + 2.5e-4)


def test_scaling_from_node_to_node():
    # energy.md: 14 -> 7 nm gives about 1.5 on digital energy
    assert energy_factor(14, 0.8, 7, 0.8) == pytest.approx(1.47, abs=0.01)
    assert energy_factor(32, 0.9, 32, 0.9) == 1
    assert energy_factor(32, 0.8, 90, 0.8) * energy_factor(90, 0.8, 32, 0.8) == relative(1)
    # by hand at 45 nm and 1 V: 1.103 - 0.362 + 0.2767; at 7 nm: 0.1776 - 0.09097 + 0.02447
    assert energy_factor(45, 1, 7, 1) == relative(1.0177 / 0.1111, rel=1e-3)
    assert area_factor(32, 130) == relative(0.072)
    assert nodes()[0] == 7
    assert nodes()[-1] == 130
    between = energy_factor(40, 0.8, 130, 0.8)
    assert energy_factor(32, 0.8, 130, 0.8) < between < energy_factor(45, 0.8, 130, 0.8)
    assert len(records_of(40)) == 2 * 3
    for bad in (5, 180, math.nan):
        with pytest.raises(PriceError, match=r"outside the scaling fit, 7 to 130 nm"):
            energy_factor(bad, 0.8, 32, 0.8)
    with pytest.raises(PriceError, match="supply_V = 0"):
        energy_factor(32, 0, 32, 0.8)


def test_an_estimate_is_as_well_known_as_its_worst_record():
    survey = component("adc.survey").estimate(enob=8, rate_Hz=1e8, node_nm=32)
    assert (survey.record().evidence, survey.record().read_in) == (Evidence.SIMULATED, ReadIn.SECONDARY)
    assert not survey.record().shaky
    guess = component("adc.oscillator").estimate(seconds=1e-7, node_nm=14, supply_V=0.8).record()
    assert guess.shaky
    assert guess.evidence is Evidence.ASSUMED
    assert "Andrulis" in survey.record().source.citation
    assert {r.id for r in survey.sources} >= {"adc.andrulis2024.spread", "adc.andrulis2024.model_tech_slope"}


def test_missing_and_unknown_drivers_are_named():
    with pytest.raises(PriceError, match=r"'adc.survey': driver 'node_nm' is missing \(7 to 350\)"):
        component("adc.survey").estimate(enob=8, rate_Hz=1e8)
    with pytest.raises(UnknownName, match=r"driver = 'bits' is not known"):
        component("adc.survey").estimate(bits=8)
    with pytest.raises(UnknownName, match="did you mean 'adc.survey'"):
        component("adc.surve")
    for bad in (True, "8", math.nan):
        with pytest.raises(PriceError, match="driver enob = "):
            component("adc.survey").estimate(enob=bad, rate_Hz=1e8, node_nm=32)


GOOD = {"name": "toy", "law": "published", "unit": "J/op", "why": "a component for a test"}
GOOD |= {"records": {"energy": "driver.isaac2016.row"}, "spread": "spread.assumed.guess"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"law": "magic"}, "law = 'magic'"),
        ({"unit": "J/wish"}, "J/wish"),
        ({"records": {"energy": "nobody.knows"}}, "nobody.knows"),
        ({"spread": "constants.boltzmann"}, "lognormal"),
        ({"drivers": {"volts": [2, 1]}}, "must rise"),
        ({"defaults": {"volts": 1}}, "which is no driver"),
        ({"why": "short"}, "why"),
    ],
)
def test_malformed_components_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Component(**{**GOOD, **change})
    assert Component(**GOOD).estimate().value > 0


def test_a_malformed_file_of_components_names_the_component(monkeypatch):
    import revpath.energy_models.components.model as module

    monkeypatch.setattr(module, "read_toml", lambda path: {"component": [{**GOOD, "law": "magic"}]})
    with pytest.raises(RecordError, match=r"components.toml: component 'toy'.*magic"):
        components.__wrapped__()
    monkeypatch.setattr(module, "read_toml", lambda path: {"component": [GOOD, GOOD]})
    with pytest.raises(RecordError, match="'toy' stands twice"):
        components.__wrapped__()


def test_softmax_refresh_and_calibration():
    assert softmax_events(10, 3) == {
        "digital.compare": 27,
        "digital.add": 57,
        "digital.exp": 30,
        "digital.divide": 30,
    }
    refresh = refresh_events(1000, 3600, 600, pulses_per_cell=4, verify_reads_per_cell=2)
    assert refresh == {"pulse.up": 12000, "pulse.down": 12000, "cell.verify_read": 12000}
    assert calibration_events(256, 100, 10, conversions=64, enob=8) == {"adc.conversion{enob=8}": 256 * 64 * 10}
    for events in (softmax_events(10), refresh, calibration_events(256, 100, 10, conversions=64, enob=8)):
        assert price(events, load_chip("reram-32nm")).joules > 0
    with pytest.raises(PriceError, match="n = 0"):
        softmax_events(0)
    with pytest.raises(PriceError, match="period_s = 0"):
        refresh_events(1, 1, 0, pulses_per_cell=1, verify_reads_per_cell=1)


def test_throughput_power_density_and_efficiency_come_out():
    # PUMA: 837 GOPS/s/W published; the workload's constants give it to 3 % without any factor
    puma = performance(load_chip("puma-32nm"), "mvm-16b")
    assert puma.tops_per_watt == pytest.approx(0.837, rel=0.03)
    assert puma.tops_published is None
    assert puma.mm2 is not None
    neurram = performance(load_chip("neurram-130nm"), "out8-in6")
    assert neurram.tops_published == relative(0.4177, rel=1e-3)
    assert neurram.tops == pytest.approx(neurram.tops_published, rel=0.15)
    assert neurram.watts == relative(neurram.tops / neurram.tops_per_watt)
    assert neurram.mm2 == relative(48 * 256 * 1270e-6 / 0.28, rel=1e-4)
    assert neurram.watts_per_mm2 == relative(neurram.watts / neurram.mm2)
    assert neurram.tops_per_mm2 == relative(neurram.tops / neurram.mm2)
    with pytest.raises(UnknownName, match=r"workload = 'nothing'"):
        performance(load_chip("neurram-130nm"), "nothing")
    with pytest.raises(PriceError, match="no published time"):
        WorkloadStep(component="memory.hbm").seconds()
    with pytest.raises(PriceError, match="no published area"):
        Part(component="memory.hbm", count=1).area_mm2()


@pytest.mark.parametrize("work", [w.name for w in load_chip("neurram-130nm").workloads])
def test_neurram_takes_the_time_it_was_measured_to_take(work):
    found = performance(load_chip("neurram-130nm"), work)
    assert found.tops == pytest.approx(found.tops_published, rel=0.15)


def test_a_copy_of_the_hermes_core_has_its_published_density():
    # 1.59 TOPS/mm^2 for a core; the chip of 64 at 133 ns has 1.56 of its cores' area
    assert performance(load_chip("hermes-64-14nm"), "phase1").tops_per_mm2 == pytest.approx(1.59, rel=0.03)
    # its throughput follows from clock, bits and phases
    assert performance(load_chip("hermes-64-14nm"), "phase4").tops == relative(16.1, rel=0.02)


def test_areas_of_published_macros_and_of_parts():
    # Jia et al.: 0.24 and 0.6 TOPS/mm2 published of somewhat more than array and converters
    for work, density in (("binary-0.85V", 0.24), ("binary-1.2V", 0.6)):
        assert performance(load_chip("charge-65nm-jia"), work).tops_per_mm2 == pytest.approx(density, rel=0.1)
    sinangil = performance(load_chip("sram-7nm-sinangil"), "4b-0.8V-out6")
    assert sinangil.mm2 == relative(2556e-6)
    assert sinangil.watts_per_mm2 is not None
    # 479 GOPS/s/mm2 and 577 GOPS/s/mm2 are published of whole chips: the sum of known parts is smaller, within a factor of 2.5
    for chip, published in (("isaac-32nm", 0.479), ("puma-32nm", 0.577)):
        found = performance(load_chip(chip), "mvm-16b").tops_per_mm2
        assert 1 < found / published < 2.5
        assert load_chip(chip).area_lacks
    isaac = 8 * 0.0012 + 8 * 25e-6 + 1024 * 1.66e-7 + 4 * 60e-6 + 0.0833 * 0.083 + 0.0208 * 0.15
    assert performance(load_chip("isaac-32nm"), "mvm-16b").mm2 == relative(isaac, rel=1e-3)


def test_a_part_is_a_component_or_a_record():
    assert Part(record="array.isaac2016.area", count=4).area_mm2() == relative(1e-4)
    for bad in ({}, {"record": "array.isaac2016.area", "component": "driver.row"}):
        with pytest.raises(ValueError, match="one of both"):
            Part(**bad, count=1)
    with pytest.raises(UnitError, match=r"mm\^2"):
        Part(record="driver.isaac2016.row", count=1).area_mm2()


def test_puma_converts_a_product_in_its_reads():
    # 2048 conversions of a column behind one converter of 1.28 GS/s: 16 reads of 100 ns
    puma = performance(load_chip("puma-32nm"), "mvm-16b")
    assert puma.tops == relative(32768 / 1.6e-6 / 1e12)
    assert puma.watts == relative(puma.joules / 1.6e-6)


def test_workloads_say_what_is_wrong_with_them():
    work = {"name": "w", "why": "a workload for a test", "ops": 2, "events": {"digital.add": 1}}
    assert read_workload(work, "toy").events == {"digital.add": 1}
    with pytest.raises(PriceError, match=r"toy: workload 'w'.*group = 'heat'"):
        read_workload({**work, "groups": {"heat": "x"}}, "toy")
    with pytest.raises(PriceError, match=r"toy.*event 'line.drive'.*must be a table with a component"):
        read_workload({**work, "events": {"line.drive": {"cells": 1}}}, "toy")
    with pytest.raises(PriceError, match=r"here: component 'line.cells'.*cells = 0"):
        estimated({"component": "line.cells", "cells": 0, "volts": 1}, "here")
