"""The loop of write-verify, cell by cell: pulse, read, compare, until inside the tolerance or out of budget.

Cells do not touch each other, so a block of cells is worked on side by side: one round gives every cell that is not yet
done its next pulse, and cells that are done leave the list. What one pulse does to one cell is `soft_bounds_pulse` (or
`fresh_write` for cells that are programmed in one go); another response law is another function of that size.

Randomness: pulse k of cell c has the Philox counter (c, k) at the step of the call. Of its four normals the first is
the noise of the pulse, the second that of the verify read after it, the third the write noise; k = 0 is the read before
any pulse. Results therefore depend neither on threads, nor on blocks, nor on the other cells.

These kernels call compiled functions of `noise.py`, in another file; see the note there.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from .compile import kernel
from .noise import normals_from_words, philox_lanes

BLOCK_CELLS = 512  # cells that one thread works on side by side
SOFT_BOUNDS, FRESH_WRITE = 0, 1  # what a pulse is


@kernel(inline=True)
def soft_bounds_pulse(w, step, bound, low, high, noise):
    """The state after one pulse on one soft-bounds cell, float32: the law of `revpath.devices.response.SoftBounds`.

    step: signed. bound: the one that the pulse moves to; the step does not shrink where it is 0. noise: cycle to cycle.
    """
    part = w / bound if bound != np.float32(0.0) else np.float32(0.0)
    w += step * (np.float32(1.0) - part + noise)
    return min(max(w, low), high)


@kernel(inline=True)
def fresh_write(target, sigma, normal, floor):
    """The state after programming one cell anew, whatever it held: its target and the device's programming noise."""
    return max(target + sigma * normal, floor)


@kernel(inline=True)
def read_sigma(table, lowest, per_state, w):
    """Standard deviation of a verify read of a cell that shows w, by linear interpolation in a table."""
    x = (w - lowest) * per_state
    i = min(max(np.int64(x), 0), table.size - 2)
    return table[i] + (x - np.float32(i)) * (table[i + 1] - table[i])


@kernel()
def _verify_block(cells, per_cell, numbers, plan, table, counts, seen, address, scratch):
    """All cells of one block, to their end.

    Parameters
    ----------
    cells: state and shown, (n,) float32, of the block. per_cell: targets (n,) float32; traits, (n, 4) float32: s_up,
        s_down, b_max, b_min (read by soft bounds), or in column 0 the standard deviation of a fresh write.
    numbers: float32: tolerance, cycle-to-cycle noise, write noise (state), floor (state), pulses per state of error
        (0: single pulses), lowest state of the table, its entries per state.
    plan: int64: kind of pulse, budget of a cell, largest burst.
    table: (entries,) float32, of `read_sigma`.
    counts: out, (n, 4) int32: pulses up, pulses down, verify reads, 1 where the last read was inside the tolerance.
    seen: out, (n,) float64: sum over verify reads of what the cell showed, for the energy of the reads.
    address: (number of the first cell, step, key). scratch: working space of whole vectors of lanes.
    """
    state, shown = cells
    targets, traits = per_cell
    first, step, key = address
    members, pulses, left, falls, low, high, words, radius, normals = scratch
    tolerance, cycle, write, floor = numbers[0], numbers[1], numbers[2], numbers[3]
    kind, budget, longest = plan[0], plan[1], plan[2]
    active = state.size
    for i in range(active):
        members[i] = i
        pulses[i] = 0
        left[i] = 0
        falls[i] = 0
        if kind == FRESH_WRITE:  # begins with a write; what the cell holds is not looked at
            pulses[i] = 1
            left[i] = 1
    while active > 0:
        lanes = (active + 7) & ~7  # whole vectors; what is made too much is not used
        for e in range(active):
            low[e] = first + members[e]
            high[e] = pulses[e]
        philox_lanes(words, low[:lanes], high, step, key)
        normals_from_words(words, radius[:lanes], normals)
        going = 0
        for e in range(active):
            c = members[e]
            k = pulses[e]
            more = left[e]
            down = falls[e]
            if more > 0:
                more -= 1
                if kind == FRESH_WRITE:
                    w = fresh_write(targets[c], traits[c, 0], normals[0, e], floor)
                    shown[c] = w
                    counts[c, 0] += 1
                else:
                    moves = traits[c, down] * np.float32(1 - 2 * down)
                    w = soft_bounds_pulse(
                        state[c], moves, traits[c, 2 + down], traits[c, 3], traits[c, 2], cycle * normals[0, e]
                    )
                    shown[c] = max(w + write * normals[2, e], floor)
                    counts[c, down] += 1
                state[c] = w
            done = False
            if more == 0:
                there = shown[c]
                error = there + read_sigma(table, numbers[5], numbers[6], there) * normals[1, e] - targets[c]
                seen[c] += np.float64(there)
                counts[c, 2] += 1
                inside = abs(error) <= tolerance
                counts[c, 3] = np.int32(inside)
                done = inside or k >= budget
                down = np.int64(error > np.float32(0.0))
                wanted = min(abs(error) * numbers[4], np.float32(longest))
                more = min(max(np.int64(wanted), 1), budget - k)
            if not done:
                members[going] = c
                pulses[going] = k + 1
                left[going] = more
                falls[going] = down
                going += 1
        active = going


@kernel(parallel=True)
def verify_cells(cells, per_cell, numbers, plan, table, counts, seen, step, key):
    """Write-verify of all cells, (n,); arguments as of `_verify_block`; step, key: address of the call."""
    n = seen.size
    for block in prange((n + BLOCK_CELLS - 1) // BLOCK_CELLS):
        start = block * BLOCK_CELLS
        stop = min(start + BLOCK_CELLS, n)
        members = np.empty(BLOCK_CELLS, np.int64)
        pulses = np.empty(BLOCK_CELLS, np.int64)
        left = np.empty(BLOCK_CELLS, np.int64)
        falls = np.empty(BLOCK_CELLS, np.int64)
        low = np.zeros(BLOCK_CELLS, np.uint32)
        high = np.zeros(BLOCK_CELLS, np.uint32)
        words = np.empty((4, BLOCK_CELLS), np.uint32)
        radius = np.empty(BLOCK_CELLS, np.float32)
        normals = np.empty((4, BLOCK_CELLS), np.float32)
        scratch = (members, pulses, left, falls, low, high, words, radius, normals)
        here = (cells[0][start:stop], cells[1][start:stop])
        theirs = (per_cell[0][start:stop], per_cell[1][start:stop])
        address = (start, step, key)
        _verify_block(here, theirs, numbers, plan, table, counts[start:stop], seen[start:stop], address, scratch)
