"""A chip of one's own beside the library: it enters the table, its guesses are named, and they widen its interval."""

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from revpath.energy_models import PriceError, component, load_chip, price
from revpath.energy_models.components.model import Guess
from revpath.energy_models.validation.chips import beside_the_library, cases, guessed_drivers, leave_one_out
from revpath.studies.commands.cli import app

FILE = """name = "my-chip"
title = "A phase-change macro that nobody here has tuned to"
kind = "analog"
node_nm = 14
temperature = "constants.temperature"
node_overhead = "node.assumed.power_over_analog_chip"
pue = "pue.google2021"
[sources.mine]
citation = "Made up for this test"
[[record]]
id = "my.efficiency"
value = 10.0
unit = "Top/J"
uncertainty = { kind = "exact" }
evidence = "measured"
source = "mine"
read_in = "primary"
[[price]]
event = "adc.conversion"
ignores = ["enob"]
why = "Eight nominal bits: effective ones are not published."
terms = [{ component = "adc.survey", enob = ENOB, rate_Hz = 1e8, node_nm = 14 }]
[[price]]
event = "column.regulate"
why = "A column of 256 cells, as far as anybody knows."
[[price.terms]]
component = "column.regulator"
cells = 256
pitch_m = 1e-6
write_A = 1e-4
bits = 8
step_s = STEP
on_s = 1e-7
signal_s = 1e-7
siemens = 1e-5
read_V = 0.2
supply_V = 0.8
[[workload]]
name = "mvm"
why = "One product of a 256 x 256 array."
ops = 131072
efficiency = "my.efficiency"
events = { "adc.conversion" = 256, "column.regulate" = 256 }
"""


@pytest.fixture
def written(tmp_path):
    def write(enob="{ value = 7.0, low = 6.0, high = 8.0 }", step="1e-9", **changes):
        text = FILE.replace("ENOB", enob).replace("STEP", step)
        for old, new in changes.items():
            text = text.replace(old, new)
        path = tmp_path / "my-chip.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.slow
