"""Tasks by what names them, which a worker process can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from .contract import LearningTask
from .image_class import ImageClass
from .images import load_images
from .next_character import NextCharacter
from .text import load_text


class Source(NamedTuple):
    """Which task; of a text its file, or None for the one that ships with the package; of images their name."""

    kind: Literal["text", "images"] = "text"
    path: Path | None = None
    name: str = "digits"


def load_task(source: Source) -> LearningTask:
    """The task of a source.

    Raises
    ------
    RevpathError
        Its file cannot be used.
    """
    if source.kind == "images":
        return ImageClass(load_images(source.name))
    return NextCharacter(load_text(source.path))
