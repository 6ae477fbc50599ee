"""The command line as its users meet it: help, tables, one-line errors, Ctrl-C."""

import os
import re
import resource
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from helpers.lanes import representatives
from typer.testing import CliRunner

from revpath.devices import device_names
from revpath.studies.commands import cli
from revpath.studies.commands import devices as listing
from revpath.studies.compare import job

REVPATH = Path(sysconfig.get_path("scripts")) / "revpath"
installed = pytest.mark.skipif(not REVPATH.exists(), reason="the command is not installed")


def is_one_line(err):
    return err.startswith("revpath: ") and err.count("\n") == 1 and "Traceback" not in err


# --- help and usage -------------------------------------------------------------------------------------------------


def test_help_needs_nothing_heavy():
    """Nobody waits for numpy to read a help page."""
    probe = (
        "import sys, atexit; sys.argv = ['revpath', '--help'];"
        "atexit.register(lambda: print(sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr));"
        "from revpath.studies import cli; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = set(re.findall(r"'(\w+)'", done.stderr))
    assert "typer" in loaded
    assert not loaded & {"numpy", "numba", "scipy", "sklearn", "pydantic", "pint", "matplotlib", "pandas", "torch"}
    assert "compare" in done.stdout


@installed
def test_help_is_quick():
    """CPU time of the best of three, so that a busy machine does not matter; 0.3 s where this was written."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        done = subprocess.run([REVPATH, "--help"], capture_output=True, text=True, check=True)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall))
        assert "doctor" in done.stdout
    print(f"revpath --help: {min(spent)[0]:.2f} s of CPU, {min(w for _, w in spent):.2f} s by the clock")
    assert min(spent)[0] < 0.5


@pytest.mark.parametrize("arguments", [["--help"], ["compare", "--help"], ["devices", "--help"], ["doctor", "--help"]])
def test_every_command_has_help(arguments):
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0
    assert "Usage" in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["comparison"],
        ["compare", "--charcters", "9000"],
        ["compare", "--characters", "many"],
        ["compare", "--characters", "1999"],
        ["compare", "--seed", "-1"],
        ["results", "one", "two"],
    ],
)
def test_usage_errors(revpath, arguments):
    code, out, err = revpath(*arguments)
    assert code == 2
    assert "Usage: revpath" in err
    assert "Traceback" not in err
    assert out == ""


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"Call me Ishmael.", r"holds 13 letters a-z; at least 20,000 are needed"),
        (b"\x00\x01" * 30_000, "is not text: NUL at byte offset 0"),
        (b"\xff\xfe whale " * 9_000, "is not UTF-8"),
        ("κῆτος ".encode() * 9_000, "holds no letters a-z"),
    ],
    ids=["missing", "empty", "tiny", "binary", "latin", "greek"],
)
def test_bad_texts(revpath, tmp_path, content, message):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    code, out, err = revpath("compare", "--text", path, "--out", tmp_path / "out")
    assert code == 2
    assert is_one_line(err)
    assert re.search(message, err)
    assert str(path) in err
    assert out == ""
    assert not (tmp_path / "out").exists()


def test_a_directory_is_no_text(revpath, tmp_path):
    code, _, err = revpath("compare", "--text", tmp_path, "--out", tmp_path / "out")
    assert (code, is_one_line(err)) == (2, True)
    assert "is a directory" in err


@pytest.mark.parametrize(
    ("chip", "message"),
    [
        ("reram-32mm", "did you mean 'reram-32nm'"),
        ("h100-gemm", "is digital: the EBM's arrays need the prices of an analog one"),
        ("missing.toml", "missing.toml"),
        ("broken.toml", "broken.toml"),
    ],
)
def test_bad_chips(revpath, tmp_path, monkeypatch, chip, message):
    monkeypatch.chdir(tmp_path)
    Path("broken.toml").write_text("name = \n[[")
    code, out, err = revpath("compare", "--chip", chip, "--out", "out")
    assert (code, out, is_one_line(err)) == (2, "", True)
    assert message in err
    assert not Path("out").exists()


OWN_CHIP = """
name = "mine"
title = "A chip for tests"
extends = "reram-32nm"
[sources.ours]
citation = "Measured in our own laboratory"
[[record]]
id = "mine.adc"
value = 1e-12
unit = "J/conversion"
source = "ours"
evidence = "measured"
read_in = "primary"
uncertainty = { kind = "exact" }
[[price]]
event = "adc.conversion"
why = "a converter for tests"
ignores = ["enob"]
terms = [{ records = ["mine.adc"] }]
"""
ALONE = """kind = "analog"
node_nm = 32
temperature = "constants.temperature"
node_overhead = "node.h100.power_over_gpu"
pue = "pue.google2021"
"""


@pytest.mark.jit
@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value = 1e-12", "value = 1e-18", "A chip cheaper than its simulated noise allows is refused"),
        ('extends = "reram-32nm"', ALONE, "has no price on chip 'mine'.*never zero"),
    ],
    ids=["below the thermal floor", "an event without a price"],
)
def test_a_chip_that_cannot_price_the_runs_is_refused_before_training(revpath, text_path, tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    path.write_text(OWN_CHIP.replace(old, new), encoding="utf-8")
    code, out, err = revpath("compare", "--text", text_path, "--chip", path, "--out", tmp_path / "out")
    assert (code, out, is_one_line(err)) == (2, "", True)
    assert re.search(message, err)
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_folder_for_results(revpath, tmp_path):
    (tmp_path / "out").write_text("mine")
    code, out, err = revpath("compare", "--out", tmp_path / "out")
    assert (code, out, is_one_line(err)) == (2, "", True)
    assert "is a file; results need a folder" in err
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(("name", "message"), [("reram", "Known: "), ("missing.toml", "missing.toml")])
def test_unknown_devices(revpath, name, message):
    code, out, err = revpath("devices", name)
    assert (code, out, is_one_line(err)) == (2, "", True)
    assert name in err
    assert message in err


def test_a_bug_is_not_hidden(revpath, monkeypatch):
    """Only what a user can mend is one line; anything else keeps its traceback."""
    monkeypatch.setattr(listing, "print_devices", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        revpath("devices")


@installed
def test_an_error_in_a_shell():
    """The installed command, in a process of its own."""
    done = subprocess.run([REVPATH, "devices", "no-such-thing.toml"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert is_one_line(done.stderr)


# --- commands -------------------------------------------------------------------------------------------------------


def test_devices_are_listed(revpath):
    code, out, err = revpath("devices")
    assert (code, err) == (0, "")
    for name in device_names():
        assert name in out


@pytest.mark.parametrize("name", representatives(device_names(), quick=["ideal", "reram-sb-gong2018"]))
def test_a_device_is_shown_with_its_sources(revpath, name):
    from revpath.devices import load_device

    code, out, err = revpath("devices", name)
    assert (code, err) == (0, "")
    device = load_device(name)
    for field, record in device.records.items():
        assert field in out
        assert record.source.citation in out


def test_doctor(revpath):
    code, out, err = revpath("doctor")
    assert (code, err) == (0, "")
    assert "numba" in out
    assert "JIT on" in out or "JIT off" in out
    assert "missing" not in out
    assert 'pip install -e ".[transformer]"' in out


@pytest.mark.parametrize("command", ["sensitivity", "cite", "barrier"])
@pytest.mark.parametrize("place", ["", "result.json"], ids=["folder", "file"])
def test_an_interrupted_result_is_refused(revpath, tmp_path, command, place):
    (tmp_path / "result.json").write_text('{"complete": false, "contenders": [], "verdict": {"sentence": "x"}}')
    where = ["--results", tmp_path / place, "--out", tmp_path / "o"] if command == "barrier" else [tmp_path / place]
    code, _, err = revpath(command, *where)
    assert (code, is_one_line(err)) == (2, True)
    assert "interrupted comparison" in err


def test_the_version(revpath):
    assert re.fullmatch(r"revpath \d+\.\d+\S*\n", revpath("--version")[1])
    assert revpath("-h")[1] == revpath("--help")[1]
    assert "Usage" in revpath("compare", "-h")[1]


def test_fast_and_full_exclude_each_other(revpath, tmp_path):
    code, out, err = revpath("rules", "--fast", "--full", "--out", tmp_path)
    assert (code, out) == (2, "")
    assert "exclude each other" in err


@pytest.mark.parametrize("command", ["claims", "validate", "barrier", "gpu"])
def test_a_place_for_results_is_asked_for_before_the_work(revpath, tmp_path, command):
    (tmp_path / "mine").write_text("mine")
    code, out, err = revpath(command, "--out", tmp_path / "mine")
    assert (code, out, is_one_line(err)) == (2, "", True)


SHELL = [sys.executable, "-m", "revpath"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize(
    "arguments", representatives([["devices"], ["--help"], ["records"]], quick=[["devices"]]), ids=" ".join
)
def test_output_that_cannot_be_written_is_said(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*SHELL, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "revpath: standard output cannot be written: No space left on device\n"


def test_a_closed_output_is_said():
    command = " ".join([*SHELL, "devices", ">&-"])
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "revpath: standard output is closed\n")


@pytest.mark.parametrize(
    "arguments",
    [pytest.param(["records"], marks=pytest.mark.slow), ["devices"], ["cite", "lost\x1b[31m.json"]],
    ids=["records", "devices", "cite"],
)
def test_any_terminal(arguments):
    """ASCII alone, 60 columns: no traceback, no control characters, no wider than asked."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "60"}
    done = subprocess.run([*SHELL, *arguments], capture_output=True, env=environment)
    said = done.stdout + done.stderr
    assert b"Traceback" not in said
    assert b"\x1b" not in said
    if arguments == ["devices"]:  # elsewhere what ASCII lacks stands as an escape, and is wider
        assert max(map(len, done.stdout.decode("ascii").splitlines())) == 60


def test_an_interruption_without_a_result(revpath, monkeypatch, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "compare", interrupted)
    code, out, err = revpath("compare", "--out", tmp_path)
    assert (code, out) == (130, "")
    assert err == "revpath: interrupted; checkpoints are kept, run again to go on\n"
