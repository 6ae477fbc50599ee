"""What an array refuses, and how it says so."""

import numpy as np
import pytest

from revpath.devices import RevpathError, UnknownName, load_device
from revpath.simulator import ADC, ArrayConfig, ArrayError, Crossbar, MappingError


@pytest.fixture
def array() -> Crossbar:
    return Crossbar((3, 2), ArrayConfig(device="reram-sb-gong2018"))


@pytest.mark.parametrize(
    "shape", [(0, 3), (3, 0), (-1, 2), (3,), (3, 2, 1), (3.0, 2), ("3", 2), (True, 2), (None, 2), (), 5, None, "ab"]
)
def test_shapes(shape):
    with pytest.raises(ArrayError, match=r"shape = .* must be two positive integers \(rows, columns\)"):
        Crossbar(shape)


def test_numpy_integers_make_a_shape():
    assert Crossbar((np.int64(3), np.int32(2))).shape == (3, 2)


BAD_BATCHES = [
    (np.zeros(3), r"has shape \(3,\); it must be \(batch, 3\)"),
    (np.zeros((2, 4)), r"has shape \(2, 4\); it must be \(batch, 3\)"),
    (np.zeros((1, 2, 3)), r"has shape \(1, 2, 3\)"),
    (0.5, r"has shape \(\)"),
    (None, r"has shape \(\)|has type object"),
    ("abc", r"has shape \(\)"),
    ([["a", "b", "c"]], "has type <U1; it must hold real numbers"),
    (np.zeros((1, 3), complex), "has type complex128"),
    (np.array([[None, 1, 2]]), "has type object"),
    ([[1, 2, 3], [1, 2]], r"must be an array of shape \(batch, 3\)"),
]
NOT_FINITE = [[np.nan, 0, 0], [0, np.inf, 0], [0, 0, -np.inf], [0, 0, 1e300]]


@pytest.mark.parametrize(("x", "said"), BAD_BATCHES)
def test_batches(array, x, said):
    with pytest.raises(ArrayError, match=said):
        array.forward(x)
    with pytest.raises(ArrayError, match=said):
        array.update(x, np.zeros((1, 2)), 0.1)
    transposed = Crossbar((2, 3))
    with pytest.raises(ArrayError, match=said):
        transposed.backward(x)
    assert not array.events


@pytest.mark.parametrize("row", NOT_FINITE)
def test_batches_are_finite(array, row):
    with pytest.raises(ArrayError, match="must be finite"):
        array.forward([row])
    with pytest.raises(ArrayError, match="x must be finite: first at"):
        array.update([row], [[0, 0]], 0.1)
    with pytest.raises(ArrayError, match="d must be finite: first at"):
        array.update([[0, 0, 0]], [row[1:] if row[0] == 0 else row[:2]], 0.1)
    with pytest.raises(ArrayError, match="weights must be finite: first at"):
        Crossbar((1, 3)).program([row])
    assert not array.events
    assert not array.read().any()


def test_overflow_in_an_update_is_refused(array):
    with pytest.raises(ArrayError, match="its squares overflow float32"):
        array.update([[1e30, 0, 0]], [[0, 0]], 0.1)


def test_other_number_types_are_welcome(array):
    expected = array.forward(np.array([[1, 0, 1]], np.float64))
    for kind in (np.int8, np.uint16, np.float16, np.bool_):
        twin = Crossbar((3, 2), ArrayConfig(device="reram-sb-gong2018"), seed=0)
        np.testing.assert_array_equal(twin.forward(np.array([[1, 0, 1]], kind)), expected)
    twin = Crossbar((3, 2), ArrayConfig(device="reram-sb-gong2018"), seed=0)
    np.testing.assert_array_equal(twin.forward([[1, 0, 1]]), expected)


def test_inputs_are_left_alone(array):
    x, d = np.full((2, 3), 0.3, np.float32), np.full((2, 2), 0.2, np.float32)
    kept = x.copy(), d.copy()
    array.forward(x)
    array.backward(d)
    array.update(x, d, 0.1)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(d, kept[1])


