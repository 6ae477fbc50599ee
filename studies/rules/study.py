"""Which update rule trains which device: two energy-based models, exact quality, pulses per weight, joules where priceable.

Every (task, rule, device) gets the same: one trial at each learning rate of one grid, all with the same seed, and then runs
with fresh seeds at the rate that was best on the validation data. Quality is that of the test data under the stored
weights. What the rules are given beside the rate is in `rule_for`, and is the same for all devices but for what depends
on their step.

Results are kept run by run, under a name that is a hash of all that they depend on, numbers of the device included:
what is there is not repeated, and an interruption costs the runs that were being made.
"""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...devices import Device, load_device
from ...devices.base.errors import RevpathError, explain
from ...devices.base.files import results_folder, write_whole
from ...devices.response.pulsed import PulsedResponse
from ...simulator import Events
from ...simulator.programming.write_verify import WriteVerify
from ...simulator.rules import (
    AGADConfig,
    AnyRule,
    ChoppedTikiTaka2Config,
    DeterministicPulsesConfig,
    MixedPrecisionConfig,
    StochasticPulsesConfig,
    TikiTaka2Config,
    WriteVerifiedCopyConfig,
)
from ..compare.workers import cores, one_thread_each
from ..tasks.tasks import TASKS, Size, quality_of

if TYPE_CHECKING:
    import pandas as pd

Task = Literal["digits", "text"]
RULE_NAMES = (
    "stochastic",
    "deterministic",
    "mixed-precision",
    "tiki-taka-2",
    "chopped-tiki-taka-2",
    "agad",
    "write-verified-copy",
)
DIGITAL = "digital"
"""Name of the reference, as a device: ideal synapses, trained by the same grid."""

