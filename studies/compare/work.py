"""What training an EBM moves to and from memory, by the schedule that is chosen: for the analog side and the GPU's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ...energy_models.prices.schedule import Schedule, scheduled
from ...energy_models.prices.vocabulary import parse_event
from .models.contract import WORD as WORD
from .recipes import Recipe

Place = Literal["arrays", "lanes", "gpu"]
"""Where weights are kept: in analog arrays, in the memory of digital lanes, or in that of a GPU."""

SMALLEST = 1024
"""Bytes of the smallest memory that anyone compiles."""
STORED = 4
"""Bytes of a number on the GPU, in single precision."""


def ebm_work(
    events: Mapping[str, int | float], recipe: Recipe, examples: int, chosen: Schedule, place: Place
) -> dict[str, float]:
    """The events of a run with its traffic by a schedule, and the data that it fetched.

    Parameters
    ----------
    events : mapping
        As the run counted them up to `examples`.
    recipe : Recipe
    examples : int
        Seen so far.
    chosen : Schedule
    place : str
        Where the weights are.

    Returns
    -------
    dict
        ``sram.byte_*`` as the schedule moves them, with the bytes that are kept, or on a GPU ``hbm.byte_*`` in their place; on
        lanes ``table.byte_*`` for weights that are looked up, which a large memory of low standby power keeps.
    """
    model, batch = recipe.model, recipe.batch
    out = scheduled(events, chosen)
    fetched = {"hbm.byte_read": float(examples * model.example_bytes)}
    if place == "gpu":
        return _add(_without_sram(out), _add(gpu_traffic(recipe, examples, chosen), fetched))
    weights = model.weights * WORD
    kept = model.kept(batch) + (weights if place == "lanes" and not model.looked_up else 0)
    stored = "{kept=" + str(max(kept, SMALLEST)) + "}"
    read, written = (out.pop(name, 0.0) for name in ("sram.byte_read", "sram.byte_written"))  # others name their memory
    if place == "lanes":
        out = model.on_lanes(out, examples)
        of_weights = model.moved_weights(examples, batch)
        if model.looked_up:
            for name, amount in zip(("read", "written"), of_weights, strict=True):
                out["table.byte_" + name + "{kept=" + str(max(weights, SMALLEST)) + "}"] = amount
        else:
            read, written = read + of_weights[0], written + of_weights[1]
    return _add(out, {f"sram.byte_read{stored}": read, f"sram.byte_written{stored}": written} | fetched)


def gpu_traffic(recipe: Recipe, examples: int, chosen: Schedule) -> dict[str, float]:
    """Bytes to and from a GPU's memory: weights that a batch touches, read, and read and written by its update; fields and theirs.

    A schedule that is not fused moves three numbers for every function as well, as the transformer's does.
    """
    model, batch = recipe.model, recipe.batch
    batches = examples / batch
    touched, fields = model.touched(batch), model.fields(batch)
    read = batches * STORED * (2 * touched + fields)
    written = batches * STORED * (touched + fields)
    if not chosen.fused:
        functions = model.functions(examples)
        read, written = read + 4 * STORED * functions, written + 2 * STORED * functions
    return {"hbm.byte_read": read, "hbm.byte_written": written}


def _without_sram(events: Mapping[str, float]) -> dict[str, float]:
    return {full: amount for full, amount in events.items() if not parse_event(full)[0].startswith("sram.")}


def _add(events: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    return {**events, **{full: events.get(full, 0.0) + amount for full, amount in more.items()}}
