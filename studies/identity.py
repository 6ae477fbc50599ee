"""What a result is of: one value that can be printed, the short digest that names its files, and the code that made it."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

ROOMS = ("devices", "simulator", "ebm")
"""The rooms whose code can change a bit of what is learned."""
_NOT_OF_RESULTS = {"figures", "__pycache__"}  # nothing that computes imports them


def strong_id(value: Mapping[str, Any]) -> str:
    """A digest of 16 hexadecimal digits of `value`, which is all that a result depends on and can be printed.

    Equal values have equal digests on every machine; whatever is changed in it gives another.

    Raises
    ------
    TypeError
        It holds what JSON does not.

    Examples
    --------
    >>> from revpath.studies.identity import strong_id
    >>> strong_id({"seed": 1, "text": "abc"}) == strong_id({"text": "abc", "seed": 1})
    True
    """
    content = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@cache
def code_digest(*parts: str) -> str:
    """A digest of the sources of `ROOMS` and of `parts`, as 16 hexadecimal digits; figures are left out.

    It is in the key of every run, so that a run made by other code is never taken for one of this.

    Parameters
    ----------
    parts : str
        More of the package, a folder or a file, as ``studies/tasks`` or ``studies/compare/learn.py``.

    Raises
    ------
    FileNotFoundError
        There is no such part, or a room holds no source.
    """
    found = hashlib.sha256()
    for part in (*ROOMS, *sorted(parts)):
        sources = dict(_sources(files("revpath").joinpath(*part.split("/")), part))
        if not sources:
            raise FileNotFoundError(f"{part!r} of the package revpath holds no source: what made a result is not known")
        for name, content in sorted(sources.items()):
            found.update(f"{name} {len(content)}\n".encode())
            found.update(content)
    return found.hexdigest()[:16]


def source_digest(function: Callable[..., Any]) -> str:
    """A digest of the file that defines `function`, or of its source where that is no file, as in a notebook."""
    path = Path(function.__code__.co_filename)
    try:
        content = path.read_bytes().replace(b"\r\n", b"\n")
    except OSError:
        try:
            content = inspect.getsource(function).encode()
        except (OSError, TypeError):  # typed in by hand
            content = function.__code__.co_code + repr(function.__code__.co_consts).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def _sources(place: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """Name inside the package -> source, with the same line ends on every system."""
    if place.is_file():
        if name.endswith(".py"):
            yield name, place.read_bytes().replace(b"\r\n", b"\n")
    elif place.is_dir():
        for inner in place.iterdir():
            if inner.name not in _NOT_OF_RESULTS:
                yield from _sources(inner, f"{name}/{inner.name}")
