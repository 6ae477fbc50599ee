"""The paper's framework, against the table that its law implies, and who can afford what."""

import math

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.energy_models import PriceError, get, load_law
from revpath.energy_models.figures.barrier import plot_by_step, plot_by_year
from revpath.energy_models.framework.barrier import (
    anchor_dollars,
    brain_parameters,
    budgets,
    by_step,
    by_year,
    middle_and_best,
    price_years,
)
from revpath.energy_models.framework.plan import Plan, affordable_parameters, cost, dollars_per_flop, law_table
from revpath.energy_models.framework.road import road, saving
from revpath.energy_models.sensitivity import propagate


@pytest.mark.parametrize(
    ("parameters", "joules", "hours", "dollars"),
    [  # as printed in the project's notes: 68 kWh, 84 GPU-h, $170; 3.3 MWh ...; 11 GWh, 1.4e7, $28M
        (1e9, 68 * 3.6e6, 84, 170),
        (7e9, 3.3 * 3.6e9, 4.1e3, 8e3),
        (70e9, 0.33 * 3.6e12, 4.1e5, 0.83e6),
        (405e9, 11 * 3.6e12, 1.4e7, 28e6),
        (1e12, 68 * 3.6e12, 8.4e7, 169e6),
        (1e13, 6.8 * 3.6e15, 8.4e9, 17e9),
    ],
)
def test_the_table_that_the_law_implies(parameters, joules, hours, dollars):
    (row,) = law_table((parameters,))
    assert row["joules"] == pytest.approx(joules, rel=0.04)
    assert row["hours"] == pytest.approx(hours, rel=0.02)
    assert row["dollars"] == pytest.approx(dollars, rel=0.04)


def test_parameters_tokens_and_experts_are_independent():
    plan = Plan(7e9)
    assert plan.flops() == pytest.approx(120 * 49e18)
    assert Plan(7e9, 1e12).flops() == pytest.approx(6 * 7e9 * 1e12)
    assert Plan(7e9, 1e12, 8).flops() == pytest.approx(6 * 7e9 * 1e12 / 8)
    assert Plan(7e9, experts=8).flops() == pytest.approx(120 * 49e18 / 8)
    assert Plan(7e9, saving=4).flops() == pytest.approx(120 * 49e18 / 4)


def test_costs_by_hand():
    plan = Plan(1e9, gpus=16, utilisation=0.4)
    found = cost(plan, n_draws=500)
    seconds = 1.2e20 / (0.4 * 794.5e12) * 1.05
    assert found.hours == pytest.approx(seconds / 3600)
    assert found.days == pytest.approx(seconds / 86400 / 16)
    s = get("gpu.busy_fraction").value
    watts = 100 + 600 * s + get("gpu.h100.host").value
    joules = 1.10 * (seconds * watts + 1.2e20 * (1 - s) * 600 / 794.5e12)
    assert found.joules.interval.nominal == pytest.approx(joules)
    assert found.dollars.interval.nominal == pytest.approx(found.hours * 2.35)
    assert found.carbon_kg.interval.nominal == pytest.approx(joules / 3.6e6 * 0.414, rel=1e-3)
    assert found.joules.interval.low < joules < found.joules.interval.high
    assert set(found.shaky) == {"gpu.h100.idle", "gpu.link.energy"}


def test_the_utilisation_is_a_record_with_a_spread():
    from revpath.energy_models.gpu.runs import load_run

    large = [
        load_run(f"{name}").utilisation
        for name in ("olmo3_7b", "olmo3_32b", "llama31_70b", "llama31_405b", "deepseek_v3")
    ]
    restarts = get("gpu.restarts").value  # the published hours hold them, the record does not
    assert get("gpu.utilisation").value == pytest.approx((1 + restarts) * math.prod(large) ** (1 / 5), abs=0.005)
    known, unknown = cost(Plan(1e9, utilisation=0.409), n_draws=2000), cost(Plan(1e9), n_draws=2000)
    assert unknown.joules.interval.nominal == pytest.approx(known.joules.interval.nominal)
    widths = [c.dollars.interval.high / c.dollars.interval.low for c in (known, unknown)]
    assert widths[1] > 1.3 * widths[0]


def test_meta_and_gpt3_imply_the_carbon_of_their_grid():
    assert get("carbon.us").value == pytest.approx(414, abs=1)
    assert get("carbon.france").value == 57


def test_every_joule_of_a_plan_passes_through_the_facility_in_every_draw():
    """Joules over PUE are those of the machines, whatever the facility: also of the time that restarts and waiting add."""
    from revpath.energy_models.sensitivity import propagate

    machines = []
    for pue in ("pue.google2021", "pue.uptime2021"):
        factor = propagate(lambda take, pue=pue: take(pue), n_draws=400).samples
        machines.append(cost(Plan(1e9, pue=pue), n_draws=400).joules.samples / factor)
    assert np.ptp(factor) > 0.5
    assert np.allclose(machines[0], machines[1], rtol=1e-12)


