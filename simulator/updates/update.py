"""The outer-product update W <- W + rate x^T d of an array, by the rule that its device allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...devices.base.product import product
from ...devices.response import IdealResponse, NoResponse
from ...devices.response.pulsed import PulsedResponse
from ..cells.cells import Cells
from ..errors import ArrayError
from ..events import Tally
from ..operands import one_hot
from ..pulses.entries import LARGEST_COUNT
from ..pulses.kernels import PLAIN
from ..pulses.laws import cells_of
from ..pulses.layout import ALONE, RISING
from ..pulses.plan import train_length
from ..pulses.trains import PULSE_BITS
from .outer_products import (
    Counts,
    PulseStreams,
    can_sum,
    play_pulses,
    play_rows,
    sum_pulses,
    with_row_trains,
    with_trains,
)

if TYPE_CHECKING:
    from ..config import ArrayConfig

_MOST_SLOTS = 2**30  # of a train that is spread evenly: products of two firings stay inside 64 bits
_STAGE = 0.02  # of the range of states: the longest way in one stage of the mean field


def update(
    cells: Cells, x: np.ndarray, d: np.ndarray, rate: float, config: ArrayConfig, streams: PulseStreams, tally: Tally
) -> None:
    """One outer product for each row of the batch, in order.

    Parameters
    ----------
    x : ndarray
        (batch, rows), d: (batch, columns), finite float32.
    rate : float
        not negative.
    config : ArrayConfig
        of the array.

    Raises
    ------
    ArrayError
        the pulse response of the device is not known, or the rate is too large for it.
    """
    response = cells.device.response
    if isinstance(response, NoResponse):
        raise ArrayError(f"device {cells.device.name!r} has no known pulse response: it can be read but not trained")
    if isinstance(response, IdealResponse):
        _update_exactly(cells, x, d, rate, tally)
    elif config.pulses == "mean-field":
        _update_in_the_mean(cells, x, d, rate, cells.device.pulsed, tally)
    else:
        _update_by_pulses(cells, x, d, rate, cells.device.pulsed, config, streams, tally)


def pulse(cells: Cells, counts: np.ndarray, config: ArrayConfig, streams: PulseStreams, tally: Tally) -> None:
    """So many pulses on each weight, see `Cells.pulse`, and their events.

    Word lines are driven one after another; while one is, each bit line gives its pulses, side by side with the others
    whatever their sign, so that a row takes as many slots as its largest count. A slot is a pulse on the word line, and
    one on each bit line that still has some to give.
    """
    counts = checked_counts(counts, cells.shape)
    _give(cells, counts, streams, lambda given: _count_rows(cells, given, tally))
    cells.worn.mind()


def _give(cells: Cells, counts: np.ndarray, streams: PulseStreams, count: Callable[[np.ndarray], None]) -> None:
    """Pulse the cells, and count what they were given: if interrupted, the pulses until then."""
    try:
        cells.pulse(counts, streams.pulses)
    except KeyboardInterrupt as interrupt:
        given = getattr(interrupt, "given", 0)
        count(np.clip(counts, -given, given))
        raise
    count(counts)


def _count_rows(cells: Cells, counts: np.ndarray, tally: Tally) -> None:
    """The events of pulses on each weight, word line after word line."""
    sizes = np.abs(counts)
    slots = int(sizes.max(axis=1).sum())
    _count_pulses(cells, counts, slots, slots + int(sizes.sum()), tally)


def fire(
    cells: Cells,
    words: np.ndarray,
    bits: np.ndarray,
    slots: int,
    config: ArrayConfig,
    streams: PulseStreams,
    tally: Tally,
) -> None:
    """One outer product by trains that are spread evenly over `slots`, see `Crossbar.fire`, and its events."""
    words, bits, slots = checked_firings(words, bits, slots, cells.shape)
    sizes = (2 * np.outer(np.abs(words), np.abs(bits)) + slots) // (2 * slots)
    counts = sizes * np.outer(np.sign(words), np.sign(bits))
    line_pulses = int(np.abs(words).sum() + np.abs(bits).sum())
    if counts.any() or cells.law is None:  # which is refused
        _give(cells, counts, streams, lambda given: _count_pulses(cells, given, slots, line_pulses, tally))
    else:
        _count_pulses(cells, counts, slots, line_pulses, tally)
    cells.worn.mind()


def _count_pulses(cells: Cells, counts: np.ndarray, slots: int, line_pulses: int, tally: Tally) -> None:
    """The events of pulses on each weight, counts (rows, columns) int64, that took so many slots and pulses of lines."""
    both = int(np.abs(counts).sum())
    up = int(counts[counts > 0].sum())
    tally.count("update.slot", slots)
    tally.count("line.pulse", line_pulses)
    _count_directions(cells, up, both - up, tally)
    _count_time(cells, slots, tally)


def _count_directions(cells: Cells, up: int, down: int, tally: Tally) -> None:
    """The pulses on cells, of so many that raise a weight and so many that lower one."""
    if cells.moving == RISING:
        tally.count("pulse.up", up + down)
    elif cells.moving == ALONE:
        tally.count("pulse.up", up)
        tally.count("pulse.down", down)
    else:  # both cells of a weight, in opposite directions
        tally.count("pulse.up", up + down)
        tally.count("pulse.down", up + down)


def checked_counts(counts: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Counts of pulses (rows, columns), int64; ArrayError where they cannot be."""
    counts = np.asarray(counts)
    if counts.shape != shape:
        raise ArrayError(f"counts has shape {counts.shape}; it must be {shape}")
    if counts.dtype.kind not in "iu":
        raise ArrayError(f"counts is of {counts.dtype}; it must hold whole numbers of an integer type")
    if counts.size and max(int(counts.max()), -int(counts.min())) > LARGEST_COUNT:
        raise ArrayError(
            f"counts has up to {np.abs(counts).max()} pulses a weight; at most {LARGEST_COUNT} are allowed"
        )
    return np.ascontiguousarray(counts, np.int64)


