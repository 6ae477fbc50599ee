"""Models against silicon: the fits do what they say, nobody is predicted from himself, and the numbers stand as printed."""

import math

import numpy as np
import pytest
from helpers.statistics import relative
from matplotlib.figure import Figure

from revpath.energy_models import PriceError, load_chip, plot_validation, price, summary, validation_table
from revpath.energy_models.validation.chips import NAMES, Case, calibrate, cases, fit, leave_one_out, report

POINTS = cases()
TABLE = validation_table(POINTS)
SUMMARY = summary(TABLE).set_index("chip")


def toy(chip: str, factors, groups=(), measured=True, seed=0) -> list[Case]:
    """A chip whose published joules are its model's times known factors."""
    rng = np.random.default_rng(seed)
    found = []
    for n in range(4):
        model = {group: float(rng.uniform(1, 10)) for group in NAMES}
        published = {group: model[group] * factors[group] for group in NAMES}
        given = {group: published[group] for group in groups}
        found.append(Case(chip, f"w{n}", sum(published.values()), model, model, given, measured))
    return found


KNOWN = {"array": 2.0, "converters": 0.5, "digital": 3.0}


def test_calibration_finds_the_factors_of_published_groups():
    points = toy("a", KNOWN, groups=NAMES)
    assert calibrate(points) == {group: relative(factor) for group, factor in KNOWN.items()}
    assert [p.calibrated(calibrate(points)) for p in points] == [relative(p.published) for p in points]


def test_calibration_on_totals_has_one_factor():
    assert calibrate(toy("a", dict.fromkeys(NAMES, 1.7))) == {group: relative(1.7) for group in NAMES}


def test_the_fit_over_chips_finds_common_factors_up_to_its_prior():
    points = [p for n in range(30) for p in toy(f"chip{n}", KNOWN, groups=NAMES, seed=n)]
    found = fit(points)
    assert {g: found[g] for g in NAMES} == relative(KNOWN, rel=0.15)
    assert all(abs(math.log(found[g])) < abs(math.log(KNOWN[g])) for g in NAMES)  # the prior pulls towards 1


def test_leaving_one_out_really_leaves_it_out():
    one, two, other = (toy(name, KNOWN, groups=NAMES, seed=n) for n, name in enumerate("abc"))
    wild = toy("c", dict.fromkeys(NAMES, 1000.0), groups=NAMES, seed=2)
    factors = leave_one_out([*one, *two, *other])
    changed = leave_one_out([*one, *two, *wild])
    assert changed["c"] == {g: relative(f) for g, f in factors["c"].items()}
    assert changed["a"] != relative(factors["a"], rel=0.5)


def test_what_one_model_lacks_says_nothing_of_another_in_its_group():
    """Ladders that spend twice what their model says raise the ladders of the next chip, and not its bit lines."""

    def chip(name, component, factor):
        model = {f"array/{component}": 1.0, "converters/adc": 1.0}
        return Case(
            name,
            "w",
            factor + 1.0,
            model,
            {"array": 1.0, "converters": 1.0},
            {"array": factor, "converters": 1.0},
            True,
        )

    points = [chip("a", "ladders", 2.0), chip("b", "ladders", 2.0), chip("c", "lines", 1.0)]
    factors = leave_one_out(points)
    assert factors["b"]["ladders"] == relative(
        2 ** (1 / 3)
    )  # one of two figures, against a prior of weight one: 1/2 over 1/2 + 1
    assert "lines" not in factors["c"]
    assert points[2].scaled(factors["c"]) == relative(2.0)
    assert points[2].of_groups({"lines": 3.0}) == {"array": 3.0, "converters": 1.0}
    assert points[2].components == ("lines", "adc")


def test_simulated_designs_are_predicted_but_never_fitted_to():
    real, paper = toy("a", KNOWN, groups=NAMES), toy("p", dict.fromkeys(NAMES, 99.0), measured=False)
    factors = leave_one_out([*real, *toy("b", KNOWN, groups=NAMES, seed=5), *paper])
    assert factors["a"] == leave_one_out([*real, *toy("b", KNOWN, groups=NAMES, seed=5)])["a"]
    assert set(factors) == {"a", "b", "p"}
    with pytest.raises(PriceError, match="no other measured chip"):
        leave_one_out(real)


@pytest.mark.parametrize("call", [calibrate, fit])
def test_nothing_to_fit_is_refused(call):
    with pytest.raises(PriceError, match="points is empty"):
        call([])


def test_the_published_points_are_those_of_the_papers():
    published = TABLE.set_index(["chip", "workload"])["published"]
    assert published["hermes-64-14nm", "phase1"] == relative(9.76)
    assert published["hermes-64-14nm", "core"] == relative(10.5)
    assert published["charge-65nm-jia", "binary-0.85V"] == relative(400)
    assert published["neurram-130nm", "out10-in8"] == relative(6.437, rel=1e-3)
    assert published["sram-7nm-sinangil", "4b-0.8V-out6"] == relative(351)
    assert published["puma-32nm", "mvm-16b"] == relative(0.837)
    assert set(TABLE[~TABLE["measured"]]["chip"]) == {"puma-32nm", "isaac-32nm"}


@pytest.mark.parametrize(
    ("chip", "typical", "worst"), [("neurram-130nm", 0.01, 0.11), ("charge-65nm-jia", 0.005, 0.005)]
)
def test_published_groups_sum_to_the_published_total(chip, typical, worst):
    # The unit trap: NeuRRAM's "fJ/MAC" are per operation, or the sums would be off by 2. One of its eight breakdowns (8-bit
    # outputs) was digitised from another mode, it seems: its sum lies 10 % below the published total.
    errors = [abs(sum(p.groups.values()) / p.published - 1) for p in POINTS if p.chip == chip]
    assert np.median(errors) < typical
    assert max(errors) < worst


