"""Write-verify of single cells: a pulse, a read, a comparison, until a cell is inside its tolerance or out of budget."""

from __future__ import annotations

import numpy as np
from numba import prange

from ..compile import kernel
from ..pulses.entries import PULSED_TOGETHER, RISES, draw_noise, packed, pair_of, rises, scratch_of
from ..pulses.kernels import apply_pulses

# of `numbers`
TOLERANCE, PER_ERROR, LOWEST, PER_STATE = range(4)
BUDGET, BURST = 0, 1  # of `plan`
RAISED, LOWERED, READS, ACCEPTED = range(4)  # of `counts`


@kernel(inline=True, draws=True)
def read_sigma(table, lowest, per_state, w):
    """Standard deviation of a verify read of a cell that shows w, by linear interpolation in a table."""
    x = (w - lowest) * per_state
    i = min(max(np.int64(x), 0), table.size - 2)
    return table[i] + (x - np.float32(i)) * (table[i + 1] - table[i])


@kernel(parallel=True, draws=True)
def verified_pulses(cells, law, aims, numbers, plan, table, todo, counts, seen, first, stop, step, key):
    """Rounds `first` to `stop` of write-verify of single cells: pulse, read, compare, until inside the tolerance or out of budget.

    Cells do not touch each other, so a block of them is worked on side by side: one round gives every cell that is not
    yet done its next pulse, and cells that are done leave the list. Pulse k of cell c has the address (c, k, step).
    Of its four normals the first is the noise of the pulse, the second that of the verify read after it, the third the
    write noise; k = 0 is the read before any pulse, which a `FRESH_WRITE` does not have. Rounds may be cut into several calls.

    Parameters
    ----------
    cells, law
        see `apply_pulses`, with (n, 1) in place of (pairs, 2).
    aims
        (n,) float32, target states.
    numbers
        float32, see above: tolerance, pulses per state of error (0: single pulses), lowest state of the table, its
        entries per state.
    plan
        int64: budget of a cell, largest burst.
    table
        (entries,) float32, of `read_sigma`.
    todo
        entries (blocks x PULSED_TOGETHER,) uint64 of the next round, pulses before the next read, int64 alike, and how
        many of each block are not done, (blocks,) int64; of `listed_cells`, and updated.
    counts
        out, (n, 4) int32, see above: pulses after a read that was too low, and too high; reads; 1 where the last was
        accepted.
    seen
        out, (n,) float64: sum over verify reads of what the cell showed, for the energy of the reads.
    step, key
        address of the call.
    """
    shown = cells[1]
    for block in prange(todo[2].size):
        here = slice(block * PULSED_TOGETHER, (block + 1) * PULSED_TOGETHER)
        entries = todo[0][here]
        left = todo[1][here]
        active = todo[2][block]
        scratch = scratch_of(PULSED_TOGETHER)
        k = first
        while active > 0 and k < stop:
            draw_noise(entries, active, scratch, step, key)
            if k > 0:
                apply_pulses(cells, law, 1, entries, active, scratch.normals)
            going = 0
            for e in range(active):
                c = pair_of(entries[e])
                up = rises(entries[e])
                more = left[e]
                if more > 0:
                    more -= 1
                    counts[c, LOWERED - up] += 1
                done = False
                if more == 0:
                    there = shown[c, 0]
                    sigma = read_sigma(table, numbers[LOWEST], numbers[PER_STATE], there)
                    error = there + sigma * scratch.normals[1, e] - aims[c]
                    seen[c] += np.float64(there)
                    counts[c, READS] += 1
                    inside = abs(error) <= numbers[TOLERANCE]
                    counts[c, ACCEPTED] = np.int32(inside)
                    done = inside or k >= plan[BUDGET]
                    up = np.int64(error <= np.float32(0.0))
                    wanted = min(abs(error) * numbers[PER_ERROR], np.float32(plan[BURST]))
                    more = min(max(np.int64(wanted), 1), plan[BUDGET] - k)
                if not done:
                    entries[going] = packed(c, k + 1, up)
                    left[going] = more
                    going += 1
            active = going
            k += 1
        todo[2][block] = active


def listed_cells(n: int, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`todo` of `verified_pulses` before round `first`: all of n cells, an up pulse each (which round 0 does not give)."""
    blocks = -(-n // PULSED_TOGETHER)
    entries = np.arange(blocks * PULSED_TOGETHER, dtype=np.uint64) | np.uint64(first << 32 | 1 << RISES)
    left = np.full(entries.shape, first, np.int64)
    active = np.full(blocks, PULSED_TOGETHER, np.int64)
    if blocks:
        active[-1] = n - (blocks - 1) * PULSED_TOGETHER
    return entries, left, active
