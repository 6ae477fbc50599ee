"""`revpath results`: the results that a folder of `revpath compare` keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ...devices.base.errors import RevpathError
from ..compare.result import KEPT, results_in
from .console import say, wide_console

if TYPE_CHECKING:
    import pandas as pd

_SETTINGS = ("data", "examples", "seeds", "chip")


def results_frame(folder: Path) -> pd.DataFrame:
    """A row for each result; `problem` says why one cannot be used. Errors as of `print_results`."""
    import pandas as pd

    rows = []
    for path, content in _found(folder):
        if isinstance(content, str):
            rows.append({"file": str(path), "problem": content})
            continue
        verdict = content["verdict"]
        rows.append(
            {
                "file": str(path),
                **_settings(content),
                "quality": verdict.get("quality"),
                "sentence": verdict.get("sentence"),
            }
        )
    return pd.DataFrame(rows, columns=["file", *_SETTINGS, "quality", "sentence", "problem"])


def print_results(folder: Path, console: Console | None = None) -> None:
    """Each result with its settings and its sentence, or why it cannot be used.

    Raises
    ------
    RevpathError
        There is none.
    """
    console = console or wide_console()
    for path, content in _found(folder):
        if isinstance(content, str):
            say(console, f"{path}: {content}")
            continue
        say(console, f"{path}: {', '.join(f'{name} {value}' for name, value in _settings(content).items())}")
        say(console, f"    {content['verdict'].get('sentence')}")


def _found(folder: Path) -> Sequence[tuple[Path, dict[str, Any] | str]]:
    found = results_in(folder)
    if not found:
        raise RevpathError(f"results = {str(folder)!r} keeps none in {KEPT!r}; `revpath compare --out` makes one")
    return found


def _settings(content: dict[str, Any]) -> dict[str, Any]:
    settings = {"data": content.get("task", {}).get("name"), **content.get("identity", {})}
    return {name: settings.get(name) for name in _SETTINGS}
