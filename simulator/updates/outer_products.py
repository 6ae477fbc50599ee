"""Coincidences of pulse trains, applied to the cells of an array: pulse by pulse, or in sums where that is the same law."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...devices.response import ConstantStep, SoftBounds
from ...devices.response.pulsed import PulsedResponse
from ..compile import kernel
from ..noise.streams import Stream
from ..pulses.kernels import BLOCK_COLUMNS, PLAIN, SOFT_BOUNDS, pulsed_rows, pulsed_update
from ..pulses.laws import PulsedCells
from ..pulses.layout import FLOOR
from ..pulses.plain import coincidences, give_pulses
from ..pulses.trains import line_trains, row_trains
from .sums import GROUP, GROUP_SLOTS, REACH, STEEPEST, summed_pulses
from .walk import LONGEST_SUMMED, walked_pulses

Counts = tuple[int, int]
TrainPlan = tuple[np.ndarray, np.ndarray, np.ndarray]

_DENSE = 1.0  # coincidences on a weight, within a group of samples, from which on a sum takes less time than they do


_NO_LINES = np.empty(0, np.int64), np.empty(0, np.int64), 0


class PulseStreams(NamedTuple):
    """Where the random numbers of pulsed updates come from: the trains of either side, and the cells' own noise."""

    words: Stream
    bits: Stream
    pulses: Stream

    @classmethod
    def of(cls, seed: int, array: int) -> PulseStreams:
        return cls(*(Stream(seed, purpose, array) for purpose in ("word-trains", "bit-trains", "pulses")))


class OuterProducts(NamedTuple):
    """A batch of outer products, as pulse trains.

    Attributes
    ----------
    x : ndarray
        (batch, rows), d: (batch, columns) float32.
    x_trains, d_trains : ndarray
        of the same shapes, uint64.
    slots, steps : ndarray
        (batch,) uint64.
    expected : ndarray
        (batch,) coincidences on all weights, about.
    """

    x: np.ndarray
    d: np.ndarray
    x_trains: np.ndarray
    d_trains: np.ndarray
    slots: np.ndarray
    steps: np.ndarray
    expected: np.ndarray

    def part(self, samples: slice) -> OuterProducts:
        """Some of the samples."""
        return OuterProducts(*(values[samples] for values in self))


def with_trains(
    x: np.ndarray, d: np.ndarray, train_plan: TrainPlan, streams: PulseStreams
) -> tuple[OuterProducts, Counts]:
    """The trains of both sides of a batch, with the pulses on all lines and the (line, slot) pairs that took random bits.

    Parameters
    ----------
    train_plan : TrainPlan
        slots, and gains of x and of d, (batch,) each, of `plan.train_length`.
    """
    slots, *gains = train_plan
    steps = streams.pulses.take_step(len(x)) + np.arange(len(x), dtype=np.uint64)
    plan = np.stack([slots, steps], axis=1)
    trains: list[np.ndarray] = []
    counts: list[np.ndarray] = []
    for values, gain, stream in ((x, gains[0], streams.words), (d, gains[1], streams.bits)):
        trains.append(np.zeros(values.shape, np.uint64))
        counts.append(np.zeros((len(values), 2), np.int64))
        line_trains(trains[-1], values, gain.astype(np.float32), plan, stream.key, counts[-1])
    expected = counts[0][:, 0] * counts[1][:, 0] / np.maximum(slots, 1)
    fired, drawn = (int(n) for n in counts[0].sum(axis=0) + counts[1].sum(axis=0))
    return OuterProducts(x, d, trains[0], trains[1], slots, steps, expected), (fired, drawn)


