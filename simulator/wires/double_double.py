"""Numbers of about 31 digits as unevaluated sums of two float64, the same on every machine (T. J. Dekker, Numer. Math. 18:224, 1971).

A number is (high, low) with |low| at most half a unit in the last place of high. Nothing here may be reassociated or fused.
"""

from __future__ import annotations

from ..compile import kernel


@kernel()
def exact_sum(a, b):
    """a + b of two float64 as a pair, without error."""
    high = a + b
    shadow = high - a
    return high, (a - (high - shadow)) + (b - shadow)


@kernel()
def normal(high, low):
    """The pair of a sum whose first term is the larger one."""
    total = high + low
    return total, low - (total - high)


@kernel()
def exact_product(a, b):
    """a b of two float64 as a pair, without error below 1e300."""
    high = a * b
    wide = 134217729.0 * a  # 2^27 + 1 parts 53 bits into 26 and 26
    a_high = wide - (wide - a)
    a_low = a - a_high
    wide = 134217729.0 * b
    b_high = wide - (wide - b)
    b_low = b - b_high
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


@kernel()
def add(a, b):
    """a + b of pairs; relative to |a| + |b| right to 31 digits."""
    high, low = exact_sum(a[0], b[0])
    return normal(high, low + (a[1] + b[1]))


@kernel()
def less(a, b):
    """a - b of pairs."""
    return add(a, (-b[0], -b[1]))


@kernel()
def times(a, b):
    """a b of pairs."""
    high, low = exact_product(a[0], b[0])
    return normal(high, low + (a[0] * b[1] + a[1] * b[0]))


@kernel()
def scaled(a, factor):
    """a pair times a float64."""
    high, low = exact_product(a[0], factor)
    return normal(high, low + a[1] * factor)


@kernel()
def over(a, b):
    """a / b of pairs, b not 0."""
    first = a[0] / b[0]
    rest = less(a, scaled(b, first))
    second = rest[0] / b[0]
    rest = less(rest, scaled(b, second))
    high, low = normal(first, second)
    return normal(high, low + rest[0] / b[0])
