"""`revpath devices check FILE` and `revpath chips check FILE`: what a contributed file states, what it lacks, what follows.

A file that is wrong is refused where it is read, by an error that names the field; here is what is right and yet to be said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from ...devices.base.errors import RevpathError
from ...devices.base.printable import printable
from ...devices.base.record import Record, Unstated


def device_report(file: str | Path) -> list[str]:
    """What a device's file states and what follows from it, one line each; errors as of `load_device`.

    Examples
    --------
    >>> device_report("reram-sb-gong2018")[0].startswith("reram-sb-gong2018: valid")
    True
    """
    from ...devices import load_device
    from ...devices.response import NoResponse

    device = load_device(file)
    trains = not isinstance(device.response, NoResponse)
    energies = [f"pulse.{name}" for name in ("energy_up", "energy_down") if f"pulse.{name}" in device.records]
    return [
        f"{device.name}: valid, {len(device.records)} records",
        *_evidence(device.records.values()),
        f"not known: {', '.join(device.unknowns) or 'nothing'}",
        f"can be read and programmed: yes; trained in place: {'yes' if trains else 'no, its pulse response is not known'}",
        f"pulses can be priced: {'yes, by ' + ', '.join(energies) if energies else 'no, pulse.energy_up is not known'}",
    ]


def chip_report(file: str | Path) -> list[str]:
    """What a chip's file prices and what follows from it, one line each; errors as of `load_chip`.

    Examples
    --------
    >>> chip_report("reram-32nm")[0].startswith("reram-32nm: valid")
    True
    """
    from ...energy_models import load_chip
    from ...energy_models.prices.vocabulary import EVENTS

    chip = load_chip(file)
    lacking = sorted(name for name in EVENTS if name not in chip.prices)
    refused = sorted(name for name, each in chip.prices.items() if each.refused)
    assumed = sorted(name for name, each in chip.prices.items() if each.assumed)
    return [
        f"{chip.name}: valid, {len(chip.prices)} events priced by {len(chip.records)} records",
        *_evidence(chip.records.values()),
        f"prices whose structure is a guess: {', '.join(assumed) or 'none'}",
        f"refused, an error where they happen: {', '.join(refused) or 'none'}",
        f"without a price, an error too: {', '.join(lacking) or 'none'}",
        f"published workloads: {len(chip.workloads) or 'none: `revpath validate FILE` has nothing to set it beside'}",
    ]


def _evidence(records: Iterable[Record]) -> list[str]:
    """How its numbers are known, and which a reader will doubt."""
    listed = list(records)
    kinds = Counter(str(record.evidence) for record in listed)
    shaky = sorted(record.id for record in listed if record.shaky)
    unstated = sorted(record.id for record in listed if isinstance(record.uncertainty, Unstated))
    return [
        "evidence: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
        f"assumed, or read nowhere to point at: {', '.join(shaky) or 'none'}",
        f"without a stated uncertainty: {', '.join(unstated) or 'none'}",
    ]


def checked(word: str | None, file: Path | None, report: Callable[[Path], list[str]]) -> bool:
    """Whether the first argument is ``check``; if so, the report on the file is printed.

    Raises
    ------
    RevpathError
        ``check`` without a file, or a second argument after another word.
    """
    if word != "check":
        if file is not None:
            raise RevpathError(f"{str(file)!r} is one argument too many: NAME, or check FILE")
        return False
    if file is None:
        raise RevpathError("check needs the file that is to be checked: check FILE")
    print(printable("\n".join(report(file))))
    return True
