"""What `revpath rules` says: progress while it runs, and the table."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
from rich.markup import escape
from rich.table import Table

from ...devices.base.files import writable_folder
from ..doubts import leaning
from ..rules.figure import publish
from ..rules.study import DIGITAL, Granularity, Outcome, Plan, granularity, learned, outlook
from ..tasks.tasks import TASKS
from .console import SafeConsole, say, wide_console
from .forms import Form, print_frame


def run_and_print(plan: Plan, folder: Path, workers: int | None = None, form: Form = "table") -> None:
    """Make or complete the study in `folder`, with a line on standard error for each run, and print its table in a form."""
    err = SafeConsole(stderr=True)
    clock = _TimeLeft()

    def tell(done: int, total: int, outcome: Outcome | None) -> None:
        if outcome is None:
            return  # it was there before
        trial = outcome.trial
        said = outcome.refused or f"{outcome.test:.3f} {TASKS[trial.task].unit}"
        say(
            err,
            f"{done:>4} of {total}: {trial.task}, {trial.device}, {trial.rule_name}, rate {trial.rate:g}, "
            f"seed {trial.seed}: {said}{clock.after(total - done)}",
        )

    writable_folder(folder)
    runs, there, strangers = outlook(plan, folder)
    if there < runs:
        say(err, f"{runs} runs, {there} of them there already; the time that is left is said from the second run on")
    if strangers:
        say(err, f"note: {strangers} results of other code, or of another version, are not used; they stay in {folder}")
    found = publish(plan, folder, workers=workers, tell=tell)
    if form != "table":
        print_frame(found, form)
        return
    print_table(found)
    names = ", ".join(str(folder / f"rules.{ending}") for ending in ("csv", "pdf", "png"))
    say(wide_console(), f"table and figures: {names}")


class _TimeLeft:
    """How long the rest will take, from how fast runs have come in; the first one compiles kernels and is left out."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._count = 0

    def after(self, left: int) -> str:
        """ ", about N min left", or nothing where that is not known yet."""
        now = time.monotonic()
        if self._first is None:
            self._first = now
            return ""
        self._count += 1
        seconds = (now - self._first) / self._count * left
        return f"; about {seconds / 60:.0f} min left" if seconds >= 90 else f"; about {seconds:.0f} s left"


def _of_the_loss(loss: Granularity, unit: str) -> str:
    """How much of what stochastic pulses lose on a device is granularity."""
    if loss.lost <= 0:
        return f"granularity: stochastic pulses on {loss.device} lose nothing against the ideal model"
    return (
        f"granularity: of the {loss.lost:.3g} {unit} that stochastic pulses lose on {loss.device}, infinitely small pulses "
        f"(mean-field, no hardware) win back {loss.granular:.3g}: {loss.granular / loss.lost:.0%}"
    )


def print_table(found: pd.DataFrame) -> None:
    """`training_rules.table`, task by task, the best rule of each device first."""
    console = wide_console()
    priced = [] if "leans_on" not in found else [ids for ids in found["leans_on"] if isinstance(ids, str)]
    doubts = leaning("These joules", " ".join(priced).split())
    if doubts:
        say(console, doubts)
    for task, kind in TASKS.items():
        rows = [row for row in found.to_dict("records") if row["task"] == task]
        if not rows:
            continue
        better = "higher" if kind.higher_is_better else "lower"
        shown = Table(
            title=f"{kind.title}: test {kind.unit}, {better} is better ({kind.baseline_name} {kind.baseline():.2f})"
        )
        for name in (
            "device",
            "rule",
            "training",
            "quality",
            "spread",
            "pulses/weight",
            "joules (90 %)",
            "rate",
        ):
            is_name = name in ("device", "rule", "training")  # never cut: it is to be typed, or to be seen
            width = max([len(name), *(len(str(row[name])) for row in rows)]) if is_name else None
            shown.add_column(name, justify="left" if is_name else "right", min_width=width)
        sign = -1 if kind.higher_is_better else 1
        rows.sort(
            key=lambda r: (r["device"] != DIGITAL, r["device"], bool(r["refused"]), sign * (r.get("quality") or 0))
        )
        for row in rows:
            if row["refused"]:
                shown.add_row(escape(row["device"]), row["rule"], row["training"], "not simulated", "", "", "", "")
                continue
            priced = f"{row['joules']:.3g} ({row['joules_low']:.2g} to {row['joules_high']:.2g})"
            joules = "not priced" if pd.isna(row["joules"]) else priced
            shown.add_row(
                escape(row["device"]),
                row["rule"],
                row["training"],
                f"{row['quality']:.3f}",
                f"{row['spread']:.3f}",
                f"{row['pulses_per_weight']:,.0f}",
                joules,
                f"{row['rate']:g}",
            )
        console.print(shown)
        for loss in granularity(found, task):
            say(console, _of_the_loss(loss, kind.unit))
        if not learned(found, task):
            say(
                console,
                f"Nothing has been learned yet of {kind.title}: the ideal digital model is no better than "
                f"{kind.baseline_name}, which needs no weights. So this says nothing about rules or devices; train longer.",
            )
    for why in sorted(
        {f"{row['device']}, {row['rule']}: {row['refused']}" for row in found.to_dict("records") if row["refused"]}
    ):
        say(console, f"not simulated: {why}")
