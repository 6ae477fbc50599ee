"""Digital energy and area from node to node (Stillmaker and Baas 2017). Nothing else may be scaled with it.

E(node, V) is proportional to a2 V^2 + a1 V + a0. Thermal noise does not shrink with the node, so converters that are
limited by it, array reads and wires keep to their own laws.
"""

from __future__ import annotations

import math
from functools import cache

from ..errors import PriceError
from ..records import get, library

_PREFIX = "scaling.stillmaker2017."


@cache
def nodes() -> tuple[int, ...]:
    """The nodes of the fit in nm, rising."""
    found = {int(r.conditions["node_nm"]) for id, r in library().items() if id.startswith(f"{_PREFIX}area_")}
    return tuple(sorted(found))


def energy_factor(to_nm: float, to_V: float, from_nm: float, from_V: float) -> float:
    """Energy of digital logic at one node and supply over that at another.

    Raises
    ------
    PriceError
        a node outside the fit (130 to 7 nm) or a supply that is not positive.
    """
    return _energy(to_nm, to_V) / _energy(from_nm, from_V)


def area_factor(to_nm: float, from_nm: float) -> float:
    """Area of digital logic at one node over that at another; PriceError as `energy_factor`."""
    return _between(to_nm, _area_at) / _between(from_nm, _area_at)


def records_of(*node_nm: float) -> tuple[str, ...]:
    """Ids of the coefficients that scaling between these nodes reads."""
    wanted = {n for node in node_nm for n in _around(node)}
    return tuple(f"{_PREFIX}energy_{n}nm_{a}" for n in sorted(wanted) for a in ("a2", "a1", "a0"))


def _energy(node_nm: float, volts: float) -> float:
    if not (math.isfinite(volts) and volts > 0):
        raise PriceError(f"supply_V = {volts!r} must be positive")
    return _between(node_nm, lambda n: _energy_at(n, volts))


def _energy_at(node: int, volts: float) -> float:
    a2, a1, a0 = (get(f"{_PREFIX}energy_{node}nm_{a}").value for a in ("a2", "a1", "a0"))
    return a2 * volts**2 + a1 * volts + a0


def _area_at(node: int) -> float:
    return get(f"{_PREFIX}area_{node}nm").value


def _around(node_nm: float) -> tuple[int, int]:
    known = nodes()
    if not (math.isfinite(node_nm) and known[0] <= node_nm <= known[-1]):
        raise PriceError(f"node_nm = {node_nm!r} is outside the scaling fit, {known[0]} to {known[-1]} nm")
    return max(n for n in known if n <= node_nm), min(n for n in known if n >= node_nm)


def _between(node_nm: float, value_at) -> float:
    """Interpolated between the neighbouring nodes, straight in logarithms."""
    low, high = _around(node_nm)
    if low == high:
        return value_at(low)
    share = math.log(node_nm / low) / math.log(high / low)
    return value_at(low) ** (1 - share) * value_at(high) ** share
