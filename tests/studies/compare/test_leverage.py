"""What the verdict hangs on: the stored result is priced again, and single changes really reverse it."""

import json

import matplotlib.pyplot as plt
import pytest
from helpers.statistics import relative

from revpath.devices.base.errors import RevpathError
from revpath.energy_models import gpu_energy, load_chip, price, pulse_prices
from revpath.simulator.events import Events
from revpath.studies.compare.learn import Checkpoint, Run
from revpath.studies.compare.leverage import leverage, run_sensitivity, sentences
from revpath.studies.compare.recipes import recipes

EVENTS = Events(
    {
        "adc.conversion{enob=7.00}": 10**7,
        "dac.conversion{bits=8}": 10**6,
        "line.drive": 10**6,
        "array.read": 10**5,
        "sram.byte_read": 10**8,
        "digital.add": 10**8,
        "pulse.up": 10**6,
        "pulse.down": 10**6,
    },
    {"array.busy_s": 0.02, "array.read_energy_J": 1e-7, "array.snr_sum": 1.0, "adc.snr_sum": 1.0},
)
FLOPS = 10**11


@pytest.fixture
def folder(tmp_path):
    recipe = next(r for r in recipes(500_000, 1) if r.hardware is not None and not r.hardware.changes)
    point = Checkpoint(characters=100, validation_bits=3.2, test_bits=3.2, events=EVENTS.to_json())
    run = Run(recipe=recipe, key="k", text_sha256="t", version="0", parameters=7, checkpoints=(point,))
    joules = gpu_energy(FLOPS).joules
    stop = {"validation_bits": 3.1, "joules": {"nominal": joules}, "events": {"matmul.flop": FLOPS}}
    own = {"validation_bits": 3.2, "events": dict(EVENTS)}
    result = {
        "runs": [json.loads(run.model_dump_json())],
        "chip": "reram-32nm",
        "verdict": {"bits": 3.25, "transformer": "transformer-x-gpu"},
        "contenders": [
            {"name": "transformer-x-gpu", "title": "x", "kind": "gpu", "stops": [stop]},
            {"name": recipe.name, "title": recipe.title, "kind": "analog", "stops": [own]},
        ],
    }
    (tmp_path / "result.json").write_text(json.dumps(result))
    return tmp_path, recipe.hardware.cell()


def test_the_ratio_is_that_of_the_bills(folder):
    path, cell = folder
    found = leverage(path)
    analog = price(EVENTS, load_chip("reram-32nm"), overrides=pulse_prices(cell)).joules
    assert found.ratio == relative(gpu_energy(FLOPS).joules / analog, 1e-6)
    widths = [swing.width for swing in found.swings]
    assert widths == sorted(widths, reverse=True)
    assert any(swing.record.startswith("model.memory.sram_read.") for swing in found.swings)


def test_a_result_without_events_is_said_to_be_of_an_earlier_revpath(folder):
    path, _ = folder
    result = json.loads((path / "result.json").read_text())
    for contender in result["contenders"]:
        for stop in contender["stops"]:
            del stop["events"]
    (path / "result.json").write_text(json.dumps(result))
    with pytest.raises(RevpathError, match="no events of 'transformer-x-gpu' at 3.25 bits/char: .*earlier revpath"):
        leverage(path)


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
    assert {f.name for f in files} == {"tornado.pdf", "tornado.png"}
    found = leverage(path)
    assert sentences(found)[0] in out
    _, ax = plt.subplots()
    found.plot(ax)
    assert "joules of the transformer over joules" in ax.get_xlabel()
    assert found.swings[0].record in "".join(t.get_text() for t in ax.get_yticklabels())
    plt.close("all")


def test_what_is_no_result_is_named(tmp_path, folder):
    with pytest.raises(RevpathError, match="not a result of `revpath compare`"):
        leverage(tmp_path / "nowhere")
    path, _ = folder
    result = json.loads((path / "result.json").read_text())
    result["verdict"]["bits"] = None
    (path / "result.json").write_text(json.dumps(result))
    with pytest.raises(RevpathError, match="nothing was compared at equal quality"):
        leverage(path)
