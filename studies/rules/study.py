"""Which update rule trains which device: two energy-based models, exact quality, pulses per weight, joules where priceable.

Every (task, rule, device) gets the same: one trial at each learning rate of one grid, all with the same seed, and then runs
with fresh seeds at the rate that was best on the validation data. Quality is that of the test data under the stored
weights. What the rules are given beside the rate is in `RuleConfig.adapted`, and is the same for all devices but for what
depends on their step.

The runs are those of the sweep engine, in a store of the folder, each named by a digest of all that it depends on, numbers of the
device and sources included: what is there is not repeated, and an interruption costs the runs that were being made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...devices import load_device
from ...devices.base.errors import RevpathError
from ...devices.base.files import results_folder
from ...simulator.rules import RULES, AnyRule
from ..identity import strong_id
from ..sweeps.engine import make
from ..sweeps.store import Store
from ..tasks.rates import RATES, Task, rule_for
from ..tasks.tasks import TASKS, Size
from .trial import DIGITAL, Outcome, Trial, outcome_of, planned

if TYPE_CHECKING:
    import pandas as pd

DEVICES = ("reram-sb-gong2018", "reram-om-gong2022", "ecram-li-tang2018", "capacitor-li2018", "idealized-rasch2019")
MORE_DEVICES = (*DEVICES, "reram-es-gong2018", "reram-hfo2-gong2022", "ecram-mo-kim2019", "gokmen-vlasov2016")
_TUNING_SEED = 0
STORE = "store"
"""Folder of the runs, in the folder of a study."""


@dataclass(frozen=True)
class Plan:
    """What a study tries: for each (task, rule, device) the middle `rates` of the grid, then `seeds` runs at the best."""

    tasks: tuple[Task, ...] = ("digits", "text")
    rules: tuple[str, ...] = field(default_factory=lambda: RULES.names)
    devices: tuple[str, ...] = DEVICES
    rates: int = 6
    seeds: int = 3
    size: Size = "small"

    def __post_init__(self) -> None:
        for name, known in (("tasks", tuple(TASKS)), ("rules", RULES.names)):
            strange = [value for value in getattr(self, name) if value not in known]
            if strange or not getattr(self, name):
                raise RevpathError(f"{name} = {getattr(self, name)!r} must be some of {', '.join(known)}")
        for device in self.devices:
            load_device(device)
        if not 1 <= self.rates <= 6 or self.seeds < 1:
            raise RevpathError(f"rates = {self.rates} must be 1 to 6, and seeds = {self.seeds} at least 1")

    @property
    def key(self) -> str:
        """A digest of what the plan tries, which names its table and figure."""
        return strong_id(asdict(self))

    def cells(self) -> list[tuple[Task, str, AnyRule | None]]:
        """(task, device, rule), the digital references first."""
        found: list[tuple[Task, str, AnyRule | None]] = [(task, DIGITAL, None) for task in self.tasks]
        for task in self.tasks:
            for device in self.devices:
                for rule in self.rules:
                    found.append((task, device, rule_for(rule, device, task)))
        return found

    def tuning(self, task: Task, device: str, rule: AnyRule | None) -> list[Trial]:
        first = (len(RATES[task]) - self.rates) // 2
        rates = RATES[task][first : first + self.rates]
        return [
            Trial(task=task, device=device, rule=rule, rate=rate, seed=_TUNING_SEED, size=self.size) for rate in rates
        ]


FAST = Plan(
    tasks=("digits",),
    rules=("stochastic", "mixed-precision"),
    devices=("reram-sb-gong2018",),
    rates=2,
    seeds=2,
    size="fast",
)
"""A few seconds: for tests, and to see that it works."""


def __getattr__(name: str) -> tuple[str, ...]:
    """`RULE_NAMES`, the names of all rules there are now."""
    if name == "RULE_NAMES":
        return RULES.names
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


Tell = Callable[[int, int, Outcome | None], None]
"""(runs done, runs in all, what was just done; None where it was there before)."""


def study(plan: Plan, folder: Path, *, workers: int | None = None, tell: Tell | None = None) -> list[Outcome]:
    """All runs of a plan, in `workers` processes of one thread each (default: one for each core).

    Returns
    -------
    The outcomes of the runs with fresh seeds, at the best rate of each (task, device, rule).

    Raises
    ------
    KeyboardInterrupt
        runs that were complete are kept.
    """
    store = Store(results_folder(folder) / STORE)
    tuning = {cell: plan.tuning(*cell) for cell in plan.cells()}
    total = sum(len(trials) + plan.seeds for trials in tuning.values())
    tuned = _run_all([t for trials in tuning.values() for t in trials], store, workers, tell, 0, total)
    final: list[Trial] = []
    for trials in tuning.values():
        best = min(trials, key=lambda trial: tuned[trial].badness)  # of the validation data
        final += [best.model_copy(update={"seed": _TUNING_SEED + 1 + n}) for n in range(plan.seeds)]
    outcomes = _run_all(final, store, workers, tell, total - len(final), total)
    return [outcomes[trial] for trial in final]


def _run_all(
    trials: list[Trial], store: Store, workers: int | None, tell: Tell | None, done: int, total: int
) -> dict[Trial, Outcome]:
    """Every trial with its outcome; a refusal is asked again, since a later version may allow it."""
    runs = {trial: planned(trial) for trial in trials}
    by_id = {run.id: trial for trial, run in runs.items()}
    store.refresh()
    outcomes = {trial: outcome_of(trial, store.get(run.id)) for trial, run in runs.items() if run.id in store}
    if tell:
        for n in range(len(outcomes)):
            tell(done + n + 1, total, None)

    def keep(record: dict[str, Any]) -> None:
        trial = by_id[record["id"]]
        outcomes[trial] = outcome_of(trial, record)
        if tell:
            tell(done + len(outcomes), total, outcomes[trial])

    summary = make(list(runs.values()), store, workers=workers, retry_failed=True, on_record=keep)
    if summary.stopped:
        raise KeyboardInterrupt
    if summary.elsewhere:
        raise RevpathError(f"{summary.elsewhere} runs are being made by another sweep on {store.folder}: wait for it")
    for trial, run in runs.items():
        if trial not in outcomes:  # made meanwhile by another
            outcomes[trial] = outcome_of(trial, store.get(run.id))
    return outcomes


def outlook(plan: Plan, folder: Path) -> tuple[int, int, int]:
    """Runs of a plan, how many of them are in `folder` already, and how many are there that were made by other code.

    Before the rates are chosen nobody knows which of the runs with fresh seeds are there: those of any rate are counted.
    """
    store = Store(results_folder(folder) / STORE)
    tuning = [plan.tuning(*cell) for cell in plan.cells()]
    first = [trial for trials in tuning for trial in trials]
    there = sum(trial.key in store for trial in first)
    fresh: list[Trial] = []
    for trials in tuning:
        for n in range(plan.seeds):
            seeded = [trial.model_copy(update={"seed": _TUNING_SEED + 1 + n}) for trial in trials]
            fresh += seeded
            there += any(trial.key in store for trial in seeded)
    runs = len(first) + len(tuning) * plan.seeds
    return runs, there, _runs_of_other_code([*first, *fresh], store)


def _runs_of_other_code(trials: Iterable[Trial], store: Store) -> int:
    """How many records are of these trials, and made by other code or with other numbers of a device."""
    wanted = {_content(run.identity): run.id for run in map(planned, trials)}
    return sum(
        wanted.get(_content(record["identity"]), record["id"]) != record["id"]
        for record in store.records()
        if "identity" in record
    )


def _content(identity: Mapping[str, Any]) -> str:
    """What a run is of, whatever code and numbers."""
    return json.dumps([identity["task"], identity["config"], identity["seed"]], sort_keys=True)


def learned(found: pd.DataFrame, task: str) -> bool:
    """Whether the ideal digital model of a table is better than what needs no weights; if not, no rule can be judged."""
    kind = TASKS[task]
    ideal = found.loc[(found["task"] == task) & (found["device"] == DIGITAL), "quality"]
    if ideal.empty:
        return True
    gain = float(ideal.iloc[0]) - kind.baseline()
    return gain > 0 if kind.higher_is_better else gain < 0


def table(outcomes: Iterable[Outcome], chip: str = "reram-32nm") -> pd.DataFrame:
    """One row for each (task, rule, device): quality over the seeds, pulses per weight, joules where priceable.

    training says what of the rule is digital, see `revpath.simulator.rules.Training`; "" for the digital reference.

    joules are those of all that happened in training, priced on `chip` with the pulse energies of the device itself, with
    the ends of their central 90 % as joules_low and joules_high and the assumed or unverified records behind them as
    leans_on; NaN where those or the duration of a pulse are not known, and `unpriced` says what was missing.
    """
    import pandas as pd

    groups: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.trial.task, outcome.trial.device, outcome.trial.rule_name), []).append(outcome)
    rows = []
    for (task, device, rule), runs in groups.items():
        training = "" if device == DIGITAL else RULES.named(rule).training
        row: dict[str, object] = {"task": task, "device": device, "rule": rule, "unit": TASKS[task].unit}
        row["training"] = training
        if runs[0].refused:
            rows.append(row | {"seeds": 0, "refused": runs[0].refused})
            continue
        tests = np.array([np.nan if run.test is None else run.test for run in runs])
        rows.append(
            row
            | {
                "quality": tests.mean(),
                "spread": np.ptp(tests),
                "pulses_per_weight": np.mean([run.pulses_per_weight for run in runs]),
                **_joules(runs[0], chip),
                "rate": runs[0].trial.rate,
                "seeds": len(runs),
                "refused": "",
            }
        )
    return pd.DataFrame(rows)


class Granularity(NamedTuple):
    """What stochastic pulses lose on a device against ideal synapses, and how much of it is gone in the mean-field limit.

    Attributes
    ----------
    lost, granular : float
        In units of the task, positive where it is a loss: ideal against stochastic pulses, and the limit against these.
    """

    device: str
    lost: float
    granular: float


def granularity(found: pd.DataFrame, task: str) -> list[Granularity]:
    """What of the loss of stochastic pulses is granularity, for each device of a table that has both and the ideal model.

    The rest, `lost` - `granular`, stays in the limit of infinitely small pulses: the shape of the response, its spread over
    cells, and reads.

    Parameters
    ----------
    found : DataFrame
        Of `table`.
    task : str
        One of `TASKS`.
    """
    rows = found.loc[(found["task"] == task) & (found["refused"] == "")]
    quality = {(row["device"], row["rule"]): row["quality"] for row in rows.to_dict("records")}
    ideal, sign = quality.get((DIGITAL, DIGITAL)), 1 if TASKS[task].higher_is_better else -1
    devices = [device for device in dict.fromkeys(rows["device"]) if device != DIGITAL]
    both = [device for device in devices if {(device, "stochastic"), (device, "mean-field")} <= set(quality)]
    if ideal is None:
        return []
    return [
        Granularity(
            device,
            sign * (ideal - quality[device, "stochastic"]),
            sign * (quality[device, "mean-field"] - quality[device, "stochastic"]),
        )
        for device in both
    ]


def _joules(run: Outcome, chip: str) -> dict[str, float | str]:
    """The priced columns of a row."""
    nothing = {"joules": np.nan, "joules_low": np.nan, "joules_high": np.nan, "leans_on": ""}
    if run.trial.rule is None:
        return {**nothing, "unpriced": "the digital reference is not priced here"}
    if run.trial.rule.training == "no hardware":
        return {**nothing, "unpriced": "a limit that no hardware has"}
    from ...energy_models import load_chip, price
    from ...energy_models.prices.pricing import pulse_prices
    from ...energy_models.prices.schedule import completed

    try:
        device, hardware = load_device(run.trial.device), load_chip(chip)
        bill = price(completed(run.spent(), hardware), hardware, overrides=pulse_prices(device))
    except RevpathError as error:
        return {**nothing, "unpriced": " ".join(str(error).split())}
    i = bill.interval()
    shaky = {*bill.shaky, *(record.id for record in device.records.values() if record.shaky)}
    return {
        "joules": i.nominal,
        "joules_low": i.low,
        "joules_high": i.high,
        "leans_on": " ".join(sorted(shaky)),
        "unpriced": "",
    }
