"""A study as a file: which task, which axes, what is fixed, how often; checked whole before anything runs.

The identity of a run is in `Planned.identity`, which can be printed and read; its digest names the record. The study's own
name is not in it, so that two studies share the runs that they have in common.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from ...devices.base.errors import RevpathError, explain, unknown
from ...devices.base.frozen import Frozen
from ..identity import code_digest, source_digest, strong_id
from . import design as designs
from . import paths
from .design import Sampler
from .registry import SweepConfig, TaskKind, task_kind

if TYPE_CHECKING:
    import xarray as xr

    from .engine import Summary

SCHEMA = 1
CODE = ("studies/tasks", "studies/sweeps/tasks")
"""What can change a result of a run, beside the rooms of `revpath.studies.identity` and what a configuration adds."""
Policy = Literal["error", "drop", "penalty"]


class StudyError(RevpathError):
    """A study file that cannot be run; names file, key, value and what is allowed."""


@dataclass(frozen=True)
class Planned:
    """One run of a study.

    Parameters
    ----------
    point : mapping of str to value
        The values on the axes.
    replicate, seed : int
    config : SweepConfig
        Resolved and validated.
    """

    task: str
    point: Mapping[str, Any]
    replicate: int
    seed: int
    config: SweepConfig

    @property
    def identity(self) -> dict[str, Any]:
        """All that the result depends on; not kept, since a study may plan 100,000 runs."""
        return {
            "schema": SCHEMA,
            "task": self.task,
            "config": self.config.model_dump(mode="json"),
            "numbers": self.config.numbers(),
            "seed": self.seed,
            "code": code_digest(*CODE, *self.config.code),
            **self._code_of_the_task(),
        }

    def _code_of_the_task(self) -> dict[str, str]:
        """The digest of the file of a task that is not of the house: edited, it never takes up what it was before."""
        function = task_kind(self.task).function
        if function.__module__.startswith("revpath."):
            return {}
        return {"task_code": source_digest(function)}

    @cached_property
    def id(self) -> str:
        return strong_id(self.identity)


class Study(Frozen):
    """What is run, and over what.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and hyphens.
    task : str
        A registered task, see `task_kinds`.
    title : str
        What figures are headed by.
    axes : mapping of path to values
        As `revpath.studies.sweeps.design.read_axis` reads them.
    together : list of mappings
        Axes that move together.
    fixed : mapping of path to value
        What every point has.
    replicates : int
        Runs a point, with different seeds.
    seed : int
        Root of all randomness.
    paired : bool
        The same seeds at every point, so that differences between points are sharper than either (common random numbers).
    design, samples : str, int
        "grid", or how many points are drawn, see `revpath.studies.sweeps.design.points`.
    quality : str or None
        The quantity that figures and targets are about; the first of the task where None.
    target : float or None
        A level of the quality that is drawn as a contour or a line.
    failures : "error", "drop" or "penalty"
        What a failed point is to an analysis; `penalty` is the value it then gets.

    Examples
    --------
    >>> study = Study(name="bits", task="array-error", axes={"array.adc.bits": [6, 8]}, fixed={"rows": 16, "columns": 8})
    >>> [run.config.array["adc"] for run in study.runs()]
    [{'bits': 6}, {'bits': 8}]

    Raises
    ------
    StudyError
        anything that could not run, before it runs.
    """

    refusal = StudyError

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    task: str
    title: str = ""
    axes: Mapping[str, Any] = Field(default_factory=dict)
    together: tuple[Mapping[str, Any], ...] = ()
    fixed: Mapping[str, Any] = Field(default_factory=dict)
    replicates: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0, lt=2**31)
    paired: bool = True
    design: Sampler = "grid"
    samples: int | None = Field(default=None, ge=1)
    quality: str | None = None
    target: float | None = None
    failures: Policy = "error"
    penalty: float | None = None
    figure: Mapping[str, Any] = Field(default_factory=dict)

    def __init__(self, **content: Any) -> None:
        try:
            super().__init__(**content)
        except StudyError as error:
            raise StudyError(f"study {content.get('name', '')!r}: {explain(error)}") from None

    @field_validator("task")
    @classmethod
    def _task_is_known(cls, value: str) -> str:
        task_kind(value)
        return value

    @model_validator(mode="after")
    def _can_be_run(self) -> Study:
        kind = self.kind
        if self.quality is not None and self.quality not in kind.quantities:
            raise unknown(f"quality of task {kind.name!r}", self.quality, kind.quantities)
        if (self.failures == "penalty") != (self.penalty is not None):
            raise ValueError(f'penalty = {self.penalty!r} goes with failures = "penalty", and the other way round')
        both = {path for axis in self.dimensions for path in axis.paths} & set(self.fixed)
        if both:
            raise ValueError(f"path {min(both)!r} is both an axis and fixed")
        seen: dict[str, Mapping[str, Any]] = {}
        for run in self.runs():  # every point is built, so that the last mistake shows as early as the first
            if run.id in seen:
                raise ValueError(f"points {dict(seen[run.id])} and {dict(run.point)} are the same run")
            seen[run.id] = run.point
        return self

    # -- what it plans -----------------------------------------------------------------------------------------------

    @property
    def kind(self) -> TaskKind:
        return task_kind(self.task)

    @property
    def measured(self) -> str:
        """The quantity that counts."""
        return self.quality or next(iter(self.kind.quantities))

    @cached_property
    def dimensions(self) -> tuple[designs.Axis, ...]:
        listed = [designs.read_axis(path, entry) for path, entry in self.axes.items()]
        return (*listed, *(designs.read_together(k, table) for k, table in enumerate(self.together)))

    @cached_property
    def points(self) -> list[dict[str, Any]]:
        return designs.points(self.dimensions, self.design, self.samples, self.seed)

    def runs(self) -> Iterator[Planned]:
        """Every run, replicates innermost, each with its validated configuration."""
        for point in self.points:
            yield from self.at(point)

    def at(self, point: Mapping[str, Any]) -> Iterator[Planned]:
        """The runs of one point, of this design or not, one a replicate.

        Raises
        ------
        RevpathError
            a path or a value that the task does not take.
        """
        config = paths.resolve(self.kind.config, {**self.fixed, **point})
        for replicate in range(self.replicates):
            yield Planned(self.task, point, replicate, self._seed(point, replicate), config)

    def _seed(self, point: Mapping[str, Any], replicate: int) -> int:
        """Paired runs share the seed of their replicate; others have one of their own, from what they are."""
        if self.paired:
            return self.seed * 1_000_003 + replicate
        return int(strong_id({"seed": self.seed, "replicate": replicate, "point": dict(point)})[:8], 16)

    @cached_property
    def digest(self) -> str:
        """Of the study's content, code left out: what stands in a figure."""
        return strong_id(self.model_dump(mode="json"))[:12]

    # -- what it does ------------------------------------------------------------------------------------------------

    def run(self, store: Any = None, **options: Any) -> Summary:
        """Run what is missing; see `revpath.studies.sweeps.engine.run`. The store is ``revpath-store`` where None."""
        from .engine import run
        from .store import Store

        return run(self, store if isinstance(store, Store) else Store(store or "revpath-store"), **options)

    def to_xarray(self, store: Any = None) -> xr.Dataset:
        """What the store holds of it, labelled; see `revpath.studies.sweeps.collate.to_xarray`."""
        from .collate import to_xarray
        from .store import Store

        return to_xarray(self, store if isinstance(store, Store) else Store(store or "revpath-store"))


def read_study(path: str | PathLike[str]) -> Study:
    """A study from its TOML file, or one that is shipped, by name.

    Raises
    ------
    StudyError
        names file, key, value and what is allowed.

    Examples
    --------
    >>> read_study("array-precision").task
    'array-error'
    """
    where: Any = Path(path)
    if isinstance(path, str) and not path.endswith(".toml"):
        if path not in study_names():
            raise unknown("study", path, study_names())
        where = files("revpath.studies.sweeps.library") / f"{path}.toml"
    try:
        content = tomllib.loads(where.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(f"{where.name}: not a readable TOML file: {error}") from None
    schema = content.pop("schema", None)
    if schema != SCHEMA:
        raise StudyError(f"{where.name}: schema = {schema!r} must be {SCHEMA}")
    try:
        return Study(**content)
    except RevpathError as error:
        raise StudyError(f"{where.name}: {error}") from None


def study_names() -> list[str]:
    """The studies that are shipped."""
    folder = files("revpath.studies.sweeps.library")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


OnRecord = Callable[[dict[str, Any]], None]
"""Called with each new record, such as to send it to a logger of one's own."""
