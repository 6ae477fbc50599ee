"""`revpath records` and `revpath cite`: the library's numbers, and the references that a result used."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..devices.errors import RevpathError
from ..devices.record import Evidence, Record
from ..energy_models.records import get, library


def choose_records(
    text: str = "", *, evidence: str | None = None, shaky: bool = False, records: Mapping[str, Record] | None = None
) -> list[Record]:
    """The records whose id, source or note holds `text`, by id; with an evidence class, or only the shaky ones.

    Raises
    ------
    RevpathError: there is no such class of evidence.
    """
    if evidence is not None and evidence not in [str(e) for e in Evidence]:
        raise RevpathError(f"evidence = {evidence!r} is not one of {', '.join(Evidence)}")
    wanted = text.lower()
    known = library() if records is None else records
    return [
        record
        for id, record in sorted(known.items())
        if (wanted in id.lower() or wanted in record.source.citation.lower() or wanted in record.note.lower())
        and (evidence is None or str(record.evidence) == evidence)
        and (not shaky or record.shaky)
    ]


def print_records(
    text: str = "", *, evidence: str | None = None, shaky: bool = False, console: Console | None = None
) -> None:
    """List records; one alone is shown in full."""
    console = console or _console()
    if text in library():
        _print_record(get(text), console)
        return
    chosen = choose_records(text, evidence=evidence, shaky=shaky)
    if not chosen:
        get(text)  # UnknownName, with near ids
        return
    unsure = sum(record.shaky for record in chosen)
    _say(
        console, f"{len(chosen)} of {len(library())} records; {unsure} are assumed or were read nowhere to point at (!)"
    )
    grid = Table()
    for heading in ("record", "value", "unit", "spread", "evidence", "read in", "source"):
        grid.add_column(heading, justify="right" if heading == "value" else "left", overflow="fold")
    for r in chosen:
        mark = " !" if r.shaky else ""
        row = (r.id + mark, f"{r.value:.4g}", r.unit, _spread(r), str(r.evidence), str(r.read_in), r.source.key)
        grid.add_row(*(escape(cell) for cell in row))
    console.print(grid)


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
    """The references behind a ``result.json``: citation -> ids of the records taken from it, and the shaky ids.

    Raises
    ------
    RevpathError: the file cannot be read, or is no result of revpath.
    """
    path = Path(result)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        lines = [line for c in content["contenders"] for line in c["citations"]]
        records = [str(id) for id in content["records"]]
        shaky = sorted({str(id) for c in content["contenders"] for id in c["shaky_records"]})
    except OSError as error:
        raise RevpathError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise RevpathError(f"{str(path)!r} is not a result.json of `revpath compare`: {error!r}") from None
    found: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        id, _, rest = str(line).partition(": ")
        found[_citation(rest)].add(id)
    cited = set().union(*found.values()) if found else set()
    for id in records:
        if id in cited:
            continue
        record = library().get(id)
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
    if shaky:
        _say(console, f"This result leans on {len(shaky)} assumed or unverified records: {', '.join(shaky)}.")
    _say(console, f"{len(found)} references:")
    for number, (citation, ids) in enumerate(found.items(), 1):
        _say(console, f"[{number}] {citation}")
        _say(console, f"    {', '.join(ids)}")


def _say(console: Console, line: str) -> None:
    console.print(escape(line), highlight=False, soft_wrap=True)


def _console() -> Console:
    from .report import wide_console

    return wide_console()