DEVICES = ("reram-sb-gong2018", "reram-om-gong2022", "ecram-li-tang2018", "capacitor-li2018", "idealized-rasch2019")
MORE_DEVICES = (*DEVICES, "reram-es-gong2018", "reram-hfo2-gong2022", "ecram-mo-kim2019", "gokmen-vlasov2016")
RATES: dict[Task, tuple[float, ...]] = {
    "digits": (0.006, 0.02, 0.06, 0.2, 0.6, 2.0),
    "text": (0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
}
"""The grid: of the digits, the learning rate itself; of the text, a factor to the rates of the ideal model."""

_TUNING_SEED = 0
_PRESET_STEP = 0.002  # of the ReRAM of aihwkit's presets for the Tiki-Taka family, TTv2ReRamSBPreset and the like


class Trial(BaseModel):
    """One training run.

    Attributes
    ----------
    device: a name of the library, a path, or `DIGITAL`. rule: None for the digital reference.
    rate: of the grid. seed: of everything. size: how long it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    task: Task
    device: str
    rule: AnyRule | None
    rate: float = Field(gt=0)
    seed: int = Field(ge=0)
    size: Size

    @property
    def key(self) -> str:
        """All that the result depends on, as a short hash."""
        numbers = "" if self.device == DIGITAL else load_device(self.device).model_dump_json(exclude={"records"})
        content = [self.model_dump(mode="json"), numbers, TASKS[self.task].data_sha256(), version("revpath")]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def rule_name(self) -> str:
        return DIGITAL if self.rule is None else self.rule.rule


class Outcome(BaseModel):
    """What came of a trial; `refused` says why nothing could.

    Attributes
    ----------
    validation, test: mean log-likelihood in nats of the digits, higher is better; bits per character of the text, lower is
        better. weights: of the model. events: all that happened in training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trial: Trial
    validation: float | None = None
    test: float | None = None
    weights: int = 0
    events: str = "{}"
    refused: str = ""

    def spent(self) -> Events:
        return Events.from_json(self.events)

    @property
    def pulses_per_weight(self) -> float:
        """Pulses and writes on all cells, those of both cells of a weight and of all arrays, for each weight."""
        spent = self.spent()
        return sum(spent[name] for name in ("pulse.up", "pulse.down", "cell.programmed")) / self.weights

    @property
    def badness(self) -> float:
        """Of the validation data, for choosing: lower is better; infinite where there is none."""
        if self.validation is None or not np.isfinite(self.validation):
            return np.inf
        return -self.validation if TASKS[self.trial.task].higher_is_better else self.validation


@dataclass(frozen=True)
class Plan:
    """What a study tries: for each (task, rule, device) the middle `rates` of the grid, then `seeds` runs at the best."""

    tasks: tuple[Task, ...] = ("digits", "text")
    rules: tuple[str, ...] = RULE_NAMES
    devices: tuple[str, ...] = DEVICES
    rates: int = 6
    seeds: int = 3
    size: Size = "small"

    def __post_init__(self) -> None:
        for name, known in (("tasks", tuple(TASKS)), ("rules", RULE_NAMES)):
            strange = [value for value in getattr(self, name) if value not in known]
            if strange or not getattr(self, name):
                raise RevpathError(f"{name} = {getattr(self, name)!r} must be some of {', '.join(known)}")
        for device in self.devices:
            load_device(device)
        if not 1 <= self.rates <= 6 or self.seeds < 1:
            raise RevpathError(f"rates = {self.rates} must be 1 to 6, and seeds = {self.seeds} at least 1")

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


def rule_for(name: str, device: str | Device, task: Task) -> AnyRule:
    """The rule as the study uses it: the defaults of the literature, adapted to what a mini-batch is here.

    A gradient of the RBM comes in two updates, one for each phase. The Tiki-Taka family has the presets of aihwkit, with
    the fast rate divided out of the transfer so that one grid of rates fits all devices, and reads the whole fast array
    after each gradient: training is short here. The presets were made for a ReRAM of 1000 states. Where steps are coarser, the
    fast array takes so many fewer pulses of an outer product that it changes by the same share of its range; where they are
    finer, a transfer may send so many more. Write-verify accepts 1 % of the window, after each gradient.
    """
    updates = TASKS[task].updates_per_gradient
    response = (device if isinstance(device, Device) else load_device(device)).response
    step = response.step if isinstance(response, PulsedResponse) else _PRESET_STEP
    transfer = {
        "transfer_every": updates,
        "units_in_mbatch": True,
        "n_reads_per_transfer": None,
        "correct_gradient_magnitudes": True,
        "auto_granularity": 0.0,
        "fast_lr": 0.5 * min(1.0, _PRESET_STEP / step),
        "max_steps": max(1, round(_PRESET_STEP / step)),
    }
    rules: dict[str, Callable[[], AnyRule]] = {
        "stochastic": StochasticPulsesConfig,
        "deterministic": DeterministicPulsesConfig,
        "mixed-precision": lambda: MixedPrecisionConfig(transfer_every=updates),
        "tiki-taka-2": lambda: TikiTaka2Config(**transfer),
        "chopped-tiki-taka-2": lambda: ChoppedTikiTaka2Config(**transfer),
        "agad": lambda: AGADConfig(**transfer),
        "write-verified-copy": lambda: WriteVerifiedCopyConfig(
            program_every=updates, scheme=WriteVerify(tolerance=0.01, max_pulses=100, policy="adaptive")
        ),
    }
    return rules[name]()


def run_trial(trial: Trial) -> Outcome:
    """Train and judge; a rule that the device does not allow is an outcome too."""
    try:
        validation, test, weights, events = quality_of(
            trial.task, trial.device if trial.rule else None, trial.rule, trial.rate, trial.seed, trial.size
        )
    except RevpathError as error:
        return Outcome(trial=trial, refused=" ".join(str(error).split()))
    return Outcome(trial=trial, validation=validation, test=test, weights=weights, events=events.to_json())


def outcome_path(trial: Trial, folder: Path) -> Path:
    return folder / f"{trial.task}-{Path(trial.device).stem}-{trial.rule_name}-{trial.key}.json"


def read_outcome(path: Path) -> Outcome:
    """RevpathError naming the file where it is not one."""
    try:
        return Outcome.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        why = explain(error) if isinstance(error, ValidationError) else str(error)
        raise RevpathError(f"result = {str(path)!r} is not an outcome: {why[:200]}; delete it to run anew") from None


Tell = Callable[[int, int, Outcome | None], None]
"""(runs done, runs in all, what was just done; None where it was there before)."""


def study(plan: Plan, folder: Path, *, workers: int | None = None, tell: Tell | None = None) -> list[Outcome]:
    """All runs of a plan, in `workers` processes of one thread each (default: one for each core).

    Returns
    -------
    The outcomes of the runs with fresh seeds, at the best rate of each (task, device, rule).

    Raises
    ------
    KeyboardInterrupt: runs that were complete are kept.
    """
    folder = results_folder(folder)
    tuning = {cell: plan.tuning(*cell) for cell in plan.cells()}
    total = sum(len(trials) + plan.seeds for trials in tuning.values())
    tuned = _run_all([t for trials in tuning.values() for t in trials], folder, workers, tell, 0, total)
    final: list[Trial] = []
    for trials in tuning.values():
        best = min(trials, key=lambda trial: tuned[trial].badness)
        final += [best.model_copy(update={"seed": _TUNING_SEED + 1 + n}) for n in range(plan.seeds)]
    found = _run_all(final, folder, workers, tell, total - len(final), total)
    return [found[trial] for trial in final]


def _run_all(
    trials: list[Trial], folder: Path, workers: int | None, tell: Tell | None, done: int, total: int
) -> dict[Trial, Outcome]:
    found: dict[Trial, Outcome] = {}

    def keep(outcome: Outcome, *, fresh: bool) -> None:
        found[outcome.trial] = outcome
        if fresh and not outcome.refused:  # a refusal costs nothing to find again, and a later version may allow it
            write_whole(outcome_path(outcome.trial, folder), outcome.model_dump_json(indent=1).encode())
        if tell:
            tell(done + len(found), total, outcome if fresh else None)

    missing = []
    for trial in trials:
        path = outcome_path(trial, folder)
        if path.exists():
            keep(read_outcome(path), fresh=False)
        else:
            missing.append(trial)
    processes = min(workers or cores(), len(missing))
    for outcome in map(run_trial, missing) if processes <= 1 else _in_parallel(missing, processes):
        keep(outcome, fresh=True)
    return found


def _in_parallel(trials: list[Trial], processes: int) -> Iterable[Outcome]:
    with (
        one_thread_each(),
        ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_deaf) as pool,
    ):
        waiting: set[Future[Outcome]] = {pool.submit(run_trial, trial) for trial in trials}
        try:
            while waiting:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ready)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _deaf() -> None:
    """A worker leaves Ctrl-C to its parent, which hands out no more runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def table(outcomes: Iterable[Outcome], chip: str = "reram-32nm") -> pd.DataFrame:
    """One row for each (task, rule, device): quality over the seeds, pulses per weight, joules where priceable.

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
        row: dict[str, object] = {"task": task, "device": device, "rule": rule, "unit": TASKS[task].unit}
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


def _joules(run: Outcome, chip: str) -> dict[str, float | str]:
    """The priced columns of a row."""
    nothing = {"joules": np.nan, "joules_low": np.nan, "joules_high": np.nan, "leans_on": ""}
    if run.trial.rule is None:
        return {**nothing, "unpriced": "the digital reference is not priced here"}
    from ...energy_models import load_chip, price
    from ...energy_models.prices.pricing import pulse_prices

    try:
        device = load_device(run.trial.device)
        bill = price(run.spent(), load_chip(chip), overrides=pulse_prices(device))
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
