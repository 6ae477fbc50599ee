"""A fit of pulse traces in words: what was read, which laws were tried, what the numbers are and what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..base.units_shown import prefixed
from .search import FALSE_ALARM

if TYPE_CHECKING:
    from .result import TraceFit

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
        f"Laws, by log-likelihood (nats) of what was left out ({choice.left_out}), and by Schwarz's criterion:",
        f"{'':2}{'law':42}{'shape':>6}{'score':>12}{'behind':>10}{'error':>9}{'Schwarz behind':>16}",
    ]
    for k, c in enumerate(choice.candidates):
        mark = "->" if k == choice.chosen else ""
        lines.append(
            f"{mark:2}{c.law.name:42}{len(c.law.parameters):6d}{c.score:12.1f}{choice.behind[k]:10.1f}{choice.error[k]:9.1f}"
            f"{choice.schwarz_behind[k]:16.1f}"
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
    worth = choice.schwarz_behind[choice.chosen]
    if worth <= 0:
        reason = f"{name}: the best by Schwarz's criterion of the laws that hold for what was left out."
    else:
        reason = f"{name}: the simplest within 1 nat of the best by Schwarz's criterion, of the laws that hold for what was left out."
        if worth > 1:
            reason = f"{name}: the best by Schwarz's criterion of the laws that hold for what was left out; better ones do not hold."
    others = [choice.candidates[k].law.name for k in choice.ties if k != choice.chosen]
    if not others:
        return f"{reason} No other law is within one standard error in what was left out."
    return f"{reason} These traces do not tell apart: {'; '.join([name, *others])}."


def _remarks(fit: TraceFit) -> list[str]:
    """What a reader has to know beside the numbers; rules that have nothing to say give an empty text."""
    rules = (_read_noise, _devices, _residuals, _bounds, _cycle_noise, _at_limits)
    said = [text for rule in rules if (text := rule(fit))]
    return [
        *said,
        "Not known from traces: drift, programming noise, yield, endurance, voltage, duration and energy of a pulse.",
    ]


def _read_noise(fit: TraceFit) -> str:
    test = (
        f"likelihood ratio {fit.read.ratio:.1f}; {FALSE_ALARM:.0%} of traces without any have more than {fit.read.limit:.1f}; "
        f"correlation of increments {fit.choice.moments.correlation:.2f}, pure read noise has -0.5"
    )
    if fit.read.told:
        return f"Read noise: {prefixed(fit.estimate.value['read_sigma'], 'S')}, told from noise that stays ({test})."
    return (
        f"Read noise: not told from noise from cycle to cycle ({test}); the read noise of the device is not known, and the error of "
        "the cycle noise allows for none and for what was fitted."
    )


def _devices(fit: TraceFit) -> str:
    if len(fit.traces.devices) == 1:
        return "Device to device: one device only, so its spread is not known; the device has none (soft bounds: 0)."
    said = (
        "Device to device: spreads are less what sampling alone would give, and 0 where that is all of it. The shape is taken "
        "as common to all devices; spreads of slopes and exponents are not known."
    )
    if np.isnan(fit.coordinates.high_error).any():
        said += (
            "\nBounds: devices with one series give no sampling error of their extremes; none is taken off the spread."
        )
    return said


def _residuals(fit: TraceFit) -> str:
    z = fit.standardised
    wild = int((np.abs(z) > WILD).sum())
    return (
        f"Residuals: standard deviation {z.std():.2f} (1 if the noise is right), {wild} of {len(z)} beyond {WILD:g} standard "
        "deviations."
    )


def _bounds(fit: TraceFit) -> str:
    if fit.law.own_bounds or fit.optimum.closed.all():
        return ""
    open_ends = [
        f"{int((~met).sum())} of {len(fit.traces.devices)} at the {end}"
        for met, end in zip(fit.optimum.closed, ("lowest", "highest"), strict=True)
    ]
    return (
        f"Bounds: devices turned before they met one ({', '.join(open_ends)} conductance); the window ends where the traces "
        "end, and may be wider."
    )


def _cycle_noise(fit: TraceFit) -> str:
    if fit.law.law != "soft-bounds":
        return ""
    reasons = []
    if not fit.read.told:
        reasons.append("read noise can be taken for it")
    if len(fit.traces.devices) >= 5:
        reasons.append("devices whose bounds differ look noisier than they are")
    if any(p.name in fit.at_limits for p in fit.law.parameters):
        reasons.append("a bound is not known")
    return f"Cycle noise: its interval may be too narrow here, since {' and '.join(reasons)}." if reasons else ""


def _at_limits(fit: TraceFit) -> str:
    if not fit.at_limits:
        return ""
    return (
        f"At the limit of their search: {', '.join(fit.at_limits)}; their standard errors are not to be trusted, and the law may not "
        "be that of this device."
    )
