"""How far each contender is from the least energy that physics allows a training, 2 N D k T."""

from __future__ import annotations

import math

from ...energy_models.physics import training_floor
from .verdict import Contender, Stop


def training_floor_of(contender: Contender, stop: Stop) -> float:
    """2 N D k T in joules: N its parameters, D the characters that it has seen by then."""
    return training_floor(contender.parameters, stop.characters)


def orders_above_floor(contender: Contender, stop: Stop) -> float:
    """Orders of magnitude of its joules above 2 N D k T, at a checkpoint."""
    return math.log10(stop.bill.joules / training_floor_of(contender, stop))


def floors_sentence(contenders: tuple[Contender, ...] | list[Contender]) -> str:
    """One line with the orders of every contender at its best checkpoint; "" without contenders."""
    found = [f"{c.title} {orders_above_floor(c, c.best):.1f}" for c in contenders if c.stops and c.kind != "gpu-bound"]
    if not found:
        return ""
    return f"Orders of magnitude above 2 N D k T, the least energy of a training (arXiv:2503.09980), at the best: {'; '.join(found)}."
