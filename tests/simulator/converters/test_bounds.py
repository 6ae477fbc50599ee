"""Outputs that are kept within the range of the ADC, ranges without a sign, inputs that are cut: each against a plain twin."""

import warnings

import numpy as np
import pytest
from helpers.statistics import relative
from twins.converters import within_bounds

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise, TelegraphReadNoise
from revpath.energy_models import load_chip, price
from revpath.simulator import (
    ADC,
    DAC,
    ArrayConfig,
    ArrayError,
    Crossbar,
    SaturationWarning,
    SlicedCrossbar,
    TiledCrossbar,
)
from revpath.simulator.config_file import read_config, write_config
from revpath.simulator.converters.effective_bits import measured_enob

RNG = np.random.default_rng(23)
M, N = 20, 6
W = (np.round(RNG.uniform(-1, 1, (M, N)) * 64) / 64).astype(np.float32)
X = (np.round(RNG.uniform(-1, 1, (40, M)) * 128) / 128).astype(np.float32)
POSITIVE = np.abs(X)


def programmed(weights=W, **fields) -> Crossbar:
    array = Crossbar(weights.shape, ArrayConfig("ideal", **fields))
    array.program(weights)
    return array


# -- bound management ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("repeats", [0, 1, 4])
def test_bound_management_is_its_twin(repeats):
    """In value and in what is counted; the codes lie far from halves, so that float32 decides none of them."""
    step, dac = 0.2509, DAC(bits=16)
    array = programmed(adc=ADC(bits=4, y_max=7 * step, repeats=repeats), dac=dac)
    before = array.events
    found = array.forward(X)
    expected, reads = within_bounds(X, array.read().astype(float), step, 7, dac.step, repeats)
    near = np.isclose(found, expected, atol=1e-4)
    assert near.mean() > 0.99  # a sum within float32 rounding of a half may tip by a code
    done = array.events - before
    assert abs(done["array.read"] - reads) <= 1
    assert done["digital.compare"] == (done["array.read"] * N if repeats else 0)
    assert sum(done.matching("adc.conversion").values()) == done["array.read"] * N
    if repeats == 4:
        assert reads > 1.5 * len(X)
        assert array.clipped == 0
        assert np.abs(found - X @ W).max() < 8 * step


def test_bounds_cost_what_they_take():
    """Twice the reads are twice the joules of converters and cells at half the voltage's square, on any chip."""
    x = np.full((1, M), 0.5, np.float32)
    weights = np.full((M, N), 0.5, np.float32)  # outputs of 5
    device = load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=1e-4)})
    spent = []
    for repeats in (0, 1):
        array = Crossbar((M, N), ArrayConfig(device, adc=ADC(bits=8, y_max=4.0, repeats=repeats), dac=DAC(8)))
        array.program(weights)
        before = array.events
        y = array.forward(x)
        spent.append(array.events - before)
    np.testing.assert_allclose(y, 5.0, atol=0.1)
    assert spent[1]["array.read"] == 2
    ratio = spent[1].integrals["array.read_energy_J"] / spent[0].integrals["array.read_energy_J"]
    assert ratio == pytest.approx(1.25, rel=0.02)  # the halved input is rounded to a code
    bills = [price(events, load_chip("reram-32nm")) for events in spent]
    assert bills[1].nominal("adc") == relative(2 * bills[0].nominal("adc"))
    assert bills[1].nominal("digital.compare") > 0


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("kind", ["crossbar", "tiles", "slices"])
def test_repeats_do_not_depend_on_how_a_batch_is_cut(kind, transposed):
    device = load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=0.02)})
    config = ArrayConfig(device, adc=ADC(bits=6, y_max=1.0, repeats=3), dac=DAC(bits=8))
    make = {
        "crossbar": lambda: Crossbar((M, N), config, seed=4),
        "tiles": lambda: TiledCrossbar((M, N), config, tile=(8, 4), seed=4),
        "slices": lambda: SlicedCrossbar((M, N), config, slices=2, bits_per_slice=3, seed=4),
    }[kind]
    whole, cut = make(), make()
    for array in (whole, cut):
        array.program(W)
    x = X[:, :N] if transposed else X
    read = (lambda array, x: array.backward(x)) if transposed else (lambda array, x: array.forward(x))
    expected = read(whole, x)
    found = np.concatenate([read(cut, part) for part in np.split(x, [1, 2, 17])])
    np.testing.assert_array_equal(found, expected)
    assert cut.events["array.read"] == whole.events["array.read"] > len(x)


def test_outputs_that_no_halving_brings_within_bounds_are_counted():
    array = programmed(adc=ADC(bits=8, y_max=0.01, repeats=1), dac=DAC(bits=8))
    with pytest.warns(SaturationWarning):
        array.forward(X)
    assert array.clipped > 0


