"""Which points of the parameter space are run: lists, ranges, grids, axes that move together, random and Sobol samples.

An axis is a path into the configuration and its values. A design is a list of points, each a mapping of paths to values; a
grid's dimensions become those of the collated array.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...devices.base.errors import RevpathError, unknown
from ..identity import strong_id

Sampler = Literal["grid", "random", "sobol", "saltelli", "morris"]
SAMPLERS: tuple[Sampler, ...] = ("grid", "random", "sobol", "saltelli", "morris")
_SPACINGS = ("linear", "log")
_RANGES = ("uniform", "loguniform", "integers")


class DesignError(RevpathError):
    """Axes or samples that cannot be; names the axis, the value, and what is allowed."""


@dataclass(frozen=True)
class Axis:
    """A dimension of a study: one path, or several that move together (zip).

    Parameters
    ----------
    paths : tuple of str
    values : tuple of tuples
        One tuple of values a step, in the order of `paths`; empty for a range.
    range : (kind, low, high) or None
        What random designs draw from: "uniform", "loguniform" or "integers".
    """

    paths: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...] = ()
    range: tuple[str, float, float] | None = None

    @property
    def name(self) -> str:
        return "+".join(self.paths)

    def at(self, u: float) -> Any:
        """The value of a range at probability `u`."""
        if self.range is None:
            raise DesignError(f"axis {self.name!r} has values and no range: give uniform, loguniform or integers")
        kind, low, high = self.range
        if kind == "integers":
            return int(min(high, low + math.floor(u * (high - low + 1))))
        return float(low * (high / low) ** u) if kind == "loguniform" else float(low + (high - low) * u)

    def chosen(self, u: float) -> dict[str, Any]:
        """The paths with their values at probability `u`: of a range, or of a list all of whose entries are as likely."""
        if self.range is not None:
            return {self.paths[0]: self.at(u)}
        return dict(zip(self.paths, self.values[min(int(u * len(self.values)), len(self.values) - 1)], strict=True))


def read_axis(name: str, entry: Any) -> Axis:
    """An axis from a study file: a list, or a table with one of linear, log (low, high, number), uniform, loguniform, integers.

    Raises
    ------
    DesignError
        an empty axis, a value twice, a range of no width, another word.

    Examples
    --------
    >>> read_axis("array.adc.bits", {"linear": [4, 10, 4]}).values
    ((4,), (6,), (8,), (10,))
    >>> read_axis("x", {"log": [0.01, 1.0, 3]}).values
    ((0.01,), (0.1,), (1.0,))
    """
    if isinstance(entry, list | tuple):
        return _listed((name,), [(value,) for value in entry])
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise DesignError(
            f"axis {name!r} = {entry!r} must be a list or a table with one of {', '.join((*_SPACINGS, *_RANGES))}"
        )
    kind, numbers = next(iter(entry.items()))
    if kind in _SPACINGS:
        low, high, n = _numbers(name, kind, numbers, 3)
        if n != int(n) or n < 2:
            raise DesignError(
                f"axis {name!r}: {kind} = {numbers!r}: the number of steps must be an integer of 2 or more"
            )
        if kind == "log" and not (low > 0 and high > 0):
            raise DesignError(f"axis {name!r}: log = {numbers!r}: both ends must be above 0")
        steps = np.geomspace(low, high, int(n)) if kind == "log" else np.linspace(low, high, int(n))
        return _listed((name,), [(_tidy(x, numbers[:2]),) for x in steps])
    if kind in _RANGES:
        low, high = _numbers(name, kind, numbers, 2)
        if not low < high or (kind == "loguniform" and low <= 0):
            above = " above 0" if kind == "loguniform" else ""
            raise DesignError(f"axis {name!r}: {kind} = {numbers!r} must be a low and a higher end{above}")
        return Axis((name,), range=(kind, low, high))
    raise unknown(f"axis {name!r}: kind", kind, (*_SPACINGS, *_RANGES))


def read_together(number: int, table: Any) -> Axis:
    """Axes that move together, of one length.

    >>> read_together(0, {"rows": [64, 128], "columns": [32, 64]}).values
    ((64, 32), (128, 64))
    """
    if not isinstance(table, Mapping) or not table or not all(isinstance(values, list) for values in table.values()):
        raise DesignError(f"together[{number}] = {table!r} must be a table of paths and lists")
    lengths = {len(values) for values in table.values()}
    if len(lengths) != 1:
        raise DesignError(f"together[{number}]: lists of {sorted(lengths)} values move together only if equally long")
    return _listed(tuple(table), list(zip(*table.values(), strict=True)))


def points(axes: Sequence[Axis], sampler: Sampler, samples: int | None, seed: int) -> list[dict[str, Any]]:
    """The points of a design, each a mapping of paths to values.

    Parameters
    ----------
    axes : sequence of Axis
    sampler : "grid" takes the product of values; the others draw `samples` points from ranges: "random" and "sobol" fill
        them, and take entries of lists as often as one another (a point that comes twice is run once); "saltelli" and
        "morris" are the designs of SALib's sensitivity analyses.

    Raises
    ------
    DesignError
        axes and sampler do not go together; a path twice; no axis.
    """
    if sampler not in SAMPLERS:
        raise unknown("design", sampler, SAMPLERS)
    paths = [path for axis in axes for path in axis.paths]
    doubled = {path for path in paths if paths.count(path) > 1}
    if doubled:
        raise DesignError(f"path {min(doubled)!r} stands on two axes")
    if sampler == "grid":
        if samples is not None:
            raise DesignError(
                f"samples = {samples}: a grid has the points of its axes; leave samples out, or set design"
            )
        drawn = [axis.name for axis in axes if axis.range is not None]
        if drawn:
            raise DesignError(
                f'axis {drawn[0]!r} is a range: a grid needs a list, linear or log; or set design = "random"'
            )
        steps = (zip(itertools.repeat(axis.paths), axis.values, strict=False) for axis in axes)
        return [
            {path: value for names, values in choice for path, value in zip(names, values, strict=True)}
            for choice in itertools.product(*steps)
        ]
    if not axes:
        raise DesignError(f"design = {sampler!r} needs an axis")
    if not isinstance(samples, int) or isinstance(samples, bool) or samples < 1:
        raise DesignError(f"samples = {samples!r} must be a positive integer for design = {sampler!r}")
    listed = [axis.name for axis in axes if axis.range is None]
    if listed and sampler in ("saltelli", "morris"):
        raise DesignError(
            f"axis {listed[0]!r} is a list: design = {sampler!r} draws from uniform, loguniform or integers"
        )
    drawn = (chosen(axes, row) for row in unit_points(axes, sampler, samples, seed))
    return list({strong_id(point): point for point in drawn}.values())  # lists and trajectories come by a point twice


def chosen(axes: Sequence[Axis], place: Sequence[float]) -> dict[str, Any]:
    """The point at a place of the unit cube."""
    return {path: value for axis, u in zip(axes, place, strict=True) for path, value in axis.chosen(u).items()}


def problem(axes: Sequence[Axis]) -> dict[str, Any]:
    """The axes as SALib's problem, on the unit cube: ranges are mapped by `Axis.at`."""
    return {"num_vars": len(axes), "names": [axis.name for axis in axes], "bounds": [[0.0, 1.0]] * len(axes)}


