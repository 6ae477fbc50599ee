"""`revpath fit`: the report, the device file, the figure, and a mistake in one line."""

import json

import numpy as np
import pytest

from revpath.devices import load_device
from revpath.devices.laws import Window
from revpath.devices.response import ConstantStep
from revpath.devices.traces.samples import synthetic_traces
from revpath.studies.commands import cli

pytestmark = pytest.mark.jit

LAW = ConstantStep(step=0.05, w_min=-2, w_max=2, step_noise=0.3)


@pytest.fixture
def traces(tmp_path):
    table = synthetic_traces(LAW, Window(g_min=5e-6, g_max=45e-6), devices=1, cycles=3, pulses=20, seed=1)
    amperes = 0.2 * table["conductance (S)"]
    lines = ["cycle,pulse,direction,current (A)"]
    columns = (table["cycle"], table["pulse"], table["direction"], amperes)
    lines += [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    path = tmp_path / "cell.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def called(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["revpath", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code, *capsys.readouterr()


def test_a_report_a_device_and_a_figure(monkeypatch, capsys, traces, tmp_path):
    device, figure = tmp_path / "mine.toml", tmp_path / "fit.png"
    options = (
        "--law",
        "constant-step",
        "--read-voltage",
        "200 mV",
        "--name",
        "mine",
        "--out",
        device,
        "--figure",
        figure,
    )
    code, out, err = called(monkeypatch, capsys, "fit", traces, *options)
    assert code in (0, None)
    assert "60 up and 60 down pulses" in out
    assert "read voltage of 0.2 V" in out
    assert "fit constant-step" in err
    assert figure.read_bytes().startswith(b"\x89PNG")
    fitted = load_device(device)
    assert fitted.name == "mine"
    # the law's coordinate is that of the cell's own range here
    per_state = (fitted.window.g_max - fitted.window.g_min) / (fitted.response.w_max - fitted.response.w_min)
    np.testing.assert_allclose(fitted.response.step * per_state, 0.05 * 10e-6, rtol=0.15)


def test_the_numbers_for_other_programs(monkeypatch, capsys, traces, tmp_path):
    device = tmp_path / "mine.toml"
    options = ("--law", "constant-step", "--read-voltage", "0.2", "--out", device, "--quiet")
    code, out, err = called(monkeypatch, capsys, "fit", traces, *options, "--json")
    assert code in (0, None)
    numbers = {row["number"]: row for row in json.loads(out)}
    assert f"device: {device}" in err
    assert numbers["step"]["error"] > 0
    assert numbers["step"]["unit"] == "1"
    assert load_device(device).response.step_noise == pytest.approx(numbers["step_noise"]["value"], rel=1e-3)


def test_mistakes_are_one_line_and_exit_code_2(monkeypatch, capsys, traces, tmp_path):
    for arguments, words in (
        ((traces,), "a current must be divided by its read voltage"),
        ((tmp_path / "none.csv",), "no such file"),
        ((traces, "--read-voltage", "0.2", "--law", "cubic"), "law = 'cubic' is not known"),
    ):
        code, out, err = called(monkeypatch, capsys, "fit", *arguments, "--quiet")
        assert (code, out) == (2, "")
        assert words in err
        assert err.count("\n") == 1