# -- ranges that are not symmetric -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("y_min", "y_max"), [(0.0, 6.0), (-1.0, 3.0), (1.0, 2.0), (-5.0, -1.0)])
@pytest.mark.parametrize("bits", [3, 8])
def test_an_asymmetric_range_is_its_twin(bits, y_min, y_max):
    """2**bits - 1 codes that are whole steps: the nearest, held at the ends."""
    array = programmed(adc=ADC(bits=bits, y_min=y_min, y_max=y_max))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SaturationWarning)  # ranges that lie beside most outputs
        found = array.forward(X)
    levels = 2 ** (bits - 1) - 1
    step = (y_max - y_min) / (2 * levels)
    middle = round((y_max + y_min) / (2 * step))
    codes = np.clip(np.rint(X.astype(float) @ W / step), middle - levels, middle + levels)
    assert np.isclose(found, codes * step, atol=1e-5).mean() > 0.99
    assert len(np.unique(np.rint(found / step))) <= 2 * levels + 1


def test_a_range_above_zero_wastes_no_bit_of_positive_outputs():
    """Half the step, so a quarter of the error's power; zero stays exactly zero."""
    weights, power = np.abs(W) / 2, []
    for fields in ({}, {"y_min": 0.0}):
        array = programmed(weights, adc=ADC(bits=6, y_max=8.0, **fields))
        power.append(np.mean(np.square(array.forward(POSITIVE) - POSITIVE @ weights)))
        assert not array.forward(np.zeros((2, M))).any()
    assert power[1] / power[0] == pytest.approx(0.25, rel=0.3)


@pytest.mark.parametrize("policy", ["auto", "calibrated", "maximum"])
def test_every_policy_finds_a_range_above_zero(policy):
    array = programmed(adc=ADC(bits=8, range=policy, y_min=0.0))
    if policy == "calibrated":
        array.calibrate(X, percentile=100)
    found, exact = array.forward(X), np.maximum(X @ W, 0)
    assert array.adc().lowest == 0
    np.testing.assert_allclose(found, exact, atol=array.adc().step * 0.51)
    if policy != "maximum":
        assert array.adc().y_max == pytest.approx((X @ W).max(), rel=1e-5)


def test_effective_bits_do_not_depend_on_where_the_range_lies():
    for fields in ({"y_max": 1.0}, {"y_max": 6.0, "y_min": 0.0}, {"y_max": -1.0, "y_min": -2.0}):
        assert measured_enob(ADC(bits=8, **fields)) == pytest.approx(ADC(bits=8).enob, abs=0.03)


# -- inputs without a sign, and inputs that are cut --------------------------------------------------------------------


@pytest.mark.parametrize("slice_bits", [None, 1, 3])
def test_inputs_without_a_sign_have_a_bit_more(slice_bits):
    """Codes of 0 to 2**bits - 1; sliced by converters of as many bits as a slice has."""
    dac = DAC(bits=4, signed=False, slice_bits=slice_bits)
    array = programmed(dac=dac)
    np.testing.assert_allclose(array.forward(POSITIVE), np.rint(POSITIVE * 15) / 15 @ W, atol=1e-5)
    assert dac.levels == 15
    assert dac.slices == {None: 1, 1: 4, 3: 2}[slice_bits]
    assert array.events[f"dac.conversion{{bits={slice_bits or 4}}}"] == array.events["line.drive"] > 0
    assert dac.enob == pytest.approx(np.log2((2 ** (slice_bits or 4)) - 1))


def test_negative_inputs_are_refused_by_name():
    x = POSITIVE.copy()
    x[3, 2] = -0.25
    for dac in (DAC(8, signed=False), DAC(8, signed=False, slice_bits=2), DAC(8, signed=False, range="scale")):
        with pytest.raises(ArrayError, match=r"inputs fall to -.* \(1 of 800 negative, the first at \(3, 2\)\)"):
            programmed(dac=dac).forward(x)


