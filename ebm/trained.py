"""Synapses on analog arrays that are trained by an update rule of choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..devices.base.errors import RevpathError
from ..simulator import ArrayConfig
from ..simulator.rules import RuleConfig
from .synapses.analog import CrossbarSynapses
from .synapses.contract import SynapsesFactory


def trained_synapses(rule: RuleConfig, config: ArrayConfig | Sequence[ArrayConfig], seed: int = 0) -> SynapsesFactory:
    """A factory of analog synapses whose arrays are updated by `rule`; every array of the model gets its own noise.

    Parameters
    ----------
    rule: what an update does to the arrays, with its parameters.
    config: what the arrays are made of: one for all, or the n-th for the n-th array of the model.
    seed: root seed of all noise.

    >>> from revpath.ebm import RBM
    >>> from revpath.ebm.trained import trained_synapses
    >>> from revpath.simulator import ArrayConfig
    >>> from revpath.simulator.rules import TikiTaka2Config
    >>> config = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0)
    >>> model = RBM(16, synapses=trained_synapses(TikiTaka2Config(), config, seed=1))
    """
    return TrainedFactory(rule, (config,) if isinstance(config, ArrayConfig) else tuple(config), seed)


@dataclass(frozen=True)
class TrainedFactory:
    """Makes the synapses of a model; a class rather than a closure, so that models pickle and clone.

    Raises
    ------
    RevpathError: something else than a rule, or no configuration.
    """

    rule: RuleConfig
    configs: tuple[ArrayConfig, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.rule, RuleConfig):
            raise RevpathError(
                f"rule = {self.rule!r} must be the configuration of a rule, such as MixedPrecisionConfig()"
            )
        if not self.configs or not all(isinstance(config, ArrayConfig) for config in self.configs):
            raise RevpathError(f"configs = {self.configs!r} must be at least one ArrayConfig")

    def __call__(self, shape: tuple[int, int], array: int) -> CrossbarSynapses:
        if len(self.configs) != 1 and array >= len(self.configs):
            raise RevpathError(f"array = {array} has none of the {len(self.configs)} configurations: give one an array")
        config = self.configs[0] if len(self.configs) == 1 else self.configs[array]
        return CrossbarSynapses(self.rule.on(shape, config.self_ranging(), seed=self.seed, array=array))
