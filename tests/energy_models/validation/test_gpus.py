"""Leaving a run or a paper out: strictly, by hand, and what comes of it."""

import math
import statistics
from statistics import fmean

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.energy_models import PriceError, get
from revpath.energy_models.figures.runs import plot_modelled
from revpath.energy_models.gpu.metered import fit, metered_runs, without
from revpath.energy_models.gpu.runs import load_run, runs
from revpath.energy_models.records import library
from revpath.energy_models.validation.gpus import (
    LeftOut,
    energy_left_out,
    hours_left_out,
    implied_utilisation,
    null_blind,
    null_left_out,
    power_blind,
    power_left_out,
    summary,
)


def inside(by):
    return [left for left in power_left_out(by) if left.run.inside]


def test_power_left_out_is_by_hand():
    for by in ("run", "paper"):
        for left in power_left_out(by):
            others = [
                run
                for run in metered_runs()
                if (left.run.name not in {run.name, *run.derived_from} if by == "run" else run.paper != left.run.paper)
            ]
            assert left.model == pytest.approx(fit(others).watts(left.run))


def test_a_run_left_out_does_not_foretell_itself():
    # whatever a run's own energy is, what the others foretell of it stays
    from dataclasses import replace

    every = list(metered_runs())
    i = next(i for i, run in enumerate(every) if run.name == "olmo3_7b")
    changed = [*every[:i], replace(every[i], watts=every[i].watts / 2), *every[i + 1 :]]
    one, two = ({left.run.name: left.model for left in power_left_out("run", pool)} for pool in (every, changed))
    assert one["olmo3_7b"] == two["olmo3_7b"]
    assert one["vit_large_v100"] > two["vit_large_v100"]


def test_energy_in_known_hours_meets_the_goal_but_for_one_run():
    found = inside("run")
    assert {left.run.name for left in found if abs(left.error) > 0.15} == {"transformer_6b_a100"}
    assert summary(found, 0.15).count == 17
    assert summary(found, 0.15).median < 0.08
    assert (
        summary(found, 0.15).mean < 0.15
    )  # the goal, as a mean error, which is how node models are judged (arXiv:2506.14551)
    assert max(abs(left.error) for left in found if left.run.flops) < 0.10


def test_a_whole_paper_left_out_fails_on_the_p100():
    bad = {left.run.name for left in inside("paper") if abs(left.error) > 0.15}
    assert bad == {"transformer_6b_a100", "transformer_big_p100", "evolved_transformer_p100"}
    assert {left.run.paper for left in power_left_out("paper") if left.prior} == {"patterson2021"}


def test_small_models_draw_less_than_the_model_says():
    outside = {left.run.name: left.error for left in power_left_out("run") if not left.run.inside}
    assert outside["vit_tiny_v100"] > 1
    assert outside["bert_small_v100"] > 0.5


def test_energy_from_parameters_and_tokens_misses_the_goal_and_size_halves_the_error():
    mean, size = summary(energy_left_out("mean"), 0.15), summary(energy_left_out("size"), 0.15)
    assert size.median > 0.15
    assert size.median < 0.6 * mean.median
    assert summary(energy_left_out("size", "paper"), 0.15).median > 0.3


def test_hours_left_out():
    errors = {left.run.name: left.error for left in hours_left_out()}
    assert min(errors, key=errors.get) == "llama31_8b"
    assert 0.15 < summary(hours_left_out(), 0.15).median < 0.25
    # of the larger models that published hours, size foretells nothing
    size, mean = (summary(hours_left_out(law), 0.15).median for law in ("size", "mean"))
    assert size == pytest.approx(mean, abs=0.03)


def test_implied_utilisation_gives_back_the_energy():
    constants = fit()
    for name in ("olmo2_7b", "gpt3"):
        run = load_run(name)
        u = implied_utilisation(run, constants)
        constant, slope = constants.line(run.gpu, run.encloses)
        pue = 1.1 if name == "gpt3" else 1.0
        assert pue * run.flops / (u * run.rate) * (constant + slope * u) == pytest.approx(run.energy_J)
    with pytest.raises(PriceError, match="no published energy"):
        implied_utilisation(load_run("deepseek_v3"), constants)


