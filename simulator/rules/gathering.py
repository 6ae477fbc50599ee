"""What rules that form an outer product in digital lanes share: which word lines it touches, and what it costs."""

from __future__ import annotations

import numpy as np

from ..operands import one_hot
from .contract import RuledArray


def touched_rows(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The word lines that any sample of x (batch, rows) drives, (touched,), and their inputs (batch, touched)."""
    rows = np.flatnonzero(x.any(axis=0))
    return rows, np.ascontiguousarray(x[:, rows])


def listed_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`touched_rows` of the one-hot inputs that drive rows (batch,), without writing these out."""
    unique, place = np.unique(rows, return_inverse=True)
    return unique, one_hot(place, len(unique))


def count_accumulation(array: RuledArray, x: np.ndarray, d: np.ndarray) -> None:
    """Count rate x^T d added to a digital matrix, product by product, leaving out those with a 0.

    The rate is multiplied into the entries of d.
    """
    of_d = np.count_nonzero(d, axis=1)
    products = int(np.count_nonzero(x, axis=1) @ of_d)
    array._count({"digital.multiply": products + int(of_d.sum()), "digital.add": products})
    array._count_traffic(read=products, written=products)
