"""A device on one card: response, step, asymmetry, noises, drift and key numbers. What is not known has no panel, and is said.

Nothing here imports matplotlib before it draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from ..base.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, plain_text, style
from ..base.units_shown import counted, percent, prefixed, siemens_unit, times_shown
from ..laws.retention import band
from ..response.pulsed import PulsedResponse

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..device import Device

YEAR = 365 * 86400.0
_CELLS = 8  # shown beside the nominal one
_POPULATION = 2000  # of which bands show the middle 68 %
_TOO_STEEP = 12  # largest step, in typical steps, beyond which their axis is logarithmic
_ONE_BY_ONE = 300  # pulses beyond which curves follow the mean-field limit: the difference is then below a pixel


def card(device: Device, axes: Axes | None = None) -> Axes:
    """Draw the card of a device in the place of `axes`, or on a figure of its own, and return the axes of the place."""
    from matplotlib.figure import Figure

    with style():
        if axes is None:
            axes = Figure(figsize=(13.0, 6.2)).add_axes((0.05, 0.09, 0.925, 0.8))
        axes.set_axis_off()
        axes.set_title(plain_text(f"{device.name}: {device.title}", 115), fontsize=11, pad=22)
        figure, place = axes.figure, axes.get_position()
        panels = known_panels(device)
        rows, columns = min(2, max(1, len(panels))), -(-len(panels) // 2)
        grid = figure.add_gridspec(
            rows, columns + 1, left=place.x0, right=place.x1, bottom=place.y0, top=place.y1, wspace=0.34, hspace=0.42,
            width_ratios=(1,) * columns + (0.95,),
        )  # fmt: skip
        for k, draw in enumerate(panels):
            draw(device, figure.add_subplot(grid[k // columns, k % columns]))
        _numbers(device, figure.add_subplot(grid[:, columns]))
    return axes


def known_panels(device: Device) -> list[Callable[[Device, Axes], None]]:
    """The panels that have something to show, in their order; what is not known stands in the text box."""
    of_pulses = [_response, _step, _asymmetry] if isinstance(device.response, PulsedResponse) else [_response]
    panels: dict[str, list[Callable[[Device, Axes], None]]] = {
        "response": of_pulses,
        "programming": [_programming],
        "read_noise": [_read_noise],
        "drift": [_drift],
    }
    return [panel for section, group in panels.items() if section not in device.unknowns for panel in group]


# -- panels -------------------------------------------------------------------------------------------------------------


def _response(device: Device, ax: Axes) -> None:
    law, (unit, scale) = device.response, siemens_unit(device.window.g_max)
    ax.set(title="Response to pulses", xlabel="pulses: up, then down", ylabel=f"conductance ({unit})")
    if not isinstance(law, PulsedResponse):
        return _without_pulses(ax)
    pulses, curve, cells = response_curves(law, cells=_CELLS)
    for k, other in enumerate(cells if spreads(law) else []):
        label = f"{_CELLS} cells, without noise" if k == 0 else None
        ax.plot(
            pulses, scale * np.maximum(_siemens(device, other), 0), color=SKY, linewidth=0.6, alpha=0.8, label=label
        )
    ax.plot(pulses, scale * _siemens(device, curve), color=BLUE, linewidth=1.8, label="nominal cell")
    for edge in (device.window.g_min, device.window.g_max):
        ax.axhline(scale * edge, color=GREY, linewidth=0.6, linestyle=":")
    low, high = ax.get_ylim()
    ax.set_ylim(min(0, low), high + 0.22 * (high - low))
    ax.legend(loc="upper right")


def _step(device: Device, ax: Axes) -> None:
    (unit, scale), law = siemens_unit(device.window.g_max), device.response
    ax.set(title="Change by one pulse", xlabel=f"conductance ({unit})", ylabel="change (% of window)")
    if not isinstance(law, PulsedResponse):
        return _without_pulses(ax)
    w = np.linspace(law.w_min, law.w_max, 201)
    cells = law.draw_cell_parameters(np.random.default_rng(0).standard_normal((_POPULATION, 1, law.draws)))
    percent_of = 100 / (law.w_max - law.w_min)
    for way, mean, colour, dash in (
        (law.up, law.mean_up(w), BLUE, "-"),
        (law.down, -law.mean_down(w), VERMILION, "--"),
    ):
        low, high = np.quantile(way(w, cells), (0.16, 0.84), axis=0)
        ax.fill_between(
            scale * _siemens(device, w), percent_of * low, percent_of * high, color=colour, alpha=0.18, linewidth=0
        )
        label = "up" if way == law.up else "down"
        ax.plot(scale * _siemens(device, w), percent_of * mean, color=colour, linestyle=dash, label=label)
    steps = percent_of * np.concatenate([law.mean_up(w), -law.mean_down(w)])
    if steps.max() > _TOO_STEEP * percent_of * law.granularity:
        ax.set_yscale("log")
        ax.set_ylim(0.3 * max(steps.min(), 1e-3 * steps.max()), 20 * steps.max())
    else:
        ax.set_ylim(0, 1.3 * ax.get_ylim()[1])
    about = "band: 68 % of devices" if spreads(law) else "spread of devices not known"
    ax.legend(title=f"line: nominal; {about}", title_fontsize=7, loc="upper center", ncols=2)


def _asymmetry(device: Device, ax: Axes) -> None:
    (unit, scale), law = siemens_unit(device.window.g_max), device.response
    ax.set(
        title="Asymmetry of pulses",
        xlabel=f"conductance ({unit})",
        ylabel="(up - down) / (up + down)",
        ylim=(-1.05, 1.05),
    )
    if not isinstance(law, PulsedResponse):
        return _without_pulses(ax)
    w = np.linspace(law.w_min, law.w_max, 401)
    up, down = law.mean_up(w), -law.mean_down(w)
    total = up + down
    ratio = np.divide(up - down, total, out=np.full_like(total, np.nan), where=total > 0)
    ax.axhline(0, color=GREY, linewidth=0.6, linestyle=":")
    ax.plot(scale * _siemens(device, w), ratio, color=PURPLE)
    point = law.symmetry_point()
    if point is not None:
        g = scale * float(_siemens(device, np.asarray(point)))
        ax.plot([g], [0], "o", color=PURPLE)
        ax.annotate(f"symmetry point\n{g:.3g} {unit}", (g, 0), (6, 10), textcoords="offset points", fontsize=7)
    return None


def _programming(device: Device, ax: Axes) -> None:
    g, unit, scale = _targets(device)
    ax.set(title="Programming noise", xlabel=f"target conductance ({unit})", ylabel=f"standard deviation ({unit})")
    if device.programming.law == "none":
        return _say(ax, "none, by definition")
    ax.plot(scale * g, scale * device.programming.sigma(g, device.window.g_max), color=GREEN)
    ax.set_ylim(bottom=0)
    return None


def _read_noise(device: Device, ax: Axes) -> None:
    g, unit, scale = _targets(device)
    ax.set(title="Read noise", xlabel=f"conductance ({unit})", ylabel=f"standard deviation ({unit})")
    law = device.read_noise
    if law.law == "none":
        return _say(ax, "none, by definition")
    spread = [law.sigma(g, device.window.g_max, t) for t in (0.0, YEAR)]
    constant = bool(np.allclose(spread[0], spread[1], rtol=1e-9))
    for t, colour, dash in ((1.0, GREEN, "-"), (86400.0, ORANGE, "--"), (YEAR, VERMILION, ":")):
        label = "at all times" if constant else f"after {times_shown(t)}"
        ax.plot(scale * g, scale * law.sigma(g, device.window.g_max, t), color=colour, linestyle=dash, label=label)
        if constant:
            break
    ax.set_ylim(bottom=0)
    ax.legend(loc="best")
    return None


def _drift(device: Device, ax: Axes) -> None:
    ax.set(title="Drift after programming", xlabel="time", ylabel="conductance / programmed")
    if device.drift.law == "none":
        return _say(ax, "none, by definition")
    first, last = device.drift.domain
    t = np.geomspace(max(first, 1.0), min(last, YEAR), 121)
    for share, colour, dash in ((0.2, BLUE, ":"), (0.5, GREEN, "--"), (1.0, VERMILION, "-")):
        g = np.asarray([max(share * device.window.g_max, device.window.g_min)])
        low, middle, high = np.array([band(device.drift, g, device.window.g_max, float(s)) for s in t]).T[0] / g
        ax.fill_between(t, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(t, middle, color=colour, linestyle=dash, label=f"{share:.0%} of g_max")
    ax.set_xscale("log")
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom - 0.55 * (top - bottom), top + 0.1 * (top - bottom))
    marks = [s for s in (1.0, 60.0, 3600.0, 86400.0, YEAR) if t[0] <= s * 1.01 and s <= t[-1] * 1.01]
    ax.set_xticks(marks, [times_shown(s) for s in marks])
    ax.minorticks_off()
    if last < YEAR:
        ax.text(
            0.98, 0.98, f"measured for {times_shown(last)}", transform=ax.transAxes, ha="right", va="top", fontsize=7
        )
    ax.legend(title="median; band: 68 % of cells", title_fontsize=7, loc="lower left")
    return None


def _numbers(device: Device, ax: Axes) -> None:
    ax.set_axis_off()
    lines = [f"{name}:  {value}" for name, value in key_numbers(device)]
    text = "\n".join(fill(line, 42, subsequent_indent="    ") for line in lines)
    ax.text(
        -0.04, 1.0, text, transform=ax.transAxes, va="top", fontsize=8, linespacing=1.45,
        bbox={"boxstyle": "round,pad=0.6", "facecolor": "#F4F4F4", "edgecolor": "#BBBBBB"},
    )  # fmt: skip


# -- what is shown ------------------------------------------------------------------------------------------------------


def key_numbers(device: Device) -> list[tuple[str, str]]:
    """Names and values of the text box: "not known" where nothing is."""
    window, law, pulse = device.window, device.response, device.pulse
    ratio = f" ({window.g_max / window.g_min:.3g} to 1)" if window.g_min > 0 else ""
    rows = [("window", f"{prefixed(window.g_min, 'S')} to {prefixed(window.g_max, 'S')}{ratio}")]
    if isinstance(law, PulsedResponse):
        noise = getattr(law, "step_noise", None)
        rows += [
            ("response", law.law.replace("-", " ")),
            ("states", f"{counted(law.states)} (range / typical step)"),
            ("noise of a pulse", _known(noise, lambda c: f"{percent(c)} of {_base(law)}")),
            ("noise of what is shown", _known(getattr(law, "write_noise", None), lambda c: f"{c:g} steps")),
        ]
    else:
        rows.append(("response", "exact change" if law.exact else "not known: cannot be trained in place"))
    ends = _known(pulse.energy_up, lambda e: prefixed(e, "J")), _known(pulse.energy_down, lambda e: prefixed(e, "J"))
    stuck = device.yields
    rows += [
        ("pulse voltage", _known(pulse.voltage, lambda v: prefixed(v, "V"))),
        ("pulse duration", _known(pulse.duration, lambda t: prefixed(t, "s"))),
        ("pulse energy", ends[0] if ends[0] == ends[1] else f"{ends[0]} up, {ends[1]} down"),
        (
            "stuck on / off / between",
            " / ".join(_known(v, percent) for v in (stuck.stuck_on, stuck.stuck_off, stuck.stuck_between)),
        ),
        ("endurance", _known(device.endurance.cycles, lambda n: f"{n:.2g} cycles")),
        ("retention", _known(device.retention.duration, times_shown)),
    ]
    records = list(device.records.values())
    for title, values in (
        ("evidence", [str(r.evidence) for r in records]),
        ("read in", [str(r.read_in) for r in records]),
    ):
        counts = {v: values.count(v) for v in dict.fromkeys(values)}
        rows.append((title, ", ".join(f"{v} {n}" for v, n in counts.items()) or "no records"))
    rows.append(("not known", ", ".join(device.unknowns) or "nothing"))
    return rows


def html(device: Device) -> str:
    """The key numbers of a device as a table for a notebook; texts of the device are escaped."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in key_numbers(device))
    return f"<b>{escape(device.name)}</b>: {escape(device.title)}<table>{rows}</table>"


