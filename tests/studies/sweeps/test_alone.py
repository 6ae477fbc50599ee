"""A folder for one process at a time."""

import os
import signal
import subprocess
import sys

import pytest

from revpath.devices import RevpathError
from revpath.studies.sweeps.alone import FILE, alone_in

HOLDS = """
import sys, time
from pathlib import Path
from revpath.studies.sweeps.alone import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_who_comes_second_is_told_who_was_first(tmp_path):
    with alone_in(tmp_path):
        with (
            pytest.raises(RevpathError, match=f"is in use by process {os.getpid()} of .*: wait until that has ended"),
            alone_in(tmp_path),
        ):
            pass
        assert (tmp_path / FILE).exists()  # the first still holds it
    assert not (tmp_path / FILE).exists()
    with alone_in(tmp_path):
        pass


def test_a_process_that_was_killed_holds_nothing(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(RevpathError, match=f"process {process.pid} of"), alone_in(tmp_path):
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with alone_in(tmp_path):
        pass
