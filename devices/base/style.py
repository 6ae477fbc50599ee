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
from typing import TYPE_CHECKING, Any, Literal

from .errors import RevpathError, printable, unknown
from .files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design" (2008); lines also differ in dash, marker or label
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#666666",
)  # fmt: skip
PALETTE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, GREY)
WIDTHS: Mapping[str, float] = MappingProxyType({"column": 3.4, "page": 7.0, "slide": 10.0})
"""Inches: a column of a journal, a page's text, a slide."""
_TEXT = {"column": (7.0, 6.0), "page": (8.0, 7.0), "slide": (14.0, 12.0)}
"""Points of text, and of ticks and legends; journals take nothing below 6."""
STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "pdf.fonttype": 42,  # TrueType: journals refuse Type 3
        "ps.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "revpath",
        "savefig.dpi": 600,
    }
)
Format = Literal["pdf", "svg", "png"]
FORMATS: tuple[Format, ...] = ("pdf", "svg", "png")
_UNDATED: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "ModDate": None},
    "png": {"Software": None},
    "svg": {"Date": None},
}
_SUBJECT = {"pdf": "Subject", "png": "Description", "svg": "Description"}


def style(width: str = "page", **changes: Any) -> AbstractContextManager[None]:
    """The style of revpath's figures, for figures of one's own, in a width that journals or slides take.

    Parameters
    ----------
    width : {"column", "page", "slide"}
        3.4, 7.0 or 10 inches, with text of 7, 8 or 14 points; nothing is smaller than 6.
    **changes
        Settings of matplotlib that differ, with underscores for dots: ``font_size=9``.

    Returns
    -------
    context manager
        ``with style(): ...``

    Raises
    ------
    UnknownName
        `width` is none of these.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with style("column"):
    ...     figure, ax = plt.subplots()
    >>> round(float(figure.get_size_inches()[0]), 1)
    3.4
    >>> plt.close(figure)
    """
    import matplotlib as mpl

    settings: Any = {**settings_of(width), **{name.replace("_", "."): value for name, value in changes.items()}}
    return mpl.rc_context(settings)


def settings_of(width: str) -> dict[str, Any]:
    """What `style` sets, as matplotlib names it."""
    if width not in WIDTHS:
        raise unknown("width", width, WIDTHS)
    inches, (text, small) = WIDTHS[width], _TEXT[width]
    sizes = dict.fromkeys(("font.size", "axes.labelsize", "axes.titlesize"), text)
    sizes |= dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize", "legend.title_fontsize"), small)
    lines = {"lines.linewidth": 1.2, "lines.markersize": 3.5, "axes.linewidth": 0.8} if width != "slide" else {}
    return {**STYLE, **sizes, **lines, "figure.figsize": (inches, 0.64 * inches)}


def save_figure(
    figure: Figure,
    stem: str | Path,
    *,
    formats: Sequence[str] = FORMATS,
    dpi: float | None = None,
    provenance: str = "",
    caption: str = "",
) -> list[Path]:
    """Write a figure as journals take it, so that the same figure gives the same bytes: TrueType fonts, no date, files whole.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to write; of the axes that `Device.plot` returns, ``axes.figure``.
    stem : str or Path
        The path without its ending.
    formats : sequence of {"pdf", "svg", "png"}
        What is written.
    dpi : float, optional
        Resolution of a png; 600 if None.
    provenance : str
        Where the figure comes from: a command, a digest. It stands, after the version of revpath, in the metadata of each file.
    caption : str
        What a reader must know beside the figure; written to ``stem.txt`` where there is one, never into the picture.

    Returns
    -------
    list of Path
        The files, in the order of `formats`, and the caption's.

    Raises
    ------
    RevpathError
        A format that is none of these, or a file that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from revpath.devices import load_device
    >>> figure = load_device("ideal").plot().figure
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in save_figure(figure, f"{folder}/ideal", formats=["svg"], caption="An ideal cell.")]
    ['ideal.svg', 'ideal.txt']
    """
    from importlib.metadata import version

    stem, paths = Path(stem), []
    for ending in formats:
        if ending not in _UNDATED:
            raise RevpathError(f"formats = {list(formats)} must be of {', '.join(FORMATS)}")
    subject = printable(f"revpath {version('revpath')}" + (f": {provenance}" if provenance else ""))
    for ending in formats:
        path, content = stem.with_name(f"{stem.name}.{ending}"), BytesIO()
        with style():  # resolution and fonts are looked up when a figure is saved
            metadata: dict[str, str | None] = {**_UNDATED[ending], _SUBJECT[ending]: subject}
            figure.savefig(content, format=ending, metadata=metadata, dpi=dpi or STYLE["savefig.dpi"])
        write_whole(path, content.getvalue())
        paths.append(path)
    if caption:
        beside = stem.with_name(f"{stem.name}.txt")
        write_whole(beside, caption.rstrip() + "\n")
        paths.append(beside)
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
