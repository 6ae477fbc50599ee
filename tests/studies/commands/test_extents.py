"""Time, area and upkeep of the contenders of a comparison, as `revpath compare` prints them."""

from types import SimpleNamespace

from rich.console import Console

from revpath.simulator.events import Events
from revpath.studies.commands.extents import print_extents
from revpath.studies.compare.contenders import contenders
from revpath.studies.compare.learn import Checkpoint, LearningRun
from revpath.studies.compare.recipes import Hardware, Recipe

EVENTS = Events(
    {"pulse.up": 10**6, "pulse.down": 10**6, "digital.add": 10**6, "dac.conversion{bits=8}": 1000, "line.pulse": 1000},
    {"array.busy_s": 1e-3},
)


def test_upkeep_stands_below_the_parts():
    recipe = Recipe(name="analog", title="analog", kind="analog", hardware=Hardware(), examples=640)
    point = Checkpoint(examples=640, validation=4.0, test=4.0, events=EVENTS.to_json())
    run = LearningRun(recipe=recipe, key="k", data_sha256="t", version="0", parameters=1000, checkpoints=(point,))
    (analog, *others) = contenders([run], [])
    verdict = SimpleNamespace(quality=4.0)
    found = SimpleNamespace(contenders=(analog, *others), runs=(run,), verdict=verdict, analog=analog)
    console = Console(width=120, record=True)
    print_extents(found, console)
    lines = console.export_text().splitlines()
    row = next(line for line in lines if "pulses of a cell" in line)
    assert "1e+03" in row  # two million pulses on two cells a parameter
    assert "?" in next(line for line in lines if " refresh " in line)
    assert any("zhao2018" in line and "energy until worn" in line for line in lines)
