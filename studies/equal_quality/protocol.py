"""The protocol of the study: tasks, contenders, budgets, seeds and prices as one file, fixed before anything runs."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ...devices.base.errors import RevpathError, explain
from ..baselines.curves import Hyper, Shape
from ..baselines.mlp import BATCH, RATE
from ..compare.recipes import Hardware, Model, Range, Recipe
from ..tasks.loading import Source

SCHEMA = 1
DIGITAL = "digital"
"""Name of the place without arrays."""


class ProtocolError(RevpathError):
    """A protocol that cannot be carried out; names the file, the field, and what is allowed."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Where(_Frozen):
    """Data by name."""

    kind: Literal["text", "images"]
    name: str

    @property
    def source(self) -> Source:
        return Source(self.kind, name=self.name)


class StudyTask(_Frozen):
    """A task, the losses at which contenders are compared, and the order of the model that counts (0: none)."""

    title: str
    source: Where
    qualities: tuple[float, ...] = Field(min_length=1)
    counting_order: int = Field(default=0, ge=0, le=12)


class Tuning(_Frozen):
    """Trials in which the settings of a family were chosen, and examples of each."""

    trials: int = Field(ge=0)
    examples: int = Field(ge=1)


class Cell(_Frozen):
    """A device that arrays are made of."""

    title: str
    device: str


class Place(_Frozen):
    """What holds the weights of a contender: ideal digital synapses, or arrays of a cell, with settings of their own."""

    cell: str
    learning_rate: float | None = Field(default=None, gt=0)
    ranges: tuple[Range, ...] = ()


class _Plan(_Frozen):
    tasks: tuple[str, ...] = Field(min_length=1)
    late: int = Field(default=0, ge=0)
    """Runs of a lower number are made first."""


class Contenders(_Plan):
    """A model on each of its places, trained on each of its budgets."""

    examples: tuple[int, ...] = Field(min_length=1)
    batch: int = Field(ge=1)
    model: Model
    ranges: tuple[Range, ...] = Field(min_length=1)
    thermal: bool = False
    places: tuple[Place, ...] = Field(min_length=1)

    def recipe(self, place: Place, cells: Mapping[str, Cell], kind: str, examples: int, seed: int) -> Recipe:
        """One run."""
        model = self.model.model_copy(update={"learning_rate": place.learning_rate} if place.learning_rate else {})
        cell = cells.get(place.cell)
        hardware = cell and Hardware(device=cell.device, ranges=place.ranges or self.ranges, thermal=self.thermal)
        shape = "-".join(map(str, model.size))
        where = cell.title if cell else "ideal digital synapses"
        content: dict[str, Any] = {"task": kind, "model": model, "hardware": hardware, "batch": self.batch}
        return Recipe(
            name=f"{model.kind}-{shape}-{getattr(model, 'rule', '')}-{place.cell}-{examples}".replace("--", "-"),
            title=f"{model.family} {shape}, {where}, {examples:,}",
            kind="analog" if cell else "digital",
            examples=examples,
            seed=seed,
            **content,
        )


class MLPSetting(_Frozen):
    """How a digital network is trained, by stochastic gradients with momentum."""

    batch: int = Field(default=BATCH, ge=1)
    rate: float = Field(default=RATE, gt=0)


class MLPs(_Plan):
    """Digital networks on images, one of each size and setting."""

    examples: int = Field(ge=1)
    settings: tuple[MLPSetting, ...] = Field(default=(MLPSetting(),), min_length=1)
    hidden: tuple[tuple[int, ...], ...] = Field(min_length=1)


class TunedShape(Shape):
    """A transformer and how it is trained."""

    learning_rate: float = Field(gt=0)
    batch: int = Field(ge=1)
    warmup_tokens: int = Field(ge=0)
    beta2: float = Field(gt=0, lt=1)

    @property
    def shape(self) -> Shape:
        return Shape(width=self.width, layers=self.layers, heads=self.heads, context=self.context)

    @property
    def hyper(self) -> Hyper:
        chosen = {name: getattr(self, name) for name in ("learning_rate", "batch", "warmup_tokens", "beta2")}
        return Hyper(**chosen, decay=0.0)


class Transformers(_Plan):
    """Transformers on texts, one of each shape."""

    examples: int = Field(ge=1)
    shapes: tuple[TunedShape, ...] = Field(min_length=1)


class Protocol(_Frozen):
    """All that the study does.

    Attributes
    ----------
    seeds : tuple of int
        Of every run.
    chip, schedule : str
        That price the headline; the others are in the table of robustness.
    """

    name: str
    seeds: tuple[int, ...] = Field(min_length=1)
    chip: str
    schedule: str
    tasks: Mapping[str, StudyTask]
    tuning: Mapping[str, Tuning]
    cells: Mapping[str, Cell]
    contenders: tuple[Contenders, ...]
    mlps: tuple[MLPs, ...] = ()
    transformers: tuple[Transformers, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> Protocol:
        for plan in (*self.contenders, *self.mlps, *self.transformers):
            for task in plan.tasks:
                if task not in self.tasks:
                    raise ValueError(f"task {task!r} must be one of {', '.join(self.tasks)}")
        for plan in self.contenders:
            for place in plan.places:
                if place.cell not in (DIGITAL, *self.cells):
                    raise ValueError(f"cell {place.cell!r} must be one of {', '.join((DIGITAL, *self.cells))}")
        return self

    @cached_property
    def digest(self) -> str:
        """Of all that stands in it, 12 hexadecimal digits: in every table and figure."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


def read_protocol(path: Path | None = None) -> Protocol:
    """The protocol of a file, or that of the study.

    Raises
    ------
    ProtocolError
        It cannot be read, or says what nobody can carry out.

    Examples
    --------
    >>> len(read_protocol().seeds)
    5
    """
    where = files("revpath.studies.equal_quality").joinpath("protocol.toml") if path is None else path
    try:
        content = tomllib.loads(where.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProtocolError(f"protocol = {where.name!r} is not a readable TOML file: {error}") from None
    if content.pop("schema", None) != SCHEMA:
        raise ProtocolError(f"protocol = {where.name!r}: schema must be {SCHEMA}")
    try:
        return Protocol(**content)
    except ValidationError as error:
        raise ProtocolError(f"protocol = {where.name!r}: {explain(error)}") from None
