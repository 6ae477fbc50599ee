"""Twin of summed pulses: the law of each cell's state after given pulses, pulse by pulse, one cell at a time."""

from __future__ import annotations

import math

import numpy as np
from twins.arrays import fires, train_plan


def coincidences(array, x, d, rate) -> list[list[list[int]]]:
    """For each weight (row, column) its coincidences in order: (sample, +1 or -1) of every one, by slots and lines."""
    keys = [[int(k) for k in s.key] for s in array._pulse_streams]
    granularity = array.cells.moving * array.device.response.granularity * array.mapping.scale
    found: list = [[[] for _ in range(array.shape[1])] for _ in range(array.shape[0])]
    step = array._pulse_streams.pulses.step
    for sample, (x_row, d_row) in enumerate(zip(np.asarray(x, np.float32), np.asarray(d, np.float32), strict=True)):
        sizes = float(np.abs(x_row).max()), float(np.abs(d_row).max())
        slots, x_gain, d_gain = train_plan(rate, *sizes, granularity, array.config.longest_train)
        limits = [
            [int(np.rint(min(abs(v) * np.float32(gain), np.float32(1)) * np.float32(65536))) for v in line]
            for line, gain in ((x_row, x_gain), (d_row, d_gain))
        ]
        for slot in range(slots):
            x_fires = [fires(i, slot, limit, step + sample, keys[0]) for i, limit in enumerate(limits[0])]
            d_fires = [fires(j, slot, limit, step + sample, keys[1]) for j, limit in enumerate(limits[1])]
            for i in np.flatnonzero(x_fires):
                for j in np.flatnonzero(d_fires):
                    found[i][j].append((sample, 1 if (x_row[i] > 0) == (d_row[j] > 0) else -1))
    return found


def law_of_state(w, traits, signs, c: float, *, soft: bool) -> tuple[float, float]:
    """Mean and standard deviation of a cell that holds w, after pulses of these signs that meet no bound."""
    s_up, s_down, b_max, b_min = (float(t) for t in traits)
    mean, variance = float(w), 0.0
    for sign in signs:
        s, bound = (s_up, b_max) if sign > 0 else (s_down, b_min)
        if soft:
            mean, variance = mean + sign * s * (1 - mean / bound), variance * (1 - s / abs(bound)) ** 2
        else:
            mean += sign * s
        variance += (s * c) ** 2
    return mean, math.sqrt(variance)
