"""Training a layered network on images, on arrays of some cell: a dense vector meets a dense array in every layer.

A run goes on from its last checkpoint, bit for bit, so that five seeds of ten passes over MNIST can be made overnight, cut and
taken up again. The quality at the end of every pass is kept with what had happened until then.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ....devices import Device
from ....devices.base.errors import RevpathError
from ....devices.imperfections import without
from ....devices.response.pulsed import PulsedResponse
from ....ebm import DigitalSynapses, LayeredNetwork, SynapsesFactory
from ....ebm.models.layered import EquilibriumPropagation, LayerRule, TransposedError
from ....ebm.synapses.analog import trained_synapses
from ....simulator import ADC, DAC, ArrayConfig
from ....simulator.noise.circuit import CircuitNoise
from ....simulator.rules import RULES
from ...tasks.images import PUBLISHED, Images, load_images
from ..registry import Quantity, Result, Run, sweep_task
from .arrays import DeviceConfig

_TUNING_SEED = 2**20
"""Added to the seed of a run for the trials that choose its rate."""
_SLICE = 4_096  # rows between two places where a run can be cut
_LAST_RATE = 0.05  # of the first, after all passes
_PERCENT = 100.0
_CLASSES = np.arange(10)


class ImagesTask(DeviceConfig):
    """A network, how it learns, and the arrays that it is made of.

    Parameters
    ----------
    device : DeviceChoice
    without : str
        Imperfections that the device is not to have, see `revpath.devices.imperfections.without`.
    images : "digits", "mnist" or "fashion-mnist"
        Those that are not shipped are downloaded, see `revpath.studies.tasks.images`.
    hidden : tuple of int
        Units of each hidden layer.
    learning : "transposed-error" or "equilibrium-propagation"
    nudging, free_steps, nudged_steps
        Of equilibrium propagation.
    rule : str
        Name of an update rule of arrays, as `revpath rules` sets it; "digital" for ideal synapses.
    rates : tuple of float
        Learning rates: one is taken as it is; of several the best on validation data, each after one pass with a seed of its own.
    passes, batch : int
    rows : int or None
        Of the training images, the first so many of each pass; None for all.
    weight_max : float
        Weight of a full conductance difference.
    bits : int
        Of all converters.
    reach, back_reach : float
        Range of the converters of reads and of transposed reads, in units of `weight_max` times a full input.
    read_time : float
        Seconds that a read integrates; thermal noise falls with it.
    """

    without: str = ""
    images: Literal["digits", "mnist", "fashion-mnist"] = "digits"
    hidden: tuple[int, ...] = Field(default=(64,), max_length=8)
    learning: Literal["transposed-error", "equilibrium-propagation"] = "transposed-error"
    nudging: float = Field(default=0.5, gt=0, lt=1)
    free_steps: int = Field(default=2, ge=1)
    nudged_steps: int = Field(default=2, ge=1)
    rule: str = "stochastic"
    rates: tuple[float, ...] = Field(default=(0.2,), min_length=1, max_length=12)
    passes: int = Field(default=10, ge=1)
    batch: int = Field(default=8, ge=1)
    rows: int | None = Field(default=None, ge=1)
    weight_max: float = Field(default=1.0, gt=0)
    bits: int = Field(default=8, ge=2, le=16)
    reach: float = Field(default=16.0, gt=0)
    back_reach: float = Field(default=8.0, gt=0)
    read_time: float = Field(default=1e-7, gt=0)

    def numbers(self) -> Any:
        """The device's numbers, and digests of the images: pinned ones without a look at the files."""
        published = PUBLISHED.get(self.images)
        data = load_images(self.images).sha256 if published is None else sorted(published.files.values())
        return [self.device.numbers() if self.rule != "digital" else "", data]

    @model_validator(mode="after")
    def _can_be_trained(self) -> ImagesTask:
        if any(rate <= 0 for rate in self.rates):
            raise ValueError(f"rates = {self.rates} must be above 0")
        if any(units < 1 for units in self.hidden):
            raise ValueError(f"hidden = {self.hidden} must be positive")
        if self.rule != "digital":
            if self.rule not in RULES.names:
                raise ValueError(f"rule = {self.rule!r} must be one of digital, {', '.join(RULES.names)}")
            self._array()
        return self

    def network(self, rate: float, seed: int) -> LayeredNetwork:
        """The classifier, not yet begun."""
        return LayeredNetwork(
            self.hidden,
            rule=self._layer_rule(),
            learning_rate=rate,
            batch_size=self.batch,
            synapses=self._synapses(seed),
            random_state=seed,
        )

    def _layer_rule(self) -> LayerRule:
        if self.learning == TransposedError.name:
            return TransposedError()
        return EquilibriumPropagation(self.nudging, self.free_steps, self.nudged_steps)

    def _synapses(self, seed: int) -> SynapsesFactory:
        if self.rule == "digital":
            return DigitalSynapses
        response = self._device().response
        step = response.step if isinstance(response, PulsedResponse) else None
        updates = 1 if self.learning == TransposedError.name else 2
        return trained_synapses(RULES.named(self.rule).adapted(updates, step), self._array(), seed)

    def _device(self) -> Device:
        return without(self.device.load(), self.without)

    def _array(self) -> ArrayConfig:
        """With thermal noise, since the energy of a read must pay for the noise that was simulated."""
        return ArrayConfig(
            self._device(),
            weight_max=self.weight_max,
            dac=DAC(bits=self.bits, range="scale" if len(self.hidden) > 1 else "fixed"),
            adc=ADC(bits=self.bits, y_max=self.reach * self.weight_max),
            transposed_adc=ADC(bits=self.bits, y_max=self.back_reach * self.weight_max),
            read_time=self.read_time,
            circuit_noise=CircuitNoise(thermal=True),
        )


