"""A fit of pulse traces in words: what was read, which laws were tried, what the numbers are and what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..base.units_shown import prefixed
from .search import FALSE_ALARM

if TYPE_CHECKING:
    from .fit import TraceFit

WILD = 5.0  # standard deviations at which a pulse is called an outlier


def report(fit: TraceFit) -> str:
    traces, choice, data = fit.traces, fit.choice, fit.segments
    count, pulses = len(traces.devices), data.count
    up = int((data.up & data.there).sum())
    lines = [
        f"{traces.name}: {count} device{'s' * (count > 1)}, {len(traces.series)} series, {up} up and {pulses - up} down pulses",
        f"sha256 {traces.sha256}" + (" (SYNTHETIC, as the file says)" if traces.synthetic else ""),
        *(f"note: {note}" for note in traces.notes),
        "",
        f"Laws, by log-likelihood (nats) of what was left out ({choice.left_out}):",
        f"{'':2}{'law':42}{'shape':>6}{'score':>12}{'behind':>10}{'error':>9}",
    ]
    for k, c in enumerate(choice.candidates):
        mark = "->" if k == choice.chosen else ""
        lines.append(
            f"{mark:2}{c.law.name:42}{len(c.law.parameters):6d}{c.score:12.1f}{choice.behind[k]:10.1f}{choice.error[k]:9.1f}"
        )
    lines += [
        "",
        _why(fit),
        "",
        f"Numbers and errors, such that +- 1.645 errors is a 90 % interval ({fit.estimate.how}):",
    ]
    for name, value in fit.estimate.value.items():
        error = fit.estimate.error[name]
        if name in ("g_min", "g_max", "read_sigma"):
            lines.append(f"  {name:18}{prefixed(value, 'S'):>14} +- {prefixed(error, 'S')}")
        else:
            lines.append(f"  {name:18}{value:>14.4g} +- {error:.2g}")
    return "\n".join([*lines, "", *_remarks(fit)])


def _why(fit: TraceFit) -> str:
    choice = fit.choice
    name = fit.law.name
    if len(choice.candidates) == 1:
        return f"{name}: the only candidate."
    if len(choice.ties) == 1:
        return f"{name}: the best score, and no other law is within one standard error."
    names = [choice.candidates[k].law.name for k in choice.ties]
    return (
        f"{name}: the simplest law within one standard error of the best ({choice.candidates[choice.best].law.name}). "
        f"These traces do not tell apart: {'; '.join(names)}."
    )


def _remarks(fit: TraceFit) -> list[str]:
    numbers, look, z = fit.estimate.value, fit.choice.moments, fit.standardised
    lines = []
    test = (
        f"likelihood ratio {fit.read.ratio:.1f}; {FALSE_ALARM:.0%} of traces without any have more than {fit.read.limit:.1f}; "
        f"correlation of increments {look.correlation:.2f}, pure read noise has -0.5"
    )
    if fit.read.told:
        lines.append(f"Read noise: {prefixed(numbers['read_sigma'], 'S')}, told from noise that stays ({test}).")
    else:
        lines.append(
            f"Read noise: not told from noise from cycle to cycle ({test}); all noise is taken as the latter, whose error allows for "
            "the doubt, and the read noise of the device is not known."
        )
    devices = len(fit.traces.devices)
    if devices == 1:
        lines.append(
            "Device to device: one device only, so its spread is not known; the device has none (soft bounds: 0)."
        )
    else:
        lines.append(
            "Device to device: spreads are less what sampling alone would give, and 0 where that is all of it. The shape is taken "
            "as common to all devices; spreads of slopes and exponents are not known."
        )
        single = bool(np.isnan(fit.coordinates.high_error).any())
        if single:
            lines.append(
                "Bounds: devices with one series give no sampling error of their extremes; none is taken off the spread."
            )
    wild = int((np.abs(z) > WILD).sum())
    lines.append(
        f"Residuals: standard deviation {z.std():.2f} (1 if the noise is right), {wild} of {len(z)} beyond {WILD:g} standard "
        "deviations."
    )
    if not fit.law.own_bounds and not fit.optimum.closed.all():
        open_ends = [
            f"{int((~met).sum())} of {devices} at the {end}"
            for met, end in zip(fit.optimum.closed, ("lowest", "highest"), strict=True)
        ]
        lines.append(
            f"Bounds: devices turned before they met one ({', '.join(open_ends)} conductance); the window ends where the traces "
            "end, and may be wider."
        )
    if fit.law.law == "soft-bounds":
        lines.append(
            "Cycle noise: on simulated soft bounds its 90 % interval held the truth in 75 to 80 % of fits "
            "(benchmarks/results/trace_coverage.json): where a bound lies is not known well enough, and read noise can "
            "be taken for it."
        )
    limits = [
        p.name
        for p, x in zip(fit.law.parameters, fit.optimum.q, strict=True)
        if min(x - p.low, p.high - x) < 1e-3 * (p.high - p.low)
    ]
    if limits:
        lines.append(f"At the limit of their search: {', '.join(limits)}; their standard errors are not to be trusted.")
    lines.append(
        "Not known from traces: drift, programming noise, yield, endurance, voltage, duration and energy of a pulse."
    )
    return lines
