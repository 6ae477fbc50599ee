"""Metered trainings, and the constants of the GPU model that they fix: by hand, refitted, refused."""

import math
from dataclasses import replace
from statistics import fmean, median

import pytest

from revpath.energy_models import PriceError, get
from revpath.energy_models.gpu.metered import MeteredRun, busy_share, fit, metered_runs, without
from revpath.energy_models.gpu.model import Gpu, Work, energy
from revpath.energy_models.records import library
from revpath.energy_models.sensitivity import nominal

RUNS = {run.name: run for run in metered_runs()}


def made(name, gpu, encloses, busy, u, host=0.0, paper="p", idle=None):
    """A run that the model fits exactly: so many watts at utilisation u (published) of its GPU."""
    chosen = Gpu(gpu)
    rated, quiet = get(chosen.id("power")).value, get(chosen.id("idle")).value
    fmt = chosen.formats[0]
    rate = get(chosen.id(f"matmul_{fmt}")).value
    watts = quiet + (rated - quiet) * (busy + (1 - busy) * u) + host
    return MeteredRun(name, chosen, fmt, 2020, paper, "meter", encloses, watts, 1.0, u * rate * 3600, 1e9, None)


EXACT = [
    made("a", "h100", "gpu", 0.6, 0.3),
    made("b", "a100", "gpu", 0.6, 0.5, paper="q"),
    made("c", "v100", "system", 0.6, 0.4, 80.0, "q"),
    made("d", "v100", "system", 0.6, 0.2, 80.0, "r"),
]


def test_a_fit_recovers_what_made_the_runs():
    found = fit(EXACT)
    assert found.busy == pytest.approx(0.6)
    assert found.hosts["v100"] == pytest.approx(80)
    assert found.hosts["h100"] == pytest.approx(0.25 * 700)  # assumed: no H100 system in the pool
    assert "v100" not in found.assumed
    assert "h100" in found.assumed
    assert found.utilisation == pytest.approx((0.3 * 0.5 * 0.4 * 0.2) ** 0.25)
    for run in EXACT:
        assert found.watts(run) == pytest.approx(run.watts)


def test_a_run_without_flops_takes_the_usual_utilisation():
    found = fit(EXACT)
    constant, slope = found.line(Gpu("h100"), "gpu")
    assert found.watts(replace(EXACT[0], flops=None)) == pytest.approx(constant + slope * found.utilisation)


def test_small_models_and_short_runs_are_not_fitted_to():
    wild = replace(EXACT[0], name="w", watts=101.0)
    for change in ({"parameters": 9e7}, {"minutes": 9.0}):
        assert not replace(wild, **change).inside
        assert fit([*EXACT, replace(wild, **change)]) == fit(EXACT)
    assert fit([*EXACT, wild]) != fit(EXACT)


def test_the_records_are_the_fit():
    found = fit()
    assert get("gpu.busy_fraction").value == pytest.approx(found.busy, abs=0.001)
    for gpu in ("p100", "v100", "h100"):
        assert get(f"gpu.{gpu}.host").value == pytest.approx(found.hosts[gpu], abs=1)
    spread = get("gpu.busy_fraction").uncertainty
    shares = [busy_share(r, found.utilisation) for r in metered_runs() if r.inside and r.encloses == "gpu"]
    assert len(shares) == 10
    assert median(shares) == pytest.approx(found.busy)
    assert spread.low == pytest.approx(min(shares), abs=0.01)
    assert spread.high == pytest.approx(max(shares), abs=0.01)


def test_the_fits_watts_are_the_models():
    # the priced model (`gpu_model.energy`), which reads records, and the fitted one say the same of a run
    found, run = fit(), RUNS["olmo3_32b"]
    priced = nominal(energy(run.gpu, Work(run.flops, run.hours, run.format), "gpu"))[0] / (run.hours * 3600)
    assert found.watts(run) == pytest.approx(priced, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "printed", "how"),
    [
        ("transformer_big_p100", 221, lambda r: r.watts * r.hours / 1e3 * 1.11),  # kWh, table 1 of Patterson et al.
        ("evolved_transformer_p100", 185, lambda r: r.watts * r.hours / 1e3 * 1.11),
        ("gpt3", 330, lambda r: r.watts),
        ("ai2_dev_7b", 65, lambda r: r.watts * r.hours / 1e9 * 1.2 * 332),  # t of carbon, table 1 of Morrison et al.
        ("ai2_dev_13b", 46, lambda r: r.watts * r.hours / 1e9 * 1.12 * 351),
        ("ai2_dev_1b", 36, lambda r: r.watts * r.hours / 1e9 * 1.2 * 332),
        ("mlperf_lora_8", 12_127_904, lambda r: r.watts * r.hours * 3600),  # J, as the submitter prints them too
    ],
)
def test_runs_give_back_what_their_source_prints(name, printed, how):
    assert how(RUNS[name]) == pytest.approx(printed, rel=0.02)


def test_what_is_derived_from_other_runs_says_so():
    for run in metered_runs():
        assert run.derived_from <= set(RUNS)
        spent = library().get(f"metered.{run.name}.energy") or library().get(f"metered.{run.name}.power")
        if spent is not None and spent.derivation.count(" - "):
            assert run.derived_from, run.name


def test_groups_of_a_total_add_up():
    # table 1 of Morrison et al.: 680k GPU-hours; the 1B group is the total less the rows that are printed
    groups = [run for run in metered_runs() if run.paper == "morrison2025"]
    assert sum(run.hours for run in groups) == pytest.approx(680e3)


def test_transformer_on_v100_is_from_the_mean_of_two():
    assert fmean([RUNS["transformer_big_v100"].watts, RUNS["gpt3"].watts]) == pytest.approx(325, abs=0.5)


def test_without():
    assert {run.name for run in without("olmo3_7b")} == set(RUNS) - {"olmo3_7b"}
    # what is computed from a run's published figures would give it away
    assert {run.name for run in without("gpt3")} == set(RUNS) - {"gpt3", "transformer_big_v100"}
    assert {run.name for run in without("ai2_dev_7b")} == set(RUNS) - {"ai2_dev_7b", "ai2_dev_1b"}
    left = without(paper="patterson2021")
    assert {run.paper for run in left} == {run.paper for run in metered_runs()} - {"patterson2021"}


def test_refusals():
    with pytest.raises(PriceError, match="fixes no busy share"):
        fit([EXACT[2]])
    with pytest.raises(PriceError, match="'gpt3': its meter enclosed the host"):
        busy_share(RUNS["gpt3"], 0.4)


def test_every_run_is_finite_and_draws_no_more_than_a_node_is_rated_for():
    for run in metered_runs():
        assert math.isfinite(run.watts)
        rated = get(run.gpu.id("power")).value
        assert 0 < run.watts < rated * (1.0 if run.encloses == "gpu" else 1.5)