@pytest.mark.parametrize(
    ("chip", "tolerance"),
    [("neurram-130nm", 0.10), ("charge-65nm-jia", 0.10), ("hermes-64-14nm", 0.15), ("puma-32nm", 0.20)],
)
def test_calibrated_residuals_are_within_the_tolerances(chip, tolerance):
    assert SUMMARY.loc[chip, "calibrated_residual"] < tolerance


def test_puma_is_reproduced_from_its_constants_without_a_factor():
    assert SUMMARY.loc["puma-32nm", "uncalibrated"] < 1.05


def test_the_predictions_stand_as_they_are_reported():
    # The goal of a factor of 2 is met by four measured chips of five. These are records of fact, not targets: a model that
    # changes them changes the report, and the account of what was looked at in validation.py.
    worst = {chip: round(float(x), 1) for chip, x in SUMMARY["worst"].items() if SUMMARY.loc[chip, "measured"]}
    assert worst == {
        "charge-22nm-wang": 2.2,
        "charge-65nm-jia": 1.5,
        "hermes-64-14nm": 1.5,
        "neurram-130nm": 1.1,
        "sram-7nm-sinangil": 1.8,
    }
    within = list(SUMMARY.index[SUMMARY["within_goal"] & SUMMARY["measured"]])
    assert within == ["charge-65nm-jia", "hermes-64-14nm", "neurram-130nm", "sram-7nm-sinangil"]


def test_hermes_takes_its_time_from_its_clock():
    # energy.md V1: throughput within 2 %; no published throughput is among the chip's inputs
    rows = TABLE[(TABLE["chip"] == "hermes-64-14nm") & TABLE["throughput"].notna()]
    assert set(rows["workload"]) == {"phase1", "phase4"}
    assert set(rows["time"]) == {"model"}
    assert rows["throughput"].to_numpy() == pytest.approx([1.0, 1.0], abs=0.02)
    # 128 clocks of pulse and one of settling for each phase, three of the digital unit
    seconds = [64 * 131072 / (x * y) for x, y in zip(rows["throughput"], (63.1e12, 16.1e12), strict=True)]
    assert seconds == [relative(132e-9), relative(519e-9)]


def test_chips_whose_published_time_is_an_input_say_so():
    given = {"charge-22nm-wang", "charge-65nm-jia", "sram-7nm-sinangil"}
    assert set(TABLE[TABLE["time"] == "published"]["chip"]) == given
    assert TABLE[TABLE["time"] == "published"]["throughput"].isna().all()


def test_throughput_is_power_bound_by_time_on_hermes():
    # energy.md V1: both modes draw the same power, so energy must follow time
    one, four = (next(p for p in POINTS if p.workload == w) for w in ("phase1", "phase4"))
    assert one.published / four.published == relative(2.48 / 9.76)
    assert four.total / one.total == relative(9.76 / 2.48, rel=0.1)


def test_no_chip_is_predicted_by_models_fitted_to_it():
    fitted = {"adc.neuron", "integrator.step", "sample.hold"}
    chip = load_chip("neurram-130nm")
    used = {r.source.key for work in chip.workloads for r in work.models.values()}
    used |= {r.source.key for id, r in chip.records.items() if id.startswith("model.")}
    assert not {f"model.{name}" for name in fitted} & used


def test_the_models_interval_is_that_of_its_bill():
    case = next(p for p in POINTS if (p.chip, p.workload) == ("hermes-64-14nm", "phase1"))
    chip = load_chip("hermes-64-14nm")
    work = next(w for w in chip.workloads if w.name == "phase1")
    interval = price(work.events, chip, overrides=work.models, n_draws=20_000, seed=5).interval()
    assert case.spread == relative((interval.low / work.ops, interval.high / work.ops), rel=0.15)
    assert (TABLE["low"] < TABLE["model"]).all()
    assert (TABLE["model"] < TABLE["high"]).all()


def test_the_table_and_its_plot():
    assert (TABLE["leave_one_out"].between(0.5, 2) == TABLE["within_goal"]).all()
    ax = plot_validation(Figure().subplots(), TABLE)
    chips = TABLE["chip"].unique()
    labels = ax.get_legend_handles_labels()[1]
    assert sum("left out" in label for label in labels) == len(chips)
    x = np.concatenate([np.asarray(line.get_xdata()) for line in ax.get_lines() if "left out" in str(line.get_label())])
    assert sorted(x) == relative(sorted(TABLE["published"]))
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_the_report_says_how_far_off_it_is():
    text = report(TABLE)
    assert (
        "4 of 5 measured chips are predicted within a factor of 2 at every operating point, 5 on average; "
        "the worst is 2.2 times off (charge-22nm-wang)." in text
    )
    assert "As the models are, without any factor: 4 of 5 within 2 at every operating point." in text
    assert "Left out: the factors never saw the chip; those who chose the models had" in text
    assert "The published figure lies between the model's 5 % and 95 % at 20 of 22 measured points." in text
    assert all(workload in text for workload in TABLE["workload"])
    # whatever misses the goal says what is not explained
    last = text[text.index("not explained by the models") :]
    missing = SUMMARY.index[SUMMARY["measured"] & ~SUMMARY["within_goal"]]
    assert list(missing) == ["charge-22nm-wang"]
    assert all(f"  {chip}: {load_chip(chip).unexplained}" in last for chip in missing)
