"""Refresh of one-sided pairs: both cells of a weight only ever grow, so now and then what they share is taken off both.

Memory whose pulses raise the conductance little by little but lower it only all at once (phase-change memory) is trained
with pulses up alone: those that raise a weight go to G+, those that lower it to G-. Both cells fill up, and a weight whose
cells are full moves no more. Every `Refresh.every` outer products all cells are read, and a pair is reset and its difference
written to one of its cells if the larger cell is above `upper` of the window and the smaller one above `lower`.

Criterion and defaults are those of IBM aihwkit's OneSidedUnitCell (Rasch et al., "A flexible and fast PyTorch toolkit for
simulating training and inference on analog crossbar arrays", AICAS 2021); the scheme is that of Boybat et al., "Neuromorphic
computing with multi-memristive synapses", Nature Communications 9, 2514 (2018), section "Methods". aihwkit writes the
difference by stochastic pulses; here a cell is written as `Cells.program` writes: in one go with the programming noise of
the device, or by write-verify.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from ..cells.cells import Cells
from ..errors import ArrayError
from ..events import Tally
from ..noise.streams import Stream
from ..programming.write_verify import WriteVerify
from ..pulses.layout import MINUS, PLUS
from ..settings import Settings

if TYPE_CHECKING:
    from ..config import ArrayConfig


class Refresh(Settings):
    """When pairs of cells that only grow are written anew.

    Attributes
    ----------
    every : int
        Outer products between two refreshes; each row of an `update`, each `pulse` and each `fire` is one.
    upper, lower : float
        A pair is refreshed if the read of its larger cell is above `upper` of the way from g_min to g_max, and that of the
        smaller one above `lower`.
    scheme : WriteVerify or None
        How the difference is written; None for open loop, one write a cell with the programming noise of the device (none,
        where the device has no law of it).

    Examples
    --------
    >>> from revpath.simulator import ArrayConfig
    >>> config = ArrayConfig("pcm-nandakumar2020", mapping="one-sided", pulse_directions="up", refresh=Refresh(every=100))
    >>> config.refresh.upper
    0.75
    """

    every: int = Field(default=1000, ge=1)
    upper: float = Field(default=0.75, ge=0, le=1)
    lower: float = Field(default=0.25, ge=0, le=1)
    scheme: WriteVerify | None = None


class PairRefresh:
    """The refreshes of one array.

    Parameters
    ----------
    settings : Refresh or None
        None for no refresh.
    seed, array : int
        Address of the read noise.

    Attributes
    ----------
    pairs : int
        Pairs that have been written anew.
    """

    def __init__(self, settings: Refresh | None, *, seed: int, array: int) -> None:
        self.settings, self.pairs = settings, 0
        self._reads = Stream(seed, "refresh", array)
        self._since = 0  # outer products since the last one

    def restart(self) -> None:
        """All cells have been programmed."""
        self._since = 0

    def parts(self, products: int) -> Iterator[slice]:
        """How so many outer products are cut, so that a refresh comes when it is due, however they come in calls."""
        if self.settings is None or not products:
            yield slice(0, products)
            return
        start = 0
        while start < products:
            stop = min(products, start + self.settings.every - self._since)
            yield slice(start, stop)
            start = stop

    def after(self, products: int, cells: Cells, config: ArrayConfig, tally: Tally) -> None:
        """Outer products have been made, no more than are left: read all cells and refresh, if that is due."""
        if self.settings is None:
            return
        self._since += products
        if self._since < self.settings.every:
            return
        self._since = 0
        seen = self._read(cells, config, tally)
        window = cells.device.window
        share = (seen - window.g_min) / (window.g_max - window.g_min)
        chosen = to_refresh(share, self.settings.upper, self.settings.lower)
        self.pairs += len(chosen)
        if not len(chosen):
            return
        report = cells.rewrite(chosen, rewritten(share[chosen]), self.settings.scheme, config.read_time)
        # pairs one after another; the cells of one at the same time
        tally.add(
            report.events(
                cells_per_row=2,
                read_voltage=config.read_voltage,
                read_time=config.read_time,
                pulse_duration=cells.device.pulse.duration,
            )
        )
        cells.worn.mind_report(report)

    def _read(self, cells: Cells, config: ArrayConfig, tally: Tally) -> np.ndarray:
        """Siemens (rows x columns, 2) that one verify read sees of each cell: word line after word line."""
        if not cells.device.read_noise.gaussian:
            raise ArrayError(
                f"device {cells.device.name!r} has {cells.device.read_noise.law} read noise, which is not normal: the reads "
                "of a refresh cannot have it"
            )
        conductances = cells.conductances()
        sigma = cells.read_sigma(config.read_time)
        noiseless = not np.any(sigma)
        seen = conductances if noiseless else conductances + sigma * self._reads.normals(conductances.shape)
        tally.count("cell.verify_read", conductances.size)
        if noiseless:
            tally.count("array.noiseless_read", conductances.size)
        joules = float(conductances.sum()) * config.read_voltage**2 * config.read_time
        tally.integrate("array.verify_energy_J", joules)
        tally.integrate("array.busy_s", config.read_time, times=cells.shape[0])
        return seen.reshape(-1, 2)


def to_refresh(share: np.ndarray, upper: float, lower: float) -> np.ndarray:
    """Indices (n,) of the pairs that are to be refreshed.

    Parameters
    ----------
    share : (pairs, 2) array
        How far each cell is from g_min to g_max, as read.
    upper, lower : float
        See `Refresh`.

    Examples
    --------
    >>> to_refresh(np.array([[0.8, 0.3], [0.8, 0.2], [0.3, 0.9], [0.7, 0.7]]), upper=0.75, lower=0.25).tolist()
    [0, 2]
    """
    return np.flatnonzero((share.max(axis=1) > upper) & (share.min(axis=1) > lower))


def rewritten(share: np.ndarray) -> np.ndarray:
    """What pairs (n, 2) are written to, as shares of the window: the same difference, with the smaller cell empty.

    Examples
    --------
    >>> rewritten(np.array([[0.75, 0.25]])).tolist()
    [[0.5, 0.0]]
    """
    difference = share[:, PLUS] - share[:, MINUS]
    return np.stack([np.clip(difference, 0, 1), np.clip(-difference, 0, 1)], axis=1)
