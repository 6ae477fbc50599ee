"""A datapath that goes through the exact gradient tile by tile and counts the bytes of every number it moves."""

from __future__ import annotations

from revpath.energy_models.prices.schedule import Schedule


class Memory:
    """Counts bytes that are read and written."""

    def __init__(self) -> None:
        self.read = 0
        self.written = 0


def label_bytes(batch: int, classes: int, hidden: int, chosen: Schedule, word: int, label: int) -> Memory:
    """One mini-batch: forward over tiles of rows and units, then backward. What a tile holds in registers moves once.

    With registers beside columns, fields and their gradients stay there, and sums over columns reach the softmax through a tree.
    """
    memory = Memory()
    memory.written += classes * hidden * label  # the labels as the array gave them
    beside = 0 if chosen.columns else word  # what a number of a column moves
    for backward in (False, True):
        for row in range(0, batch, chosen.rows):
            for unit in range(0, hidden, chosen.units):
                tile_rows, tile_units = min(chosen.rows, batch - row), min(chosen.units, hidden - unit)
                memory.read += tile_rows * tile_units * beside  # fields, into registers
                for _ in range(classes):
                    memory.read += tile_units * label
                    memory.read += (
                        tile_rows * beside
                    )  # probabilities, or sums over units, which are added to and put back
                    if backward:
                        memory.read += tile_units * word  # gradient of the labels, added to and put back
                        memory.written += tile_units * word
                    else:
                        memory.written += tile_rows * beside
                if backward:
                    memory.written += tile_rows * tile_units * beside  # gradient of the fields
    memory.written += batch * hidden * beside  # the fields, as the array gave them
    return memory
