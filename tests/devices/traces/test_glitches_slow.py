"""One glitch read changes neither law nor step: it is named and left out; what belongs to the cell stays."""

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.devices.laws import Window
from revpath.devices.response import ExponentialStep, LinearStep, SoftBounds
from revpath.devices.traces.fit import fit_traces
from revpath.devices.traces.glitches import without_spikes
from revpath.devices.traces.reading import read_traces
from revpath.devices.traces.samples import synthetic_traces

pytestmark = pytest.mark.jit

WINDOW = Window(g_min=8e-6, g_max=72e-6)
LAW = LinearStep(step=0.08, w_min=-1, w_max=1, gamma_up=0.9, gamma_down=0.9, step_noise=0.3)
CANDIDATES = ["constant-step", "linear-step", "soft-bounds"]


def table_of(law=LAW, **options):
    options = {"devices": 3, "cycles": 2, "pulses": 40, "read_sigma": 0.3e-6, "seed": 3, **options}
    return synthetic_traces(law, WINDOW, **options)


@pytest.fixture(scope="module")
def clean():
    fit = fit_traces(table_of(), laws=CANDIDATES)
    assert not fit.traces.notes
    return fit


# rows 0 to 80 are one series: 40 is the turn, 80 the last read, 81 the first of the next
@pytest.mark.parametrize("row", [0, 1, 20, 39, 40, 41, 60, 79, 80, 81, 485])
@pytest.mark.parametrize("siemens", [0.0, 1e-8, 40e-6, 90e-6, 150e-6, 500e-6, 0.9])
def test_one_glitch_changes_neither_law_nor_step(clean, row, siemens):
    table = table_of()
    table["conductance (S)"][row] = siemens
    fit = fit_traces(table, laws=CANDIDATES)
    assert fit.law == clean.law
    assert fit.device.response.step == pytest.approx(clean.device.response.step, rel=0.1)
    assert fit.device.response.step_noise == pytest.approx(clean.device.response.step_noise, rel=0.25)
    far = abs(siemens - table_of()["conductance (S)"][row]) > 25e-6
    assert not far or any(f"row {row + 1}," in note for note in fit.traces.notes)
    assert not far or f"row {row + 1}," in fit.report


@pytest.mark.parametrize("value", [-5e-6, -1.0, 9.91e37, np.inf, np.nan])
def test_an_impossible_read_is_an_error_that_names_its_row(value):
    table = table_of()
    table["conductance (S)"][20] = value
    with pytest.raises(RevpathError, match="row 21"):
        fit_traces(table)


def test_a_jump_that_stays_is_left_out_as_a_change(clean):
    table = table_of()
    later = (table["device"] == 1) & (table["cycle"] == 1) & (table["pulse"] > 60)
    table["conductance (S)"][later] += 30e-6
    fit = fit_traces(table, laws=CANDIDATES)
    assert fit.law == clean.law
    assert fit.device.response.step == pytest.approx(clean.device.response.step, rel=0.2)
    assert any("the change from" in note and "pulse 61" in note for note in fit.traces.notes)


def test_the_sheet_and_the_report_stand_with_reads_left_out():
    table = table_of()
    table["conductance (S)"][[0, 20]] = 500e-6
    fit = fit_traces(table, laws="linear-step")
    assert len({len(s.g) for s in fit.traces.series}) > 1
    fit.plot().figure.canvas.draw()
    assert "left out of the fit" in fit.report
    assert fit.standardised.std() == pytest.approx(1, abs=0.2)


def test_five_glitches_are_all_named(clean):
    table = table_of()
    for row in (20, 100, 101, 200, 350):
        table["conductance (S)"][row] = 200e-6
    fit = fit_traces(table, laws=CANDIDATES)
    assert fit.law == clean.law
    assert fit.device.response.step == pytest.approx(clean.device.response.step, rel=0.15)


@pytest.mark.parametrize(
    ("law", "most"),
    [
        (LAW, 0),
        (SoftBounds(step=0.15, w_min=-1, w_max=1, step_spread=0.1, asymmetry_spread=0.0, w_max_spread=0.05, w_min_spread=0.05,
                   step_noise=0.5, write_noise=0), 0),
        (ExponentialStep(step=0.2, w_min=-1, w_max=1, amplitude_up=0.3, gamma_up=3.0, amplitude_down=0.3, gamma_down=3.0, a=1, b=0,
                        step_noise=0.5), 0),
        (LinearStep(step=0.3, w_min=-1, w_max=1, gamma_up=0.95, gamma_down=0.95, step_noise=1.0), 1),
    ],
)  # fmt: skip
def test_clean_cells_keep_their_reads(law, most):
    """Abrupt, noisy and saturating cells: of 2916 reads in 6 tables none is taken for a spike.

    Where cycle noise is as large as steps of a third of the range, one is: such a cell does go there and back.
    """
    taken = 0
    for seed in range(6):
        traces = read_traces(table_of(law, seed=seed))
        taken += sum(len(s.g) for s in traces.series) - sum(len(s.g) for s in without_spikes(traces).series)
    assert taken <= most


def test_cells_that_are_wild_throughout_keep_all_and_say_so():
    table = table_of()
    rng = np.random.default_rng(0)
    hit = rng.random(len(table["pulse"])) < 0.05
    table["conductance (S)"][hit] = 150e-6
    spiky = without_spikes(read_traces(table))
    assert any("too many for glitches" in note for note in spiky.notes)


def test_a_device_of_few_pulses_keeps_its_glitch_and_says_so():
    table = table_of(devices=1, cycles=1, pulses=9)
    table["conductance (S)"][5] = 500e-6
    traces = without_spikes(read_traces(table))
    assert any("too few pulses would be left" in note for note in traces.notes)


def test_a_parameter_at_the_limit_of_its_search_is_named():
    """Steps far below the noise: a scale or the noise ends at its limit, and the report says which."""
    rng = np.random.default_rng(1)
    table = table_of(devices=1, cycles=3, pulses=20)
    table["conductance (S)"] = 40e-6 + 5e-6 * rng.standard_normal(len(table["pulse"]))
    fit = fit_traces(table, laws="linear-step")
    assert fit.at_limits
    assert f"At the limit of their search: {', '.join(fit.at_limits)}" in fit.report


def test_one_law_may_be_given_as_a_name(clean):
    assert {c.law.law for c in fit_traces(table_of(), laws="constant-step").choice.candidates} == {"constant-step"}
    with pytest.raises(RevpathError, match="law = 'soft' is not known"):
        fit_traces(table_of(), laws="soft")


def test_progress_is_told(capsys):
    said = []
    fit_traces(table_of(devices=1), laws="constant-step", progress=said.append)
    assert said[0] == "read the traces"
    assert "fit constant-step, multiplicative noise" in said
    fit_traces(table_of(devices=1), laws="constant-step", progress=True)
    assert "revpath: fit constant-step" in capsys.readouterr().err
