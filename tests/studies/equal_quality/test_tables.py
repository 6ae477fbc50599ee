"""Tables of the study on curves that nobody trained: frontier, universes, exponents, words."""

import numpy as np
import pandas as pd
import pytest
from helpers.statistics import relative

from revpath.energy_models import Bill, price
from revpath.studies.compare.contenders import Contender, Stop
from revpath.studies.equal_quality.frontier import Counting, Judged, _matter, envelope, sides
from revpath.studies.equal_quality.multiverse import shares
from revpath.studies.equal_quality.protocol import StudyTask
from revpath.studies.equal_quality.scaling import scaling
from revpath.studies.equal_quality.words import break_even, gist

TASK = StudyTask(title="Made up", source={"kind": "text", "name": "moby_dick"}, qualities=(4.0, 3.0, 2.0, 1.0))
PER_FLOP = price({"matmul.flop": 1.0}, "h100-run", n_draws=100).joules


def bill(joules: float) -> Bill:
    return price({"matmul.flop": joules / PER_FLOP}, "h100-run", n_draws=100)


def contender(name, kind, curves, model="n-gram EBM", ours=True):
    """curves: of each seed, (loss, joules)."""
    stops = [
        tuple(
            Stop(100 * (n + 1), loss, loss + 0.5, bill(joules), seconds=joules)
            for n, (loss, joules) in enumerate(curve)
        )
        for curve in curves
    ]
    title = f"{model} 1, Cell as measured, 100" if kind == "analog" else f"{model}, H100"
    return Contender(name, title, model, kind, 7, stops[0], again=tuple(stops[1:]), ours=ours)


def power_law(exponent, seeds=3):
    """L falls as E to the minus exponent; E = 1 mJ at L = 4."""
    losses = (4.0, 3.0, 2.0, 1.0)
    return [[(loss, 1e-3 * (loss / 4) ** (-1 / exponent)) for loss in losses] for _ in range(seeds)]


def test_what_matters_is_the_first_the_best_the_last_and_every_passage():
    losses = [5.0, 4.0, 3.9, 2.5, 1.0, 1.5, 1.2]
    assert _matter(losses, [4.0, 2.0]) == [0, 1, 4, 6]
    assert _matter(losses, []) == [0, 4, 6]


def test_an_envelope_is_the_cheapest_that_comes_there_with_every_seed():
    cheap = contender(
        "cheap", "gpu", [[(4.0, 1e-3), (3.0, 2e-3)], [(4.0, 1e-3), (3.5, 2e-3)]]
    )  # one seed stays above 3
    dear = contender("dear", "gpu", [[(4.0, 5e-3), (2.0, 9e-3)], [(4.0, 7e-3), (2.0, 9e-3)]])
    table = envelope(Judged(TASK, (cheap, dear), {}, {})).set_index("quality")
    assert list(table["contender"]) == ["cheap", "dear", "dear"]
    assert table.loc[4.0, "joules"] == relative(1e-3)
    assert table.loc[3.0, "joules"] == relative(9e-3)
    assert table.loc[3.0, "test"] == 2.5
    assert bool(table.loc[4.0, "unseen"])
    assert 1.0 not in table.index


def test_sides_are_told_apart_by_model_and_place_and_leave_out_what_does_not_exist():
    made = [
        contender("a", "analog", power_law(0.2)),
        contender("g", "gpu", power_law(0.2)),
        contender("b", "gpu-bound", power_law(0.2), "transformer", ours=False),
        contender("own bound", "gpu-bound", power_law(0.2)),
    ]
    assert list(sides(made)) == [
        "n-gram EBM, Cell as measured",
        "n-gram EBM, GPU",
        "transformer, GPU, best matrix product",
    ]


@pytest.mark.parametrize("exponent", [0.1, 0.231])
def test_a_planted_exponent_is_found_again(exponent):
    (row,) = scaling(Judged(TASK, (contender("g", "gpu", power_law(exponent)),), {}, {})).to_dict("records")
    assert row["exponent"] == relative(exponent)
    assert (row["low"], row["high"]) == (relative(exponent), relative(exponent))
    assert (row["qualities"], row["hardest"]) == (4, 1.0)


def test_one_seed_has_no_interval_and_two_qualities_no_exponent():
    alone = scaling(Judged(TASK, (contender("g", "gpu", power_law(0.2, 1)),), {}, {}))
    assert np.isnan(alone["low"].iloc[0])
    short = contender("g", "gpu", [[(4.0, 1e-3), (3.0, 2e-3)]])
    assert scaling(Judged(TASK, (short,), {}, {})).empty


def test_shares_count_who_is_there_and_who_needs_less():
    rows = [(True, True, 2.0), (True, True, 0.5), (True, False, np.nan), (False, True, np.nan), (False, False, np.nan)]
    table = pd.DataFrame(rows, columns=["analog_there", "opponent_there", "ratio"]).assign(
        family="f", opponent="o", quality=3.0
    )
    (row,) = shares(table).to_dict("records")
    assert row["universes"] == 5
    assert (row["analog_only"], row["opponent_only"], row["both"]) == (0.2, 0.2, 0.4)
    assert (row["analog_less"], row["lowest"], row["highest"]) == (0.5, 0.5, 2.0)


def judged_curves(analog, gpu, rival):
    from dataclasses import replace

    from revpath.studies.compare.verdict import Ruler, judge

    curves = (
        contender("a", "analog", analog),
        contender("a-gpu", "gpu", gpu),
        contender("t-gpu", "gpu", rival, "transformer", ours=False),
    )
    ruler = Ruler("bits/char", (), 0.2, None, "", 1, "character")
    rulers = {q: replace(ruler, qualities=(q,)) for q in TASK.qualities}
    verdicts = {("n-gram EBM", q): judge(curves, rulers[q], family="n-gram EBM") for q in TASK.qualities}
    return Judged(TASK, curves, rulers, verdicts)


def scaled(curve, factor):
    return [[(loss, joules * factor) for loss, joules in seed] for seed in curve]


def test_words_say_who_needs_less_and_by_which_factor():
    base = power_law(0.2)
    found = judged_curves(base, scaled(base, 20), scaled(base, 100))
    (line,) = gist({"t": found}, {"t": None})
    assert "At 1 bits/char" in line
    assert "100 times less energy than the cheapest transformer" in line
    assert "model 5 times less, arrays 20 times less" in line
    assert "otherwise" not in line
    assert (
        break_even({"t": found}) == "No family needs cheaper hardware than a GPU to break even at the qualities shown."
    )


def test_words_say_where_an_easier_quality_turns_the_verdict_and_what_counting_has():
    base = power_law(0.2)
    rival = [[(loss, joules * (1000 if loss > 1 else 0.01)) for loss, joules in seed] for seed in base]
    found = judged_curves(base, scaled(base, 20), rival)
    counted = Counting(7, 0.9, 0.9, 1e5, bill(1e-3).interval(), bill(1e-3).interval())
    (line,) = gist({"t": found}, {"t": counted})
    assert "100 times more energy" in line
    assert "At 4, 3, 2 it is otherwise (less)." in line
    assert "A 7-gram that counts (modified Kneser-Ney) has 0.90 for 1 mJ, so nobody needs either model" in line
    assert "n-gram EBM on Made up 2,000 times" in break_even({"t": found})


def test_a_family_that_never_meets_a_rival_is_said_not_to():
    base = power_law(0.2)
    found = judged_curves([[(4.5, 1e-3)]] * 2, scaled(base, 2), scaled(base, 3))
    (line,) = gist({"t": found}, {"t": None})
    assert "no quality of the protocol is reached by both sides" in line
