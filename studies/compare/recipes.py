"""What the main job trains: the same model on different synapses, described as frozen data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...devices import Device, load_device
from ...ebm import SynapsesFactory, crossbar_synapses_by_array
from ...simulator import ADC, DAC, ArrayConfig
from ...simulator.noise.circuit import CircuitNoise
from .models.conditional_boltzmann import ConditionalBoltzmannSpec
from .models.conditional_rbm import ConditionalRBMSpec
from .models.layered import LayeredSpec

CODE = ("studies/compare/learn.py", "studies/compare/recipes.py", "studies/compare/models")
"""What can change the bits of a run, beside the rooms below."""

TaskName = Literal["text", "images"]
Model = Annotated[ConditionalBoltzmannSpec | ConditionalRBMSpec | LayeredSpec, Field(discriminator="kind")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Range(_Frozen):
    """Of an array: the weight of a full conductance difference, and the ranges of its ADC, either way, in such weights."""

    largest: float = Field(gt=0)
    adc: float = Field(default=1.0, gt=0)
    transposed_adc: float | None = Field(default=None, gt=0)


class Hardware(_Frozen):
    """The analog arrays of a model.

    Attributes
    ----------
    changes : mapping of str to float
        numbers of the device set by hand, as ``section__field``; a device with changes is hypothetical.
    ranges : tuple[Range, ...]
        one for all arrays, or the n-th for the n-th of them.
    thermal : bool
        whether currents have their thermal noise.
    """

    device: str = "reram-sb-gong2018"
    changes: dict[str, float] = Field(default_factory=dict)
    ranges: tuple[Range, ...] = Field(default=(Range(largest=2.0),), min_length=1)
    bits: int = Field(default=8, ge=2, le=16)
    thermal: bool = False
    longest_train: int = Field(default=31, ge=1, le=63)

    def cell(self) -> Device:
        changes: dict[str, Any] = dict(self.changes)
        return load_device(self.device).replaced(**changes)

    def config(self, range_: Range) -> ArrayConfig:
        """Of an array with that range."""
        transposed = range_.transposed_adc
        return ArrayConfig(
            device=self.cell(),
            weight_max=range_.largest,
            dac=DAC(bits=self.bits),
            adc=ADC(bits=self.bits, y_max=range_.adc * range_.largest),
            transposed_adc=ADC(bits=self.bits, y_max=transposed * range_.largest) if transposed else None,
            circuit_noise=CircuitNoise(thermal=True) if self.thermal else None,
            longest_train=self.longest_train,
        )

    def synapses(self, seed: int) -> SynapsesFactory:
        return crossbar_synapses_by_array([self.config(range_) for range_ in self.ranges], seed)


class Recipe(_Frozen):
    """One training run. Two recipes that are equal give the same bits at any number of threads of one machine.

    On another processor the last digits can differ: matrix products of the digital parts are those of the BLAS library,
    which takes other kernels there, and the sums are rounded otherwise.

    Learning rates fall linearly from their full value to `last_rate` of it over the `examples`. Recipes of one `name` differ in
    their seed alone.
    """

    name: str
    title: str
    kind: Literal["digital", "analog"]
    task: TaskName = "text"
    model: Model = Field(default_factory=ConditionalBoltzmannSpec)
    hardware: Hardware | None = None
    batch: int = Field(default=256, ge=1)
    last_rate: float = Field(default=0.05, gt=0, le=1)
    examples: int = Field(ge=1)
    seed: int = Field(default=1, ge=0)

    @property
    def label(self) -> str:
        """Name and seed, which tell runs of a comparison apart."""
        return f"{self.name}.{self.seed}"


def text_recipes(characters: int, seeds: Sequence[int]) -> list[Recipe]:
    """The runs on a text: two devices as measured, and ideal synapses, with each seed.

    Learning rates and ranges are the best of the trials listed in docs/tuning.md, each run by its own best.
    """
    ngrams, finer = ConditionalBoltzmannSpec(), ConditionalBoltzmannSpec(learning_rate=60.0)
    ecram = Hardware(device="ecram-li-tang2018", ranges=(Range(largest=6.0),))
    made: list[dict[str, Any]] = [
        dict(name="analog", title="n-gram EBM, ReRAM as measured", kind="analog", model=ngrams, hardware=Hardware()),
        dict(name="analog-ecram", title="n-gram EBM, Li-ECRAM as measured", kind="analog", model=finer, hardware=ecram),
        dict(name="digital", title="n-gram EBM, ideal digital synapses", kind="digital", model=ngrams),
    ]
    return [Recipe(**each, examples=characters, seed=seed) for each in made for seed in seeds]


IMAGES = 24_000
"""That each run sees, unless asked otherwise: twenty times the digits, half of MNIST."""
_WIDE = 100  # pixels, from which on the layers of docs/tuning.md for MNIST are taken
_RATES = {"transposed-error": 0.3, "equilibrium-propagation": 0.2}


def image_recipes(images: int, seeds: Sequence[int], inputs: int = 64) -> list[Recipe]:
    """The runs on images: a layered network by equilibrium propagation, and by the error through transposed reads.

    On ReRAM the former does not learn (30 % error after 20 passes), and is left out for the sake of time.

    Parameters
    ----------
    images : int
        That each run sees.
    seeds : sequence of int
    inputs : int
        Pixels of an image. Of the digits' 64, 64 hidden units learn, of MNIST's 784, 256.
    """
    hidden, reach = (256, 16.0) if inputs > _WIDE else (64, 8.0)
    ranges = Range(largest=1.0, adc=reach), Range(largest=1.0, adc=reach, transposed_adc=reach / 2)
    titles = {"equilibrium-propagation": "equilibrium EBM", "transposed-error": "layers, transposed error"}
    cells = (
        ("ecram", "Li-ECRAM as measured", "ecram-li-tang2018"),
        ("reram", "ReRAM as measured", "reram-sb-gong2018"),
    )
    made = []
    for rule, title in titles.items():
        settings: Any = {"rule": rule, "learning_rate": _RATES[rule], "free_steps": 2, "nudged_steps": 2}
        model = LayeredSpec(inputs=inputs, hidden=(hidden,), **settings)
        common = {"task": "images", "model": model, "batch": 16, "examples": images}
        name = "ebm" if rule == "equilibrium-propagation" else "layers"
        for short, cell, device in cells if name == "layers" else cells[:1]:
            hardware = Hardware(device=device, ranges=ranges, thermal=True)
            made.append(
                dict(name=f"{name}-{short}", title=f"{title}, {cell}", kind="analog", hardware=hardware, **common)
            )
        made.append(dict(name=f"{name}-digital", title=f"{title}, ideal digital synapses", kind="digital", **common))
    return [Recipe(**each, seed=seed) for each in made for seed in seeds]
