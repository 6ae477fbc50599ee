"""Random draws of uncertain records, addressed rather than sequenced.

Records of one source move together where they are simulated or projected: what is wrong with a simulator's synthesis, library or
projection is wrong with all of its constants. Measured figures, whose errors are the meters', and our own guesses are drawn one
by one.

The draws of a record depend on the seed and its key alone: not on which other records are used, nor in what order. So
two bills of the same seed share what they share, and their ratio is not blurred by it.
"""

from __future__ import annotations

import hashlib

import numpy as np
from scipy.special import ndtri

from ..devices.base.record import Evidence, Record
from .errors import PriceError

_OWN = "revpath"  # the key of what nobody published


def draw_key(record: Record) -> str:
    """What the draw of a record is addressed by: its source where all that comes from it errs alike, otherwise its id.

    Examples
    --------
    >>> from revpath.energy_models import get
    >>> draw_key(get("digital.puma2019.add")), draw_key(get("gpu.h100.idle"))
    ('source:ankit2019', 'record:gpu.h100.idle')
    """
    together = record.evidence in (Evidence.SIMULATED, Evidence.PROJECTED) and record.uncertainty.kind == "lognormal"
    return f"source:{record.source.key}" if together and record.source.key != _OWN else f"record:{record.id}"


def uniforms(seed: int, key: str, n: int) -> np.ndarray:
    """(n,) float64, independent and uniform strictly between 0 and 1: a pure function of (seed, key, position)."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise PriceError(f"seed = {seed!r} must be a non-negative integer")
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 100:
        raise PriceError(f"n_draws = {n!r} must be an integer of at least 100, or 5 % quantiles mean nothing")
    digest = hashlib.sha256(f"{int(seed)}|{key}".encode()).digest()
    generator = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
    return (generator.integers(0, 2**52, size=int(n), dtype=np.int64) + 0.5) * 2.0**-52


def quantile(record: Record, u: np.ndarray) -> np.ndarray:
    """The record's value at probabilities `u`, in the record's own unit; same shape as `u`."""
    spread = record.uncertainty
    if spread.kind == "normal":
        return record.value + spread.sigma * ndtri(u)
    if spread.kind == "lognormal":
        return record.value * np.exp(spread.sigma_ln * ndtri(u))
    if spread.kind == "uniform":
        return spread.low + (spread.high - spread.low) * u
    return np.full(np.shape(u), record.value)
