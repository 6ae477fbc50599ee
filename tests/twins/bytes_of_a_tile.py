"""A datapath that goes through the exact gradient tile by tile and counts the bytes of every number it moves."""

from __future__ import annotations


class Memory:
    """Counts bytes that are read and written."""

    def __init__(self) -> None:
        self.read = 0
        self.written = 0


def label_bytes(batch: int, classes: int, hidden: int, rows: int, units: int, word: int, label: int) -> Memory:
    """One mini-batch: forward over tiles of rows and units, then backward. What a tile holds in registers moves once."""
    memory = Memory()
    memory.written += classes * hidden * label  # the labels as the array gave them
    for backward in (False, True):
        for row in range(0, batch, rows):
            for unit in range(0, hidden, units):
                tile_rows, tile_units = min(rows, batch - row), min(units, hidden - unit)
                memory.read += tile_rows * tile_units * word  # fields, into registers
                for _ in range(classes):
                    memory.read += tile_units * label
                    if backward:
                        memory.read += tile_rows * word  # probabilities
                        memory.read += tile_units * word  # gradient of the labels, added to and put back
                        memory.written += tile_units * word
                    else:
                        memory.read += tile_rows * word  # sums over units, added to and put back
                        memory.written += tile_rows * word
                if backward:
                    memory.written += tile_rows * tile_units * word  # gradient of the fields
    memory.written += batch * hidden * word  # the fields, as the array gave them
    return memory
