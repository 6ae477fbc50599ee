"""A device from measured pulse traces: fit the response laws, choose one, keep every number with its uncertainty.

What a fit of traces cannot know stays unknown: drift, programming noise, yield, endurance, pulse energy. Soft bounds with a
reference are not a candidate: the traces of a cell do not show what is subtracted from it; without that they are soft bounds.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..base.errors import RevpathError, explain, unknown
from ..base.record import Evidence, Exact, Normal, ReadIn, Record, Source
from ..device import Device
from ..laws import ConstantReadNoise, Window
from ..response import Response
from .choice import Coordinates, choose_among, coordinates, fit_all, segments
from .errors import TraceError
from .filter import Segments
from .glitches import without_spikes, without_wild
from .laws import LAWS, NODES, TraceLaw
from .numbers import Estimate, estimate
from .reading import MOST, read_traces
from .result import TraceFit
from .search import Optimum, read_noise, restricted
from .series import Traces


def fit_traces(
    source: Any,
    *,
    unit: str | None = None,
    name: str | None = None,
    title: str | None = None,
    evidence: str | None = None,
    laws: str | Sequence[str] | None = None,
    read_voltage: float | str | None = None,
    decimal: str | None = None,
    cut_turns: bool = False,
    progress: Callable[[str], None] | bool | None = None,
) -> TraceFit:
    """Fit pulse traces and return the fit with its device.

    Each law is fitted by maximum likelihood (`filter`: read noise and noise from cycle to cycle are told apart), with
    shape and noise shared by all devices and scales of steps of their own. Reads that no law explains are named and left out
    (`glitches`). The law is chosen among those that hold for what was left out, by Schwarz's criterion (`choice`). Noises are
    corrected for the means that were fitted, and read noise is kept only where it is told from none (`search`); numbers get
    errors (`numbers`), and how often their 90 % intervals hold is measured in benchmarks/trace_coverage.py. The state coordinate
    is -1 and +1 at the mean extremes of the devices; soft bounds have their zero where up and down steps balance, which is
    where arrays leave a cell that was not pulsed.

    Parameters
    ----------
    source : path or table
        See `read_traces`, as for `unit`, `read_voltage`, `decimal` and `cut_turns`.
    name : str or None
        Of the device: lower-case letters, digits and hyphens; made from the file's name if None.
    title : str or None
        What it is.
    evidence : str or None
        Of the records: measured, simulated and so on; measured if None, or simulated for a file whose comments say SYNTHETIC.
    laws : str, sequence of str or None
        The candidates, such as ``"soft-bounds"`` or ``["soft-bounds", "table-step"]``; all if None.
    progress : callable, bool or None
        Told what begins, as text; True prints it to standard error.

    Returns
    -------
    TraceFit

    Raises
    ------
    TraceError
        The traces are not, or conduct more than a cell can.
    UnknownName
        No such law or evidence.
    RevpathError
        The name is not a device's name.

    Examples
    --------
    >>> from revpath.devices import fit_traces, sample_traces
    >>> fit_traces(str(sample_traces()), laws="soft-bounds").law.name
    'soft-bounds, additive noise'
    """
    candidates = _candidates(laws)
    say = _teller(progress)
    say("read the traces")
    traces = read_traces(source, unit=unit, read_voltage=read_voltage, decimal=decimal, cut_turns=cut_turns)
    label = _slug(traces.name) if name is None else name
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", label):
        raise RevpathError(f"name = {label!r} must be lower-case letters, digits and hyphens")
    grade = _evidence(evidence, traces)
    most = max(float(s.g.max()) for s in traces.series)
    if most > MOST:
        raise TraceError(
            f"{traces.name}: conductances up to {most:.3g} S; a memory cell has at most {MOST:g} S: is the unit right?"
        )
    with threadpool_limits(
        limits=1, user_api="blas"
    ):  # matrices of a dozen rows: threads would only wait for each other
        traces, ranges, data, optima = _fitted_without_glitches(without_spikes(traces), candidates, say)
        choice = choose_among(optima, data, _lowest(ranges), say)
        best = choice.candidates[choice.chosen].optimum
        say(f"numbers and errors of {best.law.name}")
        without_read, read = read_noise(best, data, _lowest(ranges))
        optimum = restricted(best, data, read=True)
        numbers = estimate(optimum, data, ranges, None if read.told else restricted(without_read, data, read=False))
    origin = Source(
        key="traces",
        citation=f"Pulse traces {traces.name} (sha256 {traces.sha256}), fitted by revpath.devices.fit_traces: {optimum.law.name}",
    )
    words = title or f"{len(traces.devices)} device(s) of {traces.name}, {optimum.law.law} fit"
    device = _device(label, words, optimum.law, numbers, read.told, origin, grade)
    return TraceFit(device, traces, choice, optimum, numbers, read, ranges, data)


def _fitted_without_glitches(
    traces: Traces, laws: tuple[TraceLaw, ...], say: Callable[[str], None]
) -> tuple[Traces, Coordinates, Segments, list[Optimum]]:
    """Fits of all laws to what is left of the traces once wild pulses are out."""
    for last in (False, False, True):
        ranges = coordinates(traces)
        data = segments(traces, ranges)
        optima = fit_all(data, _lowest(ranges), laws, say)
        fewer = traces if last else without_wild(traces, data, optima)
        if fewer.series is traces.series:
            return fewer, ranges, data, optima
        traces = fewer
    raise AssertionError("the last round returns")


def _teller(progress: Callable[[str], None] | bool | None) -> Callable[[str], None]:
    if callable(progress):
        return progress
    return (lambda text: print(f"revpath: {text}", file=sys.stderr)) if progress else (lambda text: None)


def _candidates(laws: str | Sequence[str] | None) -> tuple[TraceLaw, ...]:
    if laws is None:
        return LAWS
    if isinstance(laws, str):
        laws = [laws]
    known = {law.law for law in LAWS}
    for law in laws:
        if law not in known:
            raise unknown("law", law, known)
    if not laws:
        raise RevpathError(f"laws = {list(laws)} must name at least one of {', '.join(sorted(known))}")
    return tuple(law for law in LAWS if law.law in laws)


def _evidence(evidence: str | None, traces: Traces) -> Evidence:
    if evidence is None:
        return Evidence.SIMULATED if traces.synthetic else Evidence.MEASURED
    if evidence not in list(Evidence):
        raise unknown("evidence", evidence, list(Evidence))
    return Evidence(evidence)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", PurePath(name).stem.lower()).strip("-") or "traces"


def _lowest(ranges: Coordinates) -> float:
    """How far out zero conductance lies, as -v, for the nominal device and for every other."""
    return float(min(ranges.middle / ranges.half, np.min((ranges.low + ranges.high) / (ranges.high - ranges.low))))


def _device(
    name: str, title: str, law: TraceLaw, numbers: Estimate, told: bool, origin: Source, evidence: Evidence
) -> Device:
    value = numbers.value
    kind: Any = Response.variants[law.law]
    fields: dict[str, Any] = {key: x for key, x in value.items() if key in kind.model_fields}
    records: dict[str, tuple[float, float, str]] = {
        f"response.{key}": (x, numbers.error[key], "dimensionless") for key, x in fields.items()
    }
    if law.law == "table-step":
        for side in ("up_steps", "down_steps"):
            keys = [f"{side}.{k}" for k in range(NODES)]
            fields[side] = tuple(value[key] for key in keys)
            records |= {f"response.{key}": (value[key], numbers.error[key], "dimensionless") for key in keys}
    if law.law == "exponential-step":
        fields |= {"a": 1.0, "b": 0.0}
        records |= {f"response.{key}": (fields[key], 0.0, "dimensionless") for key in ("a", "b")}
    if law.law == "soft-bounds":
        # numbers that this law insists on: the state is not disturbed by a read, and one device has no spread to know
        spreads = ("step_spread", "asymmetry_spread", "w_max_spread", "w_min_spread")
        fields |= {key: 0.0 for key in (*spreads, "write_noise") if key not in fields}
    else:
        fields["noise"] = law.noise
    window = {key: max(value[key], 0.0) for key in ("g_min", "g_max")}
    records |= {f"window.{key}": (window[key], numbers.error[key], "S") for key in window}
    sections: dict[str, Any] = {}
    if told:
        relative = value["read_sigma"] / window["g_max"]
        sections["read_noise"] = ConstantReadNoise(relative=min(relative, 1.0))
        records["read_noise.relative"] = (relative, numbers.error["read_sigma"] / window["g_max"], "dimensionless")
    try:
        return Device(
            name=name,
            title=title,
            window=Window(**window),
            response=kind(**fields),
            records={key: _record(f"{name}.{key}", *entry, origin, evidence) for key, entry in records.items()},
            **sections,
        )
    except RevpathError as error:
        raise RevpathError(f"device {name!r}, fitted as {law.name}: {explain(error)}") from error


def _record(name: str, value: float, error: float, unit: str, origin: Source, evidence: Evidence) -> Record:
    uncertainty: Exact | Normal
    note = "Standard error of the fit."
    if error > 0 and math.isfinite(error):
        uncertainty = Normal(sigma=error)
    else:
        uncertainty, note = Exact(), "By definition of the state coordinate."
    return Record(
        id=name, value=value, unit=unit, uncertainty=uncertainty, evidence=evidence, source=origin,
        read_in=ReadIn.PRIMARY, boundary="device", note=note,
    )  # fmt: skip
