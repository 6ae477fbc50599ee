"""The report of `revpath validate`: models held against silicon, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..prices.chip import Chip
from .chips import GOAL, cases, leave_one_out, loaded, summary, validation_table

if TYPE_CHECKING:
    import pandas as pd


def report(table: pd.DataFrame | None = None, chips: Sequence[Chip] | None = None) -> str:
    """The table and its summary as text, with what the numbers mean; simulated designs are marked.

    Parameters
    ----------
    chips : sequence of Chip, optional
        those of the table; the shipped ones unless given.
    """
    known = {chip.name: chip for chip in loaded(chips)}
    points = cases(list(known.values()))
    table = validation_table(points) if table is None else table
    found = summary(table)
    real: Any = found[found["measured"]]
    silicon: Any = table[table["measured"]]
    covered = (silicon["low"] <= silicon["published"]) & (silicon["published"] <= silicon["high"])
    as_is = silicon.groupby("chip")["uncalibrated"].agg(lambda x: x.between(1 / GOAL, GOAL).all())
    factors = leave_one_out(points)
    used = {chip: dict.fromkeys(name for p in points if p.chip == chip for name in p.components) for chip in known}
    lines = [
        "published and modelled TOPS/W, the model with 5 % and 95 % of its records'\nuncertainty; left out: modelled "
        "over published\njoules (1: exact) by factors of the other chips; ~: a simulation; more: --csv",
        _narrow(table, _POINT),
        "",
        "by chip: largest calibrated residual, then mean errors as factors of at least 1",
        _narrow(found, _CHIP),
        "",
        f"{int(real['within_goal'].sum())} of {len(real)} measured chips are predicted within a factor of {GOAL:g} at "
        f"every operating point, {int((real['leave_one_out'] <= GOAL).sum())} on average; the worst is "
        f"{real['worst'].max():.1f} times off ({real.loc[real['worst'].idxmax(), 'chip']}).",
        f"The published figure lies between the model's 5 % and 95 % at {int(covered.sum())} of {len(covered)} measured points.",
        f"As the models are, without any factor: {int(as_is.sum())} of {len(real)} within {GOAL:g} at every operating point.",
        "Left out: the factors never saw the chip; those who chose the models had (energy_models/validation/chips.py says when).",
        "",
        "factors on the modelled joules of its component models, fitted on the other measured chips (1 where no other has one)",
        *(f"  {chip}: {_listed(factors[chip], used[chip])}" for chip in found["chip"]),
        "",
        "guessed drivers, which widen the model's 5 % and 95 %",
        *(f"  {chip}: {guess}" for chip in found["chip"] for guess in guessed_drivers(known[chip])),
        "",
        "not explained by the models",
        *(f"  {chip}: {known[chip].unexplained}" for chip in real["chip"] if known[chip].unexplained),
    ]
    return "\n".join(lines)


_POINT: Mapping[str, str] = {
    "chip": "chip",
    "workload": "workload",
    "published": "published",
    "model": "model",
    "low": "5 %",
    "high": "95 %",
    "leave_one_out": "left out",
}
_CHIP: Mapping[str, str] = {
    "chip": "chip",
    "points": "points",
    "calibrated_residual": "residual",
    "uncalibrated": "as is",
    "leave_one_out": "left out",
    "worst": "worst",
    "within_goal": "within goal",
}


def _narrow(table: pd.DataFrame, columns: Mapping[str, str]) -> str:
    """Some columns of a table under short names, in at most 80 columns; simulated designs marked."""
    shown: Any = table.loc[:, list(columns)]
    shown = shown.rename(columns=dict(columns))
    shown["chip"] = [name if real else f"~{name}" for name, real in zip(table["chip"], table["measured"], strict=True)]
    return shown.to_string(index=False, float_format=lambda x: f"{x:.3g}", na_rep="-")


def _listed(factors: Mapping[str, float], names: Iterable[str]) -> str:
    return ", ".join(f"{name} {factors.get(name, 1.0):.3g}" for name in names)


def guessed_drivers(chip: Chip) -> list[str]:
    """``component: driver = value (low to high), ...`` of each component whose drivers the chip's file guesses.

    Prices and the models of workloads are looked at; a driver that is known is in neither.
    """
    records = list(chip.records.values())
    records += [record for work in chip.workloads for record in work.models.values()]
    lines = [
        f"{record.source.key.removeprefix('model.')}: {record.conditions['guessed']}"
        for record in records
        if "guessed" in record.conditions
    ]
    return list(dict.fromkeys(lines))