def spreads(law: PulsedResponse) -> bool:
    """Whether anything is known of how cells differ."""
    return any(value is not None for name, value in law.model_dump().items() if name.endswith("_spread"))


def response_curves(law: PulsedResponse, cells: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pulses, states of the nominal cell, and of other cells (cells, pulses), from w_min up and back, without noise."""
    ups = pulses_of_a_sweep(law)
    drawn = law.draw_cell_parameters(np.random.default_rng(1).standard_normal((cells, law.draws)))
    if ups <= _ONE_BY_ONE:
        pulses, size = np.arange(2 * ups + 1), 1
    else:
        pulses, size = np.linspace(0, 2 * ups, 201), ups / 100
    out = []
    for population in (law.nominal, drawn):
        w = law.bounded(np.full(np.shape(population.b_min), law.w_min), population)
        states = [w]
        for n in pulses[:-1]:
            up = np.asarray(n < ups)
            if size == 1:
                w = law.pulse(w, up, np.asarray(0.0), population)
            else:
                w = law.flow(w, np.where(up, 1, -1) * size * law.step, population, stages=8)
            states.append(w)
        out.append(np.stack(states))
    return pulses, out[0], out[1].T


def pulses_of_a_sweep(law: PulsedResponse) -> int:
    """Up pulses that take the nominal cell over 98 % of its range; five times the number of states at most."""
    most = max(1, math.ceil(5 * law.states))
    w = law.bounded(np.asarray(law.w_min), law.nominal)
    goal = law.w_max - 0.02 * (law.w_max - law.w_min)
    chunk = max(1, most // 500)
    for n in range(chunk, most + 1, chunk):
        w = law.flow(w, np.asarray(chunk * law.step), stages=4)
        if w >= goal:
            return n
    return most


# -- inside -------------------------------------------------------------------------------------------------------------


def _siemens(device: Device, w: np.ndarray) -> np.ndarray:
    law, window = device.response, device.window
    assert isinstance(law, PulsedResponse)
    return window.g_min + (w - law.w_min) * (window.g_max - window.g_min) / (law.w_max - law.w_min)


def _targets(device: Device) -> tuple[np.ndarray, str, float]:
    unit, scale = siemens_unit(device.window.g_max)
    return np.linspace(device.window.g_min, device.window.g_max, 201), unit, scale


def _without_pulses(ax: Axes) -> None:
    _say(ax, "any change,\nexactly")


def _say(ax: Axes, words: str) -> None:
    """Words in place of a curve, so that an empty panel is not taken for a flat one."""
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", color=GREY, fontsize=11, style="italic")
    ax.set_xticks([])
    ax.set_yticks([])


def _known(value: float | None, show: Callable[[float], str]) -> str:
    return "not known" if value is None else show(value)


def _base(law: PulsedResponse) -> str:
    return "the change" if law.noise_kind == "multiplicative" else "a step"
