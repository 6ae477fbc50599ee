"""Words between a call and who started it, in files of one folder: between any processes and machines that share it."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...devices.base.errors import RevpathError

_WORDS, _STOP = "words.jsonl", "stop"


class Channel:
    """One end of it; both ends are made from the same folder.

    Parameters
    ----------
    folder : Path
        Of this call alone; made by who starts it, with `open`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = 0

    def open(self) -> None:
        """Make the folder, and forget what was said there before.

        Raises
        ------
        RevpathError
            It cannot be made.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name in (_WORDS, _STOP):
                (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise RevpathError(f"folder = {str(self._folder)!r} cannot be used: {error.strerror}") from None
        self._read = 0

    # -- the end of the call --------------------------------------------------------------------------------------------

    def say(self, *words: Any) -> bool:
        """Say what JSON holds; returns whether to go on.

        Raises
        ------
        RevpathError
            The folder has gone, or cannot be written to.
        """
        try:
            with (self._folder / _WORDS).open("ab") as file:
                file.write(json.dumps(words).encode() + b"\n")
        except OSError as error:
            raise RevpathError(f"folder = {str(self._folder)!r} cannot be written to: {error.strerror}") from None
        return not self.is_stopped()

    def is_stopped(self) -> bool:
        """Whether the call was asked to stop."""
        return (self._folder / _STOP).exists()

    # -- the end of who started it ---------------------------------------------------------------------------------------

    def heard(self) -> list[list[Any]]:
        """What was said since the last time."""
        try:
            with (self._folder / _WORDS).open("rb") as file:
                file.seek(self._read)
                content = file.read()
        except OSError:
            return []
        whole = content[: content.rfind(b"\n") + 1]  # a line that is still being written is heard next time
        self._read += len(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def forget(self) -> None:
        """Remove what was said, and the folder where it holds nothing else."""
        with suppress(OSError):
            for name in (_WORDS, _STOP):
                (self._folder / name).unlink(missing_ok=True)
            self._folder.rmdir()

    def ask_to_stop(self) -> None:
        """Ask the call to keep what it has and end; who does not listen comes to its end as ever."""
        with suppress(OSError):
            (self._folder / _STOP).touch()
