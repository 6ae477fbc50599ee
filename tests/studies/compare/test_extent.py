"""Time and area of contenders by hand."""

import pytest
from helpers.statistics import relative

from revpath.energy_models import component, get
from revpath.simulator.events import Events
from revpath.studies.compare.contenders import Stop, contenders
from revpath.studies.compare.extent import extent, operations, recipe_of
from revpath.studies.compare.learn import Checkpoint, LearningRun
from revpath.studies.compare.models import ConditionalRBMSpec
from revpath.studies.compare.recipes import Hardware, Recipe

DIGITAL = {"digital.add": 1600, "digital.softplus": 800}
ARRAYS = {
    "dac.conversion{bits=8}": 100,
    "adc.conversion{enob=7.99}": 256,
    "line.drive": 100,
    "array.read": 100,
    **DIGITAL,
}


def run_of(recipe, counts, integrals):
    point = Checkpoint(examples=6_400, validation=4.0, test=4.0, events=Events(counts, integrals).to_json())
    return LearningRun(recipe=recipe, key="k", data_sha256="t", version="0", parameters=27, checkpoints=(point,))


@pytest.fixture(scope="module")
def found():
    model = ConditionalRBMSpec(context=3)
    digital = Recipe(name="digital", title="d", kind="digital", model=model, examples=500_000)
    analog = Recipe(name="analog", title="a", kind="analog", model=model, hardware=Hardware(), examples=500_000)
    runs = [
        run_of(digital, {"matmul.flop": 5_000, **DIGITAL}, {}),
        run_of(analog, ARRAYS, {"array.busy_s": 1e-3, "array.read_energy_J": 1e-9}),
    ]
    return runs, {c.name: c for c in contenders(runs, [])}


def test_the_analog_contender_by_hand(found):
    runs, known = found
    stop = known["analog"].stops[0]
    took = extent(known["analog"], stop, recipe_of(runs, "analog"))
    seconds = 1e-3 + (1600 + 3 * 800) / 16 * 1e-9
    assert (took.seconds, stop.seconds) == relative((seconds, seconds))
    assert took.operations == 4 * 100 * 256 + 2400  # each driven row read and updated, all columns; digital functions
    assert took.tops_per_watt == relative(took.operations / stop.bill.joules / 1e12)
    assert took.joule_seconds == relative(stop.bill.joules * seconds)
    parts = {part.name: part for part in took.parts}
    rows = 4 * 27
    assert parts["cells"].mm2 == relative(rows * 256 * 2 * 1e-6)
    converter = component("adc.survey").estimate(enob=8, rate_Hz=1e8, node_nm=32).area_mm2
    assert converter is not None
    assert took.mm2 is not None
    assert parts["adc"].mm2 == relative(2 * 26 * converter)  # 256 columns in 100 ns, ten conversions of each converter
    assert parts["dac"].mm2 == relative(rows * get("dac.chen2018.area").value)
    assert parts["lanes"].seconds == relative(4000 / 16 * 1e-9)
    # what nobody published is named, and left out of the sum
    assert parts["column regulator"].mm2 is None
    assert took.mm2 == relative(sum(part.mm2 for part in took.parts if part.mm2 is not None))
    assert took.tops_per_mm2 == relative(took.operations / seconds / took.mm2 / 1e12)


def test_a_gpu_is_its_die_and_a_twin_has_no_arrays(found):
    runs, known = found
    gpu = extent(known["digital-gpu"], known["digital-gpu"].stops[0], recipe_of(runs, "digital-gpu"))
    assert gpu.mm2 == 814
    assert gpu.operations == 5_000 + 2400
    twin = extent(known["digital-digital-32nm"], known["digital-digital-32nm"].stops[0], recipe_of(runs, "digital-x"))
    assert {part.name for part in twin.parts} == {"lanes", "registers", "memory", "instructions", "control", "bus"}
    assert twin.operations == gpu.operations
    scaled = extent(known["analog-reram-digital-7nm"], known["analog-reram-digital-7nm"].stops[0], None)
    assert (scaled.mm2, scaled.tops_per_mm2) == (None, None)
    assert scaled.seconds is not None


def test_a_transformer_has_no_recipe(found):
    runs, _ = found
    assert recipe_of(runs, "transformer-d64-gpu") is None
    stop = Stop(1, 1.0, 1.0, found[1]["digital-gpu"].stops[0].bill, {"matmul.flop": 3.0, "hbm.byte_read": 9.0})
    assert operations(stop, None) == 3.0
