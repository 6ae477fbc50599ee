"""What all commands print through: width, markup, and nothing that acts on the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment

from ...devices.base.printable import printable

if TYPE_CHECKING:
    from ...energy_models.prices.bill import Interval

_PIPED_WIDTH = 132  # characters, where nobody says how wide: enough for the tables


class SafeConsole(Console):
    """A console to which text of others is text: what would act on the terminal is shown as an escape."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        cut = "\N{HORIZONTAL ELLIPSIS}" if self.encoding.startswith("utf") else "~"  # of one character everywhere
        for segment in super().render(renderable, options):
            text = printable(segment.text).replace("\N{HORIZONTAL ELLIPSIS}", cut)
            yield segment if segment.control else Segment(text, segment.style)


def wide_console() -> Console:
    """Standard output; where it is a file or a pipe, as wide as COLUMNS says, or enough for the tables."""
    if os.environ.get("COLUMNS", "").isdigit() or (sys.stdout is not None and sys.stdout.isatty()):
        return SafeConsole()
    return SafeConsole(width=_PIPED_WIDTH)


def say(console: Console, line: object) -> None:
    """Print a line as it is, however long; what stands in brackets is text."""
    console.print(escape(str(line)), highlight=False, soft_wrap=True)


def say_styled(console: Console, line: str) -> None:
    """As `say`, but `line` is markup: what is not from here was escaped by the caller."""
    console.print(line, highlight=False, soft_wrap=True)


def say_paths(paths: Iterable[Path]) -> None:
    """One path a line, as scripts want them."""
    for path in paths:
        print(printable(path))


def two_lines(interval: Interval, sign: str = "") -> str:
    """A number with its central 90 % below it, for a cell of a table."""
    from ..compare.wording import plain_number

    return f"{sign}{plain_number(interval.nominal)}\n{plain_number(interval.low)} to {plain_number(interval.high)}"
