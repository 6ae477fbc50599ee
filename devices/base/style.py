"""One palette, one style, and one way to save a figure: the same bytes every time, fonts as TrueType, no date.

Nothing here imports matplotlib before it draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from textwrap import fill
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .errors import RevpathError, printable
from .files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design" (2008); lines also differ in dash, marker or label
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#666666",
)  # fmt: skip
PALETTE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, GREY)
STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "font.size": 8,
        "axes.titlesize": 9,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "legend.fontsize": 7,
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "revpath",
        "savefig.dpi": 200,
    }
)
_METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "ModDate": None},
    "png": {"Software": None},
    "svg": {"Date": None},
}


def style(**changes: Any) -> AbstractContextManager[None]:
    """The style of revpath's figures, for figures of one's own.

    Parameters
    ----------
    **changes
        Settings of matplotlib that differ, with underscores for dots: ``font_size=9``.

    Returns
    -------
    context manager
        ``with style(): ...``

    Examples
    --------
    >>> with style(font_size=9):
    ...     pass
    """
    import matplotlib as mpl

    settings: Any = {**STYLE, **{name.replace("_", "."): value for name, value in changes.items()}}
    return mpl.rc_context(settings)


def save(
    figure: Figure, stem: str | Path, endings: Sequence[str] = ("pdf", "png"), dpi: float | None = None
) -> list[Path]:
    """Write a figure so that the same figure gives the same bytes: no dates, fonts as TrueType, each file whole.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to write; of the axes that `Device.plot` returns, ``axes.figure``.
    stem : str or Path
        The path without its ending.
    endings : sequence of str
        Any of ``pdf``, ``png``, ``svg``.
    dpi : float, optional
        Resolution of a png; 200 if None.

    Returns
    -------
    list of Path
        The files, in the order of `endings`.

    Raises
    ------
    RevpathError
        An ending that is none of these, or a file that cannot be written.
    """
    stem, paths = Path(stem), []
    for ending in endings:
        if ending not in _METADATA:
            raise RevpathError(f"endings = {list(endings)} must be of {', '.join(_METADATA)}")
    for ending in endings:
        path, content = stem.with_name(f"{stem.name}.{ending}"), BytesIO()
        with style():  # resolution and fonts are looked up when a figure is saved
            figure.savefig(content, format=ending, metadata=_METADATA[ending], dpi=dpi or STYLE["savefig.dpi"])
        write_whole(path, content.getvalue())
        paths.append(path)
    return paths


def plain_text(text: str, width: int | None = None, most: int = 300) -> str:
    """A text of others, such as a name from a file, as it can be drawn: short, printable, and never mathematics.

    Parameters
    ----------
    text : str
        Any text.
    width : int, optional
        Where lines are broken.
    most : int
        Characters that are kept: the layout of a long text takes minutes.

    Returns
    -------
    str
        With ``$`` escaped, and "..." for what was left out.
    """
    text = printable(text)
    if len(text) > most:
        text = f"{text[:most]}..."
    return (text if width is None else fill(text, width)).replace("$", r"\$")
