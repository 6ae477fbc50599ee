"""Inputs scaled to the range of the DAC: against a row-by-row twin, with the digital work counted by hand."""

import numpy as np
import pytest
import scipy.sparse.linalg as sla
from twins.arrays import quantise

from revpath.energy_models.prices.vocabulary import EVENTS
from revpath.simulator import DAC, ArrayConfig, ArrayError, Crossbar, TiledCrossbar, split_event

RNG = np.random.default_rng(7)
W = RNG.uniform(-1, 1, (9, 5)).astype(np.float32)
X = (RNG.uniform(-1, 1, (6, 9)) * 10.0 ** RNG.integers(-4, 5, (6, 1))).astype(np.float32)


def made(config, weights=W) -> Crossbar:
    array = Crossbar(weights.shape, config)
    array.program(weights)
    return array


@pytest.mark.parametrize("transposed", [False, True])
def test_scaled_reads_are_their_twin(transposed):
    """Each row by itself: divided by its largest magnitude, rounded, multiplied by W, multiplied back."""
    array = made(ArrayConfig(dac=DAC(bits=6, range="scale", x_max=2.0)))
    x = X[:, :5] if transposed else X
    expected = []
    for row in x.astype(float):
        scale = np.abs(row).max() / 2.0
        expected.append(quantise(row / scale, 2.0, 6) @ (array.read().T if transposed else array.read()) * scale)
    got = array.backward(x) if transposed else array.forward(x)
    sizes = np.abs(x).max(axis=1, keepdims=True)
    np.testing.assert_allclose(got / sizes, np.array(expected) / sizes, atol=2e-6)


def test_small_rows_use_all_levels():
    error = []
    for dac in (DAC(bits=8), DAC(bits=8, range="scale")):
        array = made(ArrayConfig(dac=dac))
        x = 0.01 * X[:3] / np.abs(X[:3]).max(axis=1, keepdims=True)
        error.append(np.abs(array.forward(x) - x @ W).max())
    assert error[1] < error[0] / 20


def test_the_digital_work_by_hand():
    """Three rows of 9 inputs and 5 outputs, one of them zero and one that fills the range: both need no scaling."""
    x = np.zeros((3, 9), np.float32)
    x[1, 2], x[2, 4] = 1.0, 8.0
    array = made(ArrayConfig(dac=DAC(bits=8, range="scale")))
    array.forward(x)
    assert array.events["digital.compare"] == 3 * 8
    assert array.events["digital.divide"] == 1
    assert array.events["digital.multiply"] == 9 + 5
    assert array.events["line.drive"] == 2
    for name in array.events:
        assert split_event(name)[0] in EVENTS or name in ("array.snr_sum", "adc.snr_sum", "array.noiseless_read")


def test_tiles_scale_what_they_are_driven_with():
    config = ArrayConfig(dac=DAC(bits=12, range="scale"))
    tiled = TiledCrossbar(W.shape, config, tile=(4, 5))
    tiled.program(W)
    sizes = np.abs(X).max(axis=1, keepdims=True)
    np.testing.assert_allclose(tiled.forward(X) / sizes, X @ W / sizes, atol=4e-3)
    assert tiled.events["digital.compare"] == 6 * (3 + 3 + 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_has_no_scale(bad):
    x = X.copy()
    x[3, 1] = bad
    with pytest.raises(ArrayError, match=r"input \[3, 1\] = .* must be finite"):
        made(ArrayConfig(dac=DAC(bits=8, range="scale"))).forward(x)


def test_noise_grows_with_the_row():
    """Cells see the scaled row, so that the relative error of a row does not depend on its size."""
    array = made(ArrayConfig(device="pcm-nandakumar2019", dac=DAC(bits=None, range="scale")))
    one = np.tile(RNG.uniform(-1, 1, 9), (400, 1))
    spreads = [np.std(array.forward(one * size), axis=0) / size for size in (1e-3, 1e3)]
    np.testing.assert_allclose(spreads[0], spreads[1], rtol=0.3)  # 400 reads each: 5 % apart, 6 sigma


# -- solvers ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def square() -> Crossbar:
    weights = RNG.uniform(-0.2, 0.2, (12, 12)) + np.diag(RNG.uniform(0.5, 0.8, 12))
    return made(ArrayConfig(), weights.astype(np.float32))


@pytest.mark.parametrize("solver", [sla.gmres, sla.bicgstab, sla.lgmres])
def test_solvers_work_out_of_the_box(square, solver):
    solution = RNG.uniform(-40, 40, 12)
    got, info = solver(square, square.read().astype(float) @ solution, rtol=1e-5)
    assert info == 0
    np.testing.assert_allclose(got, solution, atol=0.05)


def test_products_of_operators_work_out_of_the_box(square):
    w = square.read().astype(float)
    solution = RNG.uniform(-40, 40, 12)
    got, info = sla.cg(square.T @ square, w.T @ w @ solution, rtol=1e-6)
    assert info == 0
    np.testing.assert_allclose(got, solution, atol=0.05)
    singular = np.sort(sla.svds(square, k=3, return_singular_vectors=False))
    np.testing.assert_allclose(singular, np.linalg.svd(w)[1][:3][::-1], rtol=1e-3)
    assert np.linalg.norm(square @ (100 * solution) - w @ (100 * solution)) < 1e-5 * np.linalg.norm(
        w @ (100 * solution)
    )


def test_real_converters_still_refuse(square):
    array = made(ArrayConfig(dac=DAC(bits=8)), square.read())
    with pytest.raises(
        ArrayError, match=r"x_max = 1 \(range = 'scale' scales every row to it, range = 'clip' cuts to it\)"
    ):
        array @ np.full(12, 3.0)
    scaling = made(ArrayConfig(dac=DAC(bits=12, range="scale")), square.read())
    np.testing.assert_allclose(scaling @ np.full(12, 3.0), square.read() @ np.full(12, 3.0), atol=1e-2)


def test_scaling_by_a_product_is_counted(square):
    square @ np.full(12, 3.0)
    assert square.events["digital.divide"] == 1
    assert square.events["digital.multiply"] == 24
    assert square.events["digital.compare"] == 11
