"""Write-verify of single cells: a pulse, a read, a comparison, until a cell is inside its tolerance or out of budget."""

from __future__ import annotations

import numpy as np
from numba import prange

from ..compile import kernel
from ..pulses.kernels import FRESH_WRITE, PULSED_TOGETHER, apply_pulses, draw_noise

_U64 = np.uint64


@kernel(inline=True, draws=True)
def read_sigma(table, lowest, per_state, w):
    """Standard deviation of a verify read of a cell that shows w, by linear interpolation in a table."""
    x = (w - lowest) * per_state
    i = min(max(np.int64(x), 0), table.size - 2)
    return table[i] + (x - np.float32(i)) * (table[i + 1] - table[i])


@kernel(parallel=True, draws=True)
def verified_pulses(cells, law, aims, numbers, plan, table, counts, seen, step, key):
    """Write-verify of single cells: pulse, read, compare, until inside the tolerance or out of budget.

    Cells do not touch each other, so a block of them is worked on side by side: one round gives every cell that is not
    yet done its next pulse, and cells that are done leave the list. Pulse k of cell c has the address (c, k, step).
    Of its four normals the first is the noise of the pulse, the second that of the verify read after it, the third the
    write noise; k = 0 is the read before any pulse, which a `FRESH_WRITE` does not have.

    Parameters
    ----------
    cells, law: see `apply_pulses`, with (n, 1) in place of (pairs, 2). aims: (n,) float32, target states.
    numbers: float32: tolerance, pulses per state of error (0: single pulses), lowest state of the table, its entries per
        state. plan: int64: budget of a cell, largest burst. table: (entries,) float32, of `read_sigma`.
    counts: out, (n, 4) int32: pulses after a read that was too low, and too high; reads; 1 where the last was accepted.
    seen: out, (n,) float64: sum over verify reads of what the cell showed, for the energy of the reads.
    step, key: address of the call.
    """
    shown = cells[1]
    for block in prange((aims.size + PULSED_TOGETHER - 1) // PULSED_TOGETHER):
        first = block * PULSED_TOGETHER
        active = min(PULSED_TOGETHER, aims.size - first)
        entries = np.zeros(PULSED_TOGETHER, np.uint64)
        left = np.zeros(PULSED_TOGETHER, np.int64)  # pulses before the next read
        low = np.empty(PULSED_TOGETHER, np.uint32)
        high = np.empty(PULSED_TOGETHER, np.uint32)
        words = np.empty((4, PULSED_TOGETHER), np.uint32)
        radius = np.empty(PULSED_TOGETHER, np.float32)
        normals = np.empty((4, PULSED_TOGETHER), np.float32)
        scratch = (low, high, words, radius, normals)
        k = np.int64(law[0] == FRESH_WRITE)  # pulses that each active cell has taken by the end of the round
        for e in range(active):
            entries[e] = _U64(first + e) | (_U64(k) << _U64(32)) | (_U64(1) << _U64(63))
            left[e] = k
        while active > 0:
            draw_noise(entries, active, scratch, step, key)
            if k > 0:
                apply_pulses(cells, law, 1, entries, active, normals)
            going = 0
            for e in range(active):
                c = np.int64(entries[e] & _U64(0xFFFFFFFF))
                up = entries[e] >> _U64(63)
                more = left[e]
                if more > 0:
                    more -= 1
                    counts[c, 1 - np.int64(up)] += 1
                done = False
                if more == 0:
                    there = shown[c, 0]
                    error = there + read_sigma(table, numbers[2], numbers[3], there) * normals[1, e] - aims[c]
                    seen[c] += np.float64(there)
                    counts[c, 2] += 1
                    inside = abs(error) <= numbers[0]
                    counts[c, 3] = np.int32(inside)
                    done = inside or k >= plan[0]
                    up = _U64(error <= np.float32(0.0))
                    wanted = min(abs(error) * numbers[1], np.float32(plan[1]))
                    more = min(max(np.int64(wanted), 1), plan[0] - k)
                if not done:
                    entries[going] = _U64(c) | (_U64(k + 1) << _U64(32)) | (up << _U64(63))
                    left[going] = more
                    going += 1
            active = going
            k += 1