def checked_firings(
    words: np.ndarray, bits: np.ndarray, slots: int, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Firings of word lines and bit lines, int64, and slots of `Crossbar.fire`; ArrayError where they cannot be."""
    if isinstance(slots, bool) or not hasattr(slots, "__index__") or not 1 <= slots <= _MOST_SLOTS:
        raise ArrayError(f"slots = {slots!r} must be a positive integer, at most {_MOST_SLOTS}")
    words, bits = np.asarray(words), np.asarray(bits)
    for name, firings, lines in (("words", words, shape[0]), ("bits", bits, shape[1])):
        if firings.shape != (lines,):
            raise ArrayError(f"{name} has shape {firings.shape}; it must be ({lines},)")
        if firings.dtype.kind != "i":
            raise ArrayError(f"{name} is of {firings.dtype}; it must hold whole numbers of a signed integer type")
        most = max(int(firings.max(initial=0)), -int(firings.min(initial=0)))
        if most > slots:
            raise ArrayError(f"{name} has {most} firings of a line; there are {slots} slots")
    return words.astype(np.int64), bits.astype(np.int64), int(slots)


def _count_time(cells: Cells, slots: int, tally: Tally) -> None:
    if cells.device.pulse.duration is None:
        tally.count("update.slot_of_unknown_duration", slots)
    else:
        tally.integrate("array.busy_s", cells.device.pulse.duration, times=slots)


def _update_exactly(cells: Cells, x: np.ndarray, d: np.ndarray, rate: float, tally: Tally) -> None:
    cells.add(rate * product(x.T, d).astype(np.float64))
    tally.count("ideal.update", len(x))


def _update_in_the_mean(
    cells: Cells, x: np.ndarray, d: np.ndarray, rate: float, response: PulsedResponse, tally: Tally
) -> None:
    """Every cell follows the mean of its law for as many pulses as rate x d takes, however small or many they are."""
    parameters = cells.parameters()
    steps = rate * response.step / (cells.moved_by_a_pulse * response.granularity * cells.mapping.scale)
    sides = 1 if cells.moving == ALONE else 2
    directions = np.array([1.0, -1.0])[:sides]
    state = cells.exact_states()
    span = response.w_max - response.w_min
    for x_row, d_row in zip(x.astype(np.float64), d.astype(np.float64), strict=True):
        amount = steps * np.outer(x_row, d_row).reshape(-1, 1) * directions
        if cells.moving == RISING:
            amount = np.maximum(amount, 0.0)
        moved = np.flatnonzero(amount.any(axis=1))
        if moved.size:
            here = cells_of(parameters, (moved, slice(sides)))
            stages = min(max(int(np.ceil(np.abs(amount).max() / (_STAGE * span))), 2), 1000)
            state[moved, :sides] = response.flow(state[moved, :sides], amount[moved], here, stages)
    cells.hold_exactly(state)
    tally.count("ideal.update", len(x))


def _update_by_pulses(
    cells: Cells,
    x: np.ndarray,
    d: np.ndarray,
    rate: float,
    response: PulsedResponse,
    config: ArrayConfig,
    streams: PulseStreams,
    tally: Tally,
) -> None:
    plan = train_length(rate, _largest(x), _largest(d), pulse_step(cells, response), config.longest_train)
    outer, lines = with_trains(x, d, plan, streams)
    play = sum_pulses if _sums(cells, response, config) else play_pulses
    slots = int(outer.slots.sum())
    moved = cells.take(lambda pulsed: play(pulsed, outer, streams.pulses.key), slots)
    _count_outer(cells, slots, lines, moved, tally)


def update_rows(
    cells: Cells, rows: np.ndarray, d: np.ndarray, rate: float, config: ArrayConfig, streams: PulseStreams, tally: Tally
) -> None:
    """`update` for inputs of 1 on one word line a sample, to the same bits; it looks at no other line.

    Parameters
    ----------
    rows : (batch,) int64
        The word lines.
    d : (batch, columns) float32
        Finite.
    """
    response = cells.device.response
    kernel = cells.law is not None and cells.law.kind != PLAIN
    if not isinstance(response, PulsedResponse) or config.pulses == "mean-field" or not kernel:
        update(cells, one_hot(rows, cells.shape[0]), d, rate, config, streams, tally)
        return
    ones = np.ones(len(rows), np.float32)
    plan = train_length(rate, ones, _largest(d), pulse_step(cells, response), config.longest_train)
    outer, lines = with_row_trains(rows, d, plan, streams)
    summed = _sums(cells, response, config)
    slots = int(outer.slots.sum())
    moved = cells.take(lambda pulsed: play_rows(pulsed, outer, streams.pulses.key, summed=summed), slots)
    _count_outer(cells, slots, lines, moved, tally)


def pulse_step(cells: Cells, response: PulsedResponse) -> float:
    """What one pulse changes a weight by, on nominal cells in the middle of their range."""
    return cells.moved_by_a_pulse * response.granularity * cells.mapping.scale


def _sums(cells: Cells, response: PulsedResponse, config: ArrayConfig) -> bool:
    """Whether pulses may be taken in sums."""
    return config.pulses == "summed" and cells.moving != RISING and can_sum(response, config.longest_train)


def _count_outer(cells: Cells, slots: int, lines: Counts, moved: Counts, tally: Tally) -> None:
    """The events of a batch of outer products: pulses and random bits of lines, weights raised and lowered."""
    fired, drawn = lines
    tally.count("update.slot", slots)
    tally.count("line.pulse", fired)
    tally.count("random.bit", PULSE_BITS * drawn)
    _count_directions(cells, *moved, tally)
    _count_time(cells, slots, tally)
    cells.worn.mind()


def _largest(x: np.ndarray) -> np.ndarray:
    """Largest magnitude of each row."""
    return np.maximum(x.max(axis=1), -x.min(axis=1))
