"""A fit of pulse traces on one sheet: traces with the fit's band, steps against conductance, and residuals.

Nothing here imports matplotlib before it draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..base.style import BLUE, GREY, ORANGE, SKY, VERMILION, plain_text, style
from ..base.units_shown import siemens_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..traces.result import TraceFit

_SHOWN = 40  # series drawn
_CELLS = 400  # of the fitted device, of which bands show the middle 90 %
_BINS = 12  # in which measured steps are averaged


def sheet(fit: TraceFit, axes: Axes | None = None) -> Axes:
    """Draw a fit in the place of `axes`, or on a figure of its own, and return the axes of the place."""
    from matplotlib.figure import Figure

    with style():
        if axes is None:
            axes = Figure(figsize=(11.5, 6.4)).add_axes((0.06, 0.08, 0.92, 0.82))
        axes.set_axis_off()
        made = " (synthetic traces)" if fit.traces.synthetic else ""
        axes.set_title(plain_text(f"{fit.traces.name}: {fit.law.name}{made}"), fontsize=11, pad=20)
        figure, place = axes.figure, axes.get_position()
        left, right, bottom, top = place.x0, place.x1, place.y0, place.y1
        across, up = right - left, top - bottom
        upper = figure.add_gridspec(1, 2, left=left, right=right, bottom=bottom + 0.58 * up, top=top, wspace=0.16)
        lower = {"bottom": bottom, "top": bottom + 0.42 * up}
        checks = figure.add_gridspec(1, 2, left=left, right=left + 0.64 * across, wspace=0.24, **lower)
        scores = figure.add_gridspec(1, 1, left=left + 0.78 * across, right=right, **lower)
        _traces(fit, figure.add_subplot(upper[0]))
        _steps(fit, figure.add_subplot(upper[1]))
        _residuals(fit, figure.add_subplot(checks[0]))
        _quantiles(fit, figure.add_subplot(checks[1]))
        _laws(fit, figure.add_subplot(scores[0]))
    return axes


def _traces(fit: TraceFit, ax: Axes) -> None:
    """All series from their first read on, and what cells of the fitted device do with the pulses of the longest one."""
    unit, scale = siemens_unit(fit.device.window.g_max)
    series = sorted(fit.traces.series, key=lambda s: -len(s.up))
    for k, s in enumerate(series[:_SHOWN]):
        label = f"{min(len(series), _SHOWN)} of {len(series)} series" if k == 0 else None
        ax.plot(np.arange(len(s.g)), scale * s.g, color=SKY, linewidth=0.7, alpha=0.6, label=label, zorder=1)
    longest = series[0]
    low, middle, high = (scale * g for g in band(fit, longest.up, [s.g[0] for s in series]))
    pulses = np.arange(len(longest.g))
    ax.fill_between(
        pulses, low, high, color=BLUE, alpha=0.2, linewidth=0, label="fit: 90 % of cells and cycles", zorder=2
    )
    ax.plot(pulses, middle, color=BLUE, linewidth=1.6, label="fit: median", zorder=3)
    ax.set(title="Traces and fit", xlabel="pulses", ylabel=f"conductance ({unit})")
    _room_above(ax)
    ax.legend(loc="upper right", ncols=3)


def _room_above(ax: Axes, share: float = 0.28) -> None:
    """For a legend that covers nothing."""
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom, top + share * (top - bottom))


def band(fit: TraceFit, up: np.ndarray, begins: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """5 %, 50 % and 95 % quantiles (siemens) of reads of cells of the fitted device, drawn with all its spreads and noises,
    that start where series start and get the pulses `up`."""
    law, window = fit.device.pulsed, fit.device.window
    rng = np.random.default_rng(0)
    cells = law.draw_cell_parameters(rng.standard_normal((_CELLS, law.draws)))
    per_state = (window.g_max - window.g_min) / (law.w_max - law.w_min)
    w = law.w_min + (rng.choice(begins, _CELLS) - window.g_min) / per_state
    w = law.bounded(w, cells)
    states = [w]
    for way in up:
        w = law.pulse(w, np.full(_CELLS, way), rng.standard_normal(_CELLS), cells)
        states.append(w)
    g = window.g_min + (np.array(states) - law.w_min) * per_state
    g = g + fit.device.read_noise.sigma(g, window.g_max) * rng.standard_normal(g.shape)
    low, middle, high = np.quantile(g, (0.05, 0.5, 0.95), axis=1)
    return low, middle, high


def _steps(fit: TraceFit, ax: Axes) -> None:
    """Measured changes in bins of conductance (mean and standard error) and the mean change of the nominal device."""
    law, window = fit.device.pulsed, fit.device.window
    unit, scale = siemens_unit(window.g_max)
    before = np.concatenate([s.g[:-1] for s in fit.traces.series])
    change = np.concatenate([np.diff(s.g) for s in fit.traces.series])
    up = np.concatenate([s.up for s in fit.traces.series])
    w = np.linspace(law.w_min, law.w_max, 201)
    per_state = (window.g_max - window.g_min) / (law.w_max - law.w_min)
    g = window.g_min + (w - law.w_min) * per_state
    edges = np.quantile(before, np.linspace(0, 1, _BINS + 1))
    for way, mean, colour, dash, mark in (
        (True, law.mean_up(w), BLUE, "-", "o"),
        (False, law.mean_down(w), VERMILION, "--", "s"),
    ):
        place = np.clip(np.searchsorted(edges, before, side="right") - 1, 0, _BINS - 1)
        bins = [change[(place == k) & (up == way)] for k in range(_BINS)]
        at = [before[(place == k) & (up == way)].mean() if len(b) > 1 else np.nan for k, b in enumerate(bins)]
        means = [b.mean() if len(b) > 1 else np.nan for b in bins]
        errors = [b.std(ddof=1) / np.sqrt(len(b)) if len(b) > 1 else np.nan for b in bins]
        word = "up" if way else "down"
        ax.errorbar(
            scale * np.array(at), scale * np.array(means), scale * np.array(errors),
            fmt=mark, color=colour, markersize=3, linewidth=0.8, label=f"{word}: measured",
        )  # fmt: skip
        ax.plot(scale * g, scale * per_state * mean, color=colour, linestyle=dash, linewidth=1.2, label=f"{word}: fit")
    ax.axhline(0, color=GREY, linewidth=0.6, linestyle=":")
    ax.set(title="Change by one pulse", xlabel=f"conductance before ({unit})", ylabel=f"change ({unit})")
    _room_above(ax)
    ax.legend(ncols=2, loc="upper right")


def _residuals(fit: TraceFit, ax: Axes) -> None:
    r, data, scale = fit.residuals, fit.segments, siemens_unit(fit.device.window.g_max)
    at = fit.coordinates
    middle, half = ((at.high + at.low) / 2)[data.device], ((at.high - at.low) / 2)[data.device]
    g = scale[1] * (middle[:, None] + half[:, None] * r.state[0])
    z = np.zeros(data.there.shape)
    z[data.there] = fit.standardised
    for way, colour, mark in ((True, BLUE, "o"), (False, VERMILION, "s")):
        mask = data.there & (data.up == way)
        label = "up" if way else "down"
        ax.plot(g[mask], z[mask], mark, color=colour, markersize=1.6, alpha=0.4, label=label, rasterized=True)
    for edge in (-2, 0, 2):
        ax.axhline(edge, color=GREY, linewidth=0.6, linestyle=":")
    ax.set(title="Residuals", xlabel=f"conductance before ({scale[0]})", ylabel="residual / its standard deviation")
    _room_above(ax, 0.18)
    ax.legend(loc="upper right", ncols=2)


def _quantiles(fit: TraceFit, ax: Axes) -> None:
    from scipy.stats import norm

    z = np.sort(fit.standardised)
    expected = norm.ppf((np.arange(len(z)) + 0.5) / len(z))
    ax.plot(expected, expected, color=GREY, linewidth=0.8, linestyle=":")
    ax.plot(expected, z, ".", color=BLUE, markersize=2, rasterized=True)
    ax.set(title="Residuals against a normal law", xlabel="normal quantile", ylabel="residual quantile")


def _laws(fit: TraceFit, ax: Axes) -> None:
    """How far each law is behind the best, per pulse that was left out; one standard error to either side."""
    choice, pulses = fit.choice, fit.segments.count
    places = np.arange(len(choice.candidates))
    for k in range(len(choice.candidates)):
        colour = ORANGE if k == choice.chosen else GREY
        ax.errorbar(choice.behind[k] / pulses, k, xerr=choice.error[k] / pulses, fmt="o", color=colour, markersize=4)
    short = [
        f"{c.law.law.removesuffix('-step')}, {'add.' if c.law.noise == 'additive' else 'mult.'}"
        for c in choice.candidates
    ]
    ax.set_yticks(places, short)
    ax.invert_yaxis()
    ax.set_xscale("symlog", linthresh=0.01)
    ax.set_xlim(left=-0.01)
    ax.set(title="Laws (chosen: orange)", xlabel="behind the best (nats a pulse)")