@pytest.mark.parametrize("law", ["mean", "size"])
def test_energy_left_out_is_by_hand(law):
    pool = runs("measured")
    run = load_run("olmo_700m")
    constants = fit(without(run.name))
    others = [(other, implied_utilisation(other, constants)) for other in pool if other.name != run.name]
    if law == "mean":
        u = math.exp(fmean(math.log(share) for _, share in others))
    else:
        x = np.array([[1.0, math.log(other.parameters)] for other, _ in others])
        a, b = np.linalg.lstsq(x, np.log([share for _, share in others]), rcond=None)[0]
        u = min(max(share for _, share in others), math.exp(a) * run.parameters**b)
    constant, slope = constants.line(run.gpu, "gpu")
    joules = run.flops / (u * run.rate) * (constant + slope * u)
    (found,) = [left for left in energy_left_out(law) if left.run.name == run.name]
    assert found.model == pytest.approx(joules)
    assert found.published == run.energy_J


def test_a_summary_by_hand():
    found = [LeftOut(metered_runs()[0], 100.0, model) for model in (90.0, 120.0, 101.0)]
    got = summary(found, 0.15)
    assert (got.count, got.within) == (3, 2)
    assert (got.median, got.mean, got.worst) == (pytest.approx(0.1), pytest.approx(0.31 / 3), pytest.approx(0.2))


def test_figure_has_a_mark_for_each_run():
    from matplotlib.figure import Figure

    found = power_left_out()
    ax = plot_modelled(found, Figure().subplots(), goal=0.15, unit="W")
    marks = {(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.get_lines() if len(line.get_xdata()) == 1}
    assert marks == {(left.published, left.model) for left in found}
    named = {text.get_text() for text in ax.texts}
    assert named == {left.run.name.replace("_", " ") for left in found if abs(left.error) > 0.225}


def test_trainings_that_zeus_metered_are_foretold_blind():
    """By hand from the records; on GPUs metered alone ours is no better than rated power times a share, and a P100 is missed."""
    constants, found, null = fit(), power_blind(), null_blind()
    assert len(found) == len([id for id in library() if id.startswith("blind.")]) == 10
    assert not {left.run.name for left in found} & {run.name for run in metered_runs()}
    pool = [run for run in metered_runs() if run.inside and run.encloses == "gpu"]
    share = statistics.median(run.watts / get(f"gpu.{run.gpu.name}.power").to("W") for run in pool)
    for left, other in zip(found, null, strict=True):
        gpu, rated = left.run.gpu.name, get(f"blind.{left.run.name}.power").conditions["rated_W"]
        power, idle = (get(f"gpu.{gpu}.{quantity}").to("W") for quantity in ("power", "idle"))
        busy = idle + (power - idle) * (constants.busy + (1 - constants.busy) * constants.utilisation)
        assert left.model == relative(busy * rated / power)
        assert other.model == relative(share * rated)
    inside = [left for left in found if left.run.inside]
    ours, theirs = (summary([left for left in each if left.run.inside], 0.15) for each in (found, null))
    assert (ours.count, ours.within, theirs.within) == (9, 7, 7)
    assert {left.run.gpu.name for left in inside if abs(left.error) > 0.15} == {"p100"}


def test_a_model_without_physics_stands_beside_ours():
    """Rated power times the median share of the others, recounted from the runs; an audit had 12 and 10 of 17 within 15 %."""
    pool = [run for run in metered_runs() if run.inside]
    rated = {run.name: get(f"gpu.{run.gpu.name}.power").to("W") for run in pool}
    for by, within in (("run", 12), ("paper", 10)):
        found = null_left_out(by)
        for left in found:
            others = [
                other.watts / rated[other.name]
                for other in pool
                if other.encloses == left.run.encloses
                and other.name != left.run.name
                and left.run.name not in other.derived_from
                and (by == "run" or other.paper != left.run.paper)
            ]
            assert left.model == relative(rated[left.run.name] * statistics.median(others))
        assert summary(found, 0.15).within == within
        ours = summary([left for left in power_left_out(by) if left.run.inside], 0.15)
        assert (ours.count, ours.within > within) == (17, True)
    one = [run for run in pool if run.encloses == "gpu"][:1]
    with pytest.raises(PriceError, match="no other run was metered around its gpu"):
        null_left_out(pool=one)
