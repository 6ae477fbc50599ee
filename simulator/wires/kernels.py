"""The compiled solver: conjugate gradients on the columns of a crossbar, with its rows eliminated exactly.

Orientation here: every row ends in a driven terminal at column 0, every column in a sensed terminal at row 0 (callers flip).
Unknowns are the drop ``u`` of each row node below its driver and the rise ``x`` of each column node above ground, both shaped
(m, n). A cell carries ``c - g (u + x)`` from row to column, where ``c`` is what it would carry with ideal wires, so Kirchhoff says

    (T_rows + g) u = c - g x        (T_columns + g) x = c - g u

with T the Laplacian of a resistor chain. Eliminating u leaves S x = f with S = M - Q, M = T_columns + g and
Q = g (T_rows + g)^-1 g. M preconditions; its chains are independent, so M^-1 costs one sweep down and one up.

Chains are solved as ladders: seen from its far end, node i has conductance Y_i to ground and a = 1 / (1 + t_i Y_i) of what enters
through its segment t_i passes. Only sums and products of positive numbers occur, so nothing cancels, and t = 0 is not special.

Two facts make an iteration cheap, for at 512 x 512 the memory traffic is the cost. M z = r, so S z = r - Q z needs no stencil. And
the residual is kept only as the ladder sums N_i = r_i + a_{i+1} N_{i+1} of the downward sweep, from which r is read back.
Numba 0.68 vectorises a loop over a row slice, not over ``a[i, start:stop]`` indices; backward loops index with an unsigned integer,
which spares the test for a negative index; and rows that ascend in memory are prefetched, so the heavy sweep ascends.
"""

from __future__ import annotations

import numba
import numpy as np

from ..compile import kernel

TOGETHER = 4  # rows swept together, so that four recurrences hide each other's latency

# work[...]: ladder sums of the residual, solution x, direction p, its image S p, ideal cell currents c
SUMS, RISE, DIRECTION, IMAGE, IDEAL = range(5)
N_WORK = 5


@kernel(relaxed=True)
def row_ladders(g, segment, terminal):
    """Attenuations (m, n) of the rows, whose far end is the last column."""
    m, n = g.shape
    a = np.empty((m, n))
    for first in range(0, m, TOGETHER):
        i1, i2, i3 = min(first + 1, m - 1), min(first + 2, m - 1), min(first + 3, m - 1)
        g0, g1, g2, g3 = g[first], g[i1], g[i2], g[i3]
        a0, a1, a2, a3 = a[first], a[i1], a[i2], a[i3]
        y0 = y1 = y2 = y3 = 0.0
        for k in range(n):
            j = np.uint64(n - 1 - k)
            t = segment if k < n - 1 else terminal
            y0, y1, y2, y3 = y0 + g0[j], y1 + g1[j], y2 + g2[j], y3 + g3[j]
            b0, b1, b2, b3 = 1.0 / (1.0 + t * y0), 1.0 / (1.0 + t * y1), 1.0 / (1.0 + t * y2), 1.0 / (1.0 + t * y3)
            a0[j], a1[j], a2[j], a3[j] = b0, b1, b2, b3
            y0, y1, y2, y3 = b0 * y0, b1 * y1, b2 * y2, b3 * y3
    return a


@kernel(relaxed=True)
def column_ladders(g, segment, terminal):
    """Attenuations (m, n) of the columns, whose far end is the last row."""
    m, n = g.shape
    a = np.empty((m, n))
    y = np.zeros(n)
    for i in np.arange(m - 1, -1, -1):
        t = segment if i > 0 else terminal
        here, out = g[i], a[i]
        for j in range(n):
            total = y[j] + here[j]
            passed = 1.0 / (1.0 + t * total)
            out[j] = passed
            y[j] = passed * total
    return a


