"""What can be swept: functions of a typed configuration, registered where they are defined.

A task says what it takes (a frozen pydantic model whose fields are the paths of a study file) and what it gives (named
quantities with units, and the events that a price needs). `@sweep_task` is the whole registration.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from ...devices.base.errors import RevpathError, unknown
from ...devices.base.frozen import Frozen
from ...simulator import Events
from .running import Run


@dataclass(frozen=True)
class Quantity:
    """One number that a task gives.

    Parameters
    ----------
    title : str
        What stands on an axis.
    unit : str
        SI or the field's own, such as "bit/character"; "1" for a plain number.
    better : "lower", "higher" or "neither"
        Which way a target is reached.
    """

    title: str
    unit: str = "1"
    better: Literal["lower", "higher", "neither"] = "neither"


@dataclass(frozen=True)
class Result:
    """What came of a run: values by the name of their quantity, and the events of the work that is priced.

    Parameters
    ----------
    values : mapping of str to float
        One for each quantity of the task; None for one that could not be had (never reached, not defined).
    events : Events
        What a price needs; empty where nothing is priced.
    detail : value of JSON
        What else is kept with the run, such as a curve; None for nothing.
    """

    values: Mapping[str, float | None]
    events: Events = field(default_factory=Events)
    detail: Any = None


class PassageOfRival(Protocol):
    """What the other side of a comparison took to come as far as a run: joules, or a bound that it needed at most."""

    @property
    def joules(self) -> float: ...

    @property
    def at_most(self) -> bool: ...


Rivals = Callable[[Mapping[str, float | None]], PassageOfRival | None]
"""The rival at the quality of a run, from its values; None where it never came there."""


class SweepConfig(Frozen):
    """The configuration of a task: frozen, validated, every field with a default.

    The paths of a study file are the fields, dots leading into tables: ``array.adc.bits``, ``device.response.step``.
    """

    code: ClassVar[tuple[str, ...]] = ()
    """Sources of the house that can change the result of this task alone, as ``studies/rules/trial.py``."""

    def numbers(self) -> Any:
        """What else the result depends on, beside the values of the fields: numbers of devices, digests of data."""
        return None

    def records(self) -> tuple[str, ...]:
        """Ids of the records behind the numbers, for provenance."""
        return ()

    def pulses(self) -> Mapping[str, Any]:
        """Records that price the pulses of the run's own device, by event, as `revpath.energy_models.price` takes them."""
        return {}


Config = TypeVar("Config", bound=SweepConfig)


@dataclass(frozen=True)
class TaskKind:
    """A registered task.

    Parameters
    ----------
    name, title : str
    config : type of SweepConfig
    function : callable of (config, Run) to Result
    quantities : mapping of str to Quantity
    rival : callable or None
        Whose joules those of a run are compared with; None where there is nothing to compare with.
    """

    name: str
    title: str
    config: type[SweepConfig]
    function: Callable[[Any, Run], Result]
    quantities: Mapping[str, Quantity]
    rival: Rivals | None = None

    KINDS: ClassVar[dict[str, TaskKind]] = {}

    def __call__(self, config: SweepConfig, run: Run) -> Result:
        """The result, checked to hold the quantities that were promised, finite.

        Raises
        ------
        RevpathError
            another set of names, or a number that is not finite.
        """
        result = self.function(config, run)
        if result.values.keys() != self.quantities.keys():
            raise RevpathError(
                f"task {self.name!r} gave {sorted(result.values)}, and promised {sorted(self.quantities)}"
            )
        for name, value in result.values.items():
            if value is not None and not float("-inf") < float(value) < float("inf"):
                raise RevpathError(f"task {self.name!r}: {name} = {value!r} is not finite")
        return result


def sweep_task(
    name: str, *, title: str, rival: Rivals | None = None, **quantities: Quantity
) -> Callable[[Callable[[Config, Run], Result]], Callable[[Config, Run], Result]]:
    """Register a function of (configuration, run) under a name; its first argument's annotation is the configuration.

    >>> class Noise(SweepConfig):
    ...     sigma: float = 0.1
    >>> @sweep_task("doubled-noise", title="twice the noise", error=Quantity("error"))
    ... def doubled(config: Noise, run: Run) -> Result:
    ...     return Result({"error": 2 * config.sigma})
    >>> task_kinds()["doubled-noise"].config.__name__
    'Noise'
    >>> _ = TaskKind.KINDS.pop("doubled-noise")

    Raises
    ------
    RevpathError
        the name is taken by a task of another module, or the configuration is none.
    """
    from typing import get_type_hints

    def register(function: Callable[[Config, Run], Result]) -> Callable[[Config, Run], Result]:
        import inspect

        hints = inspect.signature(function).parameters
        first = next(iter(hints))
        annotation = hints[first].annotation
        config = annotation if isinstance(annotation, type) else get_type_hints(function).get(first)
        if not (isinstance(config, type) and issubclass(config, SweepConfig)):
            raise RevpathError(
                f"task {name!r}: {first} must be annotated with a SweepConfig, and is with {annotation!r}"
            )
        known = TaskKind.KINDS.get(name)
        if known is not None and known.function.__module__ != function.__module__:
            raise RevpathError(f"task {name!r} is registered by {known.function.__module__}: take another name")
        TaskKind.KINDS[name] = TaskKind(name, title, config, function, quantities, rival)
        return function

    return register


def task_kinds() -> dict[str, TaskKind]:
    """All tasks, those of the house and those that a caller registered, by name."""
    tasks = import_module(".tasks", __package__)  # discovered, not imported by name: a task stands above the registry
    for module in pkgutil.iter_modules(tasks.__path__):
        import_module(f"{tasks.__name__}.{module.name}")
    return dict(sorted(TaskKind.KINDS.items()))


def task_kind(name: str) -> TaskKind:
    """A task by name; UnknownName with what is near where there is none."""
    if name not in TaskKind.KINDS and name not in task_kinds():
        raise unknown("task", name, task_kinds())
    return TaskKind.KINDS[name]
