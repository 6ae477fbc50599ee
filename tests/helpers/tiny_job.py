"""A comparison that takes no time: three tiny recipes, and the events of a run that nobody trained."""

from revpath.simulator import Events
from revpath.studies.compare.models import ConditionalBoltzmannSpec
from revpath.studies.compare.recipes import Hardware, Recipe

MODEL = ConditionalBoltzmannSpec(context=2, max_rows=64)
DIGITAL = Recipe(name="digital", title="Tiny, ideal", kind="digital", model=MODEL, batch=32, examples=640)
ANALOG = DIGITAL.model_copy(update={"name": "analog", "title": "Tiny, ReRAM", "kind": "analog", "hardware": Hardware()})
QUIET = ANALOG.model_copy(
    update={"name": "quiet", "title": "Tiny, quiet", "hardware": Hardware(changes={"response__step_noise": 0.1})}
)

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
