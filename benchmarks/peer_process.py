"""aihwkit in an interpreter of its own, asked and answered one line of JSON at a time."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path


class PeerProcess:
    """A script beside this file, run by another Python on so many threads, until it is closed.

    Raises
    ------
    RuntimeError: the peer does not answer; with what it said.
    """

    def __init__(self, python: str | Path, script: str, n_threads: int) -> None:
        # the peer's threads must sleep between rounds, or they would slow every other contestant
        environment = {**os.environ, "OMP_NUM_THREADS": str(n_threads), "OMP_WAIT_POLICY": "PASSIVE"}
        command = [str(python), str(Path(__file__).with_name(script))]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)

    def ask(self, request: dict) -> dict:
        """The answer to a request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            _, said = self._process.communicate()
            raise RuntimeError(f"the aihwkit peer gave no answer: {said.strip() or 'nothing said'}")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
