"""What a programming run reports: events to be priced, tables, text and the histogram of the error."""

import numpy as np
import pytest
from helpers.statistics import relative
from matplotlib.figure import Figure

from revpath.devices import load_device
from revpath.simulator import ArrayError, Events, Stream
from revpath.simulator.programming.report import Outcome, ProgrammingReport
from revpath.simulator.programming.write_verify import PURPOSE, WriteVerify, write_verify

PCM = load_device("pcm-nandakumar2019")
PRICED = {"read_voltage": 0.2, "read_time": 1e-7, "pulse_duration": 1e-8}


def made(**changes) -> ProgrammingReport:
    """Two rows of three cells, by hand."""
    parts = {
        "target": np.array([[1, 2, 3], [4, 5, 6]]) * 1e-6,
        "achieved": np.array([[1.1, 2, 3], [4, 4.7, 9]]) * 1e-6,
        "pulses_up": np.array([[5, 0, 0], [0, 1, 40]]),
        "pulses_down": np.array([[1, 0, 2], [0, 0, 60]]),
        "writes": np.zeros((2, 3), int),
        "verify_reads": np.array([[14, 2, 6], [2, 4, 202]]),
        "siemens_read": np.array([[14, 4, 18], [8, 20, 1212]]) * 1e-6,
        "outcome": np.array([[0, 0, 0], [0, 0, 2]], np.uint8),
        "wear": np.array([[6, 0, 2], [0, 1, 100]]),
        "endurance": 99.0,
        "tolerance": 0.2e-6,
        "noiseless": False,
    }
    return ProgrammingReport(**{**parts, **changes})


def test_errors_failures_and_misjudged_cells():
    report = made()
    np.testing.assert_allclose(report.error, np.array([[0.1, 0, 0], [0, -0.3, 3]]) * 1e-6, atol=1e-20)
    assert report.failed.tolist() == [[False] * 3, [False, False, True]]
    assert report.misjudged.tolist() == [[False] * 3, [False, True, False]]  # read noise let it pass
    assert report.worn.tolist() == [[False] * 3, [False, False, True]]
    assert not made(endurance=None).worn.any()


def test_events_by_hand():
    """Rows one after another, each as long as its slowest cell: 6 and 100 slots, 14 and 202 reads."""
    events = made().events(cells_per_row=3, **PRICED)
    assert events.counts == {"pulse.up": 46, "pulse.down": 63, "cell.verify_read": 230, "update.slot": 106}
    assert events.integrals["array.busy_s"] == relative(106 * 1e-8 + 216 * 1e-7)
    assert events.integrals["array.verify_energy_J"] == relative(1276e-6 * 0.04 * 1e-7)
    assert made().slots(3).tolist() == [6, 100]
    assert made().slots(1).tolist() == [6, 0, 2, 0, 1, 100]
    assert made().seconds(6, 1e-8, 1e-7) == relative(100 * 1e-8 + 202 * 1e-7)


def test_the_slowest_cell_is_slowest_in_all_its_work():
    """Not the most pulses and the most reads of different cells."""
    report = made(verify_reads=np.array([[1, 20, 1], [0, 0, 0]]), pulses_down=np.zeros((2, 3), int))
    assert report.seconds(3, 1e-8, 1e-7) == relative(20e-7 + 40e-8)


def test_what_has_no_price_is_said():
    unknown = made().events(cells_per_row=3, **{**PRICED, "pulse_duration": None})
    assert unknown["update.slot_of_unknown_duration"] == unknown["update.slot"] == 106
    assert unknown["array.busy_s"] == relative(216e-7)
    assert made(noiseless=True).events(cells_per_row=3, **PRICED)["array.noiseless_read"] == 230


def test_events_of_a_run_are_what_it_did():
    targets = np.random.default_rng(0).uniform(0, PCM.window.g_max, (8, 6, 2))
    state = np.zeros(targets.shape, np.float32)
    shown = state.copy()
    report = write_verify(state, shown, None, targets, PCM, WriteVerify(tolerance=0.05), Stream(0, PURPOSE))
    events = report.events(cells_per_row=12, **PRICED)
    assert events["cell.programmed"] == report.writes.sum() >= 96
    assert events["cell.verify_read"] == report.verify_reads.sum() == report.writes.sum()
    assert events["pulse.up"] == events["pulse.down"] == events["array.noiseless_read"] == 0
    assert events["update.slot"] == report.writes.reshape(8, 12).max(axis=1).sum()
    once = report.writes == 1  # a cell that was read once was read as it is
    np.testing.assert_allclose(report.siemens_read[once], report.achieved[once], rtol=1e-6, atol=1e-15)
    np.testing.assert_allclose(report.achieved, shown * PCM.window.g_max, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells_per_row": 4}, "6 cells do not make whole rows of cells_per_row = 4"),
        ({"cells_per_row": 0}, "cells_per_row = 0 must be a positive integer"),
        ({"cells_per_row": 1.5}, "cells_per_row = 1.5"),
        ({"read_voltage": -1}, "read_voltage = -1 must be a positive"),
        ({"read_time": np.inf}, "read_time = inf must be"),
        ({"pulse_duration": 0}, "pulse_duration = 0 must be"),
    ],
)
def test_events_refuse(change, message):
    with pytest.raises(ArrayError, match=message):
        made().events(**{"cells_per_row": 3, **PRICED, **change})


