"""The compiled solver: conjugate gradients on the columns of a crossbar, with its rows eliminated exactly.

Orientation here: every row ends in a driven terminal at column 0, every column in a sensed terminal at row 0 (callers flip).
Unknowns are the drop u of each row node below its driver and the rise x of each column node above ground, both (m, n). A cell
carries c - g (u + x) from row to column, where c is what it would carry if wires were ideal, so Kirchhoff says

    (T_rows + g) u = c - g x        (T_columns + g) x = c - g u

with T the Laplacian of resistor chains. Eliminating u leaves S x = f with S = M - Q, M = T_columns + g and
Q = g (T_rows + g)^-1 g. M preconditions: its chains are independent, so M^-1 costs one sweep down and one up. Where wires weigh
as much as cells, a few smooth modes converge slowly; `coarse` (see coarse.py) adds an exact solve among them.

Chains are solved as ladders: seen from its far end, node i has conductance Y_i to ground, and a = 1 / (1 + t_i Y_i) of what
enters passes its segment t_i. Only sums and products of positive numbers occur, so nothing cancels and t = 0 is not special.

From 256 x 256 on memory traffic is the cost. Since M z = r, S z = r - Q z needs no stencil, and the residual is kept only as the
ladder sums N_i = r_i + a_{i+1} N_{i+1} of the sweep down, from which r is read back: 14 numbers move per cell and iteration.

Two traps of Numba 0.68: backward loops index with an unsigned integer, which spares the test for a negative index; and rows
that descend are numbered by an array, or LLVM hoists the alias test of the inner loop, finds it false, and runs it scalar.
"""

from __future__ import annotations

import numba
import numpy as np

from ..compile import kernel
from .kirchhoff import (
    Misfit,
    add_magnitudes,
    column_residual,
    error_scales,
    largest_misfit,
    merged_squares,
    note_miss,
    row_violation,
)
from .net import Totals

TOGETHER = 4  # rows swept together, so that their recurrences hide each other's latency

# Planes of the work array: ladder sums of the residual, solution x, direction p, its image S p, ideal cell currents c.
SUMS, RISE, DIRECTION, IMAGE, IDEAL = range(5)
N_WORK = 5


@kernel(relaxed=True)
def sweep_rows(a, first, s, segment, terminal):
    """Voltages (T_rows + g)^-1 c of rows first .. first + 3, in place of s (4, n) = a c: a step is one fused multiply-add."""
    m, n = a.shape
    a0, a1, a2, a3 = a[first], a[min(first + 1, m - 1)], a[min(first + 2, m - 1)], a[min(first + 3, m - 1)]
    s0, s1, s2, s3 = s[0], s[1], s[2], s[3]
    y0 = y1 = y2 = y3 = 0.0
    j, one = np.uint64(n), np.uint64(1)
    while j >= one:
        j -= one
        y0, y1 = s0[j] + a0[j] * y0, s1[j] + a1[j] * y1
        y2, y3 = s2[j] + a2[j] * y2, s3[j] + a3[j] * y3
        s0[j], s1[j], s2[j], s3[j] = y0, y1, y2, y3
    y0, y1, y2, y3 = terminal * y0, terminal * y1, terminal * y2, terminal * y3
    s0[0], s1[0], s2[0], s3[0] = y0, y1, y2, y3
    for k in range(1, n):
        j = np.uint64(k)
        y0, y1 = a0[j] * y0 + segment * s0[j], a1[j] * y1 + segment * s1[j]
        y2, y3 = a2[j] * y2 + segment * s2[j], a3[j] * y3 + segment * s3[j]
        s0[j], s1[j], s2[j], s3[j] = y0, y1, y2, y3


@kernel(relaxed=True)
def row_sources(g, a, c, x, first, last, s):
    """What the cells of rows first .. last - 1 ask of their word lines if these have no drop: s = a (c - g x)."""
    for i in range(first, last):
        gi, ci, xi, wi, si = g[i], c[i], x[i], a[i], s[i - first]
        for j in range(si.shape[0]):
            si[j] = wi[j] * (ci[j] - gi[j] * xi[j])


@kernel(relaxed=True)
def row_drops(g, a, c, x, lines, u):
    """Fill u (m, n) with the drops of the rows for column rises x."""
    m, n = g.shape
    s = np.zeros((TOGETHER, n))
    for first in range(0, m, TOGETHER):
        last = min(first + TOGETHER, m)
        row_sources(g, a, c, x, first, last, s)
        sweep_rows(a, first, s, lines.word_segment, lines.word_terminal)
        u[first:last] = s[: last - first]


