"""Tasks by what names them, which a worker process can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from ...devices.base.errors import RevpathError
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


def the_data(source: Source, sha256: str) -> LearningTask:
    """The task of a source that must be of these data.

    Raises
    ------
    RevpathError
        Its file cannot be used, or holds other data by now.
    """
    task = load_task(source)
    if task.sha256 != sha256:
        raise RevpathError(
            f"{task.kind} = {task.name!r} has the sha256 {task.sha256[:12]}, and was to have {sha256[:12]}"
        )
    return task