def unit_points(axes: Sequence[Axis], sampler: Sampler, samples: int, seed: int) -> np.ndarray:
    """(points, axes) of a drawn design on the unit cube, before `Axis.at` maps them."""
    return _unit_cube(len(axes), sampler, samples, seed)


def _unit_cube(dimensions: int, sampler: Sampler, samples: int, seed: int) -> np.ndarray:
    """(points, dimensions) in [0, 1)."""
    if sampler == "random":
        return np.random.default_rng(seed).random((samples, dimensions))
    if sampler == "sobol":
        from scipy.stats import qmc

        whole = 1 << max(0, samples - 1).bit_length()  # a Sobol sequence is balanced at powers of two only
        return qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed)).random(whole)[:samples]
    try:
        from SALib.sample import morris, sobol
    except ModuleNotFoundError:
        raise DesignError(f'design = {sampler!r} needs SALib: pip install "revpath[sensitivity]"') from None
    made_up = {
        "num_vars": dimensions,
        "names": [f"x{k}" for k in range(dimensions)],
        "bounds": [[0.0, 1.0]] * dimensions,
    }
    if sampler == "morris":
        return np.asarray(morris.sample(made_up, samples, num_levels=4, seed=seed))
    if samples & (samples - 1):
        raise DesignError(
            f"samples = {samples}: a Saltelli design needs a power of two, such as {1 << samples.bit_length()}"
        )
    return np.asarray(sobol.sample(made_up, samples, calc_second_order=False, seed=seed))


def _listed(paths: tuple[str, ...], steps: list[tuple[Any, ...]]) -> Axis:
    name = "+".join(paths)
    if not steps:
        raise DesignError(f"axis {name!r} is empty: give at least one value")
    seen: list[tuple[Any, ...]] = []
    for step in steps:
        if step in seen:
            raise DesignError(
                f"axis {name!r} holds {step[0] if len(step) == 1 else step!r} twice: a point would be run twice"
            )
        seen.append(step)
    return Axis(paths, tuple(seen))


def _numbers(name: str, kind: str, numbers: Any, n: int) -> list[float]:
    wanted = "[low, high, number]" if n == 3 else "[low, high]"
    fits = isinstance(numbers, list | tuple) and len(numbers) == n
    if not fits or not all(
        isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in numbers
    ):
        raise DesignError(f"axis {name!r}: {kind} = {numbers!r} must be {wanted}, finite numbers")
    return list(numbers)


def _tidy(x: float, ends: Sequence[float]) -> int | float:
    """A step of a range as people write it: an integer between integers, and no 0.30000000000000004."""
    if all(isinstance(end, int) for end in ends) and float(x).is_integer():
        return int(x)
    return float(f"{x:.12g}")
