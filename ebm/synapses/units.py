"""Binary units driven by a net input: their probabilities and their states, in one pass and in float32.

The logistic function is 1 / (1 + exp(-x)) with the exponential of the Cephes library (a polynomial of degree 5 after
reduction by ln 2) in float32 operations that are not fused: the same bits on every processor, compiled or not.
"""

from __future__ import annotations

import numpy as np

from ...simulator.compile import kernel
from ...simulator.events import Events
from ...simulator.noise.streams import Stream

_F32 = np.float32


@kernel()
def _logistic(p, field, bias, powers):
    """p <- 1 / (1 + exp(-(field + bias))), all (batch, n) but bias (n,); `powers`: (n,) float32 scratch.

    Below a net input of -88, where exp() would leave float32, a probability is less than 1e-38 and taken for zero.
    """
    exponents = powers.view(np.int32)
    for s in range(field.shape[0]):
        row, out = field[s], p[s]
        for j in range(row.size):
            x = -(row[j] + bias[j])
            x = _F32(-87.0) if x < _F32(-87.0) else x
            x = _F32(88.0) if x > _F32(88.0) else x
            n = np.floor(x * _F32(1.44269504088896341) + _F32(0.5))
            r = x - n * _F32(0.693359375)
            r = r + n * _F32(2.12194440e-4)
            y = _F32(1.9875691500e-4) * r + _F32(1.3981999507e-3)
            y = y * r + _F32(8.3334519073e-3)
            y = y * r + _F32(4.1665795894e-2)
            y = y * r + _F32(1.6666665459e-1)
            y = y * r + _F32(5.0000001201e-1)
            whole = n if n == n else _F32(0.0)  # a NaN has no exponent; it goes on in the polynomial
            exponents[j] = (np.int32(whole) + np.int32(127)) << np.int32(23)
            out[j] = y * (r * r) + r + _F32(1.0)
        for j in range(row.size):
            y = _F32(1.0) / (_F32(1.0) + out[j] * powers[j])
            out[j] = _F32(0.0) if row[j] + bias[j] < _F32(-88.0) else y


@kernel()
def _states(states, p, uniforms):
    for i in range(states.size):
        states[i] = _F32(1.0) if uniforms[i] < p[i] else _F32(0.0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function in float32, without overflow, of any shape; right to 3e-7 of the value."""
    x = np.asarray(x, np.float32)
    flat = np.ascontiguousarray(x.reshape(1, -1))
    return probabilities(flat, np.zeros(flat.size, np.float32)).reshape(x.shape)


def probabilities(field: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """P(unit on) = sigmoid(field + bias), float32 (batch, n), for field (batch, n) and bias (n,)."""
    field = np.ascontiguousarray(field, np.float32)
    p = np.empty_like(field)
    _logistic(p, field, np.asarray(bias, np.float32), np.empty(field.shape[1], np.float32))
    return p


def sample_units(field: np.ndarray, bias: np.ndarray, units: Stream) -> tuple[np.ndarray, np.ndarray, Events]:
    """Sample Bernoulli units from their net input by a digital comparator.

    Parameters
    ----------
    field : numpy.ndarray
        Net input without bias, (batch, n).
    bias : numpy.ndarray
        (n,).
    units : Stream
        Where the random numbers come from.

    Returns
    -------
    tuple of numpy.ndarray, numpy.ndarray and Events
        Probabilities and states, float32 (batch, n), and the digital events: for each unit an add, a sigmoid, a compare
        and 16 random bits.
    """
    p = probabilities(field, bias)
    states = np.empty_like(p)
    _states(states.reshape(-1), p.reshape(-1), units.uniforms(p.shape).reshape(-1))
    n = p.size
    done = Events({"digital.add": n, "digital.sigmoid": n, "digital.compare": n, "random.bit": 16 * n})
    return p, states, done
