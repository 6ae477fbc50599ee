"""The tests of `test_cli.py` that take long."""

import json
import re

import pytest


@pytest.mark.jit
@pytest.mark.usefixtures("tiny")
def test_compare_prints_the_comparison(revpath, text_path, tmp_path):
    out_path = tmp_path / "out [1]"
    code, out, err = revpath("compare", "--text", text_path, "--characters", 2500, "--seed", 3, "--out", out_path)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("ASSUMED the analog bill leans on ")
    assert "reram-sb-gong2018.window.g_max" in lines[0]
    assert "dac.conversion" in lines[0]
    assert "Tiny, ReRAM [of Gong]" in out  # what stands in brackets is text, not markup
    assert "not reached" not in out  # nothing was compared, so nothing was missed
    assert re.search(r"Witten-Bell 6-gram on the same characters: \d\.\d{3} bits/char", out)
    assert "the bills of the GPU lean on" in lines[0]
    assert "node.assumed.power_over_analog_chip" in lines[0]  # the node's joules are among those printed
    assert re.search(r"adc .* times", out)
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
        str(out_path / f) for f in ("result.json", "compare.pdf", "compare.png", "bills.html")
    )
    result = json.loads((out_path / "result.json").read_text())
    assert result["verdict"]["sentence"] in lines
    assert result["seed"] == 3
    assert err.splitlines()[0].startswith("training;")
    assert re.search(r"analog: 2,500 of 2,500 characters, \d\.\d{3} bits/char", err)
    assert max(map(len, lines[1:-1])) <= 250


FIRST_LINES = {
    ("chips",): "These chips lean on",
    ("chips", "pcm-14nm-hermes"): "These prices lean on",
    ("validate",): "These figures lean on",
    ("gpu",): "These figures lean on",
    ("claims",): "These claims lean on",
    ("records",): r"\d+ of \d+ records; \d+ are",
}


@pytest.mark.parametrize("arguments", FIRST_LINES, ids=" ".join)
def test_the_first_line_of_a_report_says_what_it_leans_on(revpath, arguments):
    code, out, _ = revpath(*arguments)
    assert code == 0
    assert re.match(FIRST_LINES[arguments] + r".* assumed or ", out.splitlines()[0])


def test_the_first_line_of_the_barrier_too(revpath, tmp_path):
    assert revpath("barrier", "--out", tmp_path)[1].startswith("These figures lean on")


@pytest.mark.jit
@pytest.mark.usefixtures("tiny")
def test_compare_with_the_transformer(revpath, tmp_path, monkeypatch):
    monkeypatch.setattr("revpath.studies.compare.verdict.QUALITIES", (4.5,))
    code, out, _ = revpath("compare", "--characters", 2500, "--out", tmp_path)
    assert code == 0
    assert re.search(
        r"^At 4\.5 bits/char the analog EBM needs .* energy than the transformer on a GPU \(90 %", out, re.M
    )
    assert re.search(
        r"^Against the transformer at the best matrix product, a lower bound: .* times (less|more)", out, re.M
    )
    assert re.search(r"^Against the EBM with ideal weights on the GPU: .* times (less|more)", out, re.M)
    rows = [line for line in out.splitlines() if line.startswith("│")]
    assert [r for r in rows if "transformer d64" in r and "102,592" in r]
    assert not [r for r in rows if "lower bound" in r]  # a column, not rows


@pytest.mark.jit
@pytest.mark.usefixtures("tiny")
def test_a_short_run_is_said_first(revpath, tmp_path, monkeypatch):
    monkeypatch.setattr("revpath.studies.compare.verdict.QUALITIES", (4.5,))
    _, out, _ = revpath("compare", "--characters", 2500, "--out", tmp_path)
    lines = out.splitlines()
    short = next(i for i, line in enumerate(lines) if line.startswith("SHORT A short run, of 2,500 characters"))
    assert lines[short + 1].startswith("At 4.5 bits/char")
    assert json.loads((tmp_path / "result.json").read_text())["verdict"]["sentence"].startswith("A short run")
    assert "A short run, of 2,500 characters" in (tmp_path / "bills.html").read_text()
    for command in (["results", tmp_path], ["cite", tmp_path], ["cite", tmp_path / "result.json"]):
        code, out, err = revpath(*command)
        assert (code, err) == (0, "")
    assert "2500" in revpath("results", tmp_path)[1]
