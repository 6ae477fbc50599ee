"""Tasks by what names them, which a worker process can be told."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from .contract import LearningTask
from .image_class import ImageClass
from .images import load_images
from .next_character import NextCharacter
from .packaged import TEXTS, named_text
from .text import load_text


DEFAULT = {"text": TEXTS[0], "images": "digits"}
"""What an empty name stands for."""


class Source(NamedTuple):
    """Which task; of a text its file, or its name where there is none; of images their name."""

    kind: Literal["text", "images"] = "text"
    path: Path | None = None
    name: str = ""


def load_task(source: Source) -> LearningTask:
    """The task of a source.

    Raises
    ------
    RevpathError
        Its file cannot be used.
    """
    if source.kind == "images":
        return ImageClass(load_images(source.name or DEFAULT[source.kind]))
    return NextCharacter(load_text(source.path) if source.path else named_text(source.name or DEFAULT[source.kind]))


def data_sha256(source: Source) -> str:
    """The digest of the data of a source, as 64 hexadecimal digits; a file that has changed is read again.

    Raises
    ------
    RevpathError
        Its file cannot be used.
    """
    try:
        changed = source.path.stat().st_mtime_ns if source.path else 0
    except OSError:
        changed = 0  # the reader says what is wrong with it
    return _sha256(source, changed)


@lru_cache(maxsize=16)
def _sha256(source: Source, changed: int) -> str:
    return load_task(source).sha256
