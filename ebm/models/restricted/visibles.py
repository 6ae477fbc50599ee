r"""Kinds of visible units of a restricted Boltzmann machine, each one term of the energy and one conditional law.

Bernoulli units have :math:`-b^\top v` and are on with the logistic function of their net input. Gaussian units have
:math:`\sum_i (v_i - b_i)^2 / 2 \sigma_i^2` and drive the array with :math:`v_i / \sigma_i`; given the hidden units they
are normal with mean :math:`b_i + \sigma_i (W h)_i` and standard deviation :math:`\sigma_i` (Welling, Rosen-Zvi & Hinton,
NIPS 17, 2005).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from numbers import Real
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from ....devices.base.errors import RevpathError, unknown
from ....simulator.events import Events
from ....simulator.noise.streams import Stream
from ...evaluation import exact, gaussian
from ...synapses.units import sample_units

_NORMAL = 12  # uniform numbers of 16 bits whose sum a digital circuit takes for a normal one


class Visibles(ABC):
    """One kind of visible units. Defining a subclass with a `name` puts it into `KINDS`.

    Attributes
    ----------
    KINDS : dict of str to type
        Every kind that has been defined, by its name.
    binary : bool
        Whether a unit is on or off, so that synapses can sample it.
    judge : module
        Of `revpath.ebm.evaluation`: free energies and likelihoods of what `parameters` gives.
    sd : numpy.ndarray
        (n,) float32: what values are divided by before they drive the array.
    """

    KINDS: ClassVar[dict[str, type[Visibles]]] = {}
    name: ClassVar[str]
    binary: ClassVar[bool] = False
    judge: ClassVar[ModuleType]
    sd: np.ndarray

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        Visibles.KINDS[cls.name] = cls

    @abstractmethod
    def __init__(self, rows: Any, sd: float | str) -> None:
        """For the rows (n_samples, n) that come first, dense or sparse."""

    @abstractmethod
    def start(self, rows: Any) -> np.ndarray:
        """Biases of units that are independent, (n,) float32, fitted to the rows that come first."""

    @abstractmethod
    def drive(self, v: np.ndarray) -> np.ndarray:
        """What drives the lines for values v, (batch, n) float32 both."""

    @abstractmethod
    def sample(
        self, field: np.ndarray, bias: np.ndarray, beta: np.ndarray | None, units: Stream
    ) -> tuple[np.ndarray, Events]:
        """Values (batch, n) at net inputs without bias (batch, n), at inverse temperatures (batch, 1) or 1; digital events."""

    @abstractmethod
    def energy(self, v: np.ndarray, bias: np.ndarray) -> np.ndarray:
        """The part of the energy that is of the visible units alone, (batch,) float64."""

    @abstractmethod
    def parameters(self, weights: np.ndarray, visible: np.ndarray, hidden: np.ndarray) -> Any:
        """What defines the machine, in float64, by which stored weights are judged."""


class BernoulliVisibles(Visibles):
    """Units that are on or off."""

    name = "bernoulli"
    binary = True
    judge = exact

    def __init__(self, rows: Any, sd: float | str) -> None:
        if sd != 1:
            raise RevpathError(
                f"visible_sd = {sd!r} must be 1 for units that are on or off: they have no spread of their own"
            )
        self.sd = np.ones(rows.shape[1], np.float32)

    def start(self, rows: Any) -> np.ndarray:
        """Log-odds of the columns."""
        return log_odds(rows)

    def drive(self, v: np.ndarray) -> np.ndarray:
        return v

    def sample(
        self, field: np.ndarray, bias: np.ndarray, beta: np.ndarray | None, units: Stream
    ) -> tuple[np.ndarray, Events]:
        if beta is None:
            _, states, done = sample_units(field, bias, units)
            return states, done
        _, states, done = sample_units(beta * (field + bias), np.zeros_like(bias), units)
        return states, done + Events({"digital.multiply": field.size})

    def energy(self, v: np.ndarray, bias: np.ndarray) -> np.ndarray:
        return -(v.astype(np.float64) @ bias.astype(np.float64))

    def parameters(self, weights: np.ndarray, visible: np.ndarray, hidden: np.ndarray) -> Any:
        return exact.Parameters(weights, visible, hidden)


class GaussianVisibles(Visibles):
    """Units with any real value; ``sd`` is a number for all of them, or "data": that of each column of the first rows."""

    name = "gaussian"
    judge = gaussian

    def __init__(self, rows: Any, sd: float | str) -> None:
        n = rows.shape[1]
        if isinstance(sd, str) and sd == "data":
            spread = np.asarray(rows).std(axis=0)
            if not (spread > 0).all():
                column = int(np.argmin(spread > 0))
                raise RevpathError(
                    f'visible_sd = "data": column {column} of X does not vary; leave it out, or give a number'
                )
        elif isinstance(sd, bool) or not isinstance(sd, Real) or not 0 < float(sd) < np.inf:
            raise RevpathError(
                f'visible_sd = {sd!r} must be positive and finite, or "data" (the spread of each column)'
            )
        else:
            spread = np.full(n, float(sd))
        self.sd = spread.astype(np.float32)

    def start(self, rows: Any) -> np.ndarray:
        """Means of the columns."""
        return np.asarray(rows).mean(axis=0, dtype=np.float64).astype(np.float32)

    def drive(self, v: np.ndarray) -> np.ndarray:
        return v / self.sd

    def sample(
        self, field: np.ndarray, bias: np.ndarray, beta: np.ndarray | None, units: Stream
    ) -> tuple[np.ndarray, Events]:
        spread = self.sd if beta is None else self.sd / np.sqrt(beta)
        values = bias + self.sd * field + spread * units.normals(field.shape)
        n = field.size
        done = {"digital.multiply": 2 * n, "digital.add": (2 + _NORMAL) * n, "random.bit": 16 * _NORMAL * n}
        return values.astype(np.float32, copy=False), Events(done)

    def energy(self, v: np.ndarray, bias: np.ndarray) -> np.ndarray:
        return (((v - bias.astype(np.float64)) / self.sd) ** 2).sum(axis=1) / 2

    def parameters(self, weights: np.ndarray, visible: np.ndarray, hidden: np.ndarray) -> Any:
        return gaussian.GaussianParameters(weights, visible, hidden, self.sd)


def visibles(name: str, rows: Any, sd: float | str) -> Visibles:
    """Visible units by their name.

    Raises
    ------
    RevpathError
        No name of a kind; a spread that is none.
    """
    if not isinstance(name, str) or name not in Visibles.KINDS:
        raise unknown("visible", name, Visibles.KINDS)
    return Visibles.KINDS[name](rows, sd)


def log_odds(rows: Any) -> np.ndarray:
    """log p / (1 - p) of each column (n,), float32, with half a count added on either side so that none is infinite."""
    on = np.asarray(rows.sum(axis=0, dtype=np.float64)).ravel() + 0.5
    return np.log(on / (rows.shape[0] + 1 - on)).astype(np.float32)
