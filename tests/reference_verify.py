"""Slow, obvious twin of write-verify: one cell, one pulse, one read at a time, with the same addressed random numbers."""

from __future__ import annotations

import math

import numpy as np
from reference import F32, normals_at, pulse
from revpath.devices.response import SoftBounds


def coordinate(device) -> tuple[float, float, float]:
    """Lowest and highest state of the window, and siemens per state."""
    low, high = getattr(device.response, "w_min", 0.0), getattr(device.response, "w_max", 1.0)
    return low, high, (device.window.g_max - device.window.g_min) / (high - low)


def verify_cell(cell, state, shown, traits, target, device, scheme, step, key, normals=normals_at) -> dict:
    """Programs one cell to `target` siemens; numbers of the cell are float32, as an array stores them.

    The noise of a verify read is that at the conductance that is read (arrays interpolate in a table). `normals` gives
    the four normals of an address.
    """
    low, high, slope = coordinate(device)
    floor = low - device.window.g_min / slope
    aim = F32(low + (target - device.window.g_min) / slope)
    tolerance = F32(scheme.tolerance * (high - low))
    pulsed = isinstance(device.response, SoftBounds)
    sigma = F32(device.programming.sigma(np.array(target), device.window.g_max) / slope)
    done = {"up": 0, "down": 0, "writes": 0, "reads": 0, "seen": 0.0}
    k, burst, up = 0, (0 if pulsed else 1), True
    while True:
        for _ in range(burst):
            k += 1
            z = normals(cell, k, step, key)
            if pulsed:
                state = pulse(state, traits, up, F32(device.response.step_noise), z[0])
                write = F32(device.response.write_noise * device.response.step)
                shown = max(state + write * z[2], F32(floor))
                done["up" if up else "down"] += 1
            else:
                state = shown = max(aim + sigma * z[0], F32(floor))
                done["writes"] += 1
        seen = shown
        if scheme.read_noise:
            siemens = max(device.window.g_min + (float(shown) - low) * slope, 0.0)
            spread = device.read_noise.sigma(np.array(siemens), device.window.g_max, 0.0)
            seen = shown + F32(spread / slope / math.sqrt(scheme.reads_per_verify)) * normals(cell, k, step, key)[1]
        error = seen - aim
        done["reads"] += 1
        done["seen"] += float(shown)
        inside = bool(abs(error) <= tolerance)
        if inside or k >= scheme.max_pulses:
            return {**done, "state": state, "shown": shown, "inside": inside}
        up = bool(error <= 0)
        burst = 1
        if pulsed and scheme.policy == "adaptive":
            steps = int(min(abs(error) * F32(1 / device.response.step), F32(scheme.max_burst)))
            burst = max(steps, 1)
        burst = min(burst, scheme.max_pulses - k)
