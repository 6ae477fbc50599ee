"""Rows of small arrays of measured devices."""

from __future__ import annotations

import numpy as np

from ...ebm import RBM
from ...simulator import ArrayConfig
from ...simulator.updates.refresh import Refresh
from .row import Row


def lines() -> np.ndarray:
    """The three rows of 3 x 3 pixels, one on in each picture, (3, 9) float32."""
    return np.kron(np.eye(3, dtype=np.float32), np.ones((1, 3), np.float32))


def missing_pixel_error(model: RBM, patterns: np.ndarray, draws: int = 40) -> float:
    """Share of missing pixels that are drawn wrong, one missing at a time in each pattern."""
    wrong = []
    for pixel in range(patterns.shape[1]):
        known = np.arange(patterns.shape[1]) != pixel
        rows = np.repeat(patterns, draws, axis=0)
        start = rows.copy()
        start[::2, pixel] = 1 - start[::2, pixel]  # half of the chains start at the wrong value
        wrong.append(np.mean(model.complete(start, known, 20)[:, pixel] != rows[:, pixel]))
    return float(np.mean(wrong))


class PhaseChangeRBM(Row):
    name = "pcm-rbm-45"
    title = "RBM of 45 synapses in 90 phase-change cells: error of a missing pixel, before over after 30 passes"
    source = "Eryilmaz et al., arXiv 1609.08686, 2016 (abstract)"
    unit = "times"
    target = 2.0
    better = "higher"
    published = "two-fold to ten-fold reduction in 30 epochs; 6.1 nJ an epoch of programming"
    setting = (
        "9 visible and 5 hidden units, W in one-sided pairs of `pcm-nandakumar2020` that only crystallise, refreshed every "
        "100 outer products; CD-1 at rate 0.5, one picture a batch, the three rows of 3 x 3 pixels; a missing pixel is drawn."
    )
    departs = (
        "the abstract does not say the patterns, the rate or the pulses: these are ours; another cell; digital biases."
    )

    def measure(self, seed: int) -> tuple[float, dict[str, float]]:
        patterns = lines()
        config = ArrayConfig(
            "pcm-nandakumar2020", weight_max=6.0, mapping="one-sided", pulse_directions="up", refresh=Refresh(every=100)
        )
        shared = {"persistent": False, "batch_size": 1, "learning_rate": 0.5, "synapses": config, "random_state": seed}
        before = missing_pixel_error(RBM(5, n_iter=0, **shared).fit(patterns), patterns)
        model = RBM(5, n_iter=30, **shared).fit(patterns)
        done, after = model.events_, missing_pixel_error(model, patterns)
        pulses = (done["pulse.up"] + done["pulse.down"]) / 30
        return before / max(after, 1e-3), {"error before": before, "error after": after, "pulses a pass": pulses}
