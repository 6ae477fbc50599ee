"""What an array counts, by hand on tiny arrays and against slow twins."""

import numpy as np
import pytest
from helpers.statistics import relative
from hypothesis import given, settings
from hypothesis import strategies as st
from twins.arrays import quantise, read_energy, snr_sum

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, Crossbar, Events

WEIGHTS = np.array([[1.0, -0.5, 0.0], [0.25, 0.0, -1.0]])
X = np.array([[1.0, -0.5], [0.0, 1.0]])
NOISY = load_device("ideal").model_copy(update={"read_noise": ConstantReadNoise(relative=0.01)})


def tiny(**config) -> Crossbar:
    array = Crossbar((2, 3), ArrayConfig(**{"dac": DAC(bits=8), "adc": ADC(bits=8, y_max=2.0), **config}))
    array.program(WEIGHTS)
    return array


def happened(array: Crossbar, action) -> Events:
    before = array.events
    action()
    return array.events - before


def test_programming_counts_cells():
    assert tiny().events == Events({"cell.programmed": 12})


def test_counts_of_a_forward_read():
    """Two vectors on two word lines, one input zero: three drives; three columns are converted for each vector."""
    array = tiny()
    done = happened(array, lambda: array.forward(X))
    assert done.counts == {
        "array.read": 2,
        "line.drive": 3,
        "dac.conversion{bits=8}": 3,
        "adc.conversion{enob=7.99}": 6,
        "column.regulate": 2 * 6,  # the lines of G+ and of G-
    }
    assert done.integrals["array.busy_s"] == relative(2 * 100e-9)
    assert done.integrals["adc.snr_sum"] == relative(6 * 1.5 * 254**2)


def test_counts_of_a_backward_read():
    array = tiny()
    done = happened(array, lambda: array.backward(np.array([[0.5, 0.0, 1.0]])))
    assert done.counts == {
        "array.read": 1,
        "line.drive": 2,
        "dac.conversion{bits=8}": 2,
        "adc.conversion{enob=7.99}": 2,
        "column.regulate": 2 * 2,
    }


def test_ideal_converters_are_counted_as_such():
    array = tiny(dac=DAC(bits=None), adc=ADC(bits=None), device=NOISY)
    done = happened(array, lambda: array.forward(X))
    assert done["dac.conversion{bits=inf}"] == 3
    assert done["adc.conversion{enob=inf}"] == 6
    assert "adc.snr_sum" not in done


def test_an_input_below_half_a_step_drives_nothing():
    array = tiny()
    done = happened(array, lambda: array.forward(np.array([[0.003, -0.5]])))
    assert done["line.drive"] == 1
    assert done["array.read_energy_J"] == relative(
        happened(array, lambda: array.forward(np.array([[0.0, -0.5]])))["array.read_energy_J"]
    )


@pytest.mark.parametrize(
    ("side", "row_siemens"),
    [
        # each pair adds up to g_min + g_max = 25 uS
        ("two-sided", (75e-6, 75e-6)),
        # each pair adds up to |w| x 25 uS
        ("one-sided", (37.5e-6, 31.25e-6)),
    ],
)
def test_energy_by_hand(side, row_siemens):
    """Sum of G V^2 t: 0.2 V at x = 1, 100 ns; inputs (1, -1/2) and (0, 1)."""
    array = tiny(mapping=side, dac=DAC(bits=None))
    joules = happened(array, lambda: array.forward(X))["array.read_energy_J"]
    by_hand = (1 * row_siemens[0] + (0.25 + 1) * row_siemens[1]) * 0.2**2 * 100e-9
    assert joules == relative(by_hand, 1e-6)


@pytest.mark.parametrize("side", ["one-sided", "two-sided", "offset"])
def test_charge_by_hand(side):
    """Sum of G |V| t over both cells of every weight; a shared reference is held by one line."""
    array = tiny(mapping=side, dac=DAC(bits=None))
    done = happened(array, lambda: array.forward(X))
    rows = array.cells.line_siemens(transposed=False)
    assert done["array.read_charge_C"] == relative(np.abs(X).sum(axis=0) @ rows * 0.2 * 100e-9, 1e-6)
    assert done["column.regulate"] == (6 if side == "offset" else 12)


def test_energy_follows_voltage_time_and_range():
    def joules(**config):
        array = tiny(**config)
        return happened(array, lambda: array.forward(X))["array.read_energy_J"]

    base = joules()
    assert joules(read_voltage=0.4) == relative(4 * base)
    assert joules(read_time=50e-9) == relative(base / 2)
    coarse = DAC(bits=16, x_max=2.0), DAC(bits=16, x_max=1.0)
    assert joules(dac=coarse[0]) == relative(joules(dac=coarse[1]) / 4, 1e-3)


@pytest.mark.parametrize("device", ["ideal", "pcm-nandakumar2019", "reram-sb-gong2018"])
@pytest.mark.parametrize("side", ["one-sided", "two-sided"])
def test_energy_agrees_with_its_twin(device, side):
    array = Crossbar((4, 3), ArrayConfig(device=device, mapping=side, dac=DAC(bits=5), weight_max=2.0), seed=1)
    rng = np.random.default_rng(0)
    array.program(rng.uniform(-1, 1, (4, 3)))
    g = array.conductances()
    assert g.shape == (4, 3, 2)
    x, y = rng.uniform(-1, 1, (2, 4)), rng.uniform(-1, 1, (2, 3))
    done = happened(array, lambda: array.forward(x))
    twin = sum(read_energy(g, row, 0.2, 100e-9) for row in quantise(x, 1.0, 5))
    assert done["array.read_energy_J"] == relative(twin, 1e-5)
    done = happened(array, lambda: array.backward(y))
    twin = sum(read_energy(g.transpose(1, 0, 2), row, 0.2, 100e-9) for row in quantise(y, 1.0, 5))
    assert done["array.read_energy_J"] == relative(twin, 1e-5)