def test_joules_in_each_draw_are_the_power_over_the_hours_of_that_draw():
    from revpath.energy_models.gpu.model import Gpu, Work, energy
    from revpath.energy_models.sensitivity import propagate

    plan, n = Plan(1e9), 100
    hours = propagate(plan.hours_of, n_draws=n).samples
    found = cost(plan, n_draws=n).joules.samples
    for draw in range(n):
        work = Work(plan.flops(), hours[draw], plan.format)
        by_hand = propagate(energy(Gpu(plan.gpu), work, "facility", pue=plan.pue), n_draws=n).samples[draw]
        assert found[draw] == pytest.approx(by_hand)


def test_affordable_is_the_inverse_of_the_law():
    each = dollars_per_flop("price.h100_2026", 0.4)
    p = affordable_parameters(1e6, each)
    assert load_law().flops(p) * each == pytest.approx(1e6)
    assert affordable_parameters(4e6, each) == pytest.approx(2 * p)
    assert affordable_parameters(1e6, each, experts=9) == pytest.approx(3 * p)
    assert affordable_parameters(1e6, each, saving=2) == pytest.approx(math.sqrt(2) * p)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Plan(-1), "parameters = -1"),
        (lambda: Plan(1e9, experts=0.5), "experts = 0.5"),
        (lambda: Plan(1e9, utilisation=1.2), "utilisation = 1.2"),
        (lambda: Plan(1e9, gpus=0), "gpus = 0"),
        (lambda: Plan(1e9, gpu="tpu"), "gpu = 'tpu'"),
        (lambda: Plan(1e9, format="fp4"), "fp4"),
        (lambda: Plan(1e9, saving=0), "saving = 0"),
        (lambda: affordable_parameters(0, 1), "dollars = 0"),
        (lambda: cost(Plan(1e9, price="price.none")), "price.none"),
    ],
)
def test_bad_plans(call, message):
    with pytest.raises(RevpathError, match=message):
        call()


def test_a_plan_that_costs_too_little_time_is_refused():
    with pytest.raises(PriceError):
        Plan(1e9, utilisation=0)


def test_each_year_takes_its_cheapest_gpu():
    chosen = dict(price_years())
    assert chosen[2019] == "price.v100_2019"  # dearer by the hour than a P100, cheaper by the FLOP
    assert chosen[2023] == "price.a100_2023"
    for year, id in chosen.items():
        rivals = [r for r in ("price.p100_2019", "price.h100_2023", "price.h200_2026") if str(year) in r]
        for rival in rivals:
            each = [dollars_per_flop(i) for i in (id, rival)]
            assert each[0] <= each[1]


def test_budgets_buy_as_the_square_root():
    for row in by_year():
        assert row.parameters == pytest.approx(math.sqrt(row.dollars / 1e3) * next(
            r.parameters for r in by_year() if r.where == row.where and r.budget == "student"
        ))  # fmt: skip


def test_steps_multiply_and_the_revolution_stands_alone():
    rows = {(row.where, row.budget): row.parameters for row in by_step(revolutionary=0.25)}
    today = rows["today", "company"]
    (instead,) = [value for (where, budget), value in rows.items() if "analog" in where and budget == "company"]
    assert instead == pytest.approx(today / 2)
    assert rows["deduplication of text", "company"] == pytest.approx(math.sqrt(1.225) * today, rel=0.01)
    best = [row.at_best for row in by_step() if row.budget == "company"]
    assert best[-1] == pytest.approx(math.sqrt(1.351 * 4 * 2 * 1.75 * 2.32 / 1.674) * today, rel=1e-3)
    assert best == sorted(best)


def test_the_middle_of_each_step_lies_inside_its_interval():
    left = [step for step in road() if not step.in_baseline]
    for n in range(1, len(left) + 1):
        middle, best = middle_and_best(left[:n])
        interval = propagate(saving(left[:n])).interval
        assert interval.low < middle < interval.high
        assert best > middle


def test_the_brain_has_its_cited_watts():
    middle, low, high = brain_parameters()
    assert (get("anchor.brain").uncertainty.low, get("anchor.brain").uncertainty.high) == (10, 25)
    joules = 20 * 20 * 365.25 * 86400
    assert middle == pytest.approx(math.sqrt(joules / (120 * 2.0501e-12)), rel=1e-3)
    assert high / low == pytest.approx(math.sqrt(2.5))


def test_figures_have_a_line_for_each_budget():
    from matplotlib.figure import Figure

    left, right = Figure().subplots(1, 2)
    assert len(plot_by_year(left).get_lines()) == len(budgets()) + 4
    assert len(plot_by_step(right).get_lines()) == len(budgets())


def test_the_revolutionary_path_has_its_interval():
    from matplotlib.figure import Figure

    from revpath.energy_models.prices.bill import Interval
    from revpath.studies.compare.revolution import Factor, Revolution

    found = Revolution(Factor("it", 3.25, Interval(4.0, 4.0, 1.0, 9.0)), (), "s", (), ())
    ax = plot_by_step(Figure().subplots(), found)
    bars = [line for line in ax.get_lines() if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    assert len(bars) == len(budgets())
    for bar in bars:
        low, high = bar.get_ydata()
        assert high / low == pytest.approx(3)  # the square root of 9 over 1


def test_the_seeds_anchor_cost_what_was_printed():
    assert 289 <= anchor_dollars() <= 981  # Strubell et al. 2019, table 3