@kernel(relaxed=True)
def add_moments(r, across, along, moments):
    """Add the share of one row r (n) to its moments (K, K) with the smooth modes across (K, n); along (K) are theirs at this row."""
    for k in range(across.shape[0]):
        mode, share = across[k], 0.0
        for j in range(r.shape[0]):
            share += r[j] * mode[j]
        moments[:, k] += along * share


@kernel(relaxed=True)
def add_modes(amplitudes, across, along, out):
    """Add to out (n) one row of the field whose amplitudes (K, K) are those of the smooth modes."""
    n, modes = out.shape[0], across.shape[0]
    for k in range(0, modes, 4):
        w0, w1 = (along * amplitudes[:, k]).sum(), (along * amplitudes[:, k + 1]).sum()
        w2, w3 = (along * amplitudes[:, k + 2]).sum(), (along * amplitudes[:, k + 3]).sum()
        f0, f1, f2, f3 = across[k], across[k + 1], across[k + 2], across[k + 3]
        for j in range(n):
            out[j] += w0 * f0[j] + w1 * f1[j] + w2 * f2[j] + w3 * f3[j]


@kernel(relaxed=True)
def coarse_product(moments, inverse, amplitudes):
    """amplitudes = inverse moments; returns moments . amplitudes."""
    given, found = moments.ravel(), amplitudes.ravel()
    for i in range(given.shape[0]):
        found[i] = (inverse[i] * given).sum()
    return (found * given).sum()


@kernel(relaxed=True)
def start(net, work, amplitudes, totals, limits, fresh):
    """Begin, or begin again, from the solution in work: fill the ladder sums of its residual.

    totals: a `Totals` to be filled.
    fresh: the solution is zero still, and r is the current of the cells with the columns at ground.
    Returns r B r for the preconditioner B, three sums of squares (what Kirchhoff misses at all column nodes and at all row nodes,
    and the currents of the cells), and the largest misfit of a column.
    """
    g, by_row_ladders, by_column_ladders, lines = net.g, net.by_row, net.by_column, net
    across, along, inverse = net.across, net.along, net.inverse
    m, n = g.shape
    modes = across.shape[0]
    x, c = work[RISE], work[IDEAL]
    s, passed, moments = np.zeros((TOGETHER, n)), np.zeros(n), np.zeros((modes, modes))
    by_row, by_column, flow = totals  # the flow of columns becomes their scale
    by_column[:] = 0.0
    flow[:] = 0.0
    missed, misfit = np.zeros(n), Misfit(flow, np.zeros(n), np.zeros(n))
    product, at_columns, at_rows, at_cells = 0.0, 0.0, 0.0, 0.0
    for last in np.arange(m, 0, -TOGETHER):
        first = max(last - TOGETHER, 0)
        row_sources(g, by_row_ladders, c, x, first, last, s)
        sweep_rows(by_row_ladders, first, s, lines.word_segment, lines.word_terminal)
        for i in np.arange(last - 1, first - 1, -1):
            u, current = s[i - first], work[SUMS, i]
            gi, ci, xi, ai = g[i], c[i], x[i], by_column_ladders[i]
            total, squares = 0.0, 0.0
            for j in range(n):
                cell = ci[j] - gi[j] * (u[j] + xi[j])
                current[j] = cell
                total += cell
                squares += cell * cell
            # Apart: LLVM tests few pairs of arrays for overlap, and runs a loop with more of them scalar.
            for j in range(n):
                by_column[j] += current[j]
            add_magnitudes(current, flow)
            by_row[i] = total
            at_cells += squares
            if fresh and lines.bit_segment == 0.0:
                missed += current
                squares = 0.0
            elif not fresh:
                at_rows += row_violation(u, current, lines.word_segment, lines.word_terminal, lines.word_far)
                squares = column_residual(i, x, current, lines, missed)
                note_miss(current, misfit)
            at_columns += squares
            if modes > 0:
                add_moments(current, across, along[i], moments)
            energy = 0.0
            for j in range(n):
                entering = current[j] + passed[j]
                leaving = ai[j] * entering
                current[j] = entering
                passed[j] = leaving
                energy += entering * leaving
            product += energy * (lines.bit_segment if i > 0 else lines.bit_terminal)
    product += coarse_product(moments, inverse, amplitudes)
    error_scales(flow, min(np.abs(by_row).max(), np.abs(by_column).max()), limits)
    return product, at_columns + merged_squares(missed, lines), at_rows, at_cells, largest_misfit(misfit, lines)


