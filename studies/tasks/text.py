"""The text that every contender learns: 27 symbols, one split, one scored span.

A file becomes a sequence of 27 symbols: ASCII letters in lower case, and one space for every run of anything else
(digits, punctuation, line ends, letters outside ASCII). The first 90 % are for training, the next 5 % for validation,
the last 5 % for the test. The default text is Moby Dick, in the public domain, which ships with the package.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from ...devices.base.errors import RevpathError
from ...devices.base.printable import one_line

SYMBOLS = " abcdefghijklmnopqrstuvwxyz"
SCORED_FROM = 64  # every contender has at least this many characters of context before the first scored one
SCORED_CHARACTERS = 20_000
SMALLEST_TEXT = 20_000  # letters; 5 % of fewer leaves no validation split worth scoring
_LONGEST_NAME = 80  # characters of a file's name that are shown
_SPLIT_PERCENT = (90, 95)
_DEFAULT_FILE = "moby_dick.txt"
_DEFAULT_SHA256 = "fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240"


class TextError(RevpathError):
    """A text file cannot be used, or a scored span does not fit into a split."""


class TextMissing(TextError):
    """There is no file at that path."""


class NotText(TextError):
    """The path leads to a directory, or to bytes that are not UTF-8 text."""


class TextTooSmall(TextError):
    """The file is empty, holds no letters, or too few of them."""


class TextCorrupt(TextError):
    """The text that ships with the package is not the one that was published with it."""


@dataclass(frozen=True, eq=False)
class Text:
    """A text as 27 symbols.

    Attributes
    ----------
    name : str
        the file's name without its ending, fit to be shown.
    codes : ndarray
        (N,) uint8, read-only; indices into `symbols` (0 is the space).
    sha256 : str
        of the bytes of the source file, as 64 hexadecimal digits.
    symbols : str
        the alphabet.
    """

    name: str
    codes: np.ndarray
    sha256: str
    symbols: str = SYMBOLS

    @property
    def train(self) -> np.ndarray:
        """The first 90 % of the codes (a view)."""
        return self.codes[: self._cut(0)]

    @property
    def validation(self) -> np.ndarray:
        """The codes between 90 % and 95 % (a view)."""
        return self.codes[self._cut(0) : self._cut(1)]

    @property
    def test(self) -> np.ndarray:
        """The last 5 % of the codes (a view)."""
        return self.codes[self._cut(1) :]

    def _cut(self, which: int) -> int:
        return self.codes.size * _SPLIT_PERCENT[which] // 100

    def decode(self, codes: np.ndarray) -> str:
        """Codes as a string."""
        return np.frombuffer(self.symbols.encode("ascii"), dtype=np.uint8)[codes].tobytes().decode("ascii")


def load_text(path: str | Path | None = None) -> Text:
    """The text at `path`, or Moby Dick.

    Raises
    ------
    TextMissing, NotText, TextTooSmall
        see there. TextCorrupt: the shipped text has been changed.
    """
    if path is None:
        raw = files("revpath.studies.data").joinpath(_DEFAULT_FILE).read_bytes()
        sha256 = hashlib.sha256(raw).hexdigest()
        if sha256 != _DEFAULT_SHA256:
            raise TextCorrupt(
                f"{_DEFAULT_FILE}, shipped with revpath, is damaged: its sha256 is {sha256}, "
                f"it must be {_DEFAULT_SHA256}; install revpath again"
            )
        return Text(Path(_DEFAULT_FILE).stem, encode(raw), sha256)
    path = Path(path)
    raw = _read(path)
    codes = encode(raw)
    letters = int(np.count_nonzero(codes))
    if letters < SMALLEST_TEXT:
        found = f"{letters:,} letters a-z" if letters else "no letters a-z"
        raise TextTooSmall(f"text = {str(path)!r} holds {found}; at least {SMALLEST_TEXT:,} are needed")
    return Text(one_line(path.stem, _LONGEST_NAME), codes, hashlib.sha256(raw).hexdigest())


def encode(raw: bytes) -> np.ndarray:
    """UTF-8 bytes as codes: (N,) uint8, read-only. A run of anything but ASCII letters is one space."""
    codes = _TABLE[np.frombuffer(raw, dtype=np.uint8)]
    space = codes == 0
    keep = np.ones(codes.size, dtype=bool)
    keep[1:] = ~(space[1:] & space[:-1])
    codes = codes[keep]
    codes.setflags(write=False)
    return codes


def scored(split: np.ndarray, context: int, n: int | None = None) -> range:
    """The positions in `split` that every contender is scored on, whatever its own context is.

    Parameters
    ----------
    split : ndarray
        (N,) codes of one split.
    context : int
        characters that the model sees before the one it predicts, 1 to 64.
    n : int, optional
        how many positions; None: the first 20,000, or all where the split holds fewer.

    Notes
    -----
    Returns the positions from 64 onward: the span is the same for every context, and each position has its full one.

    Raises
    ------
    TextError
        `context` is outside 1..64, or `n` is more than the split holds.
    """
    if not 1 <= context <= SCORED_FROM:
        raise TextError(f"context = {context} must lie in 1..{SCORED_FROM}: scoring starts at position {SCORED_FROM}")
    room = len(split) - SCORED_FROM
    if room < 1:
        raise TextError(f"split holds {len(split):,} characters; scoring needs more than {SCORED_FROM}")
    if n is None:
        n = min(room, SCORED_CHARACTERS)
    if not 1 <= n <= room:
        raise TextError(
            f"n = {n:,} scored characters must lie in 1..{room:,} (a split of {len(split):,} less {SCORED_FROM})"
        )
    return range(SCORED_FROM, SCORED_FROM + n)


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise NotText(f"text = {str(path)!r} is a directory; give a UTF-8 text file")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise TextMissing(f"text = {str(path)!r}: no such file") from None
    except OSError as error:
        raise NotText(f"text = {str(path)!r} cannot be read: {error.strerror}") from None
    if not raw:
        raise TextTooSmall(f"text = {str(path)!r} is empty; at least {SMALLEST_TEXT:,} letters a-z are needed")
    nul = raw.find(b"\0")
    if nul >= 0:
        raise NotText(f"text = {str(path)!r} is not text: NUL at byte offset {nul}; give a UTF-8 text file")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotText(
            f"text = {str(path)!r} is not UTF-8: byte 0x{raw[error.start]:02x} at byte offset {error.start} "
            f"({error.reason})"
        ) from None
    return raw


def _symbol_table() -> np.ndarray:
    """(256,) uint8: the code of every byte. Bytes above 127 are parts of letters outside ASCII: spaces."""
    table = np.zeros(256, dtype=np.uint8)
    for code, letter in enumerate(SYMBOLS):
        table[ord(letter)] = table[ord(letter.upper())] = code
    table.setflags(write=False)
    return table


_TABLE = _symbol_table()
