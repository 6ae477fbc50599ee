"""Coincidences of pulse trains, applied to the cells of an array: pulse by pulse, or in sums where that is the same law."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..devices.response import ConstantStep, SoftBounds
from .cells import Cells
from .noise import Stream
from .pulse_sums import GROUP, GROUP_SLOTS, LONGEST_SUMMED, REACH, STEEPEST, summed_pulses
from .pulse_trains import line_trains
from .pulses import BLOCK_COLUMNS, played_pulses, pulsed_update

_DENSE = 1.0  # coincidences on a weight, within a group of samples, from which on a sum takes less time than they do


class PulseStreams(NamedTuple):
    """Where the random numbers of pulsed updates come from: the trains of either side, and the cells' own noise."""

    words: Stream
    bits: Stream
    pulses: Stream

    @classmethod
    def of(cls, seed: int, array: int) -> PulseStreams:
        return cls(*(Stream(seed, purpose, array) for purpose in ("word-trains", "bit-trains", "pulses")))


class OuterProducts(NamedTuple):
    """A batch of outer products, with the trains of all lines.

    Attributes
    ----------
    x: (batch, rows), d: (batch, columns) float32. x_trains: (batch, rows), d_trains: (batch, columns) uint64.
    slots, steps: (batch,) uint64, of the samples. expected: (batch,) coincidences on all weights together, in the mean.
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


def trains_of(values: np.ndarray, gains: np.ndarray, plan: np.ndarray, stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    """Trains of the lines of one side, (batch, lines) uint64; pulses and random (line, slot) pairs of each sample, (batch, 2).

    values: (batch, lines) float32. gains: (batch,). plan: (batch, 2) uint64: slots, and step of the sample.
    """
    trains, counts = np.zeros(values.shape, np.uint64), np.zeros((len(values), 2), np.int64)
    line_trains(trains, values, gains.astype(np.float32), plan, stream.key, counts)
    return trains, counts


def play_pulses(cells: Cells, outer: OuterProducts, stream: Stream) -> tuple[int, int]:
    """Every coincidence by itself, in order: how many raise a weight, and how many lower it."""
    pulses = np.zeros((-(-cells.shape[1] // BLOCK_COLUMNS), 2), np.int64)
    pulsed_update(
        (cells.state, cells.shown, cells.traits, cells.wear),
        cells.law,
        cells.moving,
        *(outer.x_trains, outer.x, outer.d_trains, outer.d, outer.steps),
        stream.key,
        pulses,
    )
    up, down = (int(n) for n in pulses.sum(axis=0))
    return up, down


def can_sum(cells: Cells, longest: int) -> bool:
    """Whether pulses on these cells add up to a normal change: constant steps and soft bounds, and no longer trains."""
    return isinstance(cells.device.response, ConstantStep | SoftBounds) and longest <= LONGEST_SUMMED


def sum_pulses(cells: Cells, outer: OuterProducts, stream: Stream) -> tuple[int, int]:
    """The same in law as `play_pulses`: with one random number for a cell and a group of samples, far from its bounds.

    Groups of few coincidences, and all pulses of cells near a bound, are played one by one.
    """
    columns = outer.d.shape[1]
    up = down = 0
    for group in groups(outer.slots):
        part = outer.part(group)
        active = int(np.count_nonzero(part.x_trains.any(axis=0)))
        dense = part.expected.sum() >= _DENSE * active * columns > 0
        raised, lowered = (_sum_group if dense else play_pulses)(cells, part, stream)
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


def _sum_group(cells: Cells, outer: OuterProducts, stream: Stream) -> tuple[int, int]:
    x_words, d_words = outer.x_trains.astype(np.uint32), outer.d_trains.astype(np.uint32)
    contents = cells.state, cells.shown, cells.traits, cells.wear
    assert cells.law is not None, "only pulsed cells come here"
    soft = isinstance(cells.device.response, SoftBounds)
    pulses = np.zeros((cells.shape[0], 2), np.int64)
    left = np.zeros(len(cells.state), np.uint8)
    steps, key = outer.steps, stream.key
    x_signs, d_signs = (np.where(line > 0, 1, -1).astype(np.int32) for line in (outer.x, outer.d))
    numbers = np.array([*cells.law[1][:3], STEEPEST / outer.slots.max(), REACH], np.float32)
    summed_pulses(
        contents, numbers, cells.moving, soft, x_words, x_signs, d_words, d_signs, steps[0], key, left, pulses
    )
    rest = np.flatnonzero(left)
    if rest.size:
        x, d = outer.x, outer.d
        played_pulses(contents, cells.law, cells.moving, rest, cells.shape[1], x_words, x, d_words, d, steps, key)
    return int(pulses[:, 0].sum()), int(pulses[:, 1].sum())