def test_energy_of_a_square_array_in_both_directions():
    """Rows and columns must not be taken for each other where their numbers agree."""
    array = Crossbar((2, 2), ArrayConfig(mapping="one-sided"))
    array.program([[1.0, 0.5], [0.0, 0.0]])
    forward = happened(array, lambda: array.forward([[0.0, 1.0]]))
    assert forward["array.read_energy_J"] == 0  # nothing conducts on the second word line
    backward = happened(array, lambda: array.backward([[0.0, 1.0]]))
    assert backward["array.read_energy_J"] == relative(0.5 * 25e-6 * 0.2**2 * 100e-9)


def test_energy_after_an_update_is_that_of_the_new_conductances():
    array = Crossbar((4, 3), ArrayConfig(device="reram-sb-gong2018"), seed=1)
    rng = np.random.default_rng(0)
    array.update(rng.uniform(-1, 1, (5, 4)), rng.uniform(-1, 1, (5, 3)), 0.05)
    x = np.array([[1.0, -1.0, 0.5, 0.0]])
    done = happened(array, lambda: array.forward(x))
    twin = read_energy(array.conductances(), x[0], 0.2, 100e-9)
    assert done["array.read_energy_J"] == relative(twin, 1e-5)


@settings(max_examples=40, deadline=None)
@given(
    device=st.sampled_from(["ideal", "pcm-nandakumar2019", "reram-sb-gong2018", "noisy"]),
    bits=st.sampled_from([4, 8]),
    noise_lsb=st.sampled_from([0.0, 1.0]),
    transposed=st.booleans(),
    seed=st.integers(0, 99),
)
def test_snr_sum_is_a_lower_bound(device, bits, noise_lsb, transposed, seed):
    """Of the exact sum over columns; equal to it where all columns have the same signal and noise."""
    rng = np.random.default_rng(seed)
    adc = ADC(bits=bits, y_max=3.0, noise_lsb=noise_lsb)
    array = Crossbar((5, 4), ArrayConfig(device=NOISY if device == "noisy" else device, adc=adc), seed=seed)
    array.program(rng.uniform(-1, 1, (5, 4)))
    g = array.conductances().transpose(1, 0, 2) if transposed else array.conductances()
    x = rng.uniform(-1, 1, g.shape[0])
    scale, slope = array.mapping.scale, array.mapping.slope
    sigma = array.device.read_noise.sigma(g, array.device.window.g_max, 0.0) * scale / slope
    variances = (x**2) @ (sigma**2).sum(axis=-1) + adc.variance
    exact = snr_sum(g, x, variances, scale, slope)
    read = array.backward if transposed else array.forward
    counted = happened(array, lambda: read(x[None]))["array.snr_sum"]
    assert counted <= exact * (1 + 1e-5)
    assert counted >= 0.2 * exact  # a floor that is far off would be no floor
    if device in ("ideal", "noisy"):  # two-sided pairs of ideal cells all conduct alike
        assert counted == relative(exact, 1e-5)


def test_snr_sum_adds_up_over_the_batch():
    array = tiny(device=NOISY)
    one = [happened(array, lambda row=row: array.forward(row[None]))["array.snr_sum"] for row in X]
    both = happened(array, lambda: array.forward(X))["array.snr_sum"]
    assert both == relative(sum(one), 1e-12)


def test_a_read_without_noise_is_flagged():
    array = tiny(adc=ADC(bits=None))
    done = happened(array, lambda: array.forward(X))
    assert done["array.noiseless_read"] == 2
    assert "array.snr_sum" not in done
    quiet = tiny(adc=ADC(bits=None), device=NOISY)
    done = happened(quiet, lambda: quiet.forward(np.zeros((1, 2))))
    assert "array.noiseless_read" not in done  # nothing was driven: no signal either
    noisy = tiny(adc=ADC(bits=None), device=NOISY)
    assert "array.noiseless_read" not in happened(noisy, lambda: noisy.forward(X))


def test_events_add_up_over_batches():
    """Counts are exact however a batch is cut."""
    whole, parts = tiny(device=NOISY), tiny(device=NOISY)
    x = np.random.default_rng(0).uniform(-1, 1, (9, 2))
    whole.forward(x)
    for part in (x[:1], x[1:4], x[4:]):
        parts.forward(part)
    assert whole.events.counts == parts.events.counts
    for name, value in whole.events.integrals.items():
        assert parts.events[name] == relative(value, 1e-12)


def test_saturation_is_counted():
    array = tiny(adc=ADC(bits=8, y_max=0.5))
    y = array.forward(np.array([[1.0, 0.0], [0.0, 1.0], [0.25, 0.0]]))
    np.testing.assert_allclose(y[0], [0.5, -0.5, 0], atol=1e-6)
    assert array.clipped == 2  # W = 1 of row 0 and -1 of row 1; -0.5 is exactly full scale


def test_ideal_updates_are_counted_as_what_no_device_does():
    array = tiny()
    assert happened(array, lambda: array.update(X, np.zeros((2, 3)), 0.1)) == Events({"ideal.update": 2})