class RowProducts(NamedTuple):
    """A batch of outer products with inputs of 1 on one word line a sample, as pulse trains.

    Attributes
    ----------
    rows : (batch,) int64
        The word lines.
    d : (batch, columns) float32
    row_trains : (batch,) uint64
        Of these word lines.
    d_trains : (batch, columns) uint64
    slots, steps : (batch,) uint64
    expected : (batch,) float64
        Coincidences on all weights, about.
    """

    rows: np.ndarray
    d: np.ndarray
    row_trains: np.ndarray
    d_trains: np.ndarray
    slots: np.ndarray
    steps: np.ndarray
    expected: np.ndarray

    def part(self, samples: slice) -> RowProducts:
        """Some of the samples."""
        return RowProducts(*(values[samples] for values in self))

    def written_out(self, lines: np.ndarray, places: np.ndarray) -> OuterProducts:
        """The same as outer products of the word lines that are listed; both as of `listed_lines`."""
        samples, shape = np.arange(len(self.rows)), (len(self.rows), len(lines))
        x, trains = np.zeros(shape, np.float32), np.zeros(shape, np.uint64)
        x[samples, places], trains[samples, places] = 1.0, self.row_trains
        return OuterProducts(x, self.d, trains, self.d_trains, self.slots, self.steps, self.expected)


@kernel()
def listed_lines(rows, trains):
    """The word lines in `rows` (batch,), each once; where each row stands among them (batch,); lines that fire in a train."""
    lines = np.empty(rows.size, np.int64)
    places = np.empty(rows.size, np.int64)
    fires = np.zeros(rows.size, np.bool_)
    n = 0
    for s in range(rows.size):
        place = 0
        while place < n and lines[place] != rows[s]:
            place += 1
        if place == n:
            lines[n] = rows[s]
            n += 1
        places[s] = place
        fires[place] |= trains[s] != 0
    return lines[:n].copy(), places, np.count_nonzero(fires)


def with_row_trains(
    rows: np.ndarray, d: np.ndarray, train_plan: TrainPlan, streams: PulseStreams
) -> tuple[RowProducts, Counts]:
    """As `with_trains`, for inputs of 1 on the word lines `rows` (batch,)."""
    slots, word_gains, bit_gains = train_plan
    steps = streams.pulses.take_step(len(rows)) + np.arange(len(rows), dtype=np.uint64)
    plan = np.stack([slots, steps], axis=1)
    words, bits = np.zeros((2, len(rows), 2), np.int64)
    of_rows, of_bits = np.zeros(len(rows), np.uint64), np.zeros(d.shape, np.uint64)
    row_trains(of_rows, rows, word_gains.astype(np.float32), plan, streams.words.key, words)
    line_trains(of_bits, d, bit_gains.astype(np.float32), plan, streams.bits.key, bits)
    expected = words[:, 0] * bits[:, 0] / np.maximum(slots, 1)
    fired, drawn = (words + bits).sum(axis=0).tolist()
    return RowProducts(rows, d, of_rows, of_bits, slots, steps, expected), (fired, drawn)