def test_the_file_enters_the_table_of_validate(written, tmp_path):
    path = written()
    done = CliRunner().invoke(app, ["validate", str(path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "my-chip mvm 10 " in said
    points = cases(beside_the_library(load_chip(path)))
    factors, mine = leave_one_out(points)["my-chip"], next(p for p in points if p.chip == "my-chip")
    assert f"my-chip: {', '.join(f'{name} {factors.get(name, 1.0):.3g}' for name in mine.components)}" in said
    assert re.search(r"my-chip: column.regulator: .*step_s = 1e-09 \(1e-09 to 5e-09\)", said)
    assert "my-chip,mvm,True" in (tmp_path / "out" / "validation.csv").read_text()


def test_the_shipped_chips_are_predicted_without_the_file_where_it_is_simulated(written):
    path = written(**{'"measured"': '"simulated"'})
    with_it, without = (leave_one_out(cases(chips)) for chips in (beside_the_library(load_chip(path)), None))
    assert {name: with_it[name] for name in without} == without


def test_the_file_is_shown_by_chips_with_its_guesses(written):
    done = CliRunner().invoke(app, ["chips", str(written())])
    assert done.exit_code == 0
    said = " ".join(done.output.split())
    assert "guessed: adc.survey: enob = 7 (6 to 8)" in said
    assert (
        "step_s = 1e-09 (1e-09 to 5e-09), siemens = 1e-05 (3e-06 to 3e-05), activity = 0.5 (0.025 to 1)"
        in said.replace("guessed: column.regulator: ", "")
        or all(
            part in said for part in ("step_s = 1e-09 (1e-09", "siemens = 1e-05 (3e-06", "activity = 0.5 (0.025 to 1)")
        )
    )


def test_a_file_without_a_published_figure_says_what_it_lacks(written):
    for changes in ({'efficiency = "my.efficiency"': ""}, {"[[workload]]": "[[part]]"}):
        path = written(**changes)
        done = CliRunner().invoke(app, ["validate", str(path)])
        assert done.exit_code != 0
    path = written(**{'efficiency = "my.efficiency"': ""})
    with pytest.raises(PriceError, match=r"chip 'my-chip' has no published figure: give it a \[\[workload\]\]"):
        beside_the_library(load_chip(path))


def test_a_file_of_a_shipped_name_is_refused(written):
    path = written(**{'name = "my-chip"': 'name = "neurram-130nm"'})
    with pytest.raises(PriceError, match="'neurram-130nm' stands for two chips"):
        beside_the_library(load_chip(path))


def width(path):
    bill = price({"column.regulate": 1}, load_chip(path)).interval()
    return bill.high / bill.low


def test_what_is_guessed_widens_and_what_is_known_does_not(written):
    guessed, known = width(written()), width(written(step="{ value = 1e-9, low = 1e-9, high = 1e-9 }"))
    assert guessed > known > 2
    chip = load_chip(written(step="{ value = 1e-9, low = 1e-9, high = 1e-9 }"))
    assert "step_s" not in " ".join(guessed_drivers(chip))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{ value = 1e-9, low = 2e-9, high = 5e-9 }", "low = 2e-09, value = 1e-09, high = 5e-09 must rise"),
        ("{ value = 1e-9, low = 1e-9 }", "must have value, low and high"),
        ("{ value = 'x', low = 1e-9, high = 1 }", "value = 'x' must be a finite number"),
        ("[1e-9]", r"driver step_s = \[1e-09\] is outside"),
    ],
)
def test_bad_guesses_are_named(written, step, message):
    with pytest.raises(PriceError, match=message):
        load_chip(written(step=step))


def test_a_guess_is_drawn_with_the_width_that_it_states():
    """Energy goes as 1 / step_s here (bias alone), so a central 90 % of a factor f adds ln f / 3.29 in quadrature."""
    drivers = {
        "cells": 64,
        "pitch_m": 1e-6,
        "write_A": 1e-4,
        "bits": 8,
        "on_s": 1e-7,
        "signal_s": 1e-7,
        "siemens": 1e-5,
    }
    drivers |= {"read_V": 0.2, "supply_V": 0.8, "activity": 0.0}
    known = component("column.regulator").estimate(step_s=Guess(1e-9, 1e-9, 1e-9), **drivers)
    guess = component("column.regulator").estimate(step_s=Guess(1e-9, 5e-10, 4e-9), **drivers)
    assert known.sigma_ln == 0
    assert guess.sigma_ln == pytest.approx(np.log(8) / (2 * 1.6449), rel=1e-4)
    spreads = [estimate.record().uncertainty.sigma_ln for estimate in (known, guess)]
    assert spreads[1] == pytest.approx(np.hypot(spreads[0], guess.sigma_ln))
    assert guess.value == known.value


def test_no_amplifier_settles_a_line_faster_than_the_line_itself():
    """(bits + 1) ln 2 time constants 4 R C / pi^2 of the distributed line, by hand from the records."""
    from revpath.energy_models import get

    drivers = {
        "cells": 4096,
        "pitch_m": 2e-6,
        "write_A": 1e-3,
        "bits": 8,
        "on_s": 1e-6,
        "signal_s": 1e-6,
        "siemens": 1e-6,
    }
    drivers |= {"read_V": 0.2, "supply_V": 0.8}
    each = get("line.nvsim2012.cell").to("F/cell") + get("transistor.assumed.junction").to("F/A") * 1e-3
    farad = 4096 * (each + get("wire.kogge2008.capacitance").to("F/m") * 2e-6)
    ohm = 4096 * 2e-6 * get("wire.assumed.column_resistance").to("ohm/m")
    least = 9 * np.log(2) * 4 * ohm * farad / np.pi**2
    regulator = component("column.regulator")
    assert regulator.estimate(step_s=least * 1.001, **drivers).value > 0
    with pytest.raises(PriceError, match=r"a line of 4096 cells, .* ohm and .* F, needs .* s to settle"):
        regulator.estimate(step_s=least * 0.999, **drivers)


def test_the_survey_rises_with_effective_bits_whole_or_not():
    survey, bits = component("adc.survey"), np.arange(4, 12.01, 0.05)
    joules = [survey.estimate(enob=float(b), rate_Hz=1e8, node_nm=22).value for b in bits]
    assert (np.diff(joules) > 0).all()