@kernel(relaxed=True)
def advance(net, work, amplitudes, alpha, beta):
    """Ascend: z = B r, x += alpha p, p = z + beta p, S p = S z + beta S p. Returns p S p."""
    g, by_row, by_column, lines = net.g, net.by_row, net.by_column, net
    across, along, pulled = net.across, net.along, net.pulled
    m, n = g.shape
    modes = across.shape[0]
    s, z, extra = np.zeros((TOGETHER, n)), np.empty((TOGETHER, n)), np.zeros((TOGETHER, n))
    rise, smooth = np.zeros(n), np.zeros(n)
    total = 0.0
    for first in range(0, m, TOGETHER):
        last = min(first + TOGETHER, m)
        for i in range(first, last):
            t = lines.bit_segment if i > 0 else lines.bit_terminal
            gi, wi, ai, entering = g[i], by_row[i], by_column[i], work[SUMS, i]
            zi, si = z[i - first], s[i - first]
            for j in range(n):
                value = ai[j] * (rise[j] + t * entering[j])
                rise[j] = value
                zi[j] = value
                si[j] = wi[j] * gi[j] * value
            if modes > 0:  # the smooth part e of z, and (T_columns + g) e, which belongs to S z
                ei = extra[i - first]
                smooth[:] = 0.0
                ei[:] = 0.0
                add_modes(amplitudes, across, along[i], smooth)
                add_modes(amplitudes, across, pulled[i], ei)
                for j in range(n):
                    current = gi[j] * smooth[j]
                    ei[j] += current
                    zi[j] += smooth[j]
                    si[j] += wi[j] * current
        sweep_rows(by_row, first, s, lines.word_segment, lines.word_terminal)
        for i in range(first, last):
            after = min(i + 1, m - 1)
            live = 1.0 if i < m - 1 else 0.0
            gi, zi, si, ei = g[i], z[i - first], s[i - first], extra[i - first]
            entering, beyond, ai = work[SUMS, i], work[SUMS, after], by_column[after]
            xi, pi, qi = work[RISE, i], work[DIRECTION, i], work[IMAGE, i]
            for j in range(n):
                si[j] = entering[j] - live * (ai[j] * beyond[j]) + ei[j] - gi[j] * si[j]
            part = 0.0
            for j in range(n):
                old = pi[j]
                xi[j] += alpha * old
                new = zi[j] + beta * old
                image = si[j] + beta * qi[j]
                pi[j] = new
                qi[j] = image
                part += new * image
            total += part
    return total


@kernel(relaxed=True)
def retire(net, work, amplitudes, alpha):
    """Descend: r -= alpha S p, kept as ladder sums; amplitudes of B r. Returns r B r and r r."""
    lines, across, along, inverse = net, net.across, net.along, net.inverse
    m, n = net.g.shape
    modes = across.shape[0]
    before, passed, moments, kept = np.zeros(n), np.zeros(n), np.zeros((modes, modes)), np.empty(n)
    missed, merged = np.zeros(n), lines.bit_segment == 0.0
    product, squares = 0.0, 0.0
    for i in np.arange(m - 1, -1, -1):
        entering, image, ai = work[SUMS, i], work[IMAGE, i], net.by_column[i]
        part = 0.0
        for j in range(n):
            old = entering[j]
            r = old - before[j] - alpha * image[j]
            before[j] = ai[j] * old
            kept[j] = r
            part += r * r
        if modes > 0:
            add_moments(kept, across, along[i], moments)
        energy = 0.0
        for j in range(n):
            new = kept[j] + passed[j]
            leaving = ai[j] * new
            entering[j] = new
            passed[j] = leaving
            energy += new * leaving
        product += energy * (lines.bit_segment if i > 0 else lines.bit_terminal)
        if merged:
            missed += kept
        else:
            squares += part
    return product + coarse_product(moments, inverse, amplitudes), squares + merged_squares(missed, lines)


@kernel(relaxed=True)
def descend(net, work, amplitudes, product, squares, limit, most):
    """Conjugate gradients from the ladder sums in work until r r is at most `limit`; product: r B r, squares: r r at the start.

    Adds what it finds to the solution in work. Returns iterations, at most `most`, and r r.
    """
    work[DIRECTION] = 0.0
    work[IMAGE] = 0.0
    alpha, beta, done = 0.0, 0.0, 0
    while squares > limit and done < most:
        curvature = advance(net, work, amplitudes, alpha, beta)
        alpha = 0.0
        if not curvature > 0.0:
            break
        alpha = product / curvature
        after, squares = retire(net, work, amplitudes, alpha)
        beta = after / product
        product = after
        done += 1
    for i in range(net.g.shape[0]):
        work[RISE, i] += alpha * work[DIRECTION, i]
    return done, squares