@kernel(relaxed=True)
def sweep_rows(a, first, s, segment, terminal):
    """Voltages (T_rows + g)^-1 c of rows first .. first + 3, in place of s (4, n) = a c.

    The factor a is taken beforehand, so that a step of the recurrence is one fused multiply-add.
    """
    m, n = a.shape
    a0, a1, a2, a3 = a[first], a[min(first + 1, m - 1)], a[min(first + 2, m - 1)], a[min(first + 3, m - 1)]
    s0, s1, s2, s3 = s[0], s[1], s[2], s[3]
    y0 = y1 = y2 = y3 = 0.0
    for k in range(n):
        j = np.uint64(n - 1 - k)
        y0 = s0[j] + a0[j] * y0
        s0[j] = y0
        y1 = s1[j] + a1[j] * y1
        s1[j] = y1
        y2 = s2[j] + a2[j] * y2
        s2[j] = y2
        y3 = s3[j] + a3[j] * y3
        s3[j] = y3
    y0, y1, y2, y3 = terminal * y0, terminal * y1, terminal * y2, terminal * y3
    s0[0], s1[0], s2[0], s3[0] = y0, y1, y2, y3
    for k in range(1, n):
        j = np.uint64(k)
        y0 = a0[j] * y0 + segment * s0[j]
        s0[j] = y0
        y1 = a1[j] * y1 + segment * s1[j]
        s1[j] = y1
        y2 = a2[j] * y2 + segment * s2[j]
        s2[j] = y2
        y3 = a3[j] * y3 + segment * s3[j]
        s3[j] = y3


@kernel(relaxed=True)
def row_drops(g, a, c, x, lines):
    """Drops u (m, n) of the rows for column rises x."""
    m, n = g.shape
    u = np.empty((m, n))
    s = np.zeros((TOGETHER, n))
    for first in range(0, m, TOGETHER):
        last = min(first + TOGETHER, m)
        for i in range(first, last):
            gi, ci, xi, wi, si = g[i], c[i], x[i], a[i], s[i - first]
            for j in range(n):
                si[j] = wi[j] * (ci[j] - gi[j] * xi[j])
        sweep_rows(a, first, s, lines[0], lines[1])
        for i in range(first, last):
            u[i] = s[i - first]
    return u


@kernel(relaxed=True)
def row_violation(u, current, segment, terminal):
    """Sum of squares of the current that Kirchhoff misses at the nodes of one row; nodes without resistance between are one node."""
    n = u.shape[0]
    if segment == 0.0:
        if terminal == 0.0:
            return 0.0  # the driver holds the whole row
        missing = u[0] / terminal - current.sum()
        return missing * missing
    per_ohm = 1.0 / segment
    enters = u[0] / terminal if terminal > 0.0 else 0.0
    total = 0.0
    if n > 1:
        missing = enters - (u[1] - u[0]) * per_ohm - current[0]
        if terminal > 0.0:
            total += missing * missing
        here, before, after, drawn = u[1 : n - 1], u[: n - 2], u[2:], current[1 : n - 1]
        for j in range(n - 2):
            missing = (2.0 * here[j] - before[j] - after[j]) * per_ohm - drawn[j]
            total += missing * missing
        enters = (u[n - 1] - u[n - 2]) * per_ohm
    missing = enters - current[n - 1]
    return total + missing * missing


