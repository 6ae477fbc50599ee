"""What a network does, as events: on arrays by simulating one product of each kind of tile, on a GPU by its FLOPs.

The arrays are those of `revpath compare` (same device, mapping and bits, cut into tiles), read and updated by the same
simulator. Each kind of tile (full, right edge, lower edge, corner) is simulated once on `SAMPLES` rows and its events are
scaled to all tiles and uses: a count is exact in that, an integral is that of the stated inputs.

Stated schedule: layers one after another, tiles of a layer side by side; each activation is written to memory once and read
once, in as many bytes as its bits need; partial sums, biases and functions are digital.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...simulator import Crossbar
from ..compare.recipes import Hardware, Range
from .layers import FUNCTIONS, Layer, Network

SAMPLES = 8
TILE = 256
"""Rows and columns of an array, as the arrays of `revpath compare` have at most."""
INPUTS = "inputs uniform in 0 to 1, weights normal with a fourth of the largest weight, errors normal with a tenth"
_BYTE = 8
_WEIGHT, _ERROR, _RATE = 0.25, 0.1, 0.01  # INPUTS; a rate in the middle of those of docs/tuning.md
_STATES = 2  # a training keeps the outputs of the forward pass for the backward one: written and read once more

LAYERS = Hardware(ranges=(Range(largest=3.0, adc=3.0),))
"""Arrays of a layer unless told otherwise: sums of up to nine weights before a converter saturates."""


@dataclass(frozen=True)
class Counted:
    """Events of one example, and the seconds that arrays take for them; arrays: how many full or partial ones there are."""

    events: Mapping[str, float]
    seconds: float
    arrays: int


def counted(network: Network, *, training: bool = False, hardware: Hardware | None = None, tile: int = TILE) -> Counted:
    """Events of inference on one example, or of one example of a training step (forward, backward, update).

    Weights are taken as programmed: what that cost once is not among the events.
    """
    hardware = hardware or LAYERS
    total: Counter[str] = Counter()
    seconds, arrays = 0.0, 0
    kinds: dict[tuple[int, int], Counter[str]] = {}
    for layer in network.layers:
        longest = 0.0
        for rows, columns, number in tiles(layer, tile):
            if (rows, columns) not in kinds:
                kinds[rows, columns] = _one_tile(rows, columns, hardware, training)
            one = kinds[rows, columns]
            for name, amount in one.items():
                total[name] += amount * number * layer.uses
            longest = max(longest, one["array.busy_s"])
            arrays += number
        seconds += longest * layer.uses
        total.update(_around(layer, tile, hardware.bits, training))
    return Counted(dict(total), seconds, arrays)


def tiles(layer: Layer, tile: int = TILE) -> Iterator[tuple[int, int, int]]:
    """(rows, columns, how many) of each kind of tile of a layer, as `TiledCrossbar` cuts it."""
    for rows, down in _cuts(layer.rows, tile):
        for columns, across in _cuts(layer.columns, tile):
            yield rows, columns, down * across * layer.groups


def _cuts(size: int, tile: int) -> list[tuple[int, int]]:
    return [(length, number) for length, number in ((tile, size // tile), (size % tile, 1)) if length and number]


def _one_tile(rows: int, columns: int, hardware: Hardware, training: bool) -> Counter[str]:
    """Events of one use of one tile, the mean of `SAMPLES`."""
    range_ = hardware.ranges[0]
    largest, config = range_.largest, hardware.config(range_)
    random = np.random.default_rng([rows, columns])
    array = Crossbar((rows, columns), config, seed=1)
    array.program(np.clip(random.normal(0, _WEIGHT * largest, (rows, columns)), -largest, largest).astype(np.float32))
    before = array.events
    x = random.uniform(0, 1, (SAMPLES, rows)).astype(np.float32)
    array.forward(x)
    if training:
        d = np.clip(random.normal(0, _ERROR, (SAMPLES, columns)), -1, 1).astype(np.float32)
        array.backward(d)
        array.update(x, d, _RATE)
    done = array.events
    return Counter({name: (done[name] - before[name]) / SAMPLES for name in done if done[name] != before[name]})


def _around(layer: Layer, tile: int, bits: int, training: bool) -> Counter[str]:
    """Digital work of a layer for one example: partial sums, biases, functions, and activations in and out of memory."""
    inputs, outputs = layer.rows * layer.groups, layer.columns * layer.groups
    down, across = -(-layer.rows // tile), -(-layer.columns // tile)
    done: Counter[str] = Counter()
    done["digital.add"] += (down - 1) * outputs + (outputs if layer.bias else 0)
    for function in layer.functions:
        for event in FUNCTIONS[function]:
            done[f"digital.{event}"] += outputs
    each = -(-bits // _BYTE)
    done["sram.byte_read"] += inputs * each
    done["sram.byte_written"] += outputs * each
    if training:
        done["digital.add"] += (across - 1) * inputs + (outputs if layer.bias else 0)  # errors back; the bias's update
        for function in layer.functions:  # a derivative costs as many operations as its function
            for event in FUNCTIONS[function]:
                done[f"digital.{event}"] += outputs
            done["digital.multiply"] += outputs
        done["sram.byte_read"] += _STATES * (inputs + outputs) * each
        done["sram.byte_written"] += (inputs + outputs) * each
    return Counter({name: amount * layer.uses for name, amount in done.items()})


def digital(network: Network, *, training: bool = False) -> dict[str, float]:
    """The same work on a GPU: FLOPs of products, three times as many in a training step, and digital functions."""
    total: Counter[str] = Counter()
    for layer in network.layers:
        total["matmul.flop"] += 2 * layer.products * (3 if training else 1)
        outputs = layer.columns * layer.groups * layer.uses
        total["digital.add"] += (outputs if layer.bias else 0) * (2 if training else 1)
        for function in layer.functions:
            for event in FUNCTIONS[function]:
                total[f"digital.{event}"] += outputs * (2 if training else 1)
            if training:
                total["digital.multiply"] += outputs
    return {name: float(amount) for name, amount in total.items() if amount}
