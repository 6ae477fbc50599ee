"""Which points no other beats in two quantities, joules and quality: asked by Optuna, whose journal lies in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...devices.base.errors import RevpathError
from ...devices.base.files import results_folder
from ...energy_models import load_chip
from ..identity import code_digest, strong_id
from .active import Questions, asked
from .design import Axis
from .study import CODE, Study


@dataclass(frozen=True)
class Front:
    """What was asked, and which of it is not beaten.

    Parameters
    ----------
    study : Study
        All points, as a study.
    values : tuple of str
        The quantities, such as ("joules", "quality").
    points : list of (point, values)
        Those that no other beats in all quantities, by the first.
    """

    study: Study
    values: tuple[str, ...]
    points: list[tuple[Mapping[str, Any], tuple[float, ...]]]


def find_front(questions: Questions, *, trials: int, together: int = 1) -> Front:
    """Ask until the journal holds so many trials.

    Parameters
    ----------
    questions : Questions
        Of values that are each better lower or higher.
    trials : int
        In all, those of earlier calls among them.
    together : int
        Points that are asked at a time, one a worker.

    Raises
    ------
    RevpathError
        A quantity without a better side, a point without a value, or Optuna missing.
    """
    study, values = questions.study, questions.values
    for value in values:
        if questions.quantities[value].better == "neither":
            raise RevpathError(f"{value} is better neither lower nor higher: name quantities that are")
    if trials < 1:
        raise RevpathError(f"trials = {trials} must be at least 1")
    search = _search(questions)
    while (missing := trials - _told(search)) > 0:
        begun = [search.ask() for _ in range(min(together, missing))]
        points = [_point(study, {axis.name: _suggested(trial, axis) for axis in study.dimensions}) for trial in begun]
        for trial, answer in zip(begun, questions(points), strict=True):
            search.tell(trial, list(answer))
    told = [(_point(study, t.params), tuple(t.values)) for t in search.trials if t.values is not None]
    best = [(_point(study, t.params), tuple(t.values)) for t in search.best_trials]
    distinct = list({strong_id(point): point for point, _ in told}.values())
    made = asked(study, "front", distinct, {"kind": "pareto"})
    return Front(made, values, sorted(best, key=lambda each: each[1]))


def _search(questions: Questions) -> Any:
    """Optuna's study, which goes on with a journal of the same study, code, chip and quantities only."""
    try:
        import optuna
        from optuna.storages.journal import JournalFileBackend
    except ModuleNotFoundError:
        raise RevpathError('a front needs Optuna: pip install "revpath[active]"') from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    chip = load_chip(questions.chip).model_dump_json()
    study = questions.study
    name = strong_id({"study": study.digest, "code": code_digest(*CODE), "chip": chip, "values": questions.values})
    folder = results_folder(questions.store.folder / "designs")
    search = optuna.create_study(
        directions=["maximize" if questions.quantities[v].better == "higher" else "minimize" for v in questions.values],
        storage=optuna.storages.JournalStorage(JournalFileBackend(str(folder / f"{study.name}-{name}.journal"))),
        study_name=name,
        load_if_exists=True,
    )
    search.sampler = optuna.samplers.TPESampler(seed=study.seed + _told(search))  # who goes on draws other numbers
    return search


def _told(search: Any) -> int:
    return sum(trial.values is not None for trial in search.trials)


def _suggested(trial: Any, axis: Axis) -> float | int:
    """A number of a range; of a list the place in it, since Optuna keeps few kinds of values."""
    if axis.range is None:
        return trial.suggest_categorical(axis.name, range(len(axis.values)))
    kind, low, high = axis.range
    if kind == "integers":
        return trial.suggest_int(axis.name, int(low), int(high))
    return trial.suggest_float(axis.name, low, high, log=kind == "loguniform")


def _point(study: Study, suggested: Mapping[str, Any]) -> dict[str, Any]:
    """The point that suggestions are of."""
    point: dict[str, Any] = {}
    for axis in study.dimensions:
        number = suggested[axis.name]
        values = (number,) if axis.range else axis.values[number]
        point |= dict(zip(axis.paths, values, strict=True))
    return point
