"""Products: the same bits on any number of threads, and right to rounding, whatever the shape and the layout."""

from __future__ import annotations

import numpy as np
import pytest

from revpath.devices.base import product as product_module
from revpath.devices.base.errors import RevpathError
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


@pytest.mark.jit
@pytest.mark.parametrize(
    "shape", [(1, 3000, 3000), (3000, 3000, 1), (100, 784, 500), (500, 100, 784), (257, 511, 1025)]
)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_bits_of_large_products_do_not_depend_on_threads(shape, kind):
    (m, k, n), rng = shape, np.random.default_rng(1)
    a, b = rng.standard_normal((m, k)).astype(kind), rng.standard_normal((k, n)).astype(kind)
    found = []
    for number in (1, 2):
        with threads(number):
            found.append([product(a, b).tobytes(), product(b.T, a.T).tobytes()])
    assert found[0] == found[1]


def test_other_threads_of_blas_are_left_as_they_were():
    from threadpoolctl import threadpool_info

    def numbers():
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before = numbers()
    product(np.ones((300, 300)), np.ones((300, 300)))
    assert numbers() == before


def test_vectors_empty_matrices_and_mixed_types():
    a = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(product(a, np.array([1.0, 2.0, 3.0])), [8.0, 26.0])
    assert product(a[:0], np.ones((3, 4))).shape == (0, 4)
    np.testing.assert_array_equal(product(np.ones((2, 0)), np.ones((0, 4))), np.zeros((2, 4)))
    assert product(a.astype(np.float32), np.ones((3, 4))).dtype == np.float64
    assert product(a.astype(np.float32), np.ones((3, 4), np.float32)).dtype == np.float32


@pytest.mark.parametrize(("a", "b"), [(np.ones((2, 3)), np.ones((2, 3))), (np.ones((2, 3), int), np.ones((3, 2), int))])
def test_what_does_not_fit_is_refused(a, b):
    with pytest.raises(RevpathError, match="no product of"):
        product(a, b)
