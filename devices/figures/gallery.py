"""All devices on one page: what pulses do to each, and its key numbers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from ..base.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, style
from ..base.units_shown import counted, prefixed
from ..catalogue import device_names, load_device
from ..device import Device
from ..response.pulsed import PulsedResponse
from .card import response_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 5
# colours are shared by technologies that the names already tell apart
_COLOURS = {"pcm": VERMILION, "reram": BLUE, "ecram": GREEN, "capacitor": ORANGE, "fefet": PURPLE, "sonos": SKY}


def gallery(devices: Iterable[Device | str | Path] | None = None) -> Figure:
    """One panel a device: its response from one end of the window to the other and back, and its key numbers.

    A device whose response is not known shows its programming noise instead, and says so.

    Parameters
    ----------
    devices : iterable of Device or str or Path, optional
        devices, names of the library or paths of device files; the whole library if None.

    Raises
    ------
    UnknownName, RecordError
        of `load_device`.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    shown = [load_device(d) for d in (device_names() if devices is None else devices)]
    rows = max(1, -(-len(shown) // _COLUMNS))
    engine = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.1, hspace=0.04, wspace=0.04)
    with style():
        figure = Figure(figsize=(16.0, 2.95 * rows + 0.7), layout=engine)
        figure.suptitle(
            "Solid line: conductance of the nominal cell as pulses move it up its window and down again, without noise; "
            "thin lines: six cells of the same device.\n"
            "Dashed line: programming noise (standard deviation, in % of the window) over the target, for devices whose "
            "pulse response is not known.",
            fontsize=9,
        )
        places = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
        for device, ax in zip(shown, places, strict=False):
            _panel(device, ax)
        for ax in places[len(shown) :]:
            ax.set_axis_off()
    return figure


def _panel(device: Device, ax: Axes) -> None:
    colour = _COLOURS.get(device.name.partition("-")[0], GREY)
    summary = _summary(device)
    ax.set_title(device.name, fontsize=9, fontweight="bold", pad=7 + 10.5 * len(summary))
    ax.annotate(
        "\n".join(summary), (0, 1), (0, 4), "axes fraction", "offset points", va="bottom", fontsize=8, linespacing=1.2
    )
    law = device.response
    if isinstance(law, PulsedResponse):
        pulses, curve, cells = response_curves(law, cells=6)
        span = law.w_max - law.w_min
        for other in cells:
            ax.plot(pulses, (other - law.w_min) / span, color=colour, linewidth=0.5, alpha=0.5)
        ax.plot(pulses, (curve - law.w_min) / span, color=colour, linewidth=1.8)
        ax.set(xlabel="pulses: up, then down", ylabel="place in the window", ylim=(-0.25, 1.45))
    elif law.exact:
        ax.plot([0, 1, 2], [0, 1, 0], color=colour, linewidth=1.8)
        ax.set(xlabel="change asked for", ylabel="place in the window", ylim=(-0.25, 1.45), xticks=[])
    else:
        window = device.window
        g = np.linspace(window.g_min, window.g_max, 101)
        size = 100 * device.programming.sigma(g, window.g_max) / (window.g_max - window.g_min)
        ax.plot((g - window.g_min) / (window.g_max - window.g_min), size, color=colour, linestyle="--", linewidth=1.8)
        ax.set(xlabel="target (place in the window)", ylabel="programming noise (%)", xlim=(0, 1))
        ax.set_ylim(0, 1.25 * float(size.max()))
        ax.text(0.5, 0.06, "pulse response not known", transform=ax.transAxes, ha="center", fontsize=7, color=GREY)


def _summary(device: Device) -> list[str]:
    """Lines of key numbers."""
    window, law, pulse = device.window, device.response, device.pulse
    parts = [f"{prefixed(window.g_min, 'S')} to {prefixed(window.g_max, 'S')}"]
    if isinstance(law, PulsedResponse):
        parts.append(f"{counted(law.states)}\N{NO-BREAK SPACE}states")
    parts.append("pulse " + ("of unknown length" if pulse.duration is None else prefixed(pulse.duration, "s")))
    parts.append("energy not known" if pulse.energy_up is None else prefixed(pulse.energy_up, "J"))
    assumed = sum(r.evidence == "assumed" for r in device.records.values())
    if assumed:
        parts.append(f"{assumed} number{'s' if assumed > 1 else ''} assumed")
    if "response.step_spread" in device.unknowns:
        parts.append("spread of devices not known")
    return wrap(", ".join(parts), 46)
