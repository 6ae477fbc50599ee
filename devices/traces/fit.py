"""A device from measured pulse traces: fit the response laws, choose one, keep every number with its uncertainty.

What a fit of traces cannot know stays unknown: drift, programming noise, yield, endurance, pulse energy. Soft bounds with a
reference are not a candidate: the traces of a cell do not show what is subtracted from it; without that they are soft bounds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from ..base.errors import RevpathError, explain, unknown
from ..base.record import Evidence, Exact, Normal, ReadIn, Record, Source
from ..device import Device
from ..laws import ConstantReadNoise, Window
from ..response import ConstantStep, ExponentialStep, LinearStep, PowerStep, SoftBounds, TableStep
from ..response.pulsed import PulsedResponse
from .choice import Choice, Coordinates, choose, coordinates, segments
from .filter import Filtered, Segments
from .laws import LAWS, NODES, TraceLaw
from .numbers import Estimate, estimate
from .reading import Traces, read_traces
from .search import Optimum, ReadNoise, read_noise, residuals, restricted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_RESPONSES: dict[str, type[PulsedResponse]] = {
    "constant-step": ConstantStep,
    "soft-bounds": SoftBounds,
    "linear-step": LinearStep,
    "power-step": PowerStep,
    "exponential-step": ExponentialStep,
    "table-step": TableStep,
}


@dataclass(frozen=True)
class TraceFit:
    """What pulse traces say of a device.

    Attributes
    ----------
    device: with the chosen law; it trains. traces: as read, with notes. choice: all candidate laws and their scores.
    optimum: of the chosen law, its noises corrected for the parameters of the mean (`trace_search.restricted`). estimate: the
    numbers, with standard errors. read: the test for read noise.
    """

    device: Device
    traces: Traces
    choice: Choice
    optimum: Optimum
    estimate: Estimate
    read: ReadNoise
    coordinates: Coordinates
    segments: Segments = field(repr=False)

    @property
    def law(self) -> TraceLaw:
        return self.optimum.law

    @property
    def residuals(self) -> Filtered:
        """Innovations of the chosen law, pulse by pulse; one row."""
        return residuals(self.optimum, self.segments)

    @property
    def standardised(self) -> np.ndarray:
        """(pulses,) innovations over their standard deviations: standard normal where the law and its noise are right."""
        r = self.residuals
        return (r.innovation / np.sqrt(r.variance))[0][self.segments.there]

    @property
    def table(self) -> pd.DataFrame:
        """The candidate laws, from the simplest: parameters of the shape, score (nats of what was left out), how far behind the
        best and the standard error of that, and whether it was chosen."""
        import pandas as pd

        choice = self.choice
        rows = [
            {
                "law": c.law.law,
                "noise": c.law.noise,
                "shape_parameters": len(c.law.parameters),
                "loglik": c.optimum.loglik,
                "cv_loglik": c.score,
                "behind_best": choice.behind[k],
                "error": choice.error[k],
                "chosen": k == choice.chosen,
            }
            for k, c in enumerate(choice.candidates)
        ]
        return pd.DataFrame(rows)

    @property
    def report(self) -> str:
        """All of it in words."""
        from .report import report

        return report(self)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Traces with the fit, steps against conductance, and residuals, in the place of `axes` or on a new figure."""
        from ..figures.traces import sheet

        return sheet(self, axes)


def fit_traces(
    source: Any,
    *,
    unit: str | None = None,
    name: str | None = None,
    title: str | None = None,
    evidence: str | None = None,
    laws: Sequence[str] | None = None,
) -> TraceFit:
    """Fit pulse traces and return the fit with its device.

    Each law is fitted by maximum likelihood (`trace_filter`: read noise and noise from cycle to cycle are told apart), with
    shape and noise shared by all devices and scales of steps of their own; the law is chosen by cross-validation (`trace_choice`):
    the simplest of those that the traces do not tell apart. Noises are corrected for the means that were fitted, and read noise
    is kept only where it is told from none (`trace_search`); numbers get errors (`trace_numbers`), and how often their 90 %
    intervals hold is measured in benchmarks/trace_coverage.py. The state coordinate is -1 and +1 at the mean extremes of the devices;
    soft bounds have their zero where up and down steps balance, which is where arrays leave a cell that was not pulsed.

    Parameters
    ----------
    source: path of a CSV file, or a table: see `traces`. unit: of the conductance, where the column's name has none.
    name: of the device: lower-case letters, digits and hyphens; made from the file's name if None. title: what it is.
    evidence: of the records: measured, simulated and so on; measured if None, or simulated for a file whose comments say
        SYNTHETIC. laws: the candidates, such as ["soft-bounds", "table-step"]; all if None.

    Raises
    ------
    TraceError: the traces are not. UnknownName: no such law or evidence. RevpathError: the name is not a device's name.
    """
    candidates = _candidates(laws)
    traces = read_traces(source, unit=unit)
    label = _slug(traces.name) if name is None else name
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", label):
        raise RevpathError(f"name = {label!r} must be lower-case letters, digits and hyphens")
    grade = _evidence(evidence, traces)
    where = coordinates(traces)
    data = segments(traces, where)
    choice = choose(data, _lowest(where), candidates)
    best = choice.candidates[choice.chosen].optimum
    without, read = read_noise(best, data, _lowest(where))
    optimum = restricted(best, data, read=True)
    numbers = estimate(optimum, data, where, None if read.told else restricted(without, data, read=False))
    origin = Source(
        key="traces",
        citation=f"Pulse traces {traces.name} (sha256 {traces.sha256}), fitted by revpath.devices.fit_traces: {optimum.law.name}",
    )
    words = title or f"{len(traces.devices)} device(s) of {traces.name}, {optimum.law.law} fit"
    device = _device(label, words, optimum.law, numbers, read.told, origin, grade)
    return TraceFit(device, traces, choice, optimum, numbers, read, where, data)


def _candidates(laws: Sequence[str] | None) -> tuple[TraceLaw, ...]:
    if laws is None:
        return LAWS
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


def _lowest(at: Coordinates) -> float:
    """How far out zero conductance lies, as -v, for the nominal device and for every other."""
    return float(min(at.middle / at.half, np.min((at.low + at.high) / (at.high - at.low))))


def _device(
    name: str, title: str, law: TraceLaw, numbers: Estimate, told: bool, origin: Source, evidence: Evidence
) -> Device:
    value = numbers.value
    kind = _RESPONSES[law.law]
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
            response=kind(**fields),  # type: ignore[arg-type]
            records={key: _record(f"{name}.{key}", *entry, origin, evidence) for key, entry in records.items()},
            **sections,
        )
    except ValidationError as error:
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
