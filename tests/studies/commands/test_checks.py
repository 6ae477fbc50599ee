"""`devices check` and `chips check`: what a contributed file states and lacks; what is wrong is refused with its field."""

import shutil
from pathlib import Path

import pytest

from revpath.studies.commands.cli import main

ROOT = Path(__file__).parents[3]


def run(*words, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["revpath", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code, capsys.readouterr()


@pytest.mark.parametrize(
    ("what", "source", "says"),
    [
        ("devices", "devices/library/reram-sb-gong2018.toml", ["trained in place: yes", "pulses can be priced: yes"]),
        ("devices", "devices/library/ideal.toml", ["pulses can be priced: no, pulse.energy_up is not known"]),
        ("chips", "energy_models/chips/reram-32nm.toml", ["events priced by", "evidence: ", "without a price"]),
    ],
)  # fmt: skip
def test_what_a_valid_file_states_is_said(what, source, says, tmp_path, capsys, monkeypatch):
    mine = Path(shutil.copy(ROOT / source, tmp_path / "mine.toml"))
    code, said = run(what, "check", mine, capsys=capsys, monkeypatch=monkeypatch)
    assert code in (0, None)
    assert said.out.splitlines()[0].partition(": ")[2].startswith("valid, ")
    assert all(part in said.out for part in says)


@pytest.mark.parametrize(("what", "field"), [("devices", "evidence"), ("chips", "why")])
def test_what_is_wrong_is_refused_with_its_field(what, field, tmp_path, capsys, monkeypatch):
    source = {"devices": "devices/library/reram-sb-gong2018.toml", "chips": "energy_models/chips/pcm-14nm-hermes.toml"}
    text = (ROOT / source[what]).read_text(encoding="utf-8")
    assert f"{field} = " in text
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace(f"{field} = ", f"{field}s = "), encoding="utf-8")
    code, said = run(what, "check", mine, capsys=capsys, monkeypatch=monkeypatch)
    assert code == 2
    assert field in said.err
    assert "Traceback" not in said.err


def test_words_that_do_not_fit_are_refused(capsys, monkeypatch):
    code, said = run("devices", "check", capsys=capsys, monkeypatch=monkeypatch)
    assert (code, "check FILE" in said.err) == (2, True)
    code, said = run("devices", "ideal", "more.toml", capsys=capsys, monkeypatch=monkeypatch)
    assert (code, "one argument too many" in said.err) == (2, True)
