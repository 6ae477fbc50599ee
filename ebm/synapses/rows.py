"""Synapses addressed by row: what a one-hot input drives is one word line, and the others need not be looked at.

`read_rows` and `update_rows` are `Synapses.forward` and `Synapses.update` for one-hot inputs, in events and in law. Synapses
that know a shorter way offer `forward_rows` and `update_rows` of their own; for all others the inputs are written out.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from ...simulator.operands import one_hot
from .contract import Synapses


@runtime_checkable
class RowSynapses(Protocol):
    """Synapses whose cost is that of the rows that are touched."""

    def forward_rows(self, rows: np.ndarray) -> np.ndarray:
        """rows (batch,) int64 -> float32 (batch, n_out): what `forward` gives for one-hot inputs."""
        ...

    def update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        """W[rows[s]] <- W[rows[s]] + rate d[s] for each s in order, as `update` for one-hot inputs."""
        ...


def read_rows(synapses: Synapses, rows: np.ndarray) -> np.ndarray:
    """The rows of W that are listed, (batch, n_out) float32, each by one read.

    Parameters
    ----------
    synapses : Synapses
        What holds W (n_in, n_out).
    rows : array of int
        (batch,), from 0 to n_in - 1.
    """
    if isinstance(synapses, RowSynapses):
        return synapses.forward_rows(rows)
    return synapses.forward(one_hot(rows, synapses.shape[0]))


def update_rows(synapses: Synapses, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
    """Add rate d[s] (n_out,) to row rows[s] of W, for each s in order.

    Parameters
    ----------
    synapses : Synapses
        What holds W (n_in, n_out).
    rows : array of int
        (batch,), from 0 to n_in - 1; a row may stand there more than once.
    d : array
        (batch, n_out) float32.
    rate : float
        Not negative.
    """
    if isinstance(synapses, RowSynapses):
        synapses.update_rows(rows, d, rate)
    else:
        synapses.update(one_hot(rows, synapses.shape[0]), d, rate)
