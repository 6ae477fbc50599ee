"""What a published result is here: how it is run again, and what is said of it. A row that misses its target is a row."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from ...devices.base.errors import RevpathError, unknown
from ...devices.base.files import results_folder, write_whole

Better = Literal["higher", "lower"]


class Row(ABC):
    """One published result. Defining a subclass with a `name` puts it into `ROWS`.

    Attributes
    ----------
    ROWS : dict of str to type
        Every row that has been defined, by its name.
    name, title, source : str
        Of the command; in a few words; where the target is from.
    unit : str
        Of the number.
    target : float
        What must be reached.
    better : "higher" or "lower"
        Which way.
    published : str
        What the source says, in its own measure.
    setting : str
        What is run, in one sentence.
    departs : str
        Where it is not what was published; empty where it is.
    """

    ROWS: ClassVar[dict[str, type[Row]]] = {}
    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    unit: ClassVar[str]
    target: ClassVar[float]
    better: ClassVar[Better]
    published: ClassVar[str]
    setting: ClassVar[str]
    departs: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        Row.ROWS[cls.name] = cls

    @abstractmethod
    def measure(self, seed: int) -> tuple[float, dict[str, float]]:
        """The number for one seed, and others beside it by their names."""


@dataclass(frozen=True)
class Outcome:
    """What a row gave.

    Attributes
    ----------
    name : str
        Of the row.
    values : dict of str to float
        Seed -> number.
    beside : dict of str to dict
        Seed -> other numbers by name.
    seconds : dict of str to float
        Seed -> seconds of processor time of this process.
    """

    name: str
    values: dict[str, float] = field(default_factory=dict)
    beside: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(np.mean(list(self.values.values())))

    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds; None of one."""
        return float(np.std(list(self.values.values()), ddof=1)) if len(self.values) > 1 else None

    def reached(self, row: type[Row]) -> bool:
        """Whether the mean is on the right side of the target."""
        return self.mean >= row.target if row.better == "higher" else self.mean <= row.target


def verify(name: str, seeds: Sequence[int], folder: Path) -> Outcome:
    """Run a row for seeds, and keep each as soon as it is there; seeds that are kept already are not run again.

    Parameters
    ----------
    name : str
        Of the row.
    seeds : sequence of int
    folder : pathlib.Path
        Where ``<name>.json`` is kept.

    Raises
    ------
    UnknownName
        No such row.
    """
    if name not in Row.ROWS:
        raise unknown("row", name, Row.ROWS)
    row = Row.ROWS[name]()
    outcome = kept(name, folder) or Outcome(name)
    for seed in seeds:
        if str(seed) in outcome.values:
            continue
        begin = time.process_time()
        value, beside = row.measure(seed)
        outcome.values[str(seed)] = float(value)
        outcome.beside[str(seed)] = {key: float(number) for key, number in beside.items()}
        outcome.seconds[str(seed)] = round(time.process_time() - begin, 1)
        write_whole(results_folder(folder) / f"{name}.json", (json.dumps(asdict(outcome), indent=1) + "\n").encode())
    return outcome


def kept(name: str, folder: Path) -> Outcome | None:
    """What a folder keeps of a row; None where it keeps nothing.

    Raises
    ------
    RevpathError
        A file that is not of this row.
    """
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    try:
        outcome = Outcome(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise RevpathError(f"{str(path)!r} does not hold an outcome: {error}") from None
    if outcome.name != name:
        raise RevpathError(f"{str(path)!r} holds the row {outcome.name!r}, not {name!r}")
    return outcome
