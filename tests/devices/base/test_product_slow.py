"""The tests of `test_product.py` that take long."""

from __future__ import annotations

import numpy as np
import pytest

from revpath.devices.base import product as product_module
from revpath.devices.base.product import add_product, product
from revpath.simulator.compile import threads

SIZES = (1, 2, 3, 7, 16, 33, 100, 257)


LAYOUTS = ("rows", "columns", "inside", "strided")


def laid_out(values: np.ndarray, layout: str) -> np.ndarray:
    """The same matrix in rows, in columns, as a part of a larger one, or with gaps along both axes."""
    rows, columns = values.shape
    if layout == "rows":
        return values
    if layout == "columns":
        return np.asfortranarray(values)
    larger = np.zeros((2 * rows, 3 * columns), values.dtype)
    part = larger[:rows, columns : 2 * columns] if layout == "inside" else larger[::2, ::3]
    part[:] = values
    return part


@pytest.fixture(params=["as shipped", "every product cut"])
def cut(request, monkeypatch):
    """Blocks as they are, and blocks so small that every product is shared out."""
    product_module._plan.cache_clear()
    if request.param == "every product cut":
        for name, value in (("BLOCK", 1), ("LEAST_WIDTH", 3), ("SMALL", 0)):
            monkeypatch.setattr(product_module, name, value)
    yield
    product_module._plan.cache_clear()


@pytest.mark.jit
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_bits_do_not_depend_on_threads_and_values_are_right(kind, cut):
    rng = np.random.default_rng(0)
    for _ in range(200):
        (m, k, n), layouts = rng.choice(SIZES, 3), rng.choice(LAYOUTS, 2)
        a = laid_out(rng.standard_normal((m, k)).astype(kind), layouts[0])
        b = laid_out(rng.standard_normal((k, n)).astype(kind), layouts[1])
        start = np.array(rng.standard_normal((m, n)), kind, order=rng.choice(["C", "F"]))
        products, sums = [], []
        for number in (1, 2):
            with threads(number):
                products.append(product(a, b))
                sums.append(start.copy(order="K"))
                add_product(sums[-1], a, b, 0.3)
        assert products[0].tobytes() == products[1].tobytes(), (m, k, n, layouts)
        assert sums[0].tobytes() == sums[1].tobytes(), (m, k, n, layouts)
        exact, magnitude = a.astype(float) @ b.astype(float), np.abs(a.astype(float)) @ np.abs(b.astype(float))
        rounding = (k + 3) * np.finfo(kind).eps  # k additions of at most half an ulp each, in any order, and then some
        assert np.all(np.abs(products[0] - exact) <= rounding * magnitude)
        assert np.all(np.abs(sums[0] - (start + 0.3 * exact)) <= rounding * (magnitude + np.abs(start)))
