"""A training of the conditional RBM, and the transformer's, priced by the library and by a script that shares nothing with it."""

import pytest
from helpers.statistics import relative
from twins.headline_script import analog_joules, transformer_joules

from revpath.simulator.events import Events
from revpath.studies.baselines.rivals import transformers
from revpath.studies.baselines.transformer import load_baseline
from revpath.studies.compare.contenders import contenders
from revpath.studies.compare.learn import Checkpoint, LearningRun
from revpath.studies.compare.models import ConditionalRBMSpec
from revpath.studies.compare.recipes import Hardware, Recipe

# What the run of seed 1 counted until it was first at 3.25 bits per character.
CHARACTERS = 393_344
FUNCTIONS = CHARACTERS * 27 * 256
COUNTS = {
    "adc.conversion{enob=7.99}": 143177216,
    "array.read": 559286,
    "cell.programmed": 55296,
    "column.regulate": 286354432,
    "dac.conversion{bits=8}": 1345974,
    "digital.add": 11204569782,
    "digital.compare": 10620288,
    "digital.divide": 10620288,
    "digital.exp": 10620288,
    "digital.multiply": 2720533046,
    "digital.sigmoid": 2718793728,
    "digital.softplus": 2718793728,
    "line.drive": 1345974,
    "line.pulse": 63055021,
    "pulse.down": 143782255,
    "pulse.up": 143782255,
    "random.bit": 4218695856,
    **{f"sram.byte_read{{reuse={reuse}}}": 4 * FUNCTIONS for reuse in ("rows", "units")},
    **{f"sram.byte_written{{reuse={reuse}}}": 2 * FUNCTIONS for reuse in ("rows", "units")},
    **{f"sram.byte_{way}{{reuse=column}}": 4 * FUNCTIONS // 27 for way in ("read", "written")},
    "sram.byte_written": 27 * 256 * CHARACTERS // 64,
    "update.slot": 1019520,
}
INTEGRALS = {
    "adc.snr_sum": 13855831901184.0,
    "array.busy_s": 0.0661238,
    "array.read_charge_C": 0.0005450091835598433,
    "array.read_energy_J": 0.00010900183671196867,
    "array.snr_sum": 14893221024277.143,
}


def few_points():
    """The shipped curves at every twelfth checkpoint, which take a second to price."""
    whole = load_baseline()
    curves = tuple(curve.model_copy(update={"points": curve.points[::12]}) for curve in whole.curves)
    return whole.model_copy(update={"curves": curves})


@pytest.fixture(scope="module")
def priced():
    model = ConditionalRBMSpec(context=3)
    recipe = Recipe(
        name="analog", title="a", kind="analog", model=model, hardware=Hardware(), batch=64, examples=500_000
    )
    point = Checkpoint(examples=CHARACTERS, validation=3.25, test=3.25, events=Events(COUNTS, INTEGRALS).to_json())
    run = LearningRun(recipe=recipe, key="k", data_sha256="t", version="0", parameters=27_648, checkpoints=(point,))
    return recipe, {c.name: c for c in contenders([run], transformers(few_points()))}


def test_the_analog_side_is_that_of_the_script(priced):
    recipe, found = priced
    pulse_J = Hardware().cell().pulse.energy_up
    assert pulse_J is not None
    joules, seconds = analog_joules({**COUNTS, **INTEGRALS}, CHARACTERS, recipe.model.hidden, recipe.batch, pulse_J)
    stop = found["analog"].stops[0]
    assert stop.bill.joules == relative(joules, rel=1e-9)
    assert stop.seconds == relative(seconds, rel=1e-9)


def test_the_gpu_side_is_that_of_the_script(priced):
    _, found = priced
    for curve in few_points().curves:
        shape, contender = curve.shape, found[f"transformer-{curve.shape.name}-gpu"]
        assert curve.hyper.weight_decay == 0
        for point, stop in zip(curve.points, contender.stops, strict=True):
            size = (shape.width, shape.layers, shape.heads, shape.context)
            assert stop.bill.joules == relative(transformer_joules(point.tokens, *size, curve.hyper.batch), rel=1e-9)


def test_no_side_is_free_of_time_or_leakage(priced):
    _, found = priced
    for name, contender in found.items():
        assert all(stop.bill.joules > 0 for stop in contender.stops)
        if not name.endswith("same-node"):  # no GPU was built there
            assert all(stop.seconds and stop.seconds > 0 for stop in contender.stops), name
    bill = found["analog"].stops[0].bill
    assert {"static digital", "instructions and clock", "bus", "registers", "sram", "hbm"} <= set(bill.components)
