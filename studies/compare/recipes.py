"""What the main job trains: the same conditional RBM on different synapses, described as frozen data."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...devices import Device, load_device
from ...ebm import SynapsesFactory, crossbar_synapses_by_array
from ...simulator import ADC, DAC, ArrayConfig
from ..identity import code_digest, strong_id

CODE = ("studies/tasks/text.py", "studies/compare/learn.py", "studies/compare/recipes.py")
"""What can change the bits of a run, beside the rooms below."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Hardware(_Frozen):
    """The analog arrays of a model: one for the context weights, one for the label weights.

    changes: numbers of the device set by hand, as ``section__field``; a device with changes is hypothetical.
    context_max, label_max: weight of a full conductance difference. context_adc, label_adc: ADC range in weights.
    """

    device: str = "reram-sb-gong2018"
    changes: dict[str, float] = Field(default_factory=dict)
    context_max: float = Field(default=3.0, gt=0)
    label_max: float = Field(default=1.0, gt=0)
    context_adc: float = Field(default=3.0, gt=0)
    label_adc: float = Field(default=1.0, gt=0)
    bits: int = Field(default=8, ge=2, le=16)
    longest_train: int = Field(default=31, ge=1, le=63)

    def cell(self) -> Device:
        changes: dict[str, Any] = dict(self.changes)
        return load_device(self.device).replaced(**changes)

    def config(self, largest: float, adc_range: float) -> ArrayConfig:
        """An array whose full conductance difference is `largest`, with an ADC of `adc_range` times that."""
        return ArrayConfig(
            device=self.cell(),
            weight_max=largest,
            dac=DAC(bits=self.bits),
            adc=ADC(bits=self.bits, y_max=adc_range * largest),
            longest_train=self.longest_train,
        )

    def synapses(self, seed: int) -> SynapsesFactory:
        return crossbar_synapses_by_array(
            [self.config(self.context_max, self.context_adc), self.config(self.label_max, self.label_adc)], seed
        )


class Recipe(_Frozen):
    """One training run. Two recipes that are equal give the same bits at any number of threads of one machine.

    On another processor the last digits can differ: matrix products of the digital parts are those of the BLAS library,
    which takes other kernels there, and the sums are rounded otherwise.

    Learning rates fall linearly from their full value to `last_rate` of it over the `characters`.
    """

    name: str
    title: str
    kind: Literal["digital", "analog"]
    hardware: Hardware | None = None
    context: int = Field(default=8, ge=1, le=64)
    hidden: int = Field(default=256, ge=1)
    batch: int = Field(default=64, ge=1)
    rule: Literal["exact", "cd"] = "exact"
    learning_rate: float = Field(default=40.0, ge=0)
    label_learning_rate: float = Field(default=0.2, ge=0)
    bias_learning_rate: float = Field(default=2.0, ge=0)
    last_rate: float = Field(default=0.05, gt=0, le=1)
    characters: int = Field(ge=1)
    seed: int = Field(default=1, ge=0)

    def identity(self, text_sha256: str, version: str, code: str | None = None) -> dict[str, Any]:
        """All that the result depends on, as one value that can be printed.

        The numbers of the device are in it, not its name alone, so that an edited device file is trained anew; and so is
        a digest of the sources that can change a bit, so that edited code never takes up runs of what it was before.

        Parameters
        ----------
        text_sha256 : str
            Of the file of the text.
        version : str
            Of revpath.
        code : str, optional
            Digest of the sources; that of the code at hand unless given.

        Raises
        ------
        RevpathError
            The device cannot be read.
        """
        return {
            "recipe": self.model_dump(mode="json"),
            "device": self.hardware.cell().model_dump_json(exclude={"records"}) if self.hardware else "",
            "text_sha256": text_sha256,
            "version": version,
            "code": code_digest(*CODE) if code is None else code,
        }

    def key(self, text_sha256: str, version: str, code: str | None = None) -> str:
        """The digest of `identity`, which names the files of the run."""
        return strong_id(self.identity(text_sha256, version, code))


def recipes(characters: int, seed: int) -> list[Recipe]:
    """The runs of `revpath compare`: the device as measured, ideal synapses, and the device with ten times its states.

    Learning rates and ranges are the best of the trials listed in docs/tuning.md, each run by its own best.
    """
    measured = Hardware()
    finer = {"response__step": measured.cell().pulsed.step / 10}
    return [
        Recipe(
            name="analog",
            title="EBM, analog ReRAM as measured",
            kind="analog",
            hardware=measured,
            context=3,
            learning_rate=10.0,
            characters=characters,
            seed=seed,
        ),
        Recipe(name="digital", title="EBM, ideal digital synapses", kind="digital", characters=characters, seed=seed),
        Recipe(
            name="analog-finer",
            title="EBM, analog, hypothetical: a tenth of the pulse step",
            kind="analog",
            hardware=Hardware(changes=finer, context_max=40.0, context_adc=0.6, longest_train=63),
            characters=characters,
            seed=seed,
        ),
    ]
