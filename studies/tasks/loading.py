"""Tasks by what names them, which a worker process can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from .contract import LearningTask
from .images import load_images
from .images_task import ImagesTask
from .text import load_text
from .text_task import TextTask


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
        return ImagesTask(load_images(source.name))
    return TextTask(load_text(source.path))
