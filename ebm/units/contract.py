"""What a kind of units is: how it answers what lines carry, what it knows of its probabilities, and what that takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import isfinite
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...devices.base.errors import RevpathError, unknown
from ...simulator.events import Events
from ...simulator.noise.streams import Stream


class Response(NamedTuple):
    """What units answer.

    Attributes
    ----------
    p : numpy.ndarray
        What the units know of the probability of being on, float32 (batch, n); of circuits that only decide, the states.
    states : numpy.ndarray
        float32 (batch, n), 0 or 1.
    events : Events
        What the units did.
    """

    p: np.ndarray
    states: np.ndarray
    events: Events


class Units(ABC):
    """A kind of units at the lines of an array; frozen, and named by ``name``. Defining a subclass puts it into `KINDS`.

    Attributes
    ----------
    KINDS : dict of str to type
        Every kind that has been defined, by its name.
    name : str
        Of the kind.
    converted : bool
        Whether the array's converters stand between its lines and the units; if not, the units see the lines, and the array
        converts nothing.
    """

    KINDS: ClassVar[dict[str, type[Units]]] = {}
    name: ClassVar[str]
    converted: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        Units.KINDS[cls.name] = cls

    @abstractmethod
    def respond(self, field: np.ndarray, bias: np.ndarray, stream: Stream) -> Response:
        """The units' answer to what an array gave.

        Parameters
        ----------
        field : numpy.ndarray
            (batch, n) float32: x @ W, as its converters or its lines gave it.
        bias : numpy.ndarray
            (n,) float32.
        stream : Stream
            Of the units' random numbers.
        """


def unit_kind(units: str | Units) -> Units:
    """Units by the name of their kind, with its default settings, or themselves.

    Raises
    ------
    RevpathError
        Neither units nor the name of a kind.

    Examples
    --------
    >>> from revpath.ebm.units import unit_kind
    >>> unit_kind("comparator")
    ComparatorUnits(noise=1.6, threshold_bits=8)
    """
    if isinstance(units, Units):
        return units
    if not isinstance(units, str):
        raise RevpathError(f"units = {units!r} must be Units or the name of a kind: {', '.join(Units.KINDS)}")
    if units not in Units.KINDS:
        raise unknown("units", units, Units.KINDS)
    return Units.KINDS[units]()


def checked_number(name: str, value: object) -> None:
    """RevpathError where a setting is no finite number, or negative."""
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value) or value < 0:
        raise RevpathError(f"{name} = {value!r} must be finite and not negative")


def checked_bits(name: str, value: object, most: int) -> None:
    """RevpathError where a setting is no whole number of bits, 1 to `most`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) <= most:
        raise RevpathError(f"{name} = {value!r} must be an integer from 1 to {most}")