@kernel(relaxed=True)
def iterate(net, work, totals, scale, limits):
    """Conjugate gradients until Kirchhoff misses at most tolerance * scale, and each column's misfit is at most the tolerance.

    scale (A): with 0, begin from zero, and scale is the 2-norm of the currents of all cells when the columns are grounded; else
    begin from the solution in work.

    The recurrence of the residual stops the inner loop; the outer one evaluates Kirchhoff's law anew at every node.
    Returns iterations, what Kirchhoff misses (A, 2-norm over all nodes), scale, and the largest misfit.
    """
    modes = net.across.shape[0]
    amplitudes = np.zeros((modes, modes))
    product, at_columns, at_rows, at_cells, misfit = start(net, work, amplitudes, totals, limits, scale == 0.0)
    if scale == 0.0:
        scale, misfit = np.sqrt(at_cells), 0.0
    missing = np.sqrt(at_columns + at_rows)
    goal, done = limits.tolerance * scale, 0
    aim = goal
    while (missing > goal or misfit > limits.tolerance) and done < limits.iterations:
        # Rows miss rounding errors, which leave less for the columns.
        limit = max(aim * aim - at_rows, 0.25 * aim * aim)
        more, _ = descend(net, work, amplitudes, product, at_columns, limit, limits.iterations - done)
        done += more
        missing_before, misfit_before = missing, misfit
        product, at_columns, at_rows, at_cells, misfit = start(net, work, amplitudes, totals, limits, False)
        missing = np.sqrt(at_columns + at_rows)
        if not (missing < 0.5 * missing_before or misfit < 0.5 * misfit_before):
            break  # rounding errors: more iterations do not help
        if misfit > limits.tolerance:
            aim = min(aim, missing) * max(1e-3, min(0.5, 0.5 * limits.tolerance / misfit))
    return done, missing, scale, misfit


@kernel(relaxed=True)
def uncertainty(ideal, scale, spread, rounding):
    """What rounding can do to the current of a column, relative to its scale (n,) A: the largest of all columns.

    A cell's current is the difference of what it would carry without wires and what they take from that; both are rounded. ideal
    (n,): the former, magnitudes summed, A.
    """
    elsewhere, worst = ideal.max(), 0.0
    for j in range(scale.shape[0]):
        if scale[j] > 0.0:
            worst = max(worst, (4.0 * ideal[j] + spread[j] * elsewhere) / scale[j])
        elif elsewhere > 0.0:
            worst = np.inf  # driven cells that carry nothing at all: every digit of their currents has cancelled
    return worst * rounding


@kernel(relaxed=True)
def solve_some(net, volts, limits, work, first, step, initial, out):
    """Solve vectors first, first + step, ... one after another in the planes of one worker, into `out`, an `Outcome`.

    volts (batch, m): of the row drivers. initial (batch, m, n): rises to begin from, or (0, m, n).
    """
    g, modes = net.g, net.across.shape[0]
    ideal = np.empty(g.shape[1])
    for k in range(first, volts.shape[0], step):
        ideal[:] = 0.0
        for i in range(g.shape[0]):
            work[IDEAL, i] = g[i] * volts[k, i]
            add_magnitudes(work[IDEAL, i], ideal)
        totals = Totals(out.by_row[k], out.by_column[k], out.flow[k])
        work[RISE] = 0.0
        scale = 0.0
        if initial.shape[0] > 0:
            nothing = np.zeros((modes, modes))
            scale = np.sqrt(start(net, work, nothing, totals, limits, True)[3])
            work[RISE] = initial[k]
        done, missing, scale, misfit = iterate(net, work, totals, scale, limits)
        out.iterations[k], out.scale[k], out.misfit[k] = done, scale, misfit
        out.uncertain[k] = uncertainty(ideal, totals.scale, net.spread, limits.rounding)
        out.residual[k] = missing / scale if scale > 0.0 else missing
        if out.fields.shape[0] > 0:
            row_drops(g, net.by_row, work[IDEAL], work[RISE], net, out.fields[k, 0])
            out.fields[k, 1] = work[RISE]


@kernel(relaxed=True, parallel=True)
def solve_together(net, volts, limits, work, initial, out):
    """`solve_some` with one thread to each worker's planes, work (workers, N_WORK, m, n)."""
    workers = work.shape[0]
    for w in numba.prange(workers):
        solve_some(net, volts, limits, work[w], w, workers, initial, out)
