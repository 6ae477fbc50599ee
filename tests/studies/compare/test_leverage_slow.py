"""The tests of `test_leverage.py` that take long."""

import matplotlib.pyplot as plt
import pytest
from helpers.statistics import relative
from helpers.tiny_job import EVENTS, FLOPS

from revpath.energy_models import gpu_energy, load_chip, price, pulse_prices
from revpath.studies.compare.leverage import leverage, leverage_frame, run_sensitivity, sentences


def test_the_ratio_is_that_of_the_bills(folder):
    path, cell = folder
    found = leverage(path)
    analog = price(EVENTS, load_chip("reram-32nm"), overrides=pulse_prices(cell)).joules
    assert found.ratio == relative(gpu_energy(FLOPS).joules / analog, 1e-6)
    widths = [swing.width for swing in found.swings]
    assert widths == sorted(widths, reverse=True)
    assert any(swing.record.startswith("model.memory.sram_read.") for swing in found.swings)


def test_a_flip_reverses_the_verdict_when_it_is_made(folder):
    path, cell = folder
    found = leverage(path)
    flip = next(f for f in found.flips if f.record in load_chip("reram-32nm").records)
    chip = load_chip("reram-32nm")
    ratios = []
    for factor in (0.99, 1.0, 1.01):
        record = chip.records[flip.record]
        changed = {**chip.records, flip.record: record.model_copy(update={"value": flip.value * factor})}
        analog = price(EVENTS, chip.model_copy(update={"records": changed}), overrides=pulse_prices(cell)).joules
        ratios.append(gpu_energy(FLOPS).joules / analog)
    assert ratios[1] == pytest.approx(1, rel=1e-3)
    assert (ratios[0] - 1) * (ratios[2] - 1) < 0


def test_it_is_said_and_drawn(folder, capsys):
    path, _ = folder
    files = run_sensitivity(path)
    out = capsys.readouterr().out
    assert "At 3.25 bits/char" in out
    assert {f.name for f in files} == {"tornado.pdf", "tornado.svg", "tornado.png", "tornado.txt"}
    found = leverage(path)
    assert sentences(found)[0] in out
    rows = leverage_frame(found)
    assert list(rows["record"]) == [swing.record for swing in found.swings]
    assert (rows["ratio_low"] <= rows["ratio_high"]).all()
    assert rows["reversing_value"].notna().sum() == len({flip.record for flip in found.flips} & set(rows["record"]))
    _, ax = plt.subplots()
    found.plot(ax)
    assert "joules of the rival over joules" in ax.get_xlabel()
    assert found.swings[0].record in "".join(t.get_text() for t in ax.get_yticklabels())
    plt.close("all")


def test_a_seed_of_several_is_no_verdict(folder):
    import json

    path, _ = folder
    assert not any("no difference" in line or "first of" in line for line in sentences(leverage(path)))
    result = json.loads((path / "result.json").read_text())
    result["seeds"], result["verdict"]["ratio"] = [1, 2, 3], {"low": 0.5, "high": 3.0}
    (path / "result.json").write_text(json.dumps(result))
    said = sentences(leverage(path))
    assert "of the first of 3 seeds, at the stated values" in said[0]
    assert said[1].startswith("Over all seeds and records no difference is shown")
