"""The page of verification: every row, those that were not run or missed included. Nothing in it is typed by hand."""

from __future__ import annotations

from pathlib import Path

from .row import Outcome, Row, kept

HEAD = """# Published results, run again

Written by `python -m revpath.studies.verification --table`; do not edit. Each row is run by
`python -m revpath.studies.verification NAME --seeds N` (MNIST is looked for in the folder that `REVPATH_DATA` names). A row
that misses its target stays, with what was run; a row that was never run says so. "Ours" is a mean over seeds with its
standard deviation; of one seed there is none, and nothing is said of its spread. Seconds are those of one processor, of all seeds.

| row | published | target | ours | seeds | reached | seconds |
|---|---|---|---|---|---|---|
"""


def page(folder: Path) -> str:
    """The whole page, Markdown, from the outcomes in a folder."""
    lines, remarks = [], []
    for name in sorted(Row.ROWS):
        row, outcome = Row.ROWS[name], kept(name, folder)
        lines.append(_line(row, outcome))
        remarks.append(_remark(row, outcome))
    return HEAD + "\n".join(lines) + "\n\n" + "\n\n".join(remarks) + "\n"


def _line(row: type[Row], outcome: Outcome | None) -> str:
    target = f"{'at least' if row.better == 'higher' else 'at most'} {row.target:g} {row.unit}"
    if outcome is None or not outcome.values:
        return f"| `{row.name}`: {row.title} | {row.published} | {target} | not run | 0 | - | - |"
    spread = f" ± {outcome.spread:.2g}" if outcome.spread is not None else ""
    reached = "yes" if outcome.reached(row) else "**no**"
    seconds = f"{sum(outcome.seconds.values()):.0f}"
    return (
        f"| `{row.name}`: {row.title} | {row.published} | {target} | {outcome.mean:.4g}{spread} {row.unit} | "
        f"{len(outcome.values)} | {reached} | {seconds} |"
    )


def _remark(row: type[Row], outcome: Outcome | None) -> str:
    said = [f"**`{row.name}`.** {row.setting} Source: {row.source}."]
    if row.departs:
        said.append(f"Not as published: {row.departs}")
    if outcome is not None and outcome.beside:
        names = list(next(iter(outcome.beside.values())))
        means = [sum(each[name] for each in outcome.beside.values()) / len(outcome.beside) for name in names]
        if names:
            said.append(
                "Beside it: " + ", ".join(f"{name} {mean:.4g}" for name, mean in zip(names, means, strict=True)) + "."
            )
    return " ".join(said)
