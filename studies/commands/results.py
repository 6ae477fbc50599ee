"""`revpath results`: the results that a folder of `revpath compare` keeps."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ...devices.base.errors import RevpathError
from ..compare.result import KEPT, results_in
from .console import say, wide_console


def print_results(folder: Path, console: Console | None = None) -> None:
    """Each result with its settings and its sentence, or why it cannot be used.

    Raises
    ------
    RevpathError
        There is none.
    """
    console = console or wide_console()
    found = results_in(folder)
    if not found:
        raise RevpathError(f"results = {str(folder)!r} keeps none in {KEPT!r}; `revpath compare --out` makes one")
    for path, content in found:
        if isinstance(content, str):
            say(console, f"{path}: {content}")
            continue
        settings = {"data": content.get("task", {}).get("name"), **content.get("identity", {})}
        names = ("data", "examples", "seeds", "chip")
        say(console, f"{path}: {', '.join(f'{name} {settings.get(name)}' for name in names)}")
        say(console, f"    {content['verdict'].get('sentence')}")
