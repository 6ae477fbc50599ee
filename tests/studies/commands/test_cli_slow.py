"""The tests of `test_cli.py` that take long."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from revpath.studies.compare import job
from tests.studies.commands.test_cli import REVPATH, installed


@pytest.mark.jit
@pytest.mark.usefixtures("tiny")
def test_compare_prints_the_comparison(revpath, text_path, tmp_path):
    out_path = tmp_path / "out [1]"
    code, out, err = revpath("compare", "--text", text_path, "--characters", 2500, "--seed", 3, "--out", out_path)
    assert code == 0
    lines = out.splitlines()
    assumed = [line for line in lines if line.startswith("ASSUMED ")]  # after the result, short
    assert assumed[0].startswith("ASSUMED the analog bills lean on ")
    assert all(re.search(r"and \d+ more \(result\.json names all\)$", line) for line in assumed)
    assert lines.index(assumed[-1]) == len(lines) - 2
    assert "Tiny, ReRAM [of Gong]" in out  # what stands in brackets is text, not markup
    assert "not reached" not in out  # nothing was compared, so nothing was missed
    assert re.search(r"A 6-gram that counts, on the same data: \d\.\d{3} bits/char", out)
    assert any("the bills of the GPU lean on" in line for line in assumed)
    assert re.search(r"registers .* times", out)
    after = out.partition("J inside the boundary")[2]
    boundaries, roles = after.partition("J spent on")[0], after.partition("J spent on")[2]
    for scope in ("array", "macro", "chip", "node", "facility"):
        assert scope in boundaries
    assert boundaries.count("no price") >= 2
    assert len(re.findall(r"\d to [\d.e-]+ ", boundaries)) == 5 + 3  # each joule with its interval
    for role in ("compute", "conversion", "movement", "writes", "digital", "idle"):
        assert re.search(rf"│ {role} +│ +[\d.e-]+ │", roles)
    assert "note no transformer was trained on this text: use --retrain" in lines
    assert lines[-1] == "wrote " + ", ".join(
        str(out_path / f)
        for f in ("result.json", "compare.pdf", "compare.svg", "compare.png", "compare.txt", "bills.html")
    )
    result = json.loads((out_path / "result.json").read_text())
    assert result["verdict"]["sentence"] in lines
    assert result["seeds"] == [3, 4, 5]
    all_of_them = " ".join(result["verdict"]["warnings"])
    assert "reram-sb-gong2018.window.g_max" in all_of_them
    assert "dac.conversion" in all_of_them
    assert "node.assumed.power_over_analog_chip" in all_of_them  # the node's joules are among those printed
    assert err.splitlines()[0].startswith("training;")
    assert re.search(r"analog\.3: 2,500 of 2,500, \d\.\d{3} bits/char", err)
    assert max(map(len, lines[1:-1])) <= 250


LAST_LINES = {
    ("chips",): "These chips lean on",
    ("chips", "pcm-14nm-hermes"): "These prices lean on",
    ("validate",): "These figures lean on",
    ("gpu",): "These figures lean on",
}


@pytest.mark.parametrize("arguments", LAST_LINES, ids=" ".join)
def test_what_a_report_leans_on_comes_after_it_and_is_short(revpath, arguments):
    code, out, _ = revpath(*arguments)
    assert code == 0
    last = out.splitlines()[-1]
    assert last.startswith(LAST_LINES[arguments])
    assert len(last) < 400
    whole = revpath(*arguments, "--doubts")[1].splitlines()[-1]
    assert re.search(r"lean on (\d+) ", whole)[1] == re.search(r"lean on (\d+) ", last)[1]
    assert whole.count(",") + 1 == int(re.search(r"lean on (\d+) ", whole)[1])


def test_so_does_what_the_barrier_leans_on(revpath, tmp_path):
    out = revpath("barrier", "--out", tmp_path)[1].splitlines()
    (said,) = (line for line in out if line.startswith("These figures lean on"))  # before the files
    assert said.endswith("more (--doubts names all).")


TABLES = {
    "claims": 10,
    "chips": 10,
    "barrier": 10,
    "validate": 10,
    "records": 100,
    "devices": 20,
    "devices reram-sb-gong2018": 10,
    "gpu": 6,
    "gpu --trainings": 15,
}


@pytest.mark.parametrize("command", TABLES)
def test_tables_come_as_json_csv_and_latex(revpath, command):
    least, command = TABLES[command], command.split()
    rows = json.loads(revpath(*command, "--json")[1])
    assert isinstance(rows, list)
    assert len(rows) >= least
    head = revpath(*command, "--csv")[1].splitlines()[0]
    assert head.split(",") == list(rows[0])
    latex = revpath(*command, "--latex")[1]
    assert latex.startswith(r"\begin{tabular}{")
    assert latex.count(r"\\") == len(rows) + 1
    assert not re.search(r"(?<!\\)[%_#&]", latex.replace(" & ", "").replace(r"\%", ""))
    assert revpath(*command, "--json", "--csv")[0] == 2


def test_the_metered_trainings_fit_eighty_columns_with_whole_names(revpath, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = revpath("gpu")[1].splitlines()
    for row in json.loads(revpath("gpu", "--trainings", "--json")[1]):
        shown = row["run"] if row["inside_claim"] else f"{row['run']} *"
        assert any(line.startswith(f"{shown} ") and len(line) <= 80 for line in lines), row["run"]


@pytest.mark.jit
@pytest.mark.usefixtures("tiny")
def test_compare_with_the_transformer(revpath, tmp_path, monkeypatch):
    monkeypatch.setattr("revpath.studies.tasks.next_character.NextCharacter.qualities", (4.5,))
    code, out, _ = revpath("compare", "--images", "none", "--characters", 2500, "--out", tmp_path)
    assert code == 0
    assert re.search(
        r"^At 4\.5 bits/char with one seed, .* the Tiny, ReRAM \[of Gong\] needs .* the cheapest transformer", out, re.M
    )
    assert re.search(r"^Against the transformer at the best matrix product, a lower bound: .* times", out, re.M)
    assert re.search(r"^Against the same model on the GPU \(the factor of the hardware\): .* times", out, re.M)
    rows = [line for line in out.splitlines() if line.startswith("│")]
    assert [r for r in rows if "transformer d64" in r and "102,592" in r]
    assert not [r for r in rows if "lower bound" in r]  # a column, not rows


@pytest.mark.jit
@pytest.mark.usefixtures("tiny")
def test_a_short_run_is_said_first(revpath, tmp_path, monkeypatch):
    monkeypatch.setattr("revpath.studies.tasks.next_character.NextCharacter.qualities", (4.5,))
    _, out, _ = revpath("compare", "--images", "none", "--characters", 2500, "--out", tmp_path)
    lines = out.splitlines()
    short = next(i for i, line in enumerate(lines) if line.startswith("SHORT A short run, of 2,500 characters"))
    assert lines[short + 1].startswith("At 4.5 bits/char")
    assert json.loads((tmp_path / "result.json").read_text())["verdict"]["sentence"].startswith("A short run")
    assert "A short run, of 2,500 characters" in (tmp_path / "bills.html").read_text()
    for command in (["results", tmp_path], ["cite", tmp_path], ["cite", tmp_path / "result.json"]):
        code, out, err = revpath(*command)
        assert (code, err) == (0, "")
    assert "2500" in revpath("results", tmp_path)[1]


@installed
@pytest.mark.jit
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="holds the job to one core, hence one worker")
def test_ctrl_c_and_going_on(text_path, tmp_path, monkeypatch):
    """Ctrl-C to the whole group, as from a terminal, after the first checkpoint of the first of three runs.

    It leaves runs, and no verdict in any file; the same job again completes it.
    """
    out = tmp_path / "out"
    command = [REVPATH, "compare", "--text", text_path, "--characters", "4000", "--out", out]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    core = {min(os.sched_getaffinity(0))}
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: os.sched_setaffinity(0, core),
    )
    try:
        while not list(out.glob("store/checkpoints/*/words.jsonl")):
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGINT)
        said, err = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 130
    assert "stopping as soon as may be; Ctrl-C again to stop at once" in err
    assert "Traceback" not in err
    assert "nothing is judged" in said
    names = {path.name for path in (out / "store" / "checkpoints").iterdir()}
    assert not re.search(r"times (less|more)", said + err)
    assert {path.parent.name for path in out.rglob("*") if path.is_file()} <= {"segments", *names}
    assert not list(out.rglob("*.partial"))
    assert len(list(out.glob("store/checkpoints/*/checkpoint.npz"))) <= 1  # the others were not begun
    monkeypatch.setattr("revpath.studies.compare.writing.save_figure", lambda *_, **__: [])
    found = job.compare(out, text_path=text_path, characters=4000, side_by_side=False)
    assert found.complete
    assert all(run.checkpoints[-1].examples >= 4000 for run in found.runs)
    assert json.loads((out / "result.json").read_text())["complete"] is True
    left = {path.suffix for path in out.rglob("*") if path.is_file()}
    assert left == {".json", ".jsonl", ".html"}  # no checkpoint is left
