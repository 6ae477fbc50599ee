"""The tests of `test_arrays.py` that take long."""

import numpy as np
import pytest
from helpers.statistics import p_of_covariance, p_of_variance, plausible

from revpath.devices import load_device
from revpath.devices.laws.read_noise import ProportionalReadNoise
from revpath.ebm import RBM, crossbar_synapses
from revpath.simulator import ADC, DAC, ArrayConfig
from revpath.simulator.wires import noise_covariance
from tests.simulator.wires.test_arrays import LAYOUTS, STRONG, W, device, made


@pytest.mark.jit
@pytest.mark.parametrize(("mapping", "layout"), LAYOUTS[1:])
def test_read_noise_under_wires_has_the_covariance_of_the_adjoint(mapping, layout):
    """Every cell is drawn and every read solved; to first order that is what the adjoint says, correlations included."""
    noise = ProportionalReadNoise(relative=0.01)
    array = made(W[:4, :3], device=device(read_noise=noise), mapping=mapping, layout=layout, seed=3)
    x = np.array([0.9, -0.5, 0.3, 1.0], np.float32)
    y = array.forward(np.tile(x, (1500, 1))).astype(float)
    plus, minus = array.cells.planes()
    if mapping == "offset":
        g = np.concatenate([plus, minus], axis=1)
        join = np.concatenate([np.eye(3), -np.ones((1, 3))])
    else:
        g = np.stack([plus, minus], -1).reshape(4, -1)
        join = np.stack([np.eye(3), -np.eye(3)], 1).reshape(-1, 3)
    volts = x.astype(float) * array.config.read_voltage
    covariance = join.T @ noise_covariance(g, volts, 0.01 * g, STRONG) @ join
    covariance *= (array.mapping.per_siemens / array.config.read_voltage) ** 2
    plausible(p_of_variance(y, np.diag(covariance)))
    sd = np.sqrt(np.diag(covariance))
    plausible(p_of_covariance(y[:, 0], y[:, 2], covariance[0, 2], y[:, [0, 2]].mean(axis=0), sd[[0, 2]]))
    assert array.held == 0


@pytest.mark.jit
def test_a_model_trains_and_samples_through_wires():
    """An RBM learns two patterns through IR drop."""
    patterns = np.repeat(np.array([[1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]], np.float32), 8, axis=0)
    cell = load_device("reram-sb-gong2018").replaced(window__g_max=1e-4, response__step_noise=0.5)
    config = ArrayConfig(cell, weight_max=4.0, wires=STRONG, adc=ADC(bits=10, y_max=20.0), dac=DAC(bits=8))
    model = RBM(
        4, learning_rate=0.5, batch_size=4, n_iter=150, synapses=crossbar_synapses(config, seed=1), random_state=0
    )
    before = None
    model.partial_fit(patterns)
    before = model.score_samples(patterns).mean()
    model.fit(patterns)
    assert model.score_samples(patterns).mean() > before
    synapses = model.synapses_
    assert 0 < synapses.array.wire_residual < 1e-10
    assert synapses.events["array.read_energy_J"] > 0
