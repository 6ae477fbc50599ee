"""`revpath records` and `revpath cite`: the library's numbers, and the references that a result used."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...devices import device_names, load_device
from ...devices.base.errors import RevpathError, UnknownName, unknown
from ...devices.base.files import write_whole
from ...devices.base.record import Evidence, Record, Source, parse_unit
from ...energy_models.records import library
from ..compare.result import read_result, result_file

if TYPE_CHECKING:
    import pandas as pd


@cache
def known_records() -> Mapping[str, Record]:
    """Every number that revpath ships: those of the energy library and those of the devices, by id."""
    of_devices = {record.id: record for name in device_names() for record in load_device(name).records.values()}
    return MappingProxyType({**library(), **of_devices})


def choose_records(
    text: str = "",
    *,
    evidence: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    shaky: bool = False,
    records: Mapping[str, Record] | None = None,
) -> list[Record]:
    """The records that fit all that is asked for, by id; every record without arguments.

    Parameters
    ----------
    text : str
        part of an id, a unit, a citation, its key or a note.
    evidence : str, optional
        a class of evidence.
    unit : str, optional
        one that the record's can be read as, such as ``pJ/op``.
    source : str, optional
        part of a citation or of its key.
    shaky : bool
        only what is assumed or was read nowhere that we can point at.

    Raises
    ------
    UnknownName
        there is no such class of evidence.
    UnitError
        `unit` cannot be read.
    """
    if evidence is not None and evidence not in list(Evidence):
        raise unknown("evidence", evidence, list(Evidence))
    known = known_records() if records is None else records
    dimension = None if unit is None else _dimension(unit)
    return [
        record
        for _, record in sorted(known.items())
        if _holds(text, record.id, record.unit, record.source.key, record.source.citation, record.note)
        and (evidence is None or record.evidence == evidence)
        and (dimension is None or _dimension(record.unit) == dimension)
        and (source is None or _holds(source, record.source.key, record.source.citation))
        and (not shaky or record.shaky)
    ]


def _holds(text: str, *fields: str) -> bool:
    return any(text.lower() in field.lower() for field in fields)


def _dimension(unit: str) -> object:
    return parse_unit(unit).dimensionality


def _nothing(text: str, source: str | None, unit: str | None) -> RevpathError:
    """The error for an answer without records, with the names that are near what was asked for."""
    known = known_records()
    families, keys = {id.split(".")[0] for id in known}, {record.source.key for record in known.values()}
    words = keys | {word for id in known for word in (id, *id.replace("_", ".").split("."))}
    asked = (("text", text, words, families), ("source", source, keys, keys), ("unit", unit, *2 * [_units_of(known)]))
    for name, value, near_these, all_of in asked:
        alone: dict[str, Any] = {name: value}
        if value and not choose_records(**alone):
            near = get_close_matches(value.lower(), sorted(near_these), n=4, cutoff=0.6)
            hint = f"near: {', '.join(near)}" if near else f"there are: {', '.join(sorted(all_of))}"
            return UnknownName(f"{name} = {value!r} is in none of the {len(known)} records; {hint}")
    given = ", ".join(f"{name} = {value!r}" for name, value, *_ in asked if value)
    return UnknownName(f"no record fits all of what was asked for: {given or 'the filters'}")


def _units_of(known: Mapping[str, Record]) -> set[str]:
    return {record.unit for record in known.values()}


def print_records(
    text: str = "",
    *,
    evidence: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    shaky: bool = False,
    console: Console | None = None,
) -> None:
    """List records; one alone, by its whole id, is shown in full.

    Raises
    ------
    RevpathError
        as `choose_records`, or nothing fits; with near names.
    """
    console = console or _console()
    if text in known_records():
        _print_record(known_records()[text], console)
        return
    chosen = choose_records(text, evidence=evidence, unit=unit, source=source, shaky=shaky)
    if not chosen:
        raise _nothing(text, source, unit)
    unsure = sum(record.shaky for record in chosen)
    _say(
        console,
        f"{len(chosen)} of {len(known_records())} records; {unsure} are assumed or were read nowhere to point at (!)",
    )
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("record", "value", "unit", "spread", "evidence", "source"):
        whole = heading in ("record", "value")  # never cut: a record is to be typed
        grid.add_column(heading, justify="right" if heading == "value" else "left", overflow="fold", no_wrap=whole)
    for r in chosen:
        mark = " !" if r.shaky else ""
        evidence = f"{r.evidence}, {r.read_in}"
        row = (r.id + mark, f"{r.value:.4g}", r.unit, _spread(r), evidence, r.source.key)
        grid.add_row(*(escape(cell) for cell in row))
    console.print(grid)


def records_frame(chosen: Sequence[Record]) -> pd.DataFrame:
    """One row a record, for other programs."""
    import pandas as pd

    return pd.DataFrame(
        {
            "record": r.id,
            "value": r.value,
            "unit": r.unit,
            "spread": _spread(r),
            "evidence": str(r.evidence),
            "read in": str(r.read_in),
            "shaky": r.shaky,
            "source": r.source.key,
            "citation": r.source.citation,
            "url": r.source.url,
        }
        for r in chosen
    )


def write_bib(file: Path, sources: Iterable[Source]) -> Path:
    """BibTeX of the sources into a file.

    Raises
    ------
    RevpathError
        the file cannot be written.
    """
    from .forms import bibtex

    write_whole(file, bibtex(sources).encode())
    return file


def sources_of(result: str | Path) -> list[Source]:
    """The sources that a result used, once each; those whose records are not of this library keep what the result says."""
    found: dict[str, Source] = {}
    for citation, ids in used_sources(result)[0].items():
        source = next((known_records()[id].source for id in ids if id in known_records()), None)
        found[citation] = source or Source(key="other", citation=citation)
    return list({source.citation: source for source in found.values()}.values())


def write_bib_of(file: Path, result: str | Path) -> Path:
    """BibTeX of what a result used into a file."""
    return write_bib(file, sources_of(result))


def print_citations_as(result: str | Path, form: Literal["bibtex", "json"]) -> None:
    """The references that a result used, as BibTeX or JSON."""
    from .forms import bibtex

    if form == "bibtex":
        print(bibtex(sources_of(result)), end="")
        return
    found, shaky = used_sources(result)
    rows = [{"citation": citation, "records": ids} for citation, ids in found.items()]
    print(json.dumps({"references": rows, "assumed or unverified": shaky}, indent=1, ensure_ascii=False))


def _print_record(record: Record, console: Console) -> None:
    rows = {
        "value": f"{record.value:g} {record.unit}",
        "uncertainty": _spread(record),
        "evidence": f"{record.evidence}, read in {record.read_in}" + (" (!)" if record.shaky else ""),
        "boundary": record.boundary,
        "conditions": ", ".join(f"{k} = {v}" for k, v in record.conditions.items()),
        "source": " ".join(part for part in (record.source.citation, record.source.url) if part),
        "locator": record.locator,
        "derivation": record.derivation,
        "note": record.note,
    }
    console.print(f"[bold]{escape(record.id)}[/]", highlight=False)
    for name, value in rows.items():
        if value:
            _say(console, f"  {name}: {value}")


def _spread(record: Record) -> str:
    u = record.uncertainty
    if u.kind == "normal":
        return f"± {u.sigma:g}"
    if u.kind == "lognormal":
        return f"ln ± {u.sigma_ln:g}"
    if u.kind == "uniform":
        return f"{u.low:g} to {u.high:g}"
    return "exact" if u.kind == "exact" else "not stated"


def used_sources(result: str | Path) -> tuple[dict[str, list[str]], list[str]]:
    """The references behind a ``result.json``, or that of a folder: citation -> ids of the records taken from it, and the shaky ids.

    Raises
    ------
    RevpathError
        the file cannot be read, or is no result of revpath.
    """
    path, content = result_file(result), read_result(result)
    try:
        lines = [line for c in content["contenders"] for line in c["citations"]]
        records = [str(id) for id in content["records"]]
        shaky = sorted({str(id) for c in content["contenders"] for id in c["shaky_records"]})
    except (KeyError, TypeError) as error:
        raise RevpathError(f"{str(path)!r} is not a result.json of `revpath compare`: it has no {error}") from None
    found: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        id, _, rest = str(line).partition(": ")
        found[_citation(rest)].add(id)
    cited = set().union(*found.values()) if found else set()
    for id in records:
        if id in cited:
            continue
        record = known_records().get(id)
        found[record.source.citation if record else "not in this library: written by another version?"].add(id)
    return {citation: sorted(ids) for citation, ids in sorted(found.items())}, shaky


def _citation(rest: str) -> str:
    """``citation [evidence, read in x] url`` without the bracket, which is about the record rather than the source."""
    head, bracket, tail = rest.rpartition(" [")
    if not bracket:
        return rest
    url = tail.partition("]")[2].strip()
    return f"{head} {url}".strip()


def print_citations(result: str | Path, console: Console | None = None) -> None:
    """The references that a result used, each with the records taken from it."""
    console = console or _console()
    found, shaky = used_sources(result)
    _say(console, f"{len(found)} references:")
    for number, (citation, ids) in enumerate(found.items(), 1):
        _say(console, f"[{number}] {citation}")
        _say(console, f"    {', '.join(ids)}")
    if shaky:
        _say(console, f"This result leans on {len(shaky)} assumed or unverified records: {', '.join(shaky)}.")


def _say(console: Console, line: str) -> None:
    console.print(escape(line), highlight=False, soft_wrap=True)


def _console() -> Console:
    from .console import wide_console

    return wide_console()
