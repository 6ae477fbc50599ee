"""The core of the Tiki-Taka family: a fast array gathers gradients, a digital buffer filters them, a slow one holds W.

The recursion, for each outer product x_s d_s of a batch (Gokmen, Front. Artif. Intell. 4:699148 (2021); Rasch et al., Nat.
Commun. 15, 7133 (2024)), as in aihwkit's rpu_chopped_transfer_device.cpp:

1. A <- A + fast rate x_s d_s by stochastic pulses, with the signs of the choppers.
2. After every `transfer_every` outer products a word line k of A is read (or several, one after another), the next each
   time: H_k <- H_k + scale (signs of the choppers) A_k.
3. Where |H_kj| >= 1: n = trunc(H_kj) pulses, at most `max_steps`, on C_kj; and H_kj is forgotten, or n taken off it.

H is in pulses. W is C (+ gamma A). What is written to C is a low-pass filtered A, so neither the noise of single updates of
A nor of single reads reaches W, and A rests where its up and down pulses balance, which is why W can be trained by cells
that are not symmetric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from ..arrays.crossbar import Crossbar
from ..arrays.parts import part_number
from ..arrays.tiles import TiledCrossbar, arranged
from ..config import ArrayConfig
from ..errors import ArrayError
from ..operands import as_rows, one_hot
from .contract import PulsedArray, RuleConfig, RuledArray, Training, weight_granularity

_PRESET_STEP = 0.002  # of the ReRAM of aihwkit's presets for the family, TTv2ReRamSBPreset and the like


class TransferConfig(RuleConfig):
    """Parameters of the family, named as in aihwkit's ChoppedTransferCompound.

    Defaults are those of aihwkit's presets TTv2ReRamESPreset, ChoppedTTv2ReRamESPreset and AGADReRamESPreset, which agree in
    them. The length of the pulse trains on the fast array is `longest_train` of its configuration (31 there too).

    Attributes
    ----------
    transfer_every : int
        outer products between two transfers; with units_in_mbatch, calls of `update` (mini-batches).
    n_reads_per_transfer : int, optional
        word lines that are read in one transfer, each by a read of its own; None for all. (aihwkit allows more than one
        in TTv1 and its first TTv2 only; here all of the family can have them.)
    fast_lr : float
        rate of the fast array. With auto_scale it is relative: the largest change by an outer product is about fast_lr
        x longest_train pulses. Without, it is absolute, and 0 means the rate of the update.
    auto_scale, auto_momentum : bool, float
        follow the largest |x| and |d| by averages with this momentum for a batch.
    transfer_lr : float
        factor to the rate with which reads go into the buffer.
    buffer_granularity : float
        what fills the buffer for one pulse, in granularities of the fast array (the threshold).
    auto_granularity : float
        above 0, the threshold is multiplied by auto_granularity / (rows x transfer_every).
    correct_gradient_magnitudes : bool
        buffer in granularities of the slow array, and the fast rate divided out, so that what C receives at each read
        of A is rate x (what A has gathered / fast rate) / threshold.
    max_steps : int
        most pulses on a weight in one transfer (desired_bl of the transfer).
    momentum : float
        share of the buffer that stays when it has fired.
    forget_buffer : bool
        the rest goes, whatever was sent; otherwise only what was sent goes.
    gamma : float
        weight of the fast array in W; 0 hides it.
    fast_range : float
        range of the ADC that reads the fast array, in its weight_max at full input.
    """

    training: ClassVar[Training] = "digital buffer"
    transfer_every: int = Field(default=1, ge=1)
    units_in_mbatch: bool = False
    n_reads_per_transfer: int | None = Field(default=1, ge=1)
    fast_lr: float = Field(default=0.5, ge=0)
    auto_scale: bool = True
    auto_momentum: float = Field(default=0.99, ge=0, lt=1)
    transfer_lr: float = Field(default=1.0, gt=0)
    buffer_granularity: float = Field(default=1.0, gt=0)
    auto_granularity: float = Field(default=1000.0, ge=0)
    correct_gradient_magnitudes: bool = False
    max_steps: int = Field(default=1, ge=1)
    momentum: float = Field(default=0.0, ge=0, le=1)
    forget_buffer: bool = True
    gamma: float = Field(default=0.0, ge=0)
    fast_range: float = Field(default=1.0, gt=0)

    @classmethod
    def adapted(cls, updates_per_gradient: int, step: float | None) -> Self:
        """The presets of aihwkit, with the fast rate divided out so that one grid of rates fits all devices.

        The whole fast array is read after each gradient. The presets were made for a ReRAM of 1000 states: where steps are
        coarser, the fast array takes so many fewer pulses of an outer product that it changes by the same share of its
        range; where they are finer, a transfer may send so many more.
        """
        relative = 1.0 if step is None else _PRESET_STEP / step
        return cls(
            transfer_every=updates_per_gradient,
            units_in_mbatch=True,
            n_reads_per_transfer=None,
            correct_gradient_magnitudes=True,
            auto_granularity=0.0,
            fast_lr=0.5 * min(1.0, relative),
            max_steps=max(1, round(relative)),
        )

    def fast(self, config: ArrayConfig) -> ArrayConfig:
        """The fast array that goes with a slow one: the same, with an ADC for reads of one word line at a time."""
        y_max = self.fast_range * config.weight_max * config.dac.x_max
        return replace(config, adc=config.adc.with_range(y_max), transposed_adc=config.transposed_adc or config.adc)


class TransferArray(RuledArray):
    """Two arrays that learn as one: `array`, the slow C, and `fast`, A.

    Counted beside reads (those of A included) and pulses (on A by outer products, on C one word line at a time): for each
    weight of a transferred word line a multiplication, an addition, a comparison, and a read and a write of H; a
    subtraction where it fires and is not forgotten; for auto_scale a comparison for each entry of x and d, and eight
    operations for each outer product. Signs of choppers are taken as free.

    Parameters
    ----------
    shape : tuple[int, int]
        (rows, columns).
    config_slow : ArrayConfig
        of C.
    options : TransferConfig, optional
        see there; those of `defaults` where None.
    config_fast : ArrayConfig, optional
        of A; None for what `options.fast` makes of config_slow.
    seed, array : int
        as of a `Crossbar`; A is numbered as slice 1.
    tile : tuple[int, int], optional
        the largest array that can be had, for either; None for any size.

    Attributes
    ----------
    buffer
        H (rows, columns) float32, in pulses. in_chopper (rows,), out_chopper (columns,): +1 or -1.

    Raises
    ------
    ArrayError
        a device without pulses, `array` not below 2**28, or more reads in a transfer than there are rows.
    """

    defaults: ClassVar[type[TransferConfig]]
    options: TransferConfig
    array: PulsedArray

    def __init__(
        self,
        shape: tuple[int, int],
        config_slow: ArrayConfig,
        options: TransferConfig | None = None,
        config_fast: ArrayConfig | None = None,
        *,
        seed: int = 0,
        array: int = 0,
        tile: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(arranged(shape, config_slow, tile=tile, seed=seed, array=array))
        self.options = self.defaults() if options is None else options
        self._seed, self._number = seed, array
        number = part_number(array, weight_slice=1)
        of_fast = config_fast or self.options.fast(self.array.config)
        self.fast = arranged(shape, of_fast, tile=tile, seed=seed, array=number)
        self._steps = weight_granularity(self.fast), weight_granularity(self.array)
        self._drive = self.fast.config.dac.x_max
        self._reads = self.options.n_reads_per_transfer or self.shape[0]
        if self._reads > self.shape[0]:
            raise ArrayError(
                f"n_reads_per_transfer = {self._reads} must be at most the {self.shape[0]} rows of the array"
            )
        self._begin()

    @property
    def parts(self) -> Sequence[PulsedArray]:
        return [self.array, self.fast]

    def _begin(self) -> None:
        rows, columns = self.shape
        self.buffer = np.zeros(self.shape, np.float32)
        self.in_chopper, self.out_chopper = np.ones(rows, np.float32), np.ones(columns, np.float32)
        self._largest = [0.0, 0.0]
        self._fast_rate = 0.0
        self._done = 0  # outer products, or calls, since the beginning
        self._next_row = 0  # to be transferred
        self._passes = 0  # of transfers through all word lines

    def _forget(self, weights: np.ndarray) -> None:
        self._begin()

    # -- W = C + gamma A ----------------------------------------------------------------------------------------------

    def read(self) -> np.ndarray:
        """The weights (rows, columns) that the arrays show, without read noise: a diagnostic that no hardware has."""
        weights = self.array.read()
        if self.options.gamma:
            weights += np.float32(self.options.gamma) * self._unchopped(self.fast.read())
        return weights

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32."""
        y = self.array.forward(x)
        return (
            y if not self.options.gamma else self._joined(y, self.fast.forward(x * self.in_chopper), self.out_chopper)
        )

    def forward_rows(self, rows: np.ndarray) -> np.ndarray:
        """The rows of W that are listed, (batch, columns) float32."""
        if self.options.gamma:
            return self.forward(one_hot(as_rows(rows, self.shape[0]), self.shape[0]))
        return super().forward_rows(rows)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32."""
        y = self.array.backward(d)
        return (
            y if not self.options.gamma else self._joined(y, self.fast.backward(d * self.out_chopper), self.in_chopper)
        )

    def _joined(self, slow: np.ndarray, fast: np.ndarray, signs: np.ndarray) -> np.ndarray:
        self._count({"digital.multiply": fast.size, "digital.add": fast.size})
        return slow + np.float32(self.options.gamma) * signs * fast

    def _unchopped(self, weights: np.ndarray) -> np.ndarray:
        return self.in_chopper[:, None] * weights * self.out_chopper

    # -- update -------------------------------------------------------------------------------------------------------

    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        fast_rates = self._fast_rates(x, d, rate)
        in_calls, every = self.options.units_in_mbatch, self.options.transfer_every
        start = 0
        while start < len(x):
            stop = len(x) if in_calls else min(len(x), start + every - self._done % every)
            part = slice(start, stop)
            # each product has a rate of its own, so it is put into d
            d_part = d[part] * self.out_chopper * fast_rates[part, None]
            self.fast.update(x[part] * self.in_chopper, d_part, 1.0)
            self._fast_rate = float(fast_rates[stop - 1])
            self._done += 1 if in_calls else stop - start
            if self._done % every == 0:
                self._transfer(rate)
            start = stop

    def _fast_rates(self, x: np.ndarray, d: np.ndarray, rate: float) -> np.ndarray:
        """Rates (batch,) of the fast array, float32."""
        options, batch = self.options, len(x)
        if not (options.auto_scale and options.fast_lr):
            return np.full(batch, options.fast_lr or rate, np.float32)
        pulses = options.fast_lr * self.fast.config.longest_train * self._steps[0]
        tau = (1 - options.auto_momentum) / batch
        rates = np.empty(batch, np.float32)
        for row, sizes in enumerate(zip(np.abs(x).max(axis=1), np.abs(d).max(axis=1), strict=True)):
            for side, size in enumerate(sizes):
                if size > 0:  # what is 0 does not count; the first that is not is the average
                    past = self._largest[side]
                    self._largest[side] = float(size) if past <= 0 else (1 - tau) * past + tau * float(size)
            product = self._largest[0] * self._largest[1]
            rates[row] = pulses / product if product > 0 else pulses
        self._count(
            {
                "digital.compare": x.size + d.size,
                "digital.multiply": 5 * batch,
                "digital.add": 2 * batch,
                "digital.divide": batch,
            }
        )
        return rates

    def _transfer(self, rate: float) -> None:
        """Read the next word lines of A, add them to the buffer, and pulse C where it is full."""
        left = self._reads
        while left:
            rows = slice(self._next_row, min(self._next_row + left, self.shape[0]))
            self._transfer_rows(rows, rate)
            left -= rows.stop - rows.start
            self._next_row = rows.stop % self.shape[0]
            self._passes += self._next_row == 0

    def _transfer_rows(self, rows: slice, rate: float) -> None:
        """The same for word lines `rows`, which lie side by side; arrays here are (lines, columns)."""
        values = read_lines(self.fast, rows, self._drive)
        signs = self.in_chopper[rows, None] * self.out_chopper
        filled = self.buffer[rows] + np.float32(self._scale(rate)) * signs * self._signal(rows, values)
        fires = np.abs(filled) >= 1
        pulses = np.where(fires, np.clip(np.trunc(filled), -self.options.max_steps, self.options.max_steps), 0)
        self.buffer[rows] = self._left(filled, fires, pulses.astype(np.float32))
        n = values.size
        self._count({"digital.multiply": n, "digital.add": n, "digital.compare": n})
        self._count_traffic(read=n, written=n)
        if fires.any() and self._may_write():
            counts = np.zeros(self.shape, np.int64)
            counts[rows] = pulses
            self.array.pulse(counts)
        self._switch(rows)

    def _scale(self, rate: float) -> float:
        """What a weight of A read is multiplied by, in pulses."""
        options, (of_fast, of_slow) = self.options, self._steps
        threshold = options.buffer_granularity * of_fast
        if options.auto_granularity:
            threshold *= options.auto_granularity / (self.shape[0] * options.transfer_every)
        scale = options.transfer_lr * rate / threshold
        return scale * of_fast / (of_slow * self._fast_rate) if options.correct_gradient_magnitudes else scale

    def _left(self, filled: np.ndarray, fires: np.ndarray, pulses: np.ndarray) -> np.ndarray:
        """What stays in the buffer."""
        if self.options.forget_buffer:
            return np.where(fires, np.float32(self.options.momentum) * filled, filled)
        self._count({"digital.add": int(fires.sum())})
        return filled - np.float32(1 - self.options.momentum) * pulses

    # -- where the members of the family differ -----------------------------------------------------------------------

    def _signal(self, rows: slice, values: np.ndarray) -> np.ndarray:
        """What reads of word lines (lines, columns) say of the gradient, before the choppers' signs are taken off."""
        return values

    def _may_write(self) -> bool:
        return True

    def _switch(self, rows: slice) -> None:
        """Turn the choppers after a transfer of `rows`."""


def read_lines(array: Crossbar | TiledCrossbar, lines: slice, drive: float) -> np.ndarray:
    """W[lines] (lines, columns) float32, as reads of one word line at a time show it, each driven by `drive`.

    On tiles, those that hold none of the lines are not read.
    """
    if isinstance(array, TiledCrossbar):
        height = array.tile[0]
        blocks = []
        for k in range(lines.start // height, -(-lines.stop // height)):
            here = slice(max(lines.start - k * height, 0), min(lines.stop - k * height, height))
            blocks.append(np.concatenate([read_lines(tile, here, drive) for tile in array.tiles[k]], axis=1))
        return np.concatenate(blocks)
    x = np.zeros((lines.stop - lines.start, array.shape[0]), np.float32)
    x[np.arange(len(x)), np.arange(lines.start, lines.stop)] = drive
    return array.forward(x) / np.float32(drive)
