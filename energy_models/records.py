"""The library of cited energies: one TOML file per source under ``library/``, ids unique across files."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from ..devices.base.errors import RecordError, UnknownName
from ..devices.base.record import Record, load_records


def library_files() -> list[Traversable]:
    """The TOML files of the library, by name."""
    folder = files("revpath.energy_models.library")
    return sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)


@cache
def library() -> Mapping[str, Record]:
    """All records of the library by id.

    Raises
    ------
    RecordError
        a file is malformed, or two files give the same id.
    """
    records: dict[str, Record] = {}
    home: dict[str, str] = {}
    for file in library_files():
        for id, record in load_records(file).items():
            if id in records:
                raise RecordError(f"record {id!r} stands in {home[id]} and in {file.name}")
            records[id], home[id] = record, file.name
    return MappingProxyType(records)


def get(id: str, records: Mapping[str, Record] | None = None) -> Record:
    """The record of that id, in the library unless `records` are given; UnknownName suggests near ids."""
    known = library() if records is None else records
    if id in known:
        return known[id]
    near = get_close_matches(str(id), known, n=4, cutoff=0.5) or sorted(
        k for k in known if k.split(".")[0] == str(id).split(".")[0]
    )
    hint = (
        f"; near: {', '.join(near)}" if near else f"; families: {', '.join(sorted({k.split('.')[0] for k in known}))}"
    )
    raise UnknownName(f"record = {id!r} is not one of the {len(known)} known{hint}")