@kernel(relaxed=True)
def start(g, a, work, lines, drawn):
    """Begin, or begin again, from the solution in work: fill the ladder sums of its residual; `drawn` gets the current of each row.

    Returns r M^-1 r, and the sums of squares of the current that Kirchhoff misses at all column and at all row nodes.
    """
    m, n = g.shape
    x, c = work[RISE], work[IDEAL]
    s = np.zeros((TOGETHER, n))
    passed = np.zeros(n)
    product, at_columns, at_rows = 0.0, 0.0, 0.0
    per_ohm = 1.0 / lines[2]
    for back in range(0, m, TOGETHER):
        last = m - back
        first = max(last - TOGETHER, 0)
        for i in range(first, last):
            gi, ci, xi, wi, si = g[i], c[i], x[i], a[0, i], s[i - first]
            for j in range(n):
                si[j] = wi[j] * (ci[j] - gi[j] * xi[j])
        sweep_rows(a[0], first, s, lines[0], lines[1])
        for k in range(last - first):
            i = last - 1 - k
            u, current = s[i - first], work[SUMS, i]
            gi, ci, xi, ai = g[i], c[i], x[i], a[1, i]
            total = 0.0
            for j in range(n):
                cell = ci[j] - gi[j] * (u[j] + xi[j])
                current[j] = cell
                total += cell
            drawn[i] = total
            at_rows += row_violation(u, current, lines[0], lines[1])
            out, far = (per_ohm, x[i - 1]) if i > 0 else (1.0 / lines[3], xi)
            ground = 0.0 if i > 0 else 1.0  # row 0 leaves to ground, where the rise is 0
            near, into = x[min(i + 1, m - 1)], (per_ohm if i < m - 1 else 0.0)
            squares, energy = 0.0, 0.0
            for j in range(n):
                rise = xi[j]
                r = current[j] + into * (near[j] - rise) - out * (rise - (1.0 - ground) * far[j])
                squares += r * r
                current[j] = r
            for j in range(n):
                entering = current[j] + passed[j]
                leaving = ai[j] * entering
                current[j] = entering
                passed[j] = leaving
                energy += entering * leaving
            at_columns += squares
            product += energy * (lines[2] if i > 0 else lines[3])
    return product, at_columns, at_rows


@kernel(relaxed=True)
def advance(g, a, work, lines, alpha, beta):
    """Ascend: z = M^-1 r, x += alpha p, p = z + beta p, S p = S z + beta S p. Returns p S p."""
    m, n = g.shape
    sums = work[SUMS]
    s, z = np.zeros((TOGETHER, n)), np.empty((TOGETHER, n))
    rise = np.zeros(n)
    total = 0.0
    for first in range(0, m, TOGETHER):
        last = min(first + TOGETHER, m)
        for i in range(first, last):
            t = lines[2] if i > 0 else lines[3]
            gi, wi, ai, entering, zi, si = g[i], a[0, i], a[1, i], sums[i], z[i - first], s[i - first]
            for j in range(n):
                value = ai[j] * (rise[j] + t * entering[j])
                rise[j] = value
                zi[j] = value
                si[j] = wi[j] * gi[j] * value
        sweep_rows(a[0], first, s, lines[0], lines[1])
        for i in range(first, last):
            after = min(i + 1, m - 1)
            live = 1.0 if i < m - 1 else 0.0
            gi, zi, si = g[i], z[i - first], s[i - first]
            entering, beyond, ai = sums[i], sums[after], a[1, after]
            xi, pi, qi = work[RISE, i], work[DIRECTION, i], work[IMAGE, i]
            part = 0.0
            for j in range(n):
                old = pi[j]
                xi[j] += alpha * old
                new = zi[j] + beta * old
                image = entering[j] - live * (ai[j] * beyond[j]) - gi[j] * si[j] + beta * qi[j]
                pi[j] = new
                qi[j] = image
                part += new * image
            total += part
    return total


@kernel(relaxed=True)
def retire(a, work, lines, alpha):
    """Descend: r -= alpha S p, kept as ladder sums. Returns r M^-1 r and r r."""
    m, n = a.shape[1:]
    before, passed = np.zeros(n), np.zeros(n)
    product, squares = 0.0, 0.0
    for i in np.arange(m - 1, -1, -1):
        entering, image, ai = work[SUMS, i], work[IMAGE, i], a[1, i]
        energy, part = 0.0, 0.0
        for j in range(n):
            old = entering[j]
            r = old - before[j] - alpha * image[j]
            before[j] = ai[j] * old
            new = r + passed[j]
            leaving = ai[j] * new
            entering[j] = new
            passed[j] = leaving
            energy += new * leaving
            part += r * r
        product += energy * (lines[2] if i > 0 else lines[3])
        squares += part
    return product, squares


