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
        sweep_rows(a, first, s, lines[0], lines[1])
        u[first:last] = s[: last - first]


@kernel(relaxed=True)
def row_violation(u, current, segment, terminal, far):
    """Sum of squares of the current that Kirchhoff misses in one row; nodes with no resistance between them are one node."""
    n = u.shape[0]
    if segment == 0.0:
        if terminal == 0.0:
            return 0.0  # the driver holds the whole row
        missing = u[0] / terminal + u[0] * far - current.sum()
        return missing * missing
    per_ohm, enters, total = 1.0 / segment, u[0] / terminal, 0.0
    if n > 1:
        first = enters - (u[1] - u[0]) * per_ohm - current[0]
        here, before, after, drawn = u[1 : n - 1], u[: n - 2], u[2:], current[1 : n - 1]
        for j in range(n - 2):
            missing = (2.0 * here[j] - before[j] - after[j]) * per_ohm - drawn[j]
            total += missing * missing
        total += first * first
        enters = (u[n - 1] - u[n - 2]) * per_ohm
    last = enters + u[n - 1] * far - current[n - 1]
    return total + last * last


@kernel(relaxed=True)
def column_residual(i, x, current, lines, totals):
    """Replace the currents of the cells of row i by what Kirchhoff misses at their column nodes; returns its sum of squares.

    Columns without resistance are one node each: their misses are added to totals (n) instead, and the return is 0.
    """
    m, n = x.shape
    xi, before, after = x[i], x[max(i - 1, 0)], x[min(i + 1, m - 1)]
    merged = lines[2] == 0.0
    segment = 0.0 if merged else 1.0 / lines[2]
    back = segment if i > 0 else 0.0  # row 0 leaves to ground, where the rise is 0
    out = back if i > 0 else (1.0 / lines[3] if lines[3] > 0.0 else 0.0)
    into = segment if i < m - 1 else 0.0
    if i == m - 1:
        out += lines[5]
    total = 0.0
    for j in range(n):
        rise = xi[j]
        r = current[j] + into * (after[j] - rise) - out * rise + back * before[j]
        current[j] = r
        total += r * r
    if merged:
        totals += current
        total = 0.0
    return total


@kernel(relaxed=True)
def merged_squares(totals, lines):
    """Sum of squares of the misses of columns that are one node each; 0 where ground holds the whole column."""
    return (totals * totals).sum() if lines[2] == 0.0 and lines[3] > 0.0 else 0.0


@kernel(relaxed=True)
def violation(current, u, x, lines):
    """Sum of squares of what Kirchhoff misses over all nodes, for given cell currents (m, n), which are overwritten."""
    totals = np.zeros(x.shape[1])
    total = 0.0
    for i in range(x.shape[0]):
        total += row_violation(u[i], current[i], lines[0], lines[1], lines[4])
        total += column_residual(i, x, current[i], lines, totals)
    return total + merged_squares(totals, lines)


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
def start(g, a, work, lines, coarse, amplitudes, totals, fresh):
    """Begin, or begin again, from the solution in work: fill the ladder sums of its residual.

    totals (rows, columns): get the current of the cells of each row and of each column.

    fresh: the solution is zero still, and r is the current of the cells with the columns at ground.
    Returns r B r for the preconditioner B, and three sums of squares: what Kirchhoff misses at all column nodes and at all row
    nodes, and the currents of the cells.
    """
    m, n = g.shape
    across, along, _, inverse = coarse
    modes = across.shape[0]
    x, c = work[RISE], work[IDEAL]
    s, passed, moments = np.zeros((TOGETHER, n)), np.zeros(n), np.zeros((modes, modes))
    by_row, by_column = totals
    by_column[:] = 0.0
    missed = np.zeros(n)
    product, at_columns, at_rows, at_cells = 0.0, 0.0, 0.0, 0.0
    for last in np.arange(m, 0, -TOGETHER):
        first = max(last - TOGETHER, 0)
        row_sources(g, a[0], c, x, first, last, s)
        sweep_rows(a[0], first, s, lines[0], lines[1])
        for i in np.arange(last - 1, first - 1, -1):
            u, current = s[i - first], work[SUMS, i]
            gi, ci, xi, ai = g[i], c[i], x[i], a[1, i]
            total, squares = 0.0, 0.0
            for j in range(n):
                cell = ci[j] - gi[j] * (u[j] + xi[j])
                current[j] = cell
                total += cell
                squares += cell * cell
            for j in range(
                n
            ):  # apart: LLVM tests few pairs of arrays for overlap, and runs a loop with more of them scalar
                by_column[j] += current[j]
            by_row[i] = total
            at_cells += squares
            if fresh and lines[2] == 0.0:
                missed += current
                squares = 0.0
            elif not fresh:
                at_rows += row_violation(u, current, lines[0], lines[1], lines[4])
                squares = column_residual(i, x, current, lines, missed)
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
            product += energy * (lines[2] if i > 0 else lines[3])
    product += coarse_product(moments, inverse, amplitudes)
    return product, at_columns + merged_squares(missed, lines), at_rows, at_cells


