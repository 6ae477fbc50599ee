"""Coincidences of pulse trains, applied to the cells of an array: pulse by pulse, or in sums where that is the same law."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..devices.response import ConstantStep, SoftBounds
from .cells import Cells
from .noise import Stream
from .pulse_sums import GROUP, GROUP_SLOTS, LONGEST_SUMMED, REACH, STEEPEST, summed_pulses
from .pulses import BLOCK_COLUMNS, played_pulses, pulsed_update, word_trains

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
    """A batch of outer products, with the trains of its word lines.

    Attributes
    ----------
    x: (batch, rows), d: (batch, columns) float32. trains: (batch, rows) uint64. gains: of the bit lines, (batch,) float32.
    plan: (batch, 2) uint64: slots, and step of the sample. fired: (batch,) pulses on all word lines.
    """

    x: np.ndarray
    d: np.ndarray
    trains: np.ndarray
    gains: np.ndarray
    plan: np.ndarray
    fired: np.ndarray

    def part(self, samples: slice) -> OuterProducts:
        """Some of the samples."""
        return OuterProducts(*(values[samples] for values in self))


Counts = tuple[
    int, int, int, int
]  # coincidences that raise a weight, and that lower it; bit-line pulses; slots of them


def play_pulses(cells: Cells, outer: OuterProducts, streams: PulseStreams) -> Counts:
    """Every coincidence by itself, in order."""
    lines = np.zeros((-(-cells.shape[1] // BLOCK_COLUMNS), 4), np.int64)
    pulsed_update(
        (cells.state, cells.shown, cells.traits, cells.wear),
        cells.law,
        cells.moving,
        *(outer.trains, outer.x, outer.d, outer.gains, outer.plan),
        np.stack([streams.bits.key, streams.pulses.key]),
        lines,
    )
    up, down, fired, random = (int(n) for n in lines.sum(axis=0))
    return up, down, fired, random


def can_sum(cells: Cells, longest: int) -> bool:
    """Whether pulses on these cells add up to a normal change: constant steps and soft bounds, and no longer trains."""
    return isinstance(cells.device.response, ConstantStep | SoftBounds) and longest <= LONGEST_SUMMED


def sum_pulses(cells: Cells, outer: OuterProducts, streams: PulseStreams) -> Counts:
    """The same in law as `play_pulses`: with one random number for a cell and a group of samples, far from its bounds.

    Groups of few coincidences, and all pulses of cells near a bound, are played one by one.
    """
    batch, columns = outer.d.shape
    trains = np.zeros((batch, columns), np.uint64)
    lines = np.zeros((batch, 2), np.int64)
    word_trains(trains, outer.d, outer.gains, outer.plan, streams.bits.key, lines)
    expected = outer.fired * lines[:, 0] / np.maximum(outer.plan[:, 0], 1)
    up = down = 0
    for group in groups(outer.plan[:, 0]):
        part = outer.part(group)
        active = int(np.count_nonzero(part.trains.any(axis=0)))
        if expected[group].sum() >= _DENSE * active * columns > 0:
            raised, lowered = _sum_group(cells, part, trains[group], streams.pulses.key)
        else:
            raised, lowered, _, _ = play_pulses(cells, part, streams)
        up, down = up + raised, down + lowered
    return up, down, int(lines[:, 0].sum()), int(lines[:, 1].sum())


def groups(slots: np.ndarray) -> list[slice]:
    """How samples with these slots (batch,) are cut: up to `GROUP` of them together, and up to about `GROUP_SLOTS` slots."""
    cuts, taken = [0], 0
    for s, n in enumerate(slots.tolist()):
        if s > cuts[-1] and (s - cuts[-1] >= GROUP or taken + n > GROUP_SLOTS):
            cuts.append(s)
            taken = 0
        taken += n
    return [slice(a, b) for a, b in zip(cuts, [*cuts[1:], len(slots)], strict=True) if b > a]


def _sum_group(cells: Cells, outer: OuterProducts, d_trains: np.ndarray, key: np.ndarray) -> tuple[int, int]:
    x_words, d_words = outer.trains.astype(np.uint32), d_trains.astype(np.uint32)
    contents = cells.state, cells.shown, cells.traits, cells.wear
    assert cells.law is not None, "only pulsed cells come here"
    soft = isinstance(cells.device.response, SoftBounds)
    pulses = np.zeros((cells.shape[0], 2), np.int64)
    left = np.zeros(len(cells.state), np.uint8)
    steps = np.ascontiguousarray(outer.plan[:, 1])
    x_signs, d_signs = (np.where(line > 0, 1, -1).astype(np.int32) for line in (outer.x, outer.d))
    numbers = np.array([*cells.law[1][:3], STEEPEST / outer.plan[:, 0].max(), REACH], np.float32)
    summed_pulses(
        contents, numbers, cells.moving, soft, x_words, x_signs, d_words, d_signs, steps[0], key, left, pulses
    )
    rest = np.flatnonzero(left)
    if rest.size:
        x, d = outer.x, outer.d
        played_pulses(contents, cells.law, cells.moving, rest, cells.shape[1], x_words, x, d_words, d, steps, key)
    return int(pulses[:, 0].sum()), int(pulses[:, 1].sum())
