"""Whatever NumPy, SciPy and pandas hand over: a result, or an error that says what to do."""

import numpy as np
import pytest
import scipy.sparse as sp

from revpath.simulator import ADC, ArrayConfig, ArrayError, Crossbar, TiledCrossbar

RNG = np.random.default_rng(2)
W = RNG.uniform(-1, 1, (6, 4)).astype(np.float32)
X = RNG.uniform(-1, 1, (5, 6)).astype(np.float32)
D = RNG.uniform(-1, 1, (4, 5)).astype(np.float32)


@pytest.fixture(params=["crossbar", "tiles", "transposed"])
def array(request):
    if request.param == "transposed":
        turned = Crossbar((4, 6))
        turned.program(W.T)
        return turned.T
    made = Crossbar((6, 4)) if request.param == "crossbar" else TiledCrossbar((6, 4), tile=(4, 3))
    made.program(W)
    return made


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        (lambda a: np.dot(X, a), X @ W),
        (lambda a: np.dot(X[0], a), X[0] @ W),
        (lambda a: np.matmul(X, a), X @ W),
        (lambda a: np.matmul(a, D), W @ D),
        (lambda a: np.dot(a, D[:, 0]), W @ D[:, 0]),
        (lambda a: X.tolist() @ a, X @ W),
        (lambda a: a @ D.tolist(), W @ D),
        (lambda a: a @ np.asfortranarray(D), W @ D),
        (lambda a: np.ma.array(X) @ a, X @ W),
        (lambda a: (X > 0) @ a, (X > 0) @ W),
        (lambda a: np.sign(X).astype(int) @ a, np.sign(X) @ W),
        (lambda a: a.dot(D), W @ D),
        (lambda a: (np.float64(2) * a) @ D, 2 * W @ D),
        (lambda a: a.T @ X.T, W.T @ X.T),
        (lambda a: np.dot(D.T, a.T), D.T @ W.T),
        (lambda a: a.T.T @ D, W @ D),
        (lambda a: a.H @ X.T, W.T @ X.T),
    ],
)
def test_products(array, product, expected):
    got = product(array)
    assert isinstance(got, np.ndarray)
    assert got.dtype.kind == "f"
    np.testing.assert_allclose(got, expected, atol=3e-6)


def test_what_cannot_be_written_can_be_read(array):
    x = X.copy()
    x.flags.writeable = False
    np.testing.assert_allclose(array.forward(x), X @ W, atol=3e-6)
    np.testing.assert_allclose(x @ array, X @ W, atol=3e-6)


def test_shapes_are_known(array):
    assert np.shape(array) == (6, 4)
    assert np.ndim(array) == 2


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (np.asarray, r"no matrix of numbers: array.read\(\) gives the weights"),
        (np.array, "no matrix of numbers"),
        (lambda a: np.add(X, a), "numpy.add of an array is not known"),
        (np.exp, "numpy.exp of an array is not known"),
        (lambda a: np.sum(a), "numpy.sum of an array is not known"),
        (lambda a: np.linalg.svd(a), "numpy.svd of an array is not known|no matrix of numbers"),
        (lambda a: sp.csr_matrix(X) @ a, "sparse|no matrix of numbers"),
        (lambda a: a @ sp.csr_matrix(D), r"sparse \(csr_matrix\).*toarray"),
        (lambda a: a.forward(sp.csr_array(X)), r"[xd] is sparse \(csr_array\)"),
        (lambda a: a.forward(np.ma.masked_less(X, 0)), r"[xd] is masked at \d+ of 30 places"),
        (lambda a: np.ma.masked_less(D, 0).T @ a.T, "masked"),
        (lambda a: a @ np.ma.masked_less(D, 0), "masked"),
        (lambda a: a.matvec(np.ma.masked_less(D[:, 0], 0)), "masked"),
        (lambda a: a @ np.ones(5), r"shape \(5,\); it must be \(4,\) or \(4, n\)"),
        (lambda a: np.ones(5) @ a, r"shape \(5,\); it must be \(6,\) or \(n, 6\)"),
        (lambda a: np.ones((2, 3, 6)) @ a, r"shape \(2, 3, 6\)"),
        (lambda a: a @ np.ones((2, 4, 3)), r"shape \(2, 4, 3\)"),
        (lambda a: a.matvec(np.ones(3)), r"shape \(3,\)"),
        (lambda a: a.rmatmat(np.ones((3, 3))), r"shape \(3, 3\)"),
        (lambda a: a @ np.array(["a"] * 4), "type <U1"),
        (lambda a: a @ np.ones(4, complex), "type complex128"),
        (lambda a: a.forward(np.ones(6)), r"must be \(batch, 6\); one vector is [xd]\[None\]"),
        (lambda a: a.forward(np.float32(3)), r"shape \(\)"),
        (lambda a: a.forward([[1, 2], [3]]), r"must be an array of shape \(batch, 6\)"),
    ],
)
def test_refusals(array, call, said):
    with pytest.raises(ArrayError, match=said):
        call(array)
    assert not array.events["array.read"] if hasattr(array, "events") else True


