"""The second level: stored events become joules, on any chip, in any number of ways, without a simulation.

Prices are no part of a run's identity, so one training sweep serves every chip, node and uncertainty. Runs that share the
prices of their pulses (those of the cell itself) are priced together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...devices.base.errors import RevpathError
from ...energy_models import load_chip
from ...energy_models.prices.bill import Scope
from ...energy_models.prices.chip import Chip
from ...energy_models.prices.many import price_many
from ...energy_models.prices.schedule import completed
from .registry import Rivals, TaskKind
from .store import Store
from .study import Planned, Study

if TYPE_CHECKING:
    import pandas as pd

CHIP = "reram-32nm"


def price_study(
    study: Study, store: Store, *, chip: str = CHIP, scope: Scope = "chip", n_draws: int = 1_000, seed: int = 0
) -> pd.DataFrame:
    """Joules of every run of a study that the store holds.

    Parameters
    ----------
    study : Study
    store : Store
    chip : str
        A chip of the library or a file.
    scope : str
        The boundary, see `revpath.energy_models.prices.bill.SCOPES`.
    n_draws, seed : int
        Of the draws over the records' uncertainties.

    Returns
    -------
    DataFrame
        One row a run that is done: `id`, `replicate`, the axes, the quantities, `joules` (nominal), `joules_mean`,
        `joules_low`, `joules_high` (central 90 %), and `unpriced`, which says why where there are none. Where the task has a
        rival, `rival` (its joules), `ratio` (those over the run's) and `bound` ("at most" where the rival's curve began
        below the quality).
    """
    return price_runs(list(study.runs()), study.kind, store, chip=chip, scope=scope, n_draws=n_draws, seed=seed)


def price_runs(
    runs: Sequence[Planned],
    kind: TaskKind,
    store: Store,
    *,
    chip: str = CHIP,
    scope: Scope = "chip",
    n_draws: int = 1_000,
    seed: int = 0,
) -> pd.DataFrame:
    """As `price_study`, of runs from wherever, all of one task."""
    import pandas as pd

    priced_on = load_chip(chip)
    planned = {run.id: run for run in runs}
    store.refresh()
    records = list(store.records(planned))
    frame = pd.DataFrame([_row(planned[record["id"]], record) for record in records])
    columns = ["joules", "joules_mean", "joules_low", "joules_high"]
    frame[columns], frame["unpriced"] = float("nan"), ""
    for overrides, why, rows in _groups(planned, records):
        if why:
            frame.loc[rows, "unpriced"] = why
            continue
        events, rows = _completed(records, rows, priced_on, frame)
        prices = price_many(events, priced_on, overrides=overrides, scope=scope, n_draws=n_draws, seed=seed).to_frame()
        for column in (*columns, "unpriced"):
            frame.loc[rows, column] = prices[column].to_numpy()
    values = [record["values"] for record in records]
    return frame if kind.rival is None else _compared(frame, values, kind.rival)


def _compared(frame: pd.DataFrame, values: list[dict[str, float | None]], rival_of: Rivals) -> pd.DataFrame:
    """The frame with the rival of each run."""
    rivals = [rival_of(each) for each in values]
    joules = [float("nan") if rival is None else rival.joules for rival in rivals]
    bounds = ["at most" if rival is not None and rival.at_most else "" for rival in rivals]
    return frame.assign(rival=joules, ratio=joules / frame["joules"], bound=bounds)


def _completed(
    records: list[dict[str, Any]], rows: list[int], chip: Chip, frame: pd.DataFrame
) -> tuple[list[dict[str, float]], list[int]]:
    """Events with those that the chip's digital part adds, and their rows; a row that has none says why in the frame."""
    events, kept = [], []
    for row in rows:
        try:
            events.append(completed(_events(records[row]["events"]), chip))
        except RevpathError as error:
            frame.loc[row, "unpriced"] = " ".join(str(error).split())
        else:
            kept.append(row)
    return events, kept


def _row(run: Planned, record: dict[str, Any]) -> dict[str, Any]:
    values = {name: float("nan") if value is None else value for name, value in record["values"].items()}
    return {"id": run.id, **run.point, "replicate": run.replicate, **values}


def _groups(planned: dict[str, Planned], records: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str, list[int]]]:
    """Runs by the prices of their pulses: (overrides, why there are none, rows).

    A run that pulsed nothing needs no price of a pulse.
    """
    groups: dict[str, tuple[dict[str, Any], str, list[int]]] = {}
    known: dict[str, tuple[str, dict[str, Any], str]] = {}
    for row, record in enumerate(records):
        if '"pulse.' not in record["events"]:
            key, overrides, why = "", {}, ""
        else:
            config = planned[record["id"]].config
            cell = json.dumps(config.model_dump(mode="json").get("device"), sort_keys=True)
            if cell not in known:
                known[cell] = _overrides(config)
            key, overrides, why = known[cell]
        groups.setdefault(key, (overrides, why, []))[2].append(row)
    return list(groups.values())


def _overrides(config: Any) -> tuple[str, dict[str, Any], str]:
    try:
        overrides = dict(config.pulses())
    except RevpathError as error:
        why = " ".join(str(error).split())
        return why, {}, why
    return " ".join(sorted(record.model_dump_json() for record in overrides.values())), overrides, ""


def _events(text: str) -> dict[str, int | float]:
    """Counts and integrals of a stored run, by name."""
    from ...simulator import Events

    return dict(Events.from_json(text))