def test_strided_and_reversed_inputs():
    array = Crossbar((3, 2))
    array.program(np.array([[1, 0.5], [0, -1], [0.25, 0]]))
    x = np.arange(12).reshape(2, 6)[:, ::-2] / 12
    np.testing.assert_allclose(array.forward(x), x @ array.read(), atol=1e-6)
    np.testing.assert_allclose(array.forward(np.asfortranarray(x)), x @ array.read(), atol=1e-6)


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf, "fast", None, [0.1], 1j])
def test_rates(array, rate):
    with pytest.raises(ArrayError, match=r"rate = .* must be a finite number and not negative"):
        array.update(np.ones((1, 3)), np.ones((1, 2)), rate)


def test_batches_of_an_update_match(array):
    with pytest.raises(ArrayError, match="x has 2 rows and d has 1"):
        array.update(np.ones((2, 3)), np.ones((1, 2)), 0.1)


def test_a_device_without_a_pulse_response_cannot_be_trained():
    array = Crossbar((3, 2), ArrayConfig(device="pcm-nandakumar2019"))
    with pytest.raises(ArrayError, match="device 'pcm-nandakumar2019' has no known pulse response"):
        array.update(np.ones((1, 3)), np.ones((1, 2)), 0.1)


@pytest.mark.parametrize("weights", [np.zeros((2, 3)), np.zeros((3, 3)), np.zeros((4, 2)), np.zeros(6), 0.0, None])
def test_weights_have_the_shape_of_the_array(array, weights):
    with pytest.raises(ArrayError, match="weights has"):
        array.program(weights)


def test_weights_beyond_the_window(array):
    with pytest.raises(MappingError, match="1 of 6 weights are beyond weight_max = 1"):
        array.program([[0, 0], [0, 0], [0, 1.5]])
    assert not array.events


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"device": "unobtainium"}, "device = 'unobtainium' is not known"),
        ({"device": 3}, "device = 3 is not known"),
        ({"weight_max": 0}, "weight_max = 0 "),
        ({"weight_max": "big"}, "weight_max = 'big'"),
        ({"read_voltage": -0.2}, "read_voltage = -0.2 must be a positive"),
        ({"read_voltage": np.nan}, "read_voltage = nan"),
        ({"read_time": 0}, "read_time = 0 must be a positive"),
        ({"read_time": "long"}, "read_time = 'long'"),
        ({"mapping": "three-sided"}, "mapping = 'three-sided'"),
        ({"longest_train": 0}, "longest_train = 0 must be an integer from 1 to 63"),
        ({"longest_train": 64}, "longest_train = 64 must be"),
        ({"longest_train": 7.5}, "longest_train = 7.5 must be"),
        ({"longest_train": "31"}, "longest_train = '31' must be"),
        ({"dac": 8}, "dac = 8 must be a DAC"),
        ({"adc": None}, "adc = None must be a ADC"),
        ({"dac": ADC()}, "dac = .* must be a DAC"),
    ],
)
def test_configurations(fields, said):
    with pytest.raises(RevpathError, match=said):
        ArrayConfig(**fields)


def test_a_configuration_is_no_dictionary():
    with pytest.raises(ArrayError, match=r"config = \{'device': 'ideal'\} must be an ArrayConfig"):
        Crossbar((2, 2), {"device": "ideal"})


@pytest.mark.parametrize("field", ["seed", "array"])
@pytest.mark.parametrize("value", [-1, 0.5, "0", None])
def test_seeds(field, value):
    with pytest.raises(ArrayError, match=rf"{field} = .* must be an integer"):
        Crossbar((2, 2), **{field: value})


def test_configurations_are_values():
    assert ArrayConfig() == ArrayConfig()
    assert ArrayConfig(device=load_device("ideal")) == ArrayConfig(device="ideal")
    with pytest.raises(AttributeError):
        ArrayConfig().weight_max = 3  # type: ignore[misc]


def test_unknown_names_are_unknown_names():
    with pytest.raises(UnknownName):
        ArrayConfig(device="pcm")
