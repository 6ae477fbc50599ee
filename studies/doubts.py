"""The first line of a report: on how many assumed or unverified records it leans, and on which."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..energy_models.records import library

_GPUS = ("gpu.", "run.", "node.", "pue.")
_BARRIER = (*_GPUS, "anchor.", "budget.", "carbon.", "cost_law.", "lever.", "price.")
_NOT_GPUS = ("gpu.vector.", "node.assumed.")  # what single instructions cost, and the surroundings of analog chips


def leaning(what: str, ids: Iterable[str]) -> str:
    """``WHAT lean on N assumed or unverified records: ...``; "" where there are none."""
    known = sorted(set(ids))
    return f"{what} lean on {len(known)} assumed or unverified records: {', '.join(known)}." if known else ""


def doubts_of_chips(name: str | None = None) -> str:
    """Of the prices of one chip, or of all: those of its components' models and surroundings included."""
    from ..energy_models import chip_names, load_chip

    chips = [load_chip(name)] if name is not None else [load_chip(each) for each in chip_names()]
    records = [record for chip in chips for record in chip.records.values()]
    records += [model for chip in chips for work in chip.workloads for model in work.models.values()]
    return leaning("These prices" if name else "These chips", [record.id for record in records if record.shaky])


def doubts_of_validation(file: Path | None = None) -> str:
    """Of the chips that have published work to be held against, one of a file among them where it is given."""
    from ..energy_models import chip_names, load_chip

    chips = [chip for chip in map(load_chip, [*chip_names(), *([] if file is None else [file])]) if chip.workloads]
    records = [record for chip in chips for record in chip.records.values()]
    records += [model for c in chips for w in c.workloads for model in (*w.models.values(), *w.fitted.values())]
    return leaning("These figures", [record.id for record in records if record.shaky])


def doubts_of_gpus() -> str:
    """Of the GPUs, the runs of record, and what surrounds them."""
    return leaning("These figures", _shaky(_GPUS))


def doubts_of_barrier() -> str:
    """Of the GPUs and runs, the budgets, prices and anchors, the cost law and the road."""
    return leaning("These figures", _shaky(_BARRIER))


def _shaky(families: tuple[str, ...]) -> list[str]:
    return [
        id
        for id, record in library().items()
        if record.shaky and id.startswith(families) and not id.startswith(_NOT_GPUS)
    ]
