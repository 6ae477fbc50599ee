"""Tasks by what names them, which a worker process can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from .contract import LearningTask
from .text import load_text
from .text_task import TextTask


class Source(NamedTuple):
    """Which task, and the file of its data; None for what ships with the package."""

    kind: Literal["text"] = "text"
    path: Path | None = None


def load_task(source: Source) -> LearningTask:
    """The task of a source.

    Raises
    ------
    RevpathError
        Its file cannot be used.
    """
    return TextTask(load_text(source.path))
