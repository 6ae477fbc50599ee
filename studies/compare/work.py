"""What training the conditional RBM moves to and from memory, by the schedule that is chosen: for the analog side and the GPU's.

The model counts its operations, which no schedule changes; its bytes follow from the shape. For every row of a batch, every
symbol and every hidden unit ("function") there are five numbers: the label weight, the field of the unit, the sum of the
symbol, the gradient of the label weight and the probability. A tile of rows and units keeps fields and their
gradients in registers, so that each of the others is moved once for all rows or for all units of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ...energy_models.prices.schedule import Schedule
from ...energy_models.prices.vocabulary import parse_event
from ..tasks.text import SYMBOLS
from .recipes import Recipe

Place = Literal["arrays", "lanes", "gpu"]
"""Where weights are kept: in analog arrays, in the memory of digital lanes, or in that of a GPU."""

WORD = 2
"""Bytes of a number of the periphery: 16-bit fixed point."""
LABEL = 1
"""Bytes of a label weight as it was read: one converter's code of 8 bits."""
SMALLEST = 1024
"""Bytes of the smallest memory that anyone compiles."""
STORED = 4
"""Bytes of a number on the GPU, in single precision."""


def ebm_work(
    events: Mapping[str, int | float], recipe: Recipe, characters: int, chosen: Schedule, place: Place
) -> dict[str, float]:
    """The events of a run with its traffic by a schedule, and the text that it fetched.

    Parameters
    ----------
    events : mapping
        As the run counted them up to `characters`.
    recipe : Recipe
    characters : int
        Seen so far.
    chosen : Schedule
    place : str
        Where the weights are.

    Returns
    -------
    dict
        ``sram.byte_*`` replaced by those of the schedule, each with the bytes that it keeps, or on a GPU by ``hbm.byte_*``.
    """
    out = {full: float(amount) for full, amount in events.items()}
    if place == "gpu":
        return _add(_without_sram(out), gpu_traffic(recipe, characters, chosen))
    kept = kept_bytes(recipe) + (weight_bytes(recipe) if place == "lanes" else 0)
    stored = "{kept=" + str(max(kept, SMALLEST)) + "}"
    out = _without_sram(out)
    traffic = divergence_traffic if recipe.rule == "cd" else label_traffic
    moved = dict(zip(("sram.byte_read", "sram.byte_written"), traffic(recipe, characters, chosen), strict=True))
    if place == "lanes":  # an update reads and writes every weight that a batch touches
        updated = characters / recipe.batch * touched_weights(recipe) * WORD
        moved = {name: amount + updated for name, amount in moved.items()}
    return _add(out, {f"{name}{stored}": amount for name, amount in moved.items()} | _text(characters))


def label_traffic(recipe: Recipe, characters: int, chosen: Schedule) -> tuple[float, float]:
    """Bytes read and written by the exact gradient.

    Forward, a tile reads its label weights once for its rows, its fields once, and adds what it found to the sums of its
    rows. Backward it reads weights, fields, probabilities and gradients, and writes gradients; the gradient of its fields it
    writes at the end. Once a batch the labels, as the array gave them, are written.
    """
    rows, units = chosen.rows, chosen.units
    functions = characters * len(SYMBOLS) * recipe.hidden
    batches = characters / recipe.batch
    fields = characters * recipe.hidden * WORD
    labels, sums, gradients = functions * LABEL / rows, functions * WORD / units, functions * WORD / rows
    forward = labels + fields + sums
    backward = labels + fields + sums + gradients  # probabilities are as many as sums
    written = batches * len(SYMBOLS) * recipe.hidden * LABEL + sums + gradients + 2 * fields
    return forward + backward, written


def divergence_traffic(recipe: Recipe, characters: int, chosen: Schedule) -> tuple[float, float]:
    """Bytes read and written by contrastive divergence: for every row and hidden unit its field and its first probability.

    Both are written in the first phase and read in the second. The difference of the phases is the third number: a fused
    schedule drives the arrays by it as it is found, and no tile shares any of them.
    """
    words = characters * recipe.hidden * (2 if chosen.fused else 3) * WORD
    return words, words


def kept_bytes(recipe: Recipe) -> int:
    """Bytes that a batch keeps: labels and their gradient, fields and theirs, probabilities, biases."""
    labels = len(SYMBOLS) * recipe.hidden
    fields = recipe.batch * recipe.hidden
    others = recipe.batch * len(SYMBOLS) + recipe.hidden + len(SYMBOLS)
    return labels * (LABEL + WORD) + 2 * fields * WORD + others * WORD


def weight_bytes(recipe: Recipe) -> int:
    """Bytes of all weights as words."""
    return (recipe.context + 1) * len(SYMBOLS) * recipe.hidden * WORD


def touched_weights(recipe: Recipe) -> int:
    """Weights that a batch can touch: those of its symbols at every place of the context, and all of the labels."""
    return (min(recipe.batch, len(SYMBOLS)) * recipe.context + len(SYMBOLS)) * recipe.hidden


def gpu_traffic(recipe: Recipe, characters: int, chosen: Schedule) -> dict[str, float]:
    """Bytes to and from a GPU's memory: weights that a batch touches, read, and read and written by its update; fields and theirs.

    A schedule that is not fused moves three numbers for every function as well, as the transformer's does.
    """
    batches = characters / recipe.batch
    touched = touched_weights(recipe)
    fields = 2 * recipe.batch * recipe.hidden
    read = batches * STORED * (2 * touched + fields)
    written = batches * STORED * (touched + fields)
    if not chosen.fused:
        functions = characters * len(SYMBOLS) * recipe.hidden
        read, written = read + 4 * STORED * functions, written + 2 * STORED * functions
    return {"hbm.byte_read": read + characters, "hbm.byte_written": written}


def _text(characters: int) -> dict[str, float]:
    """A byte of text a character, fetched once."""
    return {"hbm.byte_read": float(characters)}


def _without_sram(events: Mapping[str, float]) -> dict[str, float]:
    return {full: amount for full, amount in events.items() if not parse_event(full)[0].startswith("sram.")}


def _add(events: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    return {**events, **{full: events.get(full, 0.0) + amount for full, amount in more.items()}}
