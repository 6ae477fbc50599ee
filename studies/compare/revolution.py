"""The revolutionary road, as our own comparison measured it: its factor, from what `revpath compare` wrote."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...devices.base.errors import RecordError
from ...devices.base.reading import read_json
from ...energy_models.prices.bill import Interval


@dataclass(frozen=True)
class Factor:
    """How many times less energy the analog model needed, with its central 90 %; below 1, it needed more.

    against: what it was compared with. quality: loss at which both stood, in the unit of the task. limit: ``at most``, ``at least``
    or ``about`` where a curve began below that quality, or None.
    """

    against: str
    quality: float
    times: Interval
    limit: str | None = None


@dataclass(frozen=True)
class Revolution:
    """What our own comparison measured: joules of the transformer over joules of the analog model, at equal quality.

    factor: at the best quality that both reached, against the transformer as it would train. others: against a best
    case of the GPU, against the same model on the GPU, and at an easier quality, where the comparison gave them.
    not_reached: better qualities, which the transformer reaches and the analog model does not.
    """

    factor: Factor
    others: tuple[Factor, ...]
    sentence: str
    not_reached: tuple[float, ...]
    warnings: tuple[str, ...]


def revolution(result: str | Path) -> Revolution:
    """The revolutionary path's factor from a ``result.json`` of ``revpath compare``.

    Raises
    ------
    RecordError
        the file is no such result, or its comparison found no quality that both sides reach.
    """
    path = Path(result)
    try:
        verdict = read_json(path)["verdict"]
        quality = verdict["quality"]
        if verdict["ratio"] is None or quality is None:
            raise RecordError(f"{path}: the comparison has no quality that both sides reach, so no factor")
        main = Factor(
            "the cheapest rival on the GPU", float(quality), _interval(path, verdict, "ratio"), verdict.get("limit")
        )
        others = []
        for field, against, limit in (
            ("ratio_bound", "the rival at the GPU's best matrix product", None),
            ("hardware", "the same EBM on the GPU", verdict.get("limit_hardware")),
            ("same_node", "the same EBM on digital lanes of the chip's node", None),
        ):
            if verdict.get(field) is not None:
                others.append(Factor(against, float(quality), _interval(path, verdict, field), limit))
        if verdict.get("coarser") is not None:
            easier, _ = verdict["coarser"]
            found = _interval(path, {"coarser": verdict["coarser"][1]}, "coarser")
            others.append(Factor(main.against, float(easier), found, verdict.get("limit_coarser")))
        return Revolution(
            main,
            tuple(others),
            str(verdict["sentence"]),
            tuple(float(b) for b in verdict["not_reached"]),
            tuple(str(w) for w in verdict["warnings"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{path}: not a result.json of `revpath compare`: {error!r}") from None


def _interval(path: Path, verdict: dict[str, Any], field: str) -> Interval:
    numbers = {name: float(verdict[field][name]) for name in ("nominal", "mean", "low", "high")}
    if not all(math.isfinite(v) and v > 0 for v in numbers.values()):
        raise RecordError(f"{path}: verdict.{field} = {verdict[field]!r} must hold positive numbers")
    return Interval(**numbers)
