"""What a run is, as a text that can be read and a digest of it: equal content is equal identity, wherever and whenever.

The digest is of canonical JSON (sorted keys, shortest floats, no NaN) of everything the result depends on: task and resolved
configuration, numbers of the device, data, seed, and the sources that can change the result. A run has no number of its
own, so a study that is resumed, reordered, extended or merged cannot mix results up (facebookresearch/hydra #3328).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...devices.base.errors import RevpathError

CODE = ("revpath.devices", "revpath.simulator", "revpath.ebm", "revpath.studies.tasks", "revpath.studies.sweeps.tasks")
"""Packages whose sources can change a result of training; pictures of them cannot."""


def canonical(content: Any) -> str:
    """`content` as JSON text that is the same for equal content.

    Raises
    ------
    RevpathError: something that JSON has no place for, NaN and infinity among it.

    >>> canonical({"b": 1.0, "a": (1, "x")})
    '{"a":[1,"x"],"b":1.0}'
    """
    try:
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    except (TypeError, ValueError) as error:
        raise RevpathError(f"a run is identified by plain values, and one is not: {error}") from None


def digest(content: Any) -> str:
    """SHA-256 of `canonical(content)`, the first 32 hexadecimal digits."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()[:32]


@lru_cache
def code_revision(packages: tuple[str, ...] = CODE) -> str:
    """Digest of the sources and data of packages: file names and bytes, not times, so equal code is equal anywhere.

    Folders named ``figures`` are left out: a picture changes no result.

    Raises
    ------
    RevpathError: a package that is not there.
    """
    hasher = hashlib.sha256()
    for package in packages:
        for path, name in _sources(package):
            content = path.read_bytes()
            hasher.update(f"{package}/{name} {len(content)}\n".encode() + content)
    return hasher.hexdigest()[:16]


def _sources(package: str) -> Iterable[tuple[Path, str]]:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise RevpathError(f"package {package!r} is not there, so results cannot say which code made them")
    folder = Path(next(iter(found.submodule_search_locations)))
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        if "figures" not in name.parts:
            yield path, name.as_posix()