@kernel(relaxed=True)
def advance(g, a, work, lines, coarse, amplitudes, alpha, beta):
    """Ascend: z = B r, x += alpha p, p = z + beta p, S p = S z + beta S p. Returns p S p."""
    m, n = g.shape
    across, along, pulled, _ = coarse
    modes = across.shape[0]
    s, z, extra = np.zeros((TOGETHER, n)), np.empty((TOGETHER, n)), np.zeros((TOGETHER, n))
    rise, smooth = np.zeros(n), np.zeros(n)
    total = 0.0
    for first in range(0, m, TOGETHER):
        last = min(first + TOGETHER, m)
        for i in range(first, last):
            t = lines[2] if i > 0 else lines[3]
            gi, wi, ai, entering, zi, si = g[i], a[0, i], a[1, i], work[SUMS, i], z[i - first], s[i - first]
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
        sweep_rows(a[0], first, s, lines[0], lines[1])
        for i in range(first, last):
            after = min(i + 1, m - 1)
            live = 1.0 if i < m - 1 else 0.0
            gi, zi, si, ei = g[i], z[i - first], s[i - first], extra[i - first]
            entering, beyond, ai = work[SUMS, i], work[SUMS, after], a[1, after]
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
def retire(a, work, lines, coarse, amplitudes, alpha):
    """Descend: r -= alpha S p, kept as ladder sums; amplitudes of B r. Returns r B r and r r."""
    m, n = a.shape[1:]
    across, along, _, inverse = coarse
    modes = across.shape[0]
    before, passed, moments, kept = np.zeros(n), np.zeros(n), np.zeros((modes, modes)), np.empty(n)
    missed, merged = np.zeros(n), lines[2] == 0.0
    product, squares = 0.0, 0.0
    for i in np.arange(m - 1, -1, -1):
        entering, image, ai = work[SUMS, i], work[IMAGE, i], a[1, i]
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
        product += energy * (lines[2] if i > 0 else lines[3])
        if merged:
            missed += kept
        else:
            squares += part
    return product + coarse_product(moments, inverse, amplitudes), squares + merged_squares(missed, lines)


@kernel(relaxed=True)
def iterate(g, a, work, lines, coarse, totals, scale, limits):
    """Conjugate gradients until Kirchhoff misses at most limits[0] * scale, or limits[1] iterations.

    scale (A): with 0, begin from zero, and scale is the 2-norm of the currents of all cells when the columns are grounded; else
    begin from the solution in work.

    The recurrence of the residual stops the inner loop; the outer one evaluates Kirchhoff's law anew at every node.
    Returns iterations, what Kirchhoff misses (A, 2-norm over all nodes), and scale.
    """
    modes = coarse[0].shape[0]
    amplitudes = np.zeros((modes, modes))
    product, at_columns, at_rows, at_cells = start(g, a, work, lines, coarse, amplitudes, totals, scale == 0.0)
    if scale == 0.0:
        scale = np.sqrt(at_cells)
    missing = np.sqrt(at_columns + at_rows)
    goal, most = limits[0] * scale, int(limits[1])
    done = 0
    while missing > goal and done < most:
        limit = max(
            goal * goal - at_rows, 0.25 * goal * goal
        )  # rows miss rounding errors, which leave less for the columns
        work[DIRECTION] = 0.0
        work[IMAGE] = 0.0
        alpha, beta, squares = 0.0, 0.0, at_columns
        while squares > limit and done < most:
            curvature = advance(g, a, work, lines, coarse, amplitudes, alpha, beta)
            alpha = 0.0
            if not curvature > 0.0:
                break
            alpha = product / curvature
            after, squares = retire(a, work, lines, coarse, amplitudes, alpha)
            beta = after / product
            product = after
            done += 1
        for i in range(g.shape[0]):
            work[RISE, i] += alpha * work[DIRECTION, i]
        before = missing
        product, at_columns, at_rows, at_cells = start(g, a, work, lines, coarse, amplitudes, totals, False)
        missing = np.sqrt(at_columns + at_rows)
        if not missing < 0.5 * before:
            break  # rounding errors: more iterations do not help
    return done, missing, scale


@kernel(relaxed=True)
def solve_some(g, a, volts, lines, coarse, limits, work, first, step, initial, out):
    """Solve vectors first, first + step, ... one after another in the planes of one worker.

    volts: of the row drivers (batch, m) and of the column terminals (batch, n). initial (batch, m, n): rises to begin from, or
    (0, m, n). out: currents of the cells of each row (batch, m) and of each column (batch, n), iterations (batch), relative
    residuals and their scales (batch), fields u and x (batch, 2, m, n), or (0, 2, m, n) where they are not wanted.
    """
    by_row, by_column, counts, residuals, scales, fields = out
    for k in range(first, volts[0].shape[0], step):
        for i in range(g.shape[0]):
            work[IDEAL, i] = g[i] * (volts[0][k, i] - volts[1][k])
        totals = (by_row[k], by_column[k])
        work[RISE] = 0.0
        scale = 0.0
        if initial.shape[0] > 0:
            nothing = np.zeros((coarse[0].shape[0], coarse[0].shape[0]))
            scale = np.sqrt(start(g, a, work, lines, coarse, nothing, totals, True)[3])
            work[RISE] = initial[k]
        counts[k], missing, scales[k] = iterate(g, a, work, lines, coarse, totals, scale, limits)
        residuals[k] = missing / scales[k] if scales[k] > 0.0 else missing
        if fields.shape[0] > 0:
            row_drops(g, a[0], work[IDEAL], work[RISE], lines, fields[k, 0])
            fields[k, 1] = work[RISE]


@kernel(relaxed=True, parallel=True)
def solve_together(g, a, volts, lines, coarse, limits, work, initial, out):
    """`solve_some` with one thread to each worker's planes, work (workers, N_WORK, m, n)."""
    workers = work.shape[0]
    for w in numba.prange(workers):
        solve_some(g, a, volts, lines, coarse, limits, work[w], w, workers, initial, out)
