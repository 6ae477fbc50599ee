"""Writing cells: open loop, where each lands on its target with the noise of the device, or verified by a scheme."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...devices import Device
from ..errors import ArrayError
from ..mapping import WeightMapping
from ..noise.streams import Stream
from ..pulses.layout import B_MAX, B_MIN
from .report import Outcome, ProgrammingReport
from .write_verify import PURPOSE, WriteVerify, write_verify


class CellsToWrite(NamedTuple):
    """Cells that are written together, (...) each, contiguous: what they hold and show, which changes in place; and traits
    (..., n) of pulsed cells, states where cells are stuck (NaN for others), or None; and wear, which the report has after it.
    """

    state: np.ndarray
    shown: np.ndarray
    traits: np.ndarray | None
    stuck: np.ndarray | None
    wear: np.ndarray


class Writer:
    """How the cells of one array are written.

    Parameters
    ----------
    device : Device
        What each cell is.
    mapping : WeightMapping
        Between states and siemens.
    seed, array : int
        Address of the noise.
    """

    def __init__(self, device: Device, mapping: WeightMapping, *, seed: int, array: int) -> None:
        self._device, self._mapping = device, mapping
        self._writes, self._verifies = Stream(seed, "program", array), Stream(seed, PURPOSE, array)

    def write(
        self,
        cells: CellsToWrite,
        target: np.ndarray,
        scheme: WriteVerify | None,
        *,
        read_time: float,
        endurance: float | None,
    ) -> ProgrammingReport:
        """Write cells (...) to targets (...), siemens: open loop, or verified by a scheme.

        Open loop, each cell lands on its target with the device's programming noise, but not below zero conductance; a
        pulsed cell stops at its own bounds, which may lie inside the window of the nominal one.

        Raises
        ------
        ArrayError
            the device cannot be verified.
        """
        if scheme is None:
            states, outcome = self._open_loop(target, cells)
            cells.state[:] = cells.shown[:] = states
            achieved = self._mapping.conductances(states)
            return ProgrammingReport.of_open_loop(
                target, achieved, wear=cells.wear, endurance=endurance, outcome=outcome
            )
        if cells.stuck is not None and cells.traits is None:
            raise ArrayError(f"device {self._device.name!r} has stuck cells and no pulses: program it without a scheme")
        return write_verify(
            cells.state,
            cells.shown,
            cells.traits,
            target,
            self._device,
            scheme,
            self._verifies,
            read_time=read_time,
            wear=cells.wear,
            endurance=endurance,
            on_worn="ignore",  # whoever counts the events says so after counting them
        )

    def _open_loop(self, target: np.ndarray, cells: CellsToWrite) -> tuple[np.ndarray, np.ndarray]:
        """Where cells land that are written once, float32 states, and how that ended."""
        outcome = np.full(target.shape, Outcome.NOT_VERIFIED, np.uint8)
        sigma = self._device.programming.sigma(target, self._device.window.g_max)
        if np.any(sigma):
            target = target + sigma * self._writes.normals(target.shape)
            outcome[target < 0] = Outcome.EMPTIED
            target = np.maximum(target, 0.0)
        states = self._mapping.to_state(target).astype(np.float32)
        if cells.traits is not None:
            bounded = np.clip(states, cells.traits[..., B_MIN], cells.traits[..., B_MAX])
            outcome[bounded != states] = Outcome.BEYOND_BOUNDS
            states = bounded
        if cells.stuck is not None:
            outcome[~np.isnan(cells.stuck)] = Outcome.STUCK
            states = np.where(np.isnan(cells.stuck), states, cells.stuck)
        return states, outcome