@sweep_task(
    "train-images",
    title="layered network on images",
    test=Quantity("test error", "%", "lower"),
    validation=Quantity("validation error", "%", "lower"),
    stored=Quantity("test error of the stored weights, read without noise", "%", "lower"),
    pulses_per_weight=Quantity("pulses a weight", "1", "lower"),
    samples=Quantity("images seen", "1"),
    rate=Quantity("learning rate chosen", "1"),
)
def train_images(config: ImagesTask, run: Run) -> Result:
    """Choose a rate where there are several, train at it, judge on test images; events are those of the training."""
    images = load_images(config.images)
    network, curve = _trained(config, images, run)
    weights = sum(np.prod(synapses.shape) for synapses in network.synapses_)
    events = network.events_
    pulses = sum(events[name] for name in ("pulse.up", "pulse.down", "cell.programmed"))
    values = {
        "test": curve[-1]["test"],
        "validation": curve[-1]["validation"],
        "stored": _PERCENT * network.error_rate(*images.test, stored=True),
        "pulses_per_weight": pulses / float(weights),
        "samples": curve[-1]["samples"],
        "rate": network.learning_rate,
    }
    return Result(values, events, curve)


def _trained(config: ImagesTask, images: Images, run: Run) -> tuple[LayeredNetwork, list[dict[str, Any]]]:
    """The network after all passes, and how good it was after each; a checkpoint is kept after every slice of rows."""
    network, about = run.restore(
        lambda: _mould(config, images, run.seed),
        lambda: config.network(_rate(config, images, run.seed), run.seed),
    )
    done, curve = about.get("done", 0), about.get("curve", [])
    rows = min(config.rows or len(images.train[1]), len(images.train[1]))
    total = config.passes * rows
    while done < total:
        of_pass, start = divmod(done, rows)
        order = np.random.default_rng([run.seed, of_pass]).permutation(len(images.train[1]))[:rows]
        chosen = order[start : start + _SLICE]
        slowdown = 1 / (1 - (1 - _LAST_RATE) * done / total)
        network.partial_fit(images.train[0][chosen], images.train[1][chosen], classes=_CLASSES, slowdown=slowdown)
        done += len(chosen)
        if done % rows == 0:
            curve.append(_judged(network, images, done))
        run.checkpoint(network, {"done": done, "curve": curve}, done / total)
    return network, curve


def _mould(config: ImagesTask, images: Images, seed: int) -> LayeredNetwork:
    """A network that has read and been updated once: it has all that a checkpoint can hold."""
    network = config.network(config.rates[0], seed)
    first = slice(0, config.batch)
    network.partial_fit(images.train[0][first], images.train[1][first], classes=_CLASSES)
    network.error_rate(images.train[0][first], images.train[1][first])
    return network


def _judged(network: LayeredNetwork, images: Images, samples: int) -> dict[str, Any]:
    return {
        "samples": samples,
        "validation": _PERCENT * network.error_rate(*images.validation),
        "test": _PERCENT * network.error_rate(*images.test),
        "events": network.events_.to_json(),
    }


def _rate(config: ImagesTask, images: Images, seed: int) -> float:
    """The one rate, or that of the least validation error after one pass, with a seed that the run does not use."""
    if len(config.rates) == 1:
        return config.rates[0]
    errors = []
    for rate in config.rates:
        trial = config.model_copy(update={"passes": 1, "rates": (rate,)})
        try:
            errors.append(_trained(trial, images, Run(seed + _TUNING_SEED))[1][-1]["validation"])
        except RevpathError:  # such as weights that are no numbers any more
            errors.append(np.inf)
    if not np.isfinite(min(errors)):
        raise RevpathError(f"rates = {config.rates}: training broke down at every one")
    return config.rates[int(np.argmin(errors))]