@kernel(relaxed=True)
def iterate(g, a, work, lines, drawn, scale, tolerance, max_iterations):
    """Conjugate gradients from the solution in work until Kirchhoff misses at most tolerance * scale over all nodes.

    The recurrence stops the inner loop; the outer one evaluates Kirchhoff's law anew, so the answer is never taken on trust.
    Returns iterations, what Kirchhoff misses (A, 2-norm over all nodes) and the scale: if 0 is given, the 2-norm of the
    currents in the cells when all columns are grounded.
    """
    product, at_columns, at_rows = start(g, a, work, lines, drawn)
    if scale == 0.0:
        scale = np.sqrt(at_columns)
    missing = np.sqrt(at_columns + at_rows)
    goal = tolerance * scale
    done = 0
    while missing > goal and done < max_iterations:
        # Kirchhoff's law at the rows misses rounding errors only, which leave less for the columns.
        limit = max(goal * goal - at_rows, 0.25 * goal * goal)
        work[DIRECTION] = 0.0
        work[IMAGE] = 0.0
        alpha, beta, squares = 0.0, 0.0, at_columns
        while squares > limit and done < max_iterations:
            curvature = advance(g, a, work, lines, alpha, beta)
            if not curvature > 0.0:
                alpha = 0.0
                break
            alpha = product / curvature
            after, squares = retire(a, work, lines, alpha)
            beta = after / product
            product = after
            done += 1
        x, p = work[RISE], work[DIRECTION]
        for i in range(x.shape[0]):
            xi, pi = x[i], p[i]
            for j in range(xi.shape[0]):
                xi[j] += alpha * pi[j]
        before = missing
        product, at_columns, at_rows = start(g, a, work, lines, drawn)
        missing = np.sqrt(at_columns + at_rows)
        if not missing < 0.5 * before:
            break  # rounding errors: more iterations do not help
    return done, missing, scale


@kernel(relaxed=True)
def ideal_currents(g, volts, by_row, c):
    """Fill c (m, n) with the currents of the cells when every wire is ideal."""
    m, n = g.shape
    for i in range(m):
        gi, ci = g[i], c[i]
        if by_row:
            v = volts[i]
            for j in range(n):
                ci[j] = gi[j] * v
        else:
            for j in range(n):
                ci[j] = gi[j] * volts[j]


@kernel(relaxed=True)
def solve_some(g, a, volts, by_row, lines, limits, work, first, step, drawn, rises, counts, misses, fields):
    """Solve vectors first, first + step, ... one after another in the arrays of one worker."""
    m, n = g.shape
    for k in range(first, volts.shape[0], step):
        ideal_currents(g, volts[k], by_row, work[IDEAL])
        work[RISE] = 0.0
        done, missing, scale = iterate(g, a, work, lines, drawn[k], 0.0, limits[0], int(limits[1]))
        for j in range(n):
            rises[k, j] = work[RISE, 0, j]
        counts[k] = done
        misses[k] = missing / scale if scale > 0.0 else 0.0
        if fields.shape[0] > 0:
            fields[k, 0] = row_drops(g, a[0], work[IDEAL], work[RISE], lines)
            fields[k, 1] = work[RISE]


@kernel(relaxed=True, parallel=True)
def solve_together(g, a, volts, by_row, lines, limits, work, drawn, rises, counts, misses, fields):
    """`solve_some` with one thread to each slab of work (workers, N_WORK, m, n)."""
    workers = work.shape[0]
    for w in numba.prange(workers):
        solve_some(g, a, volts, by_row, lines, limits, work[w], w, workers, drawn, rises, counts, misses, fields)