def play_rows(cells: PulsedCells, outer: RowProducts, key: np.ndarray, *, summed: bool) -> Counts:
    """What `sum_pulses` (where `summed`) or `play_pulses` makes of the same products written out."""
    up = down = 0
    for group in groups(outer.slots) if summed else [slice(None)]:
        part = outer.part(group)
        lines, places, active = listed_lines(part.rows, part.row_trains) if summed else _NO_LINES
        if summed and part.expected.sum() >= _DENSE * active * cells.shape[1] > 0:
            raised, lowered = _sum_group(cells, part.written_out(lines, places), lines, key)
        else:
            pulses = np.zeros((-(-cells.shape[1] // BLOCK_COLUMNS), 2), np.int64)
            trains = part.rows, part.row_trains, part.d_trains, part.d
            pulsed_rows(cells.contents, cells.law, cells.moving, *trains, part.steps, key, pulses)
            raised, lowered = (int(n) for n in pulses.sum(axis=0))
        up, down = up + raised, down + lowered
    return up, down


def play_pulses(cells: PulsedCells, outer: OuterProducts, key: np.ndarray) -> Counts:
    """Every coincidence by itself, in order; returns those that raise a weight, and those that lower it.

    Parameters
    ----------
    key : ndarray
        of the cells' noise.
    """
    if cells.law.kind == PLAIN:
        return _play_plainly(cells, outer, key)
    pulses = np.zeros((-(-cells.shape[1] // BLOCK_COLUMNS), 2), np.int64)
    trains = outer.x_trains, outer.x, outer.d_trains, outer.d
    pulsed_update(cells.contents, cells.law, cells.moving, *trains, outer.steps, key, pulses)
    up, down = (int(n) for n in pulses.sum(axis=0))
    return up, down


def _play_plainly(cells: PulsedCells, outer: OuterProducts, key: np.ndarray) -> Counts:
    """The same of a law that no kernel knows."""
    up = down = 0
    parameters = cells.parameters
    cells = cells._replace(draw=lambda: parameters)
    for x, d, x_trains, d_trains, step in zip(
        outer.x, outer.d, outer.x_trains, outer.d_trains, outer.steps, strict=True
    ):
        counts = coincidences(x_trains, d_trains) * np.outer(np.sign(x), np.sign(d)).astype(np.int64)
        give_pulses(cells, counts.reshape(-1), 0, int(np.abs(counts).max(initial=0)), step, key)
        up, down = up + int(counts[counts > 0].sum()), down - int(counts[counts < 0].sum())
    return up, down


def can_sum(response: PulsedResponse, longest: int) -> bool:
    """Whether pulses on these cells add up to a normal change: constant steps and soft bounds, and no longer trains."""
    return type(response) in (ConstantStep, SoftBounds) and longest <= LONGEST_SUMMED


def sum_pulses(cells: PulsedCells, outer: OuterProducts, key: np.ndarray) -> Counts:
    """The same in law as `play_pulses`: with one random number for a cell and a group of samples, far from its bounds.

    Groups of few coincidences are played one by one, and so are pulses near a bound.
    """
    up = down = 0
    every = np.arange(cells.shape[0])
    for group in groups(outer.slots):
        part = outer.part(group)
        active = int(np.count_nonzero(part.x_trains.any(axis=0)))
        dense = part.expected.sum() >= _DENSE * active * cells.shape[1] > 0
        raised, lowered = _sum_group(cells, part, every, key) if dense else play_pulses(cells, part, key)
        up, down = up + raised, down + lowered
    return up, down


def groups(slots: np.ndarray) -> list[slice]:
    """How samples with these slots (batch,) are cut: up to `GROUP` of them together, and up to about `GROUP_SLOTS` slots."""
    cuts, taken = [0], 0
    for s, n in enumerate(slots.tolist()):
        if s > cuts[-1] and (s - cuts[-1] >= GROUP or taken + n > GROUP_SLOTS):
            cuts.append(s)
            taken = 0
        taken += n
    return [slice(a, b) for a, b in zip(cuts, [*cuts[1:], len(slots)], strict=True) if b > a]


def _sum_group(cells: PulsedCells, outer: OuterProducts, rows: np.ndarray, key: np.ndarray) -> Counts:
    """rows: (n,) int64, the word lines that `outer` has."""
    soft = cells.law.kind == SOFT_BOUNDS
    pulses = np.zeros((len(rows), 2), np.int64)
    left = np.zeros(len(rows) * cells.shape[1], np.uint8)
    lines: list[np.ndarray] = []
    for trains, values in ((outer.x_trains, outer.x), (outer.d_trains, outer.d)):
        lines += [trains.astype(np.uint32), np.where(values > 0, np.int32(1), np.int32(-1))]
    numbers = np.array([*cells.law.numbers[: FLOOR + 1], STEEPEST / outer.slots.max(), REACH], np.float32)
    summed_pulses(cells.contents, numbers, cells.moving, soft, rows, *lines, outer.steps[0], key, left, pulses)
    words, bits = np.divmod(np.flatnonzero(left), cells.shape[1])
    rest = rows[words] * cells.shape[1] + bits
    if rest.size:
        by_line = (
            np.ascontiguousarray(values.T) for values in lines
        )  # a cell goes through the samples of its two lines
        places = np.zeros(cells.shape[0], np.int64)
        places[rows] = np.arange(len(rows))
        walked_pulses(cells.contents, cells.law, cells.moving, rest, places, *by_line, REACH, outer.steps, key)
    up, down = (int(n) for n in pulses.sum(axis=0))
    return up, down
