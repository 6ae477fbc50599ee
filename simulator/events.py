"""Events are data: what an array did, counted exactly, and what physics fixes, integrated.

An event is a name with parameters, written ``name{key=value,...}``, such as ``adc.conversion{enob=7.95}``. Counts are
Python integers. Integrals (joules dissipated in cells, seconds busy, sums of signal-to-noise ratios) are also held as
integers, of a fixed quantum of 2**-100, so that adding events is associative and commutative to the last bit: the
total does not depend on the order in which they are added, nor on the number of threads. What happens so many times, as
slots and reads of a fixed length do, is multiplied as integers, so that time does not depend on how work is cut into calls.
Joules of one read of a batch are summed in float64 before they are held. `revpath.energy_models` prices these names; it
never looks inside the simulator.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from numbers import Real
from types import MappingProxyType
from typing import Any

from ..devices.base.errors import RevpathError

_NAME = re.compile(r"[a-z][a-zA-Z0-9_.]*(\{[a-z_]+=[^{},=]+(,[a-z_]+=[^{},=]+)*\})?")
_QUANTUM_BITS = 100


class EventError(RevpathError):
    """An event name, count or integral that cannot be right."""


class Events(Mapping[str, int | float]):
    """An immutable, additive record of what happened.

    Parameters
    ----------
    counts : mapping of str to int, optional
        how often each event happened; non-negative integers.
    integrals : mapping of str to float, optional
        physical integrals, non-negative finite floats, in the SI unit that the name ends in (``array.read_energy_J``)
        or none (``array.snr_sum``).

    Notes
    -----
    ``a + b`` adds, ``a * n`` repeats, ``a == b`` compares exactly, ``events["name"]`` is a count or an integral (0 for
    what never happened).
    """

    __slots__ = ("_counts", "_quanta")

    def __init__(self, counts: Mapping[str, int] | None = None, integrals: Mapping[str, float] | None = None) -> None:
        self._hold(
            {name: _to_count(name, count) for name, count in (counts or {}).items()},
            {name: _to_quanta(name, value) for name, value in (integrals or {}).items()},
        )

    def _hold(self, counts: dict[str, int], quanta: dict[str, int]) -> None:
        both = counts.keys() & quanta.keys()
        if both:
            raise EventError(f"event {min(both)!r} is both a count and an integral")
        self._counts = MappingProxyType({name: n for name, n in counts.items() if n})
        self._quanta = MappingProxyType({name: n for name, n in quanta.items() if n})

    @classmethod
    def _from_parts(cls, counts: dict[str, int], quanta: dict[str, int]) -> Events:
        new = cls.__new__(cls)
        new._hold(counts, quanta)
        return new

    @property
    def counts(self) -> Mapping[str, int]:
        return self._counts

    @property
    def integrals(self) -> Mapping[str, float]:
        return MappingProxyType({name: _to_float(quanta) for name, quanta in self._quanta.items()})

    def __getitem__(self, name: str) -> int | float:
        if name in self._counts:
            return self._counts[name]
        if name in self._quanta:
            return _to_float(self._quanta[name])
        _check_name(name)
        return 0

    def __contains__(self, name: object) -> bool:
        return name in self._counts or name in self._quanta

    def __iter__(self) -> Iterator[str]:
        yield from sorted([*self._counts, *self._quanta])

    def __len__(self) -> int:
        return len(self._counts) + len(self._quanta)

    def __add__(self, other: Events) -> Events:
        if not isinstance(other, Events):
            return NotImplemented
        return Events._from_parts(_merge(self._counts, other._counts), _merge(self._quanta, other._quanta))

    def __radd__(self, other: object) -> Events:
        return self if other == 0 else NotImplemented  # so that sum(list_of_events) works

    def __sub__(self, earlier: Events) -> Events:
        """What happened since `earlier`, a total of the same history; EventError where it is not one."""
        if not isinstance(earlier, Events):
            return NotImplemented
        return Events._from_parts(_less(self._counts, earlier._counts), _less(self._quanta, earlier._quanta))

    def __mul__(self, times: int) -> Events:
        if not _is_natural(times):
            raise EventError(f"times = {times!r} must be a non-negative integer")
        n = int(times)
        return Events._from_parts(
            {k: v * n for k, v in self._counts.items()}, {k: v * n for k, v in self._quanta.items()}
        )

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Events):
            return NotImplemented
        return dict(self._counts) == dict(other._counts) and dict(self._quanta) == dict(other._quanta)

    def __hash__(self) -> int:
        return hash((frozenset(self._counts.items()), frozenset(self._quanta.items())))

    def __repr__(self) -> str:
        return f"Events({', '.join(f'{name}: {self[name]:.6g}' for name in self)})"

    def matching(self, name: str) -> dict[str, int | float]:
        """All events of that bare name, whatever their parameters."""
        return {event: self[event] for event in self if split_event(event)[0] == name}

    def to_json(self) -> str:
        """An exact text form; `from_json` reads it back to an equal object."""
        return json.dumps(
            {
                "counts": dict(sorted(self._counts.items())),
                "quanta": {k: hex(v) for k, v in sorted(self._quanta.items())},
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Events:
        try:
            content = json.loads(text)
            counts = {name: _to_count(name, n) for name, n in content["counts"].items()}
            quanta = {name: _to_count(name, int(n, 16)) for name, n in content["quanta"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EventError(f"not a record of events: {error}") from error
        return Events._from_parts(counts, quanta)

    def __reduce__(self):
        return Events.from_json, (self.to_json(),)


class Tally:
    """A running total of events, for code that counts in an inner loop; `events` is what it holds, as a value."""

    def __init__(self, events: Events | None = None) -> None:
        self._counts = dict(events._counts) if events else {}
        self._quanta = dict(events._quanta) if events else {}

    @property
    def events(self) -> Events:
        return Events._from_parts(dict(self._counts), dict(self._quanta))

    def integral(self, name: str) -> float:
        """The total of an integral so far; 0 for what never happened."""
        return _to_float(self._quanta.get(name, 0))

    def count(self, name: str, n: int) -> None:
        """Add `n` events."""
        counts = self._counts
        if type(n) is int and n >= 0 and name in counts:  # a name that is known has been checked
            counts[name] += n
        else:
            counts[name] = counts.get(name, 0) + _to_count(name, n)

    def add(self, events: Events) -> None:
        """Add all of `events`."""
        self._counts, self._quanta = _merge(self._counts, events._counts), _merge(self._quanta, events._quanta)

    def integrate(self, name: str, value: float, times: int = 1) -> None:
        """Add `value` to an integral, so many times: as integers, so that it does not matter how these are cut.

        Parameters
        ----------
        name : str
            Of the integral.
        value : float
            Not negative and finite, such as the seconds of one slot.
        times : int
            How often it came, such as the slots.
        """
        quanta = self._quanta
        if type(value) is float and 0 <= value < math.inf and type(times) is int and times >= 0 and name in quanta:
            quanta[name] += _quanta_of(value) * times
        else:
            quanta[name] = quanta.get(name, 0) + _to_quanta(name, value) * _to_count(name, times)


def event(name: str, **parameters: object) -> str:
    """The full name of an event: ``event("adc.conversion", enob=7.95) == "adc.conversion{enob=7.95}"``."""
    if not parameters:
        return name
    return f"{name}{{{','.join(f'{k}={v}' for k, v in sorted(parameters.items()))}}}"


def split_event(full: str) -> tuple[str, dict[str, str]]:
    """The bare name and the parameters of an event."""
    name, _, rest = full.partition("{")
    if not rest:
        return name, {}
    return name, dict(pair.split("=", 1) for pair in rest.rstrip("}").split(","))


@lru_cache(maxsize=1024)
def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise EventError(f"event name = {name!r} must look like 'adc.conversion{{enob=7.95}}'")


def _is_natural(n: Any) -> bool:
    return not isinstance(n, bool) and hasattr(n, "__index__") and n >= 0


def _to_count(name: str, count: int) -> int:
    _check_name(name)
    if not _is_natural(count):
        raise EventError(f"event {name!r}: count = {count!r} must be a non-negative integer")
    return int(count)


def _to_quanta(name: str, value: float) -> int:
    _check_name(name)
    # asking the type first: isinstance of an abstract class takes longer than all the rest
    if not (type(value) is float or isinstance(value, Real)) or not math.isfinite(value) or value < 0:
        raise EventError(f"event {name!r}: integral = {value!r} must be a finite number and not negative")
    return _quanta_of(float(value))


def _quanta_of(value: float) -> int:
    """A number that is finite and not negative."""
    mantissa, exponent = math.frexp(value)
    shift = exponent - 53 + _QUANTUM_BITS
    whole = int(mantissa * 2**53)
    return whole << shift if shift >= 0 else whole >> -shift


def _to_float(quanta: int) -> float:
    return math.ldexp(quanta, -_QUANTUM_BITS) if quanta.bit_length() <= 1000 else float("inf")


def _less(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    out = dict(a)
    for name, value in b.items():
        out[name] = out.get(name, 0) - value
        if out[name] < 0:
            raise EventError(f"event {name!r}: {value} cannot be taken from {a.get(name, 0)}")
    return out


def _merge(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    out = dict(a)
    for name, value in b.items():
        out[name] = out.get(name, 0) + value
    return out
