"""Slow, obvious twin of write-verify: one cell, one pulse, one read at a time, with the same addressed random numbers."""

from __future__ import annotations

import math

import numpy as np
from twins.arrays import F32, normals_at, pulse

from revpath.devices.response.pulsed import CellParameters, PulsedResponse


def coordinate(device) -> tuple[float, float, float]:
    """Lowest and highest state of the window, and siemens per state."""
    low, high = getattr(device.response, "w_min", 0.0), getattr(device.response, "w_max", 1.0)
    return low, high, (device.window.g_max - device.window.g_min) / (high - low)


def verify_cell(cell, state, shown, traits, target, device, scheme, step, key, normals=normals_at) -> dict:
    """Programs one cell to `target` siemens.

    traits: of a soft-bounds cell, its four numbers in float32, and then the twin is right to the last bit; or the
    `CellParameters` of a cell of any law, and then the law of the device moves it, in double precision. `margin` says how
    near a read came to being decided otherwise: where it exceeds the rounding of float32, all counts must agree.

    The noise of a verify read is that at the conductance that is read (arrays interpolate in a table). `normals` gives
    the four normals of an address.
    """
    low, high, slope = coordinate(device)
    floor = low - device.window.g_min / slope
    response, pulsed = device.response, isinstance(device.response, PulsedResponse)
    number = float if isinstance(traits, CellParameters) else F32
    state, shown = number(state), number(shown)
    aim = number(low + (target - device.window.g_min) / slope)
    tolerance = number(scheme.tolerance * (high - low))
    sigma = F32(device.programming.sigma(np.array(target), device.window.g_max) / slope)
    c = number(getattr(response, "step_noise", None) or 0)
    write = number((getattr(response, "write_noise", None) or 0) * getattr(response, "step", 0))
    done = {"up": 0, "down": 0, "writes": 0, "reads": 0, "seen": 0.0}
    k, burst, up, margin = 0, (0 if pulsed else 1), True, math.inf
    while True:
        for _ in range(burst):
            k += 1
            z = normals(cell, k, step, key)
            if pulsed:
                if isinstance(traits, CellParameters):
                    state = float(response.pulse(state, np.asarray(up), np.asarray(float(z[0])), traits))
                else:
                    state = pulse(state, traits, up, c, z[0])
                shown = max(state + write * number(z[2]), number(floor))
                done["up" if up else "down"] += 1
            else:
                state = shown = max(aim + sigma * z[0], F32(floor))
                done["writes"] += 1
        seen = shown
        if scheme.read_noise:
            siemens = max(device.window.g_min + (float(shown) - low) * slope, 0.0)
            spread = device.read_noise.sigma(np.array(siemens), device.window.g_max, 0.0)
            noise = number(spread / slope / math.sqrt(scheme.reads_per_verify))
            seen = shown + noise * number(normals(cell, k, step, key)[1])
        error = seen - aim
        done["reads"] += 1
        done["seen"] += float(shown)
        inside = bool(abs(error) <= tolerance)
        margin = min(margin, abs(abs(float(error)) - float(tolerance)))
        if inside or k >= scheme.max_pulses:
            return {**done, "state": state, "shown": shown, "inside": inside, "margin": margin}
        up = bool(error <= 0)
        burst = 1
        if pulsed and scheme.policy == "adaptive":
            wanted = abs(error) * number(1 / response.granularity)
            if scheme.max_burst > 1:  # where it changes: at whole numbers from 2 to the longest
                nearest = min(max(round(float(wanted)), 2), scheme.max_burst)
                margin = min(margin, abs(float(wanted) - nearest) * response.granularity)
            burst = max(int(min(wanted, number(scheme.max_burst))), 1)
        burst = min(burst, scheme.max_pulses - k)
