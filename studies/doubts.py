"""The last line of a report: on how many assumed or unverified records it leans, and on which."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..energy_models.records import library

_GPUS = ("gpu.", "run.", "node.", "pue.")
_BARRIER = (*_GPUS, "anchor.", "beside.", "budget.", "carbon.", "cost_law.", "lever.", "price.")
_NOT_GPUS = ("gpu.vector.", "node.assumed.")  # what single instructions cost, and the surroundings of analog chips


_SHOWN = 4
"""Ids that a short line names."""


def leaning(what: str, ids: Iterable[str], *, whole: bool = True) -> str:
    """``WHAT lean on N assumed or unverified records: ...``; "" where there are none.

    Parameters
    ----------
    whole : bool
        all of them by id, instead of a few and how many more.
    """
    known = sorted(set(ids))
    if not known:
        return ""
    head = f"{what} lean on {len(known)} assumed or unverified record{'s' if len(known) > 1 else ''}: "
    if whole or len(known) <= _SHOWN:
        return f"{head}{', '.join(known)}."
    # what a component model estimated has a long id of its drivers: those of records come first
    first = sorted(known, key=lambda id: (id.startswith("model."), id))[:_SHOWN]
    return f"{head}{', '.join(first)} and {len(known) - _SHOWN} more (--doubts names all)."


def doubts_of_chips(name: str | None = None, *, whole: bool = True) -> str:
    """Of the prices of one chip, or of all: those of its components' models and surroundings included."""
    from ..energy_models import chip_names, load_chip

    chips = [load_chip(name)] if name is not None else [load_chip(each) for each in chip_names()]
    records = [record for chip in chips for record in chip.records.values()]
    records += [model for chip in chips for work in chip.workloads for model in work.models.values()]
    return leaning("These prices" if name else "These chips", [r.id for r in records if r.shaky], whole=whole)


def doubts_of_validation(file: Path | None = None, *, whole: bool = True) -> str:
    """Of the chips that have published work to be held against, one of a file among them where it is given."""
    from ..energy_models import chip_names, load_chip

    chips = [chip for chip in map(load_chip, [*chip_names(), *([] if file is None else [file])]) if chip.workloads]
    records = [record for chip in chips for record in chip.records.values()]
    records += [model for c in chips for w in c.workloads for model in (*w.models.values(), *w.fitted.values())]
    return leaning("These figures", [r.id for r in records if r.shaky], whole=whole)


def doubts_of_gpus(*, whole: bool = True) -> str:
    """Of the GPUs, the runs of record, and what surrounds them."""
    return leaning("These figures", _shaky(_GPUS), whole=whole)


def doubts_of_barrier(*, whole: bool = True) -> str:
    """Of the GPUs and runs, the budgets, prices and anchors, the cost law and the road."""
    return leaning("These figures", _shaky(_BARRIER), whole=whole)


def _shaky(families: tuple[str, ...]) -> list[str]:
    return [
        id
        for id, record in library().items()
        if record.shaky and id.startswith(families) and not id.startswith(_NOT_GPUS)
    ]
