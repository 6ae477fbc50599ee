"""Products: the same bits on any number of threads, and right to rounding, whatever the shape and the layout."""

from __future__ import annotations

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.devices.base.product import product
from revpath.simulator.compile import threads


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
