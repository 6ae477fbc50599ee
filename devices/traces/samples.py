"""Synthetic pulse traces: made by a response law, to test a fit against what is known, and as an example of a trace file.

`python -m revpath.devices.traces.samples FILE` writes the sample file that is shipped, `samples/synthetic-reram.csv`.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from ..base.errors import RevpathError
from ..laws import Window
from ..response.pulsed import PulsedResponse
from ..response.soft_bounds import SoftBounds

SAMPLE_LAW = SoftBounds(
    step=0.08, w_min=-0.9, w_max=1.1, step_spread=0.12, asymmetry_spread=0.03, w_max_spread=0.05, w_min_spread=0.05,
    step_noise=0.3, write_noise=0.0,
)  # fmt: skip
SAMPLE_WINDOW = Window(g_min=8e-6, g_max=72e-6)
SAMPLE_READ_SIGMA = 0.3e-6
SAMPLE_SEED = 20260


def synthetic_traces(
    law: PulsedResponse,
    window: Window,
    *,
    devices: int,
    cycles: int,
    pulses: int,
    read_sigma: float = 0.0,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Columns of traces of cells that obey `law`: in each cycle `pulses` up pulses and then as many down.

    Each cell starts at its lower bound, goes on from cycle to cycle, and is read before the first pulse and after each.

    Parameters
    ----------
    law : PulsedResponse
        draws its cells and their noise.
    window : Window
        conductances at w_min and w_max.
    read_sigma : float
        standard deviation of a read, siemens.

    Returns
    -------
    `device`, `cycle`, `pulse` (0 is the read before the first), `direction` (+1 or -1; 0 at pulse 0) and `conductance (S)`.
    """
    if min(devices, cycles, pulses) < 1 or not read_sigma >= 0:
        raise RevpathError(
            f"devices, cycles, pulses = {devices}, {cycles}, {pulses} must be positive, read_sigma = {read_sigma} not negative"
        )
    rng = np.random.default_rng(seed)
    cells = law.draw_cell_parameters(rng.standard_normal((devices, law.draws)))
    w = law.bounded(np.full(devices, law.w_min), cells)
    siemens = (window.g_max - window.g_min) / (law.w_max - law.w_min)
    reads, ways = np.empty((cycles, 2 * pulses + 1, devices)), np.r_[0, np.ones(pulses, int), -np.ones(pulses, int)]
    for cycle in range(cycles):
        for k, way in enumerate(ways):
            if way:
                w = law.pulse(w, np.full(devices, way > 0), rng.standard_normal(devices), cells)
            seen = law.shown(w, rng.standard_normal(devices))
            reads[cycle, k] = window.g_min + (seen - law.w_min) * siemens + read_sigma * rng.standard_normal(devices)
    g = np.moveaxis(reads, 2, 0)  # device, cycle, pulse
    device, cycle, pulse = (place.ravel() for place in np.indices(g.shape))
    return {
        "device": device + 1,
        "cycle": cycle + 1,
        "pulse": pulse,
        "direction": ways[pulse],
        "conductance (S)": np.maximum(g.ravel(), 0.0),
    }


def sample_traces() -> Traversable:
    """Where the shipped sample file stands; a path, if the package is not inside an archive."""
    return files("revpath.devices.samples").joinpath("synthetic-reram.csv")


def sample_text() -> str:
    """The shipped sample file, made anew."""
    law, window = SAMPLE_LAW, SAMPLE_WINDOW
    columns = synthetic_traces(
        law, window, devices=8, cycles=3, pulses=40, read_sigma=SAMPLE_READ_SIGMA, seed=SAMPLE_SEED
    )
    lines = [
        "# SYNTHETIC: not a measurement. An example of a trace file, and a fit whose answer is known.",
        f"# Made by revpath.devices.trace_samples (seed {SAMPLE_SEED}) from this law:",
        f"# {_shown(law)}",
        f"# in a window of {window.g_min * 1e6:g} to {window.g_max * 1e6:g} uS, with read noise of {SAMPLE_READ_SIGMA * 1e6:g} uS",
        "device,cycle,pulse,direction,conductance (uS)",
    ]
    word = {1: "up", -1: "down", 0: "initial"}
    for device, cycle, pulse, way, g in zip(*columns.values(), strict=True):
        lines.append(f"{device},{cycle},{pulse},{word[int(way)]},{g * 1e6:.4f}")
    return "\n".join(lines) + "\n"


def _shown(law: PulsedResponse) -> str:
    """A law as text, whatever the order of its fields."""
    fields = law.model_dump()
    shown = ", ".join(f"{name}={fields[name]!r}" for name in ("law", *(key for key in fields if key != "law")))
    return f"{type(law).__name__}({shown})"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(sample_text(), encoding="utf-8")