@pytest.mark.parametrize("signed", [True, False])
def test_cut_inputs_are_counted(signed):
    dac = DAC(8, signed=signed).fitted(POSITIVE, percentile=90)
    assert dac.x_max == pytest.approx(np.percentile(POSITIVE, 90))
    array = programmed(dac=dac)
    low = -dac.x_max if signed else 0.0
    held = np.clip(X, low, dac.x_max)
    np.testing.assert_allclose(array.forward(X), np.rint(held / dac.step) * dac.step @ W, atol=1e-5)
    assert array.cut == np.count_nonzero(np.clip(X, np.float32(low), np.float32(dac.x_max)) != X)
    tiles = TiledCrossbar((M, N), array.config, tile=(10, 6))
    tiles.program(W)
    tiles.forward(X)
    assert tiles.cut == array.cut


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ADC(None, repeats=2), "repeats = 2 needs finite bits"),
        (lambda: ADC(8, repeats=11), "repeats"),
        (lambda: ADC(8, y_min=2.0, y_max=1.0), "y_max = 1.0 must be above y_min"),
        (lambda: ADC(8, y_max=0.0), "y_max = 0.0 must be above -y_max"),
        (lambda: ADC(8, y_min=-3.0), "y_min = -3.0 goes with range = 'fixed'"),
        (lambda: ADC(1), "bits = 1: Input should be greater than or equal to 2"),
        (lambda: DAC(1), "bits = 1 should be greater than or equal to 2: one bit is the sign"),
        (lambda: DAC(8, signed=False, inl_lsb=0.5), "signed = False with inl_lsb = 0.5 is not known"),
        (lambda: DAC(4, signed=False, slice_bits=5), "slice_bits = 5 must be at most 4"),
        (lambda: ADC(8, y_min=0.0).with_range(-1.0), "must be one positive and finite number"),
    ],
)
def test_refused_by_name(make, message):
    with pytest.raises(ArrayError, match=message):
        make()


def test_cells_that_remember_are_not_read_in_an_unknown_order():
    noise = TelegraphReadNoise(amplitude=0.1, switching_time=1e-3)
    device = load_device("ideal").model_copy(update={"read_noise": noise})
    with pytest.raises(ArrayError, match=r"adc.repeats = 2 must be 0 with the telegraph noise"):
        ArrayConfig(device, adc=ADC(8, repeats=2))


def test_written_and_read_again(tmp_path):
    config = ArrayConfig(
        "ideal", adc=ADC(6, y_min=-1.0, y_max=3.0, repeats=2), dac=DAC(6, signed=False, range="clip", x_max=2.0)
    )
    write_config(config, tmp_path / "array.toml")
    assert read_config(tmp_path / "array.toml") == config


# -- ranges between two percentiles, as CrossSim calibrates ------------------------------------------------------------


def test_a_range_between_two_percentiles_is_that_of_the_outputs():
    """Outputs that lean to one side: the codes go where they are, and zero keeps one."""
    weights = np.abs(W) - 0.1
    array = programmed(weights, adc=ADC(bits=8, range="calibrated"))
    y_max = array.calibrate(POSITIVE, percentile=(1, 99))
    exact = POSITIVE @ weights
    np.testing.assert_allclose((array.adc().lowest, y_max), np.percentile(exact, (1, 99)), rtol=1e-5)
    held = np.clip(exact, array.adc().lowest, y_max)
    np.testing.assert_allclose(array.forward(POSITIVE), held, atol=array.adc().step * 1.01)
    array.calibrate(POSITIVE, percentile=99)
    assert array.adc().y_min is None
    assert array.adc().y_max == pytest.approx(np.percentile(np.abs(exact), 99), rel=1e-5)


def test_tiles_share_a_range_that_holds_every_tile():
    tiles = TiledCrossbar((M, N), ArrayConfig("ideal", adc=ADC(bits=8, range="calibrated")), tile=(10, 6))
    tiles.program(W)
    y_max = tiles.calibrate(X, percentile=(0, 100))
    parts = [(x @ W[rows, columns]) for rows, columns, x in shares(X, (10, 6))]
    assert y_max == pytest.approx(max(part.max() for part in parts), rel=1e-5)
    assert tiles.adc().lowest == pytest.approx(min(part.min() for part in parts), rel=1e-5)


def shares(x, tile):
    """Each tile's rows, columns and inputs."""
    for top in range(0, M, tile[0]):
        for left in range(0, N, tile[1]):
            rows = slice(top, top + tile[0])
            yield rows, slice(left, left + tile[1]), x[:, rows]


@pytest.mark.parametrize(
    "percentile", [(99, 1), (5, 5), (-1, 50), (1, 101), (1, 2, 3), ("a", 3), (np.nan, 4), [1, 99], True]
)
def test_percentiles_that_name_no_range_are_refused(percentile):
    array = programmed(adc=ADC(bits=8, range="calibrated"))
    with pytest.raises(ArrayError, match="percentile = "):
        array.calibrate(X, percentile=percentile)


def test_a_lower_end_that_is_given_takes_one_percentile():
    with pytest.raises(ArrayError, match="must be one number"):
        programmed(adc=ADC(bits=8, range="calibrated", y_min=0.0)).calibrate(X, percentile=(1, 99))
    with pytest.raises(ArrayError, match="they say nothing of the range"):
        programmed(adc=ADC(bits=8, range="calibrated")).calibrate(np.zeros_like(X), percentile=(1, 99))