def test_open_loop_report():
    report = ProgrammingReport.of_open_loop(np.array([1e-6, 2e-6]), np.array([1.5e-6, 2e-6]), wear=3, endurance=3)
    assert report.error.tolist() == [relative(0.5e-6), 0]
    assert not report.failed.any()
    assert not report.misjudged.any()
    assert report.wear.tolist() == [4, 4]
    assert report.worn.all()
    assert (report.outcome == Outcome.NOT_VERIFIED).all()
    assert report.events(cells_per_row=2, **PRICED) == Events({"cell.programmed": 2})
    assert "failed" not in report.summary()
    with pytest.raises(ArrayError, match=r"target has shape \(2,\) and achieved \(3,\)"):
        ProgrammingReport.of_open_loop(np.zeros(2), np.zeros(3))


def test_frame_has_a_row_for_each_cell():
    frame = made().to_frame()
    assert len(frame) == 6
    assert frame.loc[5, ["pulses_up", "pulses_down", "verify_reads", "wear"]].tolist() == [40, 60, 202, 100]
    assert frame["outcome"].tolist() == ["reached"] * 5 + ["beyond_bounds"]
    assert frame["error_S"].to_numpy() == pytest.approx(made().error.reshape(-1), abs=1e-20)
    assert frame["worn"].sum() == 1


def test_summary_says_it_all():
    text = made().summary()
    assert "6 cells, error rms 1.232 uS, largest 3 uS" in text
    assert "tolerance 0.2 uS: 1 failed (1 target beyond their bounds)" in text
    assert "outside the tolerance: 1" in text
    assert "mean 18.17, median 1.5, most 100 (46 up, 63 down); verify reads per cell: mean 38.33" in text
    assert "beyond the endurance of 99 pulses: 1" in text


# -- the picture -----------------------------------------------------------------------------------------------------


def many(**changes) -> ProgrammingReport:
    """1000 cells of which 10 failed; one of them is far away."""
    error = np.random.default_rng(0).uniform(-1e-7, 1e-7, 1000)
    error[:10] = 1.5e-7
    error[0] = -9e-6
    none = np.zeros(1000, int)
    return made(
        target=np.full(1000, 1e-5), achieved=1e-5 + error, pulses_up=none, pulses_down=none, verify_reads=none,
        writes=none + 1, siemens_read=np.zeros(1000), wear=none + 1, tolerance=1e-7,
        outcome=np.where(np.arange(1000) < 10, Outcome.BUDGET_USED, Outcome.REACHED).astype(np.uint8), **changes,
    )  # fmt: skip


def test_plot_draws_every_cell_or_says_where_it_is():
    ax = Figure().subplots()
    assert many().plot(ax) is ax
    bars = sum(p.get_height() for p in ax.containers[0])
    assert bars == 990
    outline = ax.patches[-1].get_path().vertices[:, 1].max()
    assert outline == 9
    dashed = sorted(line.get_xdata()[0] for line in ax.lines)
    assert dashed == [relative(-0.1), relative(0.1)]
    low, high = ax.get_xlim()
    assert low == -high
    assert high == pytest.approx(0.2, rel=0.3)
    assert [t.get_text() for t in ax.texts] == ["1 beyond the axis,\nlargest 9 µS"]
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert legend == ["accepted (990)", "failed (10)", "tolerance, 0.1 µS"]
    assert ax.get_xlabel() == "achieved minus target conductance (µS)"
    assert ax.get_ylabel() == "cells"


def test_plot_of_open_loop_and_of_perfect_cells():
    ax = ProgrammingReport.of_open_loop(np.full(9, 1e-6), np.full(9, 1e-6)).plot()
    assert not ax.lines
    assert ax.get_legend().get_texts()[0].get_text() == "all cells"
    assert ax.get_xlim() == (-1, 1)
    assert max(p.get_height() for p in ax.patches) == 9  # and in the middle of a bin, not at an edge
    ax.figure.canvas.draw()
