"""Static memories by capacity, port, node and flavour: CACTI 7's sweeps, and two laws of scaling that both stand.

Within 22 to 45 nm an estimate is read from the sweeps, straight in logarithms of capacity, port and node. Above 45 nm
it is scaled from there by Stillmaker and Baas (2017). Below 22 nm the sources disagree by an order: Stillmaker and Baas
scale a memory like logic, Jouppi et al. (2021) hardly at all. The driver ``scaling`` goes from the one (0) to the other (1),
geometrically; the middle is used unless a chip says otherwise, and the interval spans both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from types import MappingProxyType

from ...devices.base.record import read_toml
from ..errors import PriceError
from .laws import Parts, Result, law
from .scaling import area_factor, energy_factor

_FILE = "memories_cacti7.toml"
FLAVOURS = ("lop", "hp")
"""Low operating power and high performance: the ends 0 and 1 of the driver ``flavour``."""
STANDBY = "lstp"
"""Low standby power: cells that leak hundreds of times less and are slower, for what is kept and rarely looked at."""
QUANTITIES = ("read_J", "written_J", "leakage_W", "area_mm2", "cycle_s")
_Key = tuple[int, str, int]
"""Node in nm, flavour, bits of the port."""
_Points = Sequence[tuple[float, float]]


@cache
def sweeps() -> Mapping[_Key, Mapping[str, tuple[float, ...]]]:
    """CACTI's sweeps by (node in nm, flavour, bits of the port): ``bytes`` and each of `QUANTITIES`, in that order of bytes."""
    tables = read_toml(files("revpath.energy_models.components") / _FILE)["sweep"]
    return MappingProxyType(
        {
            (t["node_nm"], t["flavour"], t["port_bits"]): {name: tuple(t[name]) for name in ("bytes", *QUANTITIES)}
            for t in tables
        }
    )


def interpolated(quantity: str, capacity: float, port: float, node: float, flavour: float | str) -> float:
    """One of `QUANTITIES`, inside the sweeps, straight in logarithms.

    Parameters
    ----------
    quantity : str
    capacity : float
        Bytes.
    port : float
        Bits of one access.
    node : float
        Nanometres.
    flavour : float or str
        0 for low operating power, 1 for high performance; or one by name, such as `STANDBY`.

    Returns
    -------
    float
        In the unit that the quantity's name ends with.

    Raises
    ------
    PriceError
        A driver outside the sweeps.

    Examples
    --------
    >>> round(1e12 * interpolated("read_J", 8192, 64, 32, 1.0), 4)
    0.3635
    """
    nodes = sorted({node for node, _, _ in sweeps()})
    ports = sorted({bits for _, _, bits in sweeps()})

    def of(node: float, name: str, port: float) -> float:
        sweep = sweeps()[int(node), name, int(port)]
        return _straight("bytes", capacity, list(zip(sweep["bytes"], sweep[quantity], strict=True)))

    def of_flavour(node: float, port: float) -> float:
        if isinstance(flavour, str):
            return of(node, flavour, port)
        low, high = (of(node, name, port) for name in FLAVOURS)
        return low ** (1 - flavour) * high**flavour

    def of_port(node: float) -> float:
        return _straight("port_bits", port, [(bits, of_flavour(node, bits)) for bits in ports])

    return _straight("node_nm", node, [(nm, of_port(nm)) for nm in nodes])


def _straight(name: str, at: float, points: _Points) -> float:
    """Interpolated at `at`, straight in both logarithms; PriceError outside the points."""
    for (low, below), (high, above) in pairwise(points):
        if low <= at <= high:
            share = math.log(at / low) / math.log(high / low)
            return below ** (1 - share) * above**share
    raise PriceError(f"{name} = {at:g} is outside the sweeps of CACTI, {points[0][0]:g} to {points[-1][0]:g}")


def _memory(quantity: str) -> Callable[[Parts, Mapping[str, float]], Result]:
    """The law of one of `QUANTITIES`."""

    def estimate(part: Parts, drive: Mapping[str, float]) -> Result:
        def at(name: str) -> float:
            return interpolated(name, drive["bytes"], drive["port_bits"], _home(drive), drive["flavour"])

        value = at(quantity)
        if not quantity.endswith("_W"):  # no source says how leakage goes below 22 nm: that of 22 nm is kept
            value *= _scaled(part, drive, quantity)
        return Result(value, at("area_mm2") * _area(drive), at("cycle_s"))

    estimate.__doc__ = f"{quantity} of a static memory: CACTI between 22 and 45 nm, scaled outside."
    return estimate


def _table(quantity: str) -> Callable[[Parts, Mapping[str, float]], Result]:
    """The law of one of `QUANTITIES` of a large table of low standby power, in banks of at most `bank_bytes`."""

    def estimate(part: Parts, drive: Mapping[str, float]) -> Result:
        bank = min(drive["bytes"], part.structure["bank_bytes"])
        banks = drive["bytes"] / bank

        def at(name: str) -> float:
            return interpolated(name, bank, drive["port_bits"], drive["node_nm"], STANDBY)

        value = at(quantity) * (banks if quantity.endswith("_W") else 1)
        return Result(value, at("area_mm2") * banks, at("cycle_s"))

    estimate.__doc__ = f"{quantity} of a static memory of low standby power: one bank is accessed, all of them leak."
    return estimate


for _quantity in ("read_J", "written_J", "leakage_W"):
    law(f"sram-{_quantity.partition('_')[0]}")(_memory(_quantity))
    law(f"table-{_quantity.partition('_')[0]}")(_table(_quantity))


def _home(drive: Mapping[str, float]) -> float:
    """The node at which the sweeps are read."""
    nodes = sorted({node for node, _, _ in sweeps()})
    return min(max(drive["node_nm"], nodes[0]), nodes[-1])


def _scaled(part: Parts, drive: Mapping[str, float], quantity: str) -> float:
    """Energy at the node over that at the sweeps' nearest.

    Both laws start at 22 nm, from CACTI. The end of Jouppi et al. is at 7 nm what they report over 45 nm, from CACTI's 45 nm: their
    memory is dearer than CACTI's at 22 nm already.
    """
    node, home = drive["node_nm"], _home(drive)
    if node == home:
        return 1.0
    last = part.structure["last_nm"]
    stillmaker = energy_factor(max(node, last), drive["supply_V"], home, drive["supply_V"])
    if node > home:
        return stillmaker
    at_first, at_home = (
        interpolated(quantity, drive["bytes"], drive["port_bits"], nm, drive["flavour"])
        for nm in (part.structure["first_nm"], home)
    )
    at_last = at_first / at_home * _straight("bytes", drive["bytes"], _reported(part))
    passed = math.log(home / max(node, last)) / math.log(home / last)
    return stillmaker ** (1 - drive["scaling"]) * (at_last**passed) ** drive["scaling"]


def _reported(part: Parts) -> _Points:
    """Energy at 7 nm over that at 45 nm by capacity (Jouppi et al.), held at both ends of it."""
    points = [(float(part.records[role].conditions["size_byte"]), part(role, "dimensionless")) for role in _SCALED]
    least, most = part.structure["least_bytes"], part.structure["most_bytes"]
    return [(least, points[0][1]), *points, (most, points[-1][1])]


_SCALED = ("scaled_8kb", "scaled_32kb", "scaled_1mb")


def _area(drive: Mapping[str, float]) -> float:
    """Area at the node over that at the sweeps' nearest; the fit ends at 7 nm, and bit cells have hardly shrunk since."""
    home = _home(drive)
    last = 7
    return area_factor(max(drive["node_nm"], last), home) if drive["node_nm"] != home else 1.0
