"""Wear: how many pulses and writes every cell has taken, how many it endures, and what is said of cells that took more.

Endurance is given in cycles over the whole window and back. Wear is taken as proportional to the way: a cycle is as many
pulses as the nominal cell has states (`response.states`), up and then down again. That is an assumption; pulses at a bound,
which move nothing, count too.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...devices import Device
from ...devices.response.pulsed import PulsedResponse
from ..errors import ArrayError
from ..pulses.layout import MINUS, PLUS

if TYPE_CHECKING:
    from .report import ProgrammingReport

OnWorn = Literal["warn", "error", "ignore"]


class EnduranceWarning(UserWarning):
    """Cells have taken more programming pulses than they endure."""


class EnduranceError(ArrayError):
    """As `EnduranceWarning`, where it was asked for as an error. The cells are programmed, or pulsed, all the same.

    Attributes
    ----------
    report : ProgrammingReport or None
        Of the call; None if it was training that wore the cells.
    """

    def __init__(self, message: str, report: ProgrammingReport | None = None) -> None:
        super().__init__(message)
        self.report = report


def endurance_of(device: Device) -> float | None:
    """Pulses, or writes in one go, that a cell endures; None where that is not known."""
    cycles, response = device.endurance.cycles, device.response
    if cycles is None or not isinstance(response, PulsedResponse):
        return cycles
    return cycles * 2 * response.states


class Wear:
    """The wear of the cells of one array: counts, limit, policy, and whether it has been said.

    Parameters
    ----------
    cells : int
        Pairs of cells.
    device : Device
        What each is.
    policy : {"warn", "error", "ignore"}
        What to do once cells are worn beyond their endurance: warn the first time, raise each time, or nothing.
    sharing : int
        Pairs that share one G-, one after another; its wear stands in each of them.

    Attributes
    ----------
    counts : (cells, 2) int64
        Pulses and writes that each cell has taken, in programming and in training.
    limit : float or None
        How many it endures; None where that is not known.
    """

    def __init__(self, cells: int, device: Device, policy: OnWorn = "warn", *, sharing: int = 1) -> None:
        self.counts = np.zeros((cells, 2), np.int64)
        self.limit = endurance_of(device)
        self._device, self._references = device, sharing
        self._policy: OnWorn = policy
        self._bound = 0  # no cell has taken more than this
        self._said = False

    def took(self, most: int) -> None:
        """Kernels have added to the counts, at most so much to any of them."""
        self._bound += most

    def written(self) -> None:
        """The counts have been written anew."""
        self._bound = int(self.counts.max(initial=0))

    def mind(self) -> None:
        """To be called when the events of a training step are counted: warn of worn cells, or raise.

        Raises
        ------
        EnduranceError
            Cells are worn and the policy is "error"; the pulses have been applied.
        """
        if self.limit is None or self._policy == "ignore" or self._bound <= self.limit or self._silent:
            return
        self._bound = int(self.counts.max(initial=0))
        beyond = self.counts > self.limit
        worn = int(np.count_nonzero(beyond[:, PLUS]) + np.count_nonzero(beyond[:: self._references, MINUS]))
        if worn:
            cycles = self._device.endurance.cycles
            self._say(
                f"{worn} cells have taken more than the {self.limit:.4g} pulses of {cycles:.4g} cycles that device "
                f"{self._device.name!r} endures; the most is {self._bound}"
            )

    def mind_report(self, report: ProgrammingReport) -> None:
        """The same after programming, once its events are counted.

        Raises
        ------
        EnduranceError
            Cells are worn and the policy is "error"; they are programmed all the same.
        """
        if self._policy != "ignore" and not self._silent and report.worn.any():
            self._say(worn_cells(report), report)

    @property
    def _silent(self) -> bool:
        return self._said and self._policy == "warn"

    def _say(self, message: str, report: ProgrammingReport | None = None) -> None:
        self._said = self._policy == "warn"
        say(message, self._policy, report)


def say(message: str, policy: OnWorn, report: ProgrammingReport | None = None) -> None:
    """Warn, or raise `EnduranceError`, or do nothing, as the policy says."""
    if policy == "error":
        raise EnduranceError(message, report)
    if policy == "warn":
        warnings.warn(message, EnduranceWarning, stacklevel=5)


def worn_cells(report: ProgrammingReport) -> str:
    """What there is to say of a report with worn cells."""
    return (
        f"{int(report.worn.sum())} of {report.worn.size} cells have taken more than their endurance of "
        f"{report.endurance:.6g} pulses (the most worn {int(report.wear.max())})"
    )
