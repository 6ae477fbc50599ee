"""How far each contender is from the least energy that physics allows a training, 2 N D k T."""

from __future__ import annotations

import math

from ...energy_models.physics import training_floor
from .contenders import Contender, Stop


def training_floor_of(contender: Contender, stop: Stop) -> float:
    """2 N D k T in joules: N its parameters, D the examples that it has seen by then."""
    return training_floor(contender.parameters, stop.examples)


def orders_above_floor(contender: Contender, stop: Stop) -> float:
    """Orders of magnitude of its joules above 2 N D k T, at a checkpoint."""
    return math.log10(stop.bill.joules / training_floor_of(contender, stop))


def floors_sentence(contenders: tuple[Contender, ...] | list[Contender]) -> str:
    """One line with the orders of analog contenders and of those on the GPU at their best checkpoints; "" without any.

    Where models of one kind stand on the GPU, their range: the figure says each.
    """
    ranges: dict[str, list[float]] = {}
    for c in contenders:
        if c.stops and c.kind in ("analog", "gpu"):
            name = c.title if c.kind == "analog" else f"{c.model} on the GPU"
            ranges.setdefault(name, []).append(orders_above_floor(c, c.best))
    if not ranges:
        return ""
    said = [f"{name} {_range(orders)}" for name, orders in ranges.items()]
    return f"Orders of magnitude above 2 N D k T, the least energy of a training (arXiv:2503.09980): {'; '.join(said)}."


def _range(orders: list[float]) -> str:
    low, high = f"{min(orders):.1f}", f"{max(orders):.1f}"
    return low if low == high else f"{low} to {high}"
