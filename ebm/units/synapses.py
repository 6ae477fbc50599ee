"""Synapses with units of some kind at their lines: what `sample` of a model's synapses does, chosen by one argument."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ...simulator.events import Events
from ...simulator.noise.streams import Stream
from ..synapses.analog import factory_of
from ..synapses.contract import Synapses, SynapsesFactory
from .contract import Units, unit_kind


@runtime_checkable
class SensedSynapses(Protocol):
    """Synapses that give what their lines carry."""

    def sense(self, x: np.ndarray, *, transposed: bool = False) -> np.ndarray: ...


def lines(synapses: Synapses, x: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """What the lines of synapses carry before any converter; of synapses that have none, such as ideal ones, the product.

    Raises
    ------
    ArrayError
        An array whose answers are joined as codes.
    """
    if isinstance(synapses, SensedSynapses):
        return synapses.sense(x, transposed=transposed)
    return synapses.backward(x) if transposed else synapses.forward(x)


class UnitSynapses:
    """Synapses whose units are of a kind of one's choice; everything but `sample` is theirs.

    Parameters
    ----------
    synapses : Synapses
        What holds W.
    units : str or Units
        At its lines, both ways.
    """

    def __init__(self, synapses: Synapses, units: str | Units) -> None:
        self.synapses, self.units = synapses, unit_kind(units)
        self._done = Events()

    @property
    def shape(self) -> tuple[int, int]:
        return self.synapses.shape

    @property
    def events(self) -> Events:
        """What has happened to the synapses, and what their units did."""
        return self.synapses.events + self._done

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.synapses.forward(x)

    def backward(self, d: np.ndarray) -> np.ndarray:
        return self.synapses.backward(d)

    def sample(
        self, x: np.ndarray, bias: np.ndarray, units: Stream, *, transposed: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the units know of their probabilities, and their states; both float32."""
        if self.units.converted:
            field = self.backward(x) if transposed else self.forward(x)
        else:
            field = lines(self.synapses, x, transposed=transposed)
        p, states, done = self.units.respond(field, np.asarray(bias, np.float32), units)
        self._done += done
        return p, states

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self.synapses.update(x, d, rate)

    @contextmanager
    def aside(self) -> Iterator[None]:
        done = self._done
        with self.synapses.aside():
            try:
                yield
            finally:
                self._done = done

    def weights(self) -> np.ndarray:
        return self.synapses.weights()

    def program(self, weights: np.ndarray) -> None:
        self.synapses.program(weights)


@dataclass(frozen=True)
class UnitFactory:
    """Makes the synapses of a model with units at their lines; a class, so that models pickle and clone."""

    make: SynapsesFactory
    units: Units

    def __call__(self, shape: tuple[int, int], array: int) -> UnitSynapses:
        return UnitSynapses(self.make(shape, array), self.units)


def with_units(synapses: Any, units: str | Units, seed: int = 0) -> SynapsesFactory:
    """A factory of synapses whose units are of some kind, for any model that samples units.

    Parameters
    ----------
    synapses : str, Device, ArrayConfig, callable or None
        As the argument of a model, see `revpath.ebm.synapses.analog.factory_of`.
    units : str or Units
        A kind by name, or units with settings.
    seed : int
        Root seed of the noise of arrays that are named by device or by settings.

    Raises
    ------
    RevpathError
        Something else.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm import RBM
    >>> from revpath.ebm.units import with_units
    >>> model = RBM(4, n_iter=1, synapses=with_units(None, "comparator"), random_state=0).fit(np.eye(8))
    >>> model.gibbs(np.eye(8)).shape
    (8, 8)
    """
    return UnitFactory(factory_of(synapses, seed), unit_kind(units))
