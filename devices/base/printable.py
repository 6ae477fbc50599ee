"""Text of others (names of files, titles, notes) made fit to be shown: one place for terminals, figures and pages."""

from __future__ import annotations

import re
import unicodedata

# Control characters but for tab and line feed, and what turns the direction of writing: they act on a terminal.
_ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff\ufeff]")
_GAP = " ... "


def printable(text: object, longest: int | None = None) -> str:
    r"""`text` with what would act on a terminal written as an escape, and cut in its middle beyond `longest` characters.

    Bytes of a file name that are no UTF-8 stand as ``\xff``. What is left can be encoded as UTF-8.

    Examples
    --------
    >>> from revpath.devices.base.printable import printable
    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    >>> printable("x" * 50, longest=11)
    'xxx ... xxx'
    """
    shown = str(text)
    if longest is not None and len(shown) > longest:
        keep = max(1, (longest - len(_GAP)) // 2)
        shown = f"{shown[:keep]}{_GAP}{shown[-keep:]}"
    return _ACTS.sub(_escaped, shown)


def one_line(text: object, longest: int | None = None) -> str:
    """As `printable`, with every run of white space made one space."""
    return printable(" ".join(str(text).split()), longest)


def figure_text(text: object, longest: int = 200) -> str:
    """As `printable`, for matplotlib: in which nothing is read as mathematics, and every character has a width."""
    shown = "".join(c for c in printable(text, longest) if c == "\n" or unicodedata.category(c)[0] != "C")
    return shown.replace("$", r"\$")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # a byte that os.fsdecode could not read
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
