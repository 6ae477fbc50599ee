"""Designs that ask: each next point where it tells most, over the same store, which does not know who asked.

What was asked is an ordinary study afterwards, whose points move together: it is collated, priced and drawn like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...devices.base.errors import RevpathError, unknown
from .collate import priced_quantities
from .design import Axis
from .engine import Summary, Tell, make
from .pricing import CHIP, price_runs
from .registry import Quantity
from .store import Store, Writer
from .study import Planned, Study

Measure = Callable[[Sequence[Mapping[str, Any]]], list[tuple[float, ...]]]


class Stopped(RevpathError):
    """The sweep was asked to stop; what was run is in the store."""


@dataclass
class Questions:
    """Runs points of a study and gives their values, means over replicates; as a context manager into one segment of the store.

    Parameters
    ----------
    study : Study
    store : Store
    values : tuple of str
        Quantities of the task, or what a price adds, such as "joules" and "ratio".
    chip : str
        Whose prices are taken.
    workers, cluster : int, str or None
        As of `revpath.studies.sweeps.engine.run`.
    tell : callable, optional
        Called with the `Summary` of a batch after each run.
    """

    study: Study
    store: Store
    values: tuple[str, ...]
    chip: str = CHIP
    workers: int | None = None
    cluster: str | None = None
    tell: Tell | None = None

    def __post_init__(self) -> None:
        for value in self.values:
            if value not in self.quantities:
                raise unknown(f"quantity of task {self.study.task!r}", value, self.quantities)

        self._writer: Writer | None = None

    def __enter__(self) -> Questions:
        self._writer = self.store.writer()
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    @property
    def quantities(self) -> dict[str, Quantity]:
        """All that can be asked for."""
        return {**self.study.kind.quantities, **priced_quantities(self.study)}

    def __call__(self, points: Sequence[Mapping[str, Any]]) -> list[tuple[float, ...]]:
        """The values of each point, in the order of `values`.

        Raises
        ------
        Stopped
            Before all were run.
        RevpathError
            A point has failed, or has no such value, and the study has no penalty for that.
        """
        runs = [list(self.study.at(point)) for point in points]
        flat = list({run.id: run for some in runs for run in some}.values())
        options = {"workers": self.workers, "cluster": self.cluster, "tell": self.tell, "writer": self._writer}
        summary: Summary = make(flat, self.store, **options)
        if summary.stopped:
            raise Stopped("stopped; what was run is kept")
        if summary.elsewhere:
            raise RevpathError(f"{summary.elsewhere} runs are being made by another sweep: ask again when it has ended")
        found = self._found(flat)
        return [self._mean(some, found) for some in runs]

    def _found(self, runs: Sequence[Planned]) -> dict[str, dict[str, float | None]]:
        """Values by the id of a run that is done."""
        found = {record["id"]: dict(record["values"]) for record in self.store.records(run.id for run in runs)}
        if found and not set(self.values) <= set(self.study.kind.quantities):
            prices = price_runs(runs, self.study.kind, self.store, chip=self.chip, n_draws=100)
            for row in prices.to_dict("records"):
                found[row["id"]] |= {name: row.get(name) for name in self.values if name not in found[row["id"]]}
        return found

    def _mean(self, runs: Sequence[Planned], found: Mapping[str, Mapping[str, float | None]]) -> tuple[float, ...]:
        return tuple(
            sum(self._value(run, name, found.get(run.id, {}).get(name)) for run in runs) / len(runs)
            for name in self.values
        )

    def _value(self, run: Planned, name: str, value: float | None) -> float:
        if value is not None and value == value:
            return float(value)
        if self.study.penalty is not None:
            return self.study.penalty
        record = self.store.get(run.id) if self.store.state(run.id) is not None else {}
        why = record.get("error", "its task or its price gives none")
        raise RevpathError(
            f'{dict(run.point)} has no {name}: {why}; an active design needs every point: set failures = "penalty"'
        )


def asked(study: Study, kind: str, points: Sequence[Mapping[str, Any]], figure: Mapping[str, Any]) -> Study:
    """The points that were asked, as a study of their own: axes that move together."""
    paths = [path for axis in study.dimensions for path in axis.paths]
    content = study.model_dump(exclude={"axes", "together", "design", "samples", "figure", "name"})
    listed = {path: [point[path] for point in points] for path in paths}
    return Study(**content, name=f"{study.name}-{kind}", together=(listed,), figure=figure)


def to_toml(study: Study) -> str:
    """The study as the text of its file."""
    import tomli_w

    from .study import SCHEMA

    content = study.model_dump(exclude_defaults=True, exclude_none=True)
    return tomli_w.dumps({"schema": SCHEMA, **content})


def ranged(study: Study) -> tuple[Axis, ...]:
    """The axes of a study, each a range.

    Raises
    ------
    RevpathError
        One of them is a list.
    """
    for axis in study.dimensions:
        if axis.range is None:
            raise RevpathError(
                f"study {study.name!r}: axis {axis.name!r} has values and no range: an active design needs uniform, "
                'loguniform or integers (and in the file design = "sobol" with samples)'
            )
    return study.dimensions
