"""From the ideal output of a read to what the converter says: noise, quantisation, saturation."""

from __future__ import annotations

import numpy as np
from numba import prange

from .compile import kernel
from .converters import ADC
from .noise import Stream


@kernel(relaxed=True, parallel=True)
def _digitise(y, sigma, normals, step, inverse, limit, clipped):
    """y <- step rint((y + sigma normal) / step), held within +-limit; counts what was held, row by row."""
    rows, columns = y.shape
    shared = sigma.shape[1] == 1
    noisy = normals.shape[0] > 0
    for r in prange(rows):
        held = 0
        for c in range(columns):
            v = y[r, c]
            if noisy:
                v += sigma[r, 0 if shared else c] * normals[r, c]
            if inverse > np.float32(0.0):
                v = step * np.rint(v * inverse)
                if v > limit:
                    v = limit
                    held += 1
                elif v < -limit:
                    v = -limit
                    held += 1
            y[r, c] = v
        clipped[r] = held


def digitise(y: np.ndarray, sigma: np.ndarray | None, adc: ADC, stream: Stream | None) -> tuple[np.ndarray, int]:
    """Noisy, digitised outputs (in place) and the number of saturated conversions.

    Parameters
    ----------
    y: ideal outputs (batch, sensed), float32. sigma: rms noise (batch, 1) or (batch, sensed), or None.
    """
    if sigma is None and adc.bits is None:
        return y, 0
    y = np.ascontiguousarray(y)
    normals = np.empty((0, 0), np.float32) if sigma is None or stream is None else stream.normals(y.shape)
    spread = np.zeros((len(y), 1), np.float32) if sigma is None else np.ascontiguousarray(sigma, np.float32)
    step = np.float32(adc.step)
    inverse = np.float32(0.0 if adc.bits is None else 1.0 / adc.step)
    clipped = np.empty(len(y), np.int64)
    _digitise(y, spread, normals, step, inverse, np.float32(adc.y_max), clipped)
    return y, int(clipped.sum())
