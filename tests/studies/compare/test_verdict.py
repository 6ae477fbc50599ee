"""Equal quality or no comparison: hand-made curves, and the sentence they support."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from revpath.devices import load_device
from revpath.ebm import ConditionalRBM
from revpath.energy_models import Bill, get, gpu_energy, load_chip, price, price_on_gpu, pulse_prices
from revpath.energy_models.prices.bill import Interval, Line
from revpath.energy_models.prices.schedule import completed, seconds
from revpath.studies.baselines.rivals import transformers
from revpath.studies.baselines.transformer import load_baseline
from revpath.studies.baselines.work import training_events
from revpath.studies.compare.contenders import CHOSEN, Contender, Stop, contenders
from revpath.studies.compare.learn import Checkpoint, LearningRun
from revpath.studies.compare.models import ConditionalRBMSpec
from revpath.studies.compare.recipes import Hardware, Range, Recipe
from revpath.studies.compare.verdict import Ruler, judge, table
from revpath.studies.compare.wording import compared, in_words, interval_in_words, plain_number
from revpath.studies.compare.work import ebm_work
from revpath.studies.tasks.next_character import NextCharacter

FINE = NextCharacter.qualities
COARSE = (3.8, 3.6, 3.4, 3.2, 3.0, 2.8, 2.6, 2.4, 2.2, 2.1, 2.0, 1.9)  # easy to follow by hand


def ruler(counting=1.9):
    return Ruler("bits/char", COARSE, 0.2, counting, "A 6-gram that counts", 500_000, "character")


SPREAD = np.linspace(0.5, 1.5, 101)  # central 90 %: 0.55 to 1.45


SURROUNDINGS = {"node": get("node.h100.power_over_gpu"), "facility": get("pue.google2021")}


def bill(joules, spread=SPREAD, parts=(("adc", 0.75), ("sram", 0.25)), assumptions=()):
    """A bill of so many joules, split over components, certain or spread."""
    return Bill(
        chip="hand-made",
        temperature_K=300.0,
        lines=tuple(Line(name, name, "macro", 1.0, joules * share, ()) for name, share in parts),
        samples={name: joules * share * np.asarray(spread) for name, share in parts},
        records={},
        surroundings={name: (r, np.full(len(spread), r.value)) for name, r in SURROUNDINGS.items()},
        assumptions=assumptions,
        n_draws=len(spread),
        seed=0,
    )


CERTAIN = np.ones(101)


def curve(name, bits, joules, *, kind="gpu", model="transformer", spread=CERTAIN, **more):
    stops = tuple(
        Stop(1000 * (i + 1), b, b + 0.1, bill(j, spread)) for i, (b, j) in enumerate(zip(bits, joules, strict=True))
    )
    return Contender(name, f"title of {name}", model, kind, 10, stops, ours=model == "EBM", **more)


def analog(bits, joules, **more):
    return curve("analog", bits, joules, kind="analog", model="EBM", spread=SPREAD, **more)


def transformer(bits, joules, name="t"):
    return [
        curve(f"{name}-gpu", bits, joules),
        curve(f"{name}-gpu-bound", bits, [j / 4 for j in joules], kind="gpu-bound"),
    ]


# analog passes 2.8 at its second checkpoint for 2 J; the transformer at its third, for 30 J, and goes on to 2.0
OURS = analog([3.1, 2.75, 2.7], [1.0, 2.0, 3.0])
THEIRS = transformer([3.9, 3.0, 2.75, 2.0], [10.0, 20.0, 30.0, 40.0])


def test_the_lowest_quality_that_both_reached_is_compared():
    v = judge([OURS, *THEIRS], ruler())
    assert v.quality == 2.8
    assert v.rival == "t-gpu"
    assert v.ratio.nominal == pytest.approx(15)
    assert v.ratio.low == pytest.approx(15 / 1.45)
    assert v.ratio.high == pytest.approx(15 / 0.55)
    assert v.ratio_at["chip"] == v.ratio
    assert set(v.ratio_at) == {"macro", "chip", "node", "facility"}  # the hand-made bills have nothing inside the array
    assert v.ratio_bound.nominal == pytest.approx(15 / 4)
    assert v.hardware is None
    assert (v.dominant, v.dominant_share) == ("adc", pytest.approx(0.75))
    assert v.not_reached == (2.6, 2.4, 2.2, 2.1, 2.0)
    assert (v.limit, v.limit_hardware) == (None, None)
    assert v.sentence == (
        "At 2.8 bits/char with one seed, which another may turn, the title of analog needs 15 times less energy than the "
        "cheapest transformer on a GPU (90 % 10 to 27). At 3, an easier quality, it needs 10 times less than the "
        "transformer. It does not reach 2.6 bits/char, which the transformer does. A 6-gram that counts has 1.90 for next to "
        "no energy, so nobody needs either model at this quality."
    )


def test_a_loss_is_said_as_plainly():
    v = judge([analog([3.5, 2.75, 1.99], [100.0, 200.0, 300.0]), *THEIRS], ruler(2.0))
    assert v.quality == 2.0
    assert v.ratio.nominal == pytest.approx(40 / 300)
    # at the n-gram's quality there is no small-model clause, and nothing was missed
    assert v.sentence == (
        "At 2 bits/char with one seed, which another may turn, the title of analog needs 7.5 times more energy than the "
        "cheapest transformer on a GPU (90 % 4.1 to 11). At 2.2, an easier quality, it needs 7.5 times more than "
        "the transformer."
    )


def test_an_interval_around_one_is_no_difference():
    v = judge([analog([3.5, 2.7], [15.0, 30.0]), *THEIRS], ruler())
    assert v.ratio.low < 1 < v.ratio.high
    assert (
        " needs 0.55 to 1.5 times the energy of the cheapest transformer on a GPU (90 %): no difference is shown. "
        in v.sentence
    )


def test_the_cheapest_transformer_is_the_opponent():
    large = transformer([3.9, 2.79], [1.0, 29.0], "large")
    v = judge([OURS, *THEIRS, *large], ruler())
    assert v.rival == "large-gpu"
    assert v.ratio.nominal == pytest.approx(14.5)
    slow = transformer([3.9, 2.79], [1.0, 31.0], "slow")
    assert judge([OURS, *slow, *THEIRS], ruler()).rival == "t-gpu"


def test_first_passage_takes_no_later_checkpoint():
    """A curve that comes below the quality, leaves it and comes back has passed at the first time."""
    wavy = analog([3.1, 2.79, 2.9, 2.75], [1.0, 2.0, 3.0, 4.0])
    assert wavy.first_at(2.8).bill.joules == pytest.approx(2.0)
    assert wavy.first_at(2.7) is None
    assert wavy.best.validation == 2.75


@pytest.mark.parametrize(
    ("ours", "theirs", "limit", "sentence"),
    [
        # the transformer began below 3.0: what it took to get there is at most its first 10 J
        ([3.3, 2.95], [2.9, 2.5], "at most", "needs at most 5 times less energy"),
        ([2.95, 2.92], [3.5, 2.9], "at least", "needs at least 20 times less energy"),
        ([2.95, 2.92], [2.9, 2.5], "about", "needs about 10 times less energy"),
    ],
)
def test_what_happened_before_the_first_checkpoint_is_a_limit(ours, theirs, limit, sentence):
    v = judge([analog(ours, [1.0, 2.0]), *transformer(theirs, [10.0, 20.0])], ruler())
    assert v.quality == 3.0
    assert v.limit == limit
    assert sentence in v.sentence
    assert "was below that at its first checkpoint" in v.sentence


def test_a_limit_turns_with_the_sign():
    """At most so many times less is at least so many times more."""
    assert in_words(Interval(0.25, 0.25, 0.2, 0.5), "at most") == "at least 4 times more"
    assert in_words(Interval(0.25, 0.25, 0.2, 0.5), "at least") == "at most 4 times more"
    assert in_words(Interval(0.25, 0.25, 0.2, 0.5)) == "4 times more"
    assert interval_in_words(Interval(0.25, 0.25, 0.2, 0.5)) == "2 to 5"
    assert in_words(Interval(4.0, 4.0, 2.0, 5.0), "at most") == "at most 4 times less"


def test_the_twin_on_the_gpu_is_set_beside():
    twin = curve("digital-gpu", [3.4, 2.78], [5.0, 12.0], model="EBM")
    v = judge([OURS, twin, *THEIRS], ruler())
    assert v.hardware.nominal == pytest.approx(6)
    assert v.limit_hardware is None
    early = curve("digital-gpu", [2.78], [5.0], model="EBM")
    v = judge([OURS, early, *THEIRS], ruler())
    assert (v.hardware.nominal, v.limit_hardware) == (pytest.approx(2.5), "at most")
    never = curve("digital-gpu", [3.4], [5.0], model="EBM")
    assert judge([OURS, never, *THEIRS], ruler()).hardware is None


def test_the_ratio_at_an_easier_quality_is_said_too():
    """The analog side passes 3.0 for 1 J, the transformer for 20 J; at 2.8, where the verdict is, 2 J and 30 J."""
    ours = analog([3.3, 2.95, 2.75, 2.7], [0.5, 1.0, 2.0, 3.0])
    v = judge([ours, *THEIRS], ruler())
    assert v.quality == 2.8
    bits, easier = v.coarser
    assert (bits, easier.nominal) == (3.0, pytest.approx(20))
    assert "At 3, an easier quality, it needs 20 times less than the transformer." in v.sentence


def test_the_easier_quality_can_be_a_limit_too():
    """At 3.0 the transformer is priced from its first checkpoint on, which is below 3.2 already."""
    v = judge([analog([3.3, 3.15, 2.95], [0.5, 1.0, 2.0]), *transformer([3.1, 2.9], [10.0, 20.0])], ruler())
    assert (v.quality, v.limit) == (3.0, None)
    assert v.coarser[0] == 3.2
    assert v.limit_coarser == "at most"
    assert "At 3.2, an easier quality, it needs at most 10 times less" in v.sentence


def test_the_listed_qualities_are_fine():
    """Steps of 0.05: the verdict is taken at the best quality of the analog side, not at one that flatters it."""
    listed = np.array(FINE)
    assert np.allclose(np.diff(listed), -0.05)
    assert listed[0] >= 4
    assert listed[-1] <= 1.85


def test_hypothetical_devices_decide_nothing():
    better = analog([2.5, 1.5], [1e-6, 2e-6], hypothetical=True)
    assert judge([better, OURS, *THEIRS], ruler()) == judge([OURS, *THEIRS], ruler())
    assert "no checkpoint yet" in judge([better, *THEIRS], ruler()).sentence


def test_not_reached():
    v = judge([analog([4.5, 4.0], [1.0, 2.0]), *THEIRS], ruler())
    assert v.quality is None
    assert v.ratio is None
    assert v.sentence == "No listed quality was reached by both sides: the analog side came to 4 bits/char."
    assert v.not_reached == tuple(q for q in COARSE if q >= 2.0)


def test_without_a_transformer_nothing_is_compared():
    v = judge([OURS], ruler())
    assert v.quality is None
    assert v.sentence == (
        "No transformer was trained on these data, so nothing is compared; the analog side came to 2.7 bits/char."
    )


def test_without_a_checkpoint_nothing_is_compared():
    for empty in ([], [analog([], [])]):
        assert "no checkpoint yet" in judge([*empty, *THEIRS], ruler()).sentence


def test_what_the_bills_lean_on_is_a_line_each():
    stops = (Stop(10, 3.0, 3.0, bill(1.0, assumptions=("digital.exp: a look-up.", "random.bit: a register: long."))),)
    shaky = Contender("analog", "A", "EBM", "analog", 1, stops, shaky=("a.b", "c.d"))
    assert judge([shaky, *THEIRS], ruler()).warnings == (
        "the analog bills lean on 2 assumed or unverified numbers: a.b, c.d",
        "the analog bills lean on 2 prices of assumed structure: digital.exp, random.bit",
    )
    others = [replace(c, shaky=("e.f",)) for c in THEIRS]
    assert judge([shaky, *others], ruler()).warnings[2:] == (
        "the bills of the GPU lean on 1 assumed or unverified numbers: e.f",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (17.64, "18"),
        (1234.0, "1,200"),
        (7.649, "7.6"),
        (1.0, "1"),
        (0.0312, "0.031"),
        (99.9, "100"),
        (2.5e-5, "2.5e-05"),
    ],
)
def test_numbers_have_two_digits(value, shown):
    assert plain_number(value) == shown


def test_the_table_has_a_row_for_each():
    rows = table([OURS, *THEIRS, analog([], [])], 2.8, "bits/char", "character")
    assert [r["joules to Q"] for r in rows] == pytest.approx([2.0, 30.0, 7.5, None])
    first = rows[0]
    assert first["characters to Q"] == 2000
    assert first["test bits/char at Q"] == pytest.approx(2.85)
    assert first["best bits/char (validation)"] == 2.7
    assert first["joules at best"] == pytest.approx(3.0)
    assert (first["low"], first["high"]) == (pytest.approx(1.1), pytest.approx(2.9))
    assert np.isnan(rows[3]["best bits/char (test)"])
    assert all(r["joules to Q"] is None for r in table([OURS, *THEIRS], None, "bits/char", "character"))


# --- from runs and baselines to contenders ---------------------------------------------------------------------------


RANGES = (Range(largest=3.0, adc=3.0), Range(largest=1.0))


def run_of(recipe, events):
    points = [
        Checkpoint(examples=64 * (i + 1), validation=b, test=b, events=(events * (i + 1)).to_json())
        for i, b in enumerate((4.0, 3.5))
    ]
    return LearningRun(recipe=recipe, key="k", data_sha256="a", version="1", parameters=7, checkpoints=tuple(points))


@pytest.fixture(scope="module")
def runs():
    """Events of one real mini-batch, digital and in ReRAM."""
    X, y = np.arange(64).reshape(32, 2) % 27, np.arange(32) % 27
    out = []
    for name, hardware in (
        ("digital", None),
        ("analog", Hardware(ranges=RANGES)),
        ("quiet", Hardware(ranges=RANGES, changes={"response__step_noise": 0.1})),
    ):
        recipe = Recipe(
            name=name,
            title=name,
            kind="analog" if hardware else "digital",
            model=ConditionalRBMSpec(hidden=4, context=2),
            batch=64,
            hardware=hardware,
            examples=128,
        )
        synapses = hardware.synapses(1) if hardware else None
        model = ConditionalRBM(4, synapses=synapses, learning_rate=1.0, random_state=0).partial_fit(X, y)
        out.append(run_of(recipe, model.events_))
    return out


@pytest.mark.slow
@pytest.mark.jit
def test_every_run_is_priced_on_what_can_run_it(runs):
    digital, ours, _ = runs
    baseline = load_baseline()
    found = {c.name: c for c in contenders(runs, transformers(baseline))}
    names = [f"transformer-{c.shape.name}" for c in baseline.curves]
    curves = [f"{name}-{k}" for name in names for k in ("gpu", "gpu-bound")]
    small = [f"{name}-{k}" for k in ("gpu-many", "gpu-alone") for name in ("digital", *names)]
    nodes = ["analog-reram-digital-7nm", "analog-reram-digital-5nm", "digital-digital-32nm"]
    nodes += [f"{name}-same-node" for name in names]
    assert list(found) == ["digital-gpu", "digital-gpu-bound", "analog", "quiet", *curves, *small, *nodes]
    assert [c.kind for c in found.values()][:4] == ["gpu", "gpu-bound", "analog", "analog"]
    assert {c.kind for name, c in found.items() if name in nodes} == {"same-node"}
    assert all(found[name].hypothetical for name in nodes)
    assert found["quiet"].hypothetical
    assert not found["analog"].hypothetical
    spent = ebm_work(ours.checkpoints[1].spent(), ours.recipe, 128, CHOSEN, "arrays")
    cell, chip = load_device("reram-sb-gong2018"), load_chip("reram-32nm")
    expected = price(completed(spent, chip, CHOSEN), chip, overrides=pulse_prices(cell))
    assert found["analog"].stops[1].bill.joules == expected.joules
    assert found["analog"].stops[1].examples == 128
    assert found["analog"].stops[1].seconds == seconds(completed(spent, chip, CHOSEN))
    for kind, basis in (("gpu", "run"), ("gpu-bound", "gemm")):
        got = found[f"digital-{kind}"].stops[0].bill
        first = digital.checkpoints[0]
        work = ebm_work(first.spent(), digital.recipe, first.examples, CHOSEN, "gpu")
        assert got.joules == price_on_gpu(work, basis).joules
        curve = baseline.curves[0]
        got = found[f"transformer-{curve.shape.name}-{kind}"].stops[-1].bill
        work = training_events(curve.shape, curve.hyper, curve.points[-1].tokens, CHOSEN)
        assert got.joules == price_on_gpu(work, basis).joules
        assert got.joules > gpu_energy(curve.points[-1].flops, basis).joules
    # what is assumed of the device is said beside what is assumed of its prices; a number set by hand has no record
    assumed = {r.id for r in cell.records.values() if r.shaky}
    assert assumed
    assert set(found["analog"].shaky) == assumed | set(expected.shaky)


@pytest.mark.slow
@pytest.mark.jit
def test_verdicts_are_data(runs):
    v = judge(contenders(runs, transformers(load_baseline())), ruler(1.97))
    assert json.dumps([v.sentence, v.quality, v.not_reached, v.warnings])
    assert re.search(r"assumed or unverified numbers: .*reram-sb-gong2018\.window\.g_max", v.warnings[0])


# --- two factors, and seeds -----------------------------------------------------------------------------------------


def twin(bits, joules, **more):
    return curve("digital-gpu", bits, joules, model="EBM", **more)


def lanes(bits, joules):
    return curve("digital-digital-32nm", bits, joules, kind="same-node", model="EBM", hypothetical=True)


def test_the_two_factors_make_the_whole():
    """At 2.8 the transformer takes 30 J, the EBM on the GPU 12 J, on lanes 1 J, in arrays 2 J."""
    v = judge([OURS, twin([3.4, 2.78], [5.0, 12.0]), lanes([3.4, 2.78], [0.5, 1.0]), *THEIRS], ruler())
    assert v.algorithm.nominal == pytest.approx(2.5)
    assert v.hardware.nominal == pytest.approx(6)
    assert v.algorithm.nominal * v.hardware.nominal == pytest.approx(v.ratio.nominal)
    assert v.same_node.nominal == pytest.approx(0.5)
    assert "the model, both on the GPU, 2.5 times less (2.5 to 2.5)" in v.sentence
    assert "the arrays, against the same model on the GPU, 6 times less (4.1 to 11)" in v.sentence
    assert "digital lanes of the chip's own node, the arrays: 2 times more (1.1 to 2.9)" in v.sentence


def again(contender, *others):
    stops = tuple(
        tuple(Stop(1000 * (i + 1), b, b, bill(j, SPREAD)) for i, (b, j) in enumerate(zip(bits, joules, strict=True)))
        for bits, joules in others
    )
    return replace(contender, again=stops)


def test_every_seed_has_to_come_there():
    late = again(OURS, ([3.1, 3.0, 2.9], [1.0, 2.0, 3.0]))
    v = judge([late, *THEIRS], ruler())
    assert (v.quality, v.seeds) == (3.0, 2)
    assert v.ratio.nominal == pytest.approx(
        np.sqrt(20 / 2.0 * 20 / 2.0)
    )  # OURS passes 3.0 at 2.75, for 2 J, as the other does
    assert "over 2 seeds" in v.sentence


def test_seeds_widen_the_interval_and_are_averaged_as_factors():
    one = judge([OURS, *THEIRS], ruler())
    both = judge([again(OURS, ([3.1, 2.75], [1.0, 8.0])), *THEIRS], ruler())
    assert both.quality == one.quality == 2.8
    assert both.ratio.nominal == pytest.approx(np.sqrt(15 * 30 / 8))
    assert both.ratio.low == pytest.approx(np.quantile(np.concatenate([30 / (2 * SPREAD), 30 / (8 * SPREAD)]), 0.05))
    assert both.ratio.high / both.ratio.low > one.ratio.high / one.ratio.low


def test_the_cheapest_measured_device_stands_for_the_analog_side():
    other = replace(analog([3.1, 2.75], [0.1, 0.2]), name="analog-ecram")
    assert judge([OURS, other, *THEIRS], ruler()).analog == "analog-ecram"
    deeper = replace(analog([3.1, 2.1], [10.0, 20.0]), name="analog-ecram")
    v = judge([OURS, deeper, *THEIRS], ruler())
    assert (v.analog, v.quality) == ("analog-ecram", 2.1)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (Interval(4.0, 4.0, 2.0, 5.0), "needs 4 times less energy than it (90 % 2 to 5)"),
        (Interval(0.25, 0.25, 0.2, 0.5), "needs 4 times more energy than it (90 % 2 to 5)"),
        (Interval(2.0, 2.0, 0.5, 4.0), "needs 0.25 to 2 times the energy of it (90 %): no difference is shown"),
    ],
)
def test_a_ratio_is_said_with_its_interval_or_as_none(ratio, words):
    assert compared(ratio, None, "it") == words


def test_a_short_run_says_so_first():
    v = judge([OURS, *THEIRS], ruler(), examples=499_999)
    assert v.sentence.startswith(
        "A short run, of 499,999 characters where 500,000 are the default, and the verdict depends"
    )
    assert v.short
    assert not judge([OURS, *THEIRS], ruler(), examples=500_000).short


def test_a_family_is_judged_by_itself_and_beside_its_own_twin():
    """Another of our models is cheaper, in arrays and on the GPU: neither takes part."""
    other = replace(analog([3.1, 2.5], [0.01, 0.02]), name="layers", model="layers")
    its_twin = replace(twin([3.4, 2.5], [0.05, 0.06]), name="layers-gpu", model="layers")
    ours = [OURS, twin([3.4, 2.78], [5.0, 12.0])]
    assert judge([other, its_twin, *ours, *THEIRS], ruler(), family="EBM") == judge([*ours, *THEIRS], ruler())
    assert judge([other, its_twin, *ours, *THEIRS], ruler(), family="layers").analog == "layers"