def test_pandas(array):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    np.testing.assert_allclose(array.forward(frame), X @ W, atol=3e-6)
    np.testing.assert_allclose(array @ pandas.DataFrame(D), W @ D, atol=3e-6)
    np.testing.assert_allclose(array @ pandas.Series(D[:, 0]), W @ D[:, 0], atol=3e-6)
    mixed = pandas.DataFrame({c: X[:, i] for i, c in enumerate("abcdef")}).astype({"a": "float64"})
    np.testing.assert_allclose(array.forward(mixed), X @ W, atol=3e-6)
    for call in (lambda: frame @ array, lambda: frame.dot(array), lambda: frame.iloc[0] @ array):
        with pytest.raises(ArrayError, match=r"of a data frame, x.to_numpy\(\) @ array"):
            call()


class Tensor:
    """What torch shows of itself to NumPy, and no more."""

    def __init__(self, values, requires_grad=False):
        self.values, self.requires_grad = values, requires_grad

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad")
        return self.values


def test_tensors(array):
    np.testing.assert_allclose(array.forward(Tensor(X)), X @ W, atol=3e-6)
    with pytest.raises(ArrayError, match=r"[xd] waits for gradients.*[xd].detach\(\)"):
        array.forward(Tensor(X, requires_grad=True))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ADC(bits=0), "ADC: bits = 0: .*bits = None is an ideal converter"),
        (lambda: ADC(bits=True), "bits = True must be a number or None"),
        (lambda: ADC(bits="8"), "bits = '8' must be a number"),
        (lambda: ADC(noise_lsb=True), "noise_lsb = True must be a number"),
        (lambda: ADC(stochastic_rounding=1), "stochastic_rounding = 1 must be True or False"),
        (lambda: ADC(bit=8), "did you mean 'bits'"),
        (lambda: ADC(8, bits=9, noise="x"), "noise"),
        (lambda: ADC(y_max=1e-310), "y_max"),
        (lambda: ADC.model_validate({"bits": 99}), "bits = 99"),
        (lambda: ADC().model_copy(update={"bits": 1}), "bits = 1"),
        (lambda: ArrayConfig(adc={"bits": 0}), "bits = 0"),
        (lambda: ArrayConfig(adc=8), r"adc = 8 must be a ADC, such as ADC\(bits=8\)"),
        (lambda: ArrayConfig(read_voltage=1e-310), "read_voltage"),
        (lambda: ArrayConfig(read_voltage=1e300), "read_voltage"),
        (lambda: ArrayConfig(read_voltage=True), "read_voltage = True must be a positive"),
        (lambda: ArrayConfig(read_time=1e-310), "read_time"),
        (lambda: ArrayConfig(weight_max=True), "weight_max = True"),
        (lambda: ArrayConfig(weight_max=1e300), "weight_max = 1e[+]300 must be from"),
        (lambda: ArrayConfig(longest_train=True), "longest_train = True must be an integer"),
    ],
)
def test_configurations_say_what_is_allowed(make, said):
    with pytest.raises(ArrayError, match=said):
        make()


def test_short_forms_of_converters():
    assert ADC(8) == ADC(bits=8)
    assert ADC(np.int64(8)) == ADC(bits=8)
    assert ArrayConfig(adc={"bits": 8, "y_max": 3.0}).adc == ADC(bits=8, y_max=3.0)
