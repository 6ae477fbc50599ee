"""The outer-product update W <- W + rate x^T d of an array, by the rule that its device allows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..devices.response import IdealResponse, NoResponse, SoftBounds
from .cells import Cells
from .errors import ArrayError
from .events import Tally
from .noise import Stream
from .pulses import BLOCK_COLUMNS, PULSE_BITS, soft_bounds_update, train_length, word_trains


class PulseStreams(NamedTuple):
    """Where the random numbers of pulsed updates come from: the trains of either side, and the cells' own noise."""

    words: Stream
    bits: Stream
    pulses: Stream

    @classmethod
    def of(cls, seed: int, array: int) -> PulseStreams:
        return cls(*(Stream(seed, purpose, array) for purpose in ("word-trains", "bit-trains", "pulses")))


def update(
    cells: Cells, x: np.ndarray, d: np.ndarray, rate: float, longest: int, streams: PulseStreams, tally: Tally
) -> None:
    """One outer product for each row of the batch, in order.

    Parameters
    ----------
    x: (batch, rows), d: (batch, columns), finite float32. rate: not negative. longest: most slots of a pulse train.

    Raises
    ------
    ArrayError: the pulse response of the device is not known, or the rate is too large for it.
    """
    response = cells.device.response
    if isinstance(response, NoResponse):
        raise ArrayError(f"device {cells.device.name!r} has no known pulse response: it can be read but not trained")
    if isinstance(response, IdealResponse):
        _update_exactly(cells, x, d, rate, tally)
    else:
        _update_by_pulses(cells, x, d, rate, response, longest, streams, tally)


def _update_exactly(cells: Cells, x: np.ndarray, d: np.ndarray, rate: float, tally: Tally) -> None:
    weights = cells.weights + np.float32(rate) * (x.T @ d)
    limit = np.float32(cells.mapping.weight_max)
    np.clip(weights, -limit, limit, out=weights)
    cells.hold(cells.mapping.states(weights))
    cells.weights = weights  # free of the rounding of states: many small changes add up
    tally.count("ideal.update", len(x))


def _update_by_pulses(
    cells: Cells,
    x: np.ndarray,
    d: np.ndarray,
    rate: float,
    response: SoftBounds,
    longest: int,
    streams: PulseStreams,
    tally: Tally,
) -> None:
    batch, rows, columns = len(x), *cells.shape
    moving = 1 if cells.mapping.shared else 2  # cells of a weight that a coincidence moves
    granularity = moving * response.step * cells.mapping.scale
    slots, x_gains, d_gains = train_length(rate, _largest(x), _largest(d), granularity, longest)
    first = streams.pulses.take_step(batch)
    plan = np.stack([slots, first + np.arange(batch, dtype=np.uint64)], axis=1)
    trains = np.zeros((batch, rows), np.uint64)
    word_lines = np.zeros((batch, 2), np.int64)
    word_trains(trains, x, x_gains.astype(np.float32), plan, streams.words.key, word_lines)
    bit_lines = np.zeros((-(-columns // BLOCK_COLUMNS), 4), np.int64)
    soft_bounds_update(
        (cells.state, cells.shown, cells.traits),
        np.array([response.step_noise, response.write_noise * response.step, cells.mapping.floor], np.float32),
        moving,
        trains,
        x,
        d,
        d_gains.astype(np.float32),
        plan,
        np.stack([streams.bits.key, streams.pulses.key]),
        bit_lines,
    )
    cells.changed()
    up, down, bit_pulses, bit_slots = (int(n) for n in bit_lines.sum(axis=0))
    word_pulses, word_slots = (int(n) for n in word_lines.sum(axis=0))
    slots_taken = int(slots.sum())
    tally.count("update.slot", slots_taken)
    tally.count("line.pulse", word_pulses + bit_pulses)
    tally.count("random.bit", PULSE_BITS * (word_slots + bit_slots))
    # with two cells a weight, a coincidence moves them in opposite directions: one up pulse and one down pulse
    tally.count("pulse.up", up if moving == 1 else up + down)
    tally.count("pulse.down", down if moving == 1 else up + down)
    if cells.device.pulse.duration is None:
        tally.count("update.slot_of_unknown_duration", slots_taken)
    else:
        tally.integrate("array.busy_s", slots_taken * cells.device.pulse.duration)


def _largest(x: np.ndarray) -> np.ndarray:
    """Largest magnitude of each row."""
    return np.maximum(x.max(axis=1), -x.min(axis=1))
