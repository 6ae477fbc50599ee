"""What moves the headline: every choice made the other way by hand, and how they add up."""

import math

import pytest
from helpers.statistics import relative

from revpath.energy_models.prices.chip import load_chip
from revpath.energy_models.prices.schedule import SCHEDULES
from revpath.simulator.events import Events
from revpath.studies.baselines.rivals import transformers
from revpath.studies.baselines.transformer import load_baseline
from revpath.studies.compare.contenders import contenders
from revpath.studies.compare.influence import LANES, Influence, combined, influences, sentences
from revpath.studies.compare.learn import Checkpoint, LearningRun
from revpath.studies.compare.models import ConditionalRBMSpec
from revpath.studies.compare.recipes import Hardware, Recipe
from revpath.studies.compare.verdict import Ruler, Verdict, judge
from revpath.studies.tasks.next_character import NextCharacter

COUNTS = {
    "adc.conversion{enob=7.99}": 10**6,
    "column.regulate": 10**6,
    "dac.conversion{bits=8}": 10**4,
    "digital.add": 10**9,
    "digital.softplus": 10**8,
    "line.drive": 10**4,
    "pulse.up": 10**6,
    "pulse.down": 10**6,
    "random.bit": 10**7,
}
RULER = Ruler("bits/char", NextCharacter.qualities, 0.2, 1.97, "A 6-gram", 500_000, "character")
INTEGRALS = {"array.busy_s": 0.01, "array.read_energy_J": 1e-5, "array.snr_sum": 1.0, "adc.snr_sum": 1.0}


@pytest.fixture(scope="module")
def found():
    recipe = Recipe(
        name="analog",
        title="a",
        kind="analog",
        model=ConditionalRBMSpec(context=3),
        hardware=Hardware(),
        batch=64,
        examples=500_000,
    )
    points = tuple(
        Checkpoint(examples=n, validation=bits, test=bits, events=(Events(COUNTS, INTEGRALS) * times).to_json())
        for n, bits, times in ((100_000, 3.5, 1), (200_000, 3.26, 2), (300_000, 3.24, 3))
    )
    run = LearningRun(recipe=recipe, key="k", data_sha256="t", version="0", parameters=27_648, checkpoints=points)
    twice = tuple(c.model_copy(update={"events": (c.spent() * 2).to_json()}) for c in points)
    other = run.model_copy(update={"recipe": recipe.model_copy(update={"seed": 2}), "checkpoints": twice})
    whole = load_baseline()  # two curves of 35 checkpoints; around the quality compared is enough
    curves = tuple(c.model_copy(update={"points": c.points[8:16]}) for c in whole.curves[:1])
    rivals = transformers(whole.model_copy(update={"curves": curves}))
    runs = [run, other]
    verdict = judge(contenders(runs, rivals), RULER)
    assert verdict.ratio is not None
    return runs, rivals, verdict, influences(runs, rivals, "reram-32nm", verdict, RULER.qualities)


def test_every_choice_is_there_and_brackets_the_ratio(found):
    _, _, verdict, each = found
    names = [influence.name for influence in each]
    assert sorted(names) == [
        "checkpoint", "chip", "how the GPU is used", "lanes", "prices and seeds", "quality", "schedule", "seed"
    ]  # fmt: skip
    assert [i.factor for i in each] == sorted((i.factor for i in each), reverse=True)
    for influence in each:
        assert influence.low <= verdict.ratio.nominal * (1 + 1e-9)
        assert influence.high >= verdict.ratio.nominal * (1 - 1e-9)
    by = {influence.name: influence for influence in each}
    assert (by["prices and seeds"].low, by["prices and seeds"].high) == (verdict.ratio.low, verdict.ratio.high)
    assert by["seed"].factor > 1.4  # the other seed did twice as much until then


def test_lanes_and_schedules_are_those_of_a_comparison_made_so(found, monkeypatch):
    runs, rivals, verdict, each = found
    by = {influence.name: influence for influence in each}
    naive = judge(contenders(runs, rivals, chosen=SCHEDULES["naive"]), RULER)
    assert naive.ratio is not None
    assert max(naive.ratio.nominal, verdict.ratio.nominal) == relative(by["schedule"].high)
    # the analog joules that the lanes are worth: leakage of what lanes share, and fetches and clocks, go as one over lanes
    stop = next(c for c in contenders(runs, rivals) if c.name == "analog").first_at(verdict.quality)
    chip = load_chip("reram-32nm")
    assert chip.digital is not None
    assert stop is not None
    cycles = stop.events["digital.cycle"]
    bill, T = stop.bill, verdict.ratio.nominal * stop.bill.joules
    powered = next(line for line in bill.lines if line.event.startswith("digital.powered_s"))
    lane = next(line for line in bill.lines if line.event == "digital.lane_s")
    cycle_s, lanes = chip.records[chip.digital.cycle].value, chip.digital.lanes
    ratios = []
    for n in LANES:
        more = cycles * lanes / n - cycles  # cycles
        joules = bill.joules + more * bill.nominal("instructions and clock") / cycles
        joules += more * cycle_s * powered.joules / powered.amount
        joules += (n * (powered.amount + more * cycle_s) / lane.amount - 1) * lane.joules
        ratios.append(T / joules)
    assert (min(ratios), max(ratios)) == relative((by["lanes"].low, by["lanes"].high), rel=1e-6)


def test_influences_add_up_as_independent_factors():
    each = [Influence("a", 1.0, 4.0, ""), Influence("b", 2.0, 6.0, "")]
    whole = combined(2.0, each)
    assert whole is not None
    assert whole.low == relative(2 / math.exp(math.log(2)))
    assert whole.high == relative(2 * math.exp(math.hypot(math.log(2), math.log(3))))
    assert combined(2.0, []) is None
    assert sentences(2.0, []) == []


def test_it_is_said_what_matters_most_and_what_was_not_varied(found):
    _, _, verdict, each = found
    lines = sentences(verdict.ratio.nominal, each)
    assert lines[0].endswith(f"what matters most is the {each[0].name}.")
    assert len(lines) == len(each) + 2
    assert "not varied" in lines[-1]


def test_nothing_compared_has_no_influences(found):
    runs, rivals, _, _ = found
    assert influences(runs, rivals, "reram-32nm", Verdict("nothing"), RULER.qualities) == ()
