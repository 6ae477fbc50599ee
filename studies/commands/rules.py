"""What `revpath rules` says: progress while it runs, and the table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from ..rules.figure import publish
from ..rules.study import DIGITAL, Outcome, Plan
from ..tasks.tasks import TASKS
from .compare import wide_console
from .doubts import leaning


def run_and_print(plan: Plan, folder: Path, workers: int | None = None) -> None:
    """Make or complete the study in `folder`, with a line on standard error for each run, and print its table."""
    err = Console(stderr=True)

    def tell(done: int, total: int, outcome: Outcome | None) -> None:
        if outcome is None:
            return  # it was there before
        trial = outcome.trial
        said = outcome.refused or f"{outcome.test:.3f} {TASKS[trial.task].unit}"
        err.print(
            f"{done:>4} of {total}: {trial.task}, {trial.device}, {trial.rule_name}, rate {trial.rate:g}, "
            f"seed {trial.seed}: {said}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )

    print_table(publish(plan, folder, workers=workers, tell=tell))
    Console().print(f"table: {folder / 'rules.csv'}, figure: {folder / 'rules.png'}", highlight=False, soft_wrap=True)


def print_table(found: pd.DataFrame) -> None:
    """`training_rules.table`, task by task, the best rule of each device first."""
    console = wide_console()
    priced = [] if "leans_on" not in found else [ids for ids in found["leans_on"] if isinstance(ids, str)]
    doubts = leaning("These joules", " ".join(priced).split())
    if doubts:
        console.print(doubts, highlight=False, markup=False, soft_wrap=True)
    for task, kind in TASKS.items():
        rows = [row for row in found.to_dict("records") if row["task"] == task]
        if not rows:
            continue
        better = "higher" if kind.higher_is_better else "lower"
        shown = Table(
            title=f"{kind.title}: test {kind.unit}, {better} is better ({kind.baseline_name} {kind.baseline():.2f})"
        )
        for name in ("device", "rule", "quality", "spread of seeds", "pulses per weight", "joules (90 %)", "rate"):
            shown.add_column(name, justify="left" if name in ("device", "rule") else "right")
        sign = -1 if kind.higher_is_better else 1
        rows.sort(
            key=lambda r: (r["device"] != DIGITAL, r["device"], bool(r["refused"]), sign * (r.get("quality") or 0))
        )
        for row in rows:
            if row["refused"]:
                shown.add_row(row["device"], row["rule"], "not simulated", "", "", "", "")
                continue
            priced = f"{row['joules']:.3g} ({row['joules_low']:.2g} to {row['joules_high']:.2g})"
            joules = "not priced" if pd.isna(row["joules"]) else priced
            shown.add_row(
                row["device"],
                row["rule"],
                f"{row['quality']:.3f}",
                f"{row['spread']:.3f}",
                f"{row['pulses_per_weight']:,.0f}",
                joules,
                f"{row['rate']:g}",
            )
        console.print(shown)
    for why in sorted(
        {f"{row['device']}, {row['rule']}: {row['refused']}" for row in found.to_dict("records") if row["refused"]}
    ):
        console.print(f"not simulated: {why}", highlight=False, markup=False, soft_wrap=True)
