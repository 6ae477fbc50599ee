"""Synapses on a simulated analog array: one crossbar, or several that act as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np

from ...devices import Device
from ...devices.base.errors import RevpathError
from ...simulator import ArrayConfig, Crossbar, Events, Stream
from ...simulator.arrays.decoded import DecodedCrossbar
from ...simulator.arrays.parts import AnalogArray
from ...simulator.arrays.rows import forward_rows, sense, update_rows
from ...simulator.arrays.tiles import TiledCrossbar
from ...simulator.config import ConfigOrDevice
from ...simulator.operands import checked_sizes
from ...simulator.rules import RuleConfig
from .contract import DigitalSynapses, SynapsesFactory
from .units import sample_units


class CrossbarSynapses:
    """Weights in an analog array: every multiplication is a noisy read, every update pulses on cells.

    Parameters
    ----------
    array : AnalogArray
        what holds W (n_in, n_out), word lines being inputs: a `Crossbar`, a `TiledCrossbar`, a `SlicedCrossbar` (which
        reads but cannot be updated), or anything else that keeps the contract of `AnalogArray`.
    """

    def __init__(self, array: AnalogArray) -> None:
        self.array = array
        self._digital = Events()

    @property
    def shape(self) -> tuple[int, int]:
        return self.array.shape

    @property
    def events(self) -> Events:
        return self.array.events + self._digital

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.array.forward(x)

    def backward(self, d: np.ndarray) -> np.ndarray:
        return self.array.backward(d)

    def sample(
        self, x: np.ndarray, bias: np.ndarray, units: Stream, *, transposed: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        p, states, done = sample_units(self.backward(x) if transposed else self.forward(x), bias, units)
        self._digital += done
        return p, states

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        self.array.update(x, d, rate)

    def forward_rows(self, rows: np.ndarray) -> np.ndarray:
        """As `revpath.ebm.synapses.rows.RowSynapses.forward_rows`; the short way where the array has one."""
        return forward_rows(self.array, rows)

    def update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        """As `revpath.ebm.synapses.rows.RowSynapses.update_rows`; the short way where the array has one."""
        update_rows(self.array, rows, d, rate)

    def sense(self, x: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """What the lines carry, noise included, before any converter; see `revpath.simulator.Crossbar.sense`."""
        return sense(self.array, x, transposed=transposed)

    @contextmanager
    def aside(self) -> Iterator[None]:
        digital = self._digital
        with self.array.aside():
            try:
                yield
            finally:
                self._digital = digital

    def weights(self) -> np.ndarray:
        return self.array.read()

    def program(self, weights: np.ndarray) -> None:
        self.array.program(weights)


def crossbar_synapses(
    config: ConfigOrDevice, seed: int = 0, tile: tuple[int, int] | None = None, *, decoder: bool = False
) -> SynapsesFactory:
    """A factory of analog synapses for a model: every array of the model gets its own noise.

    Parameters
    ----------
    config : ArrayConfig, or a device or its name
        What the arrays are made of. With tiles, the range of its ADC is that of a tile's partial sums. A range that is to
        be "calibrated" is found by the first batch ("auto"): a model has no moment at which it could be calibrated.
    seed : int
        Root seed of all noise.
    tile : tuple of int, optional
        The largest array that can be had, (rows, columns); larger weights go to a grid of tiles. None: any size.
    decoder : bool
        Whether listed rows power only the tiles that hold them, see `revpath.simulator.arrays.decoded`: for models that look
        weights up. It needs a tile.

    Examples
    --------
    >>> from revpath.ebm import RBM, crossbar_synapses
    >>> from revpath.simulator import ArrayConfig
    >>> config = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0)
    >>> model = RBM(16, synapses=crossbar_synapses(config, seed=1, tile=(256, 256)))
    """
    return CrossbarFactory((ArrayConfig.of(config),), seed, tile, decoder)


def crossbar_synapses_by_array(
    configs: Sequence[ConfigOrDevice], seed: int = 0, tile: tuple[int, int] | None = None
) -> SynapsesFactory:
    """The same for a model whose arrays differ: the n-th array is made of the n-th configuration."""
    return CrossbarFactory(tuple(map(ArrayConfig.of, configs)), seed, tile)


def trained_synapses(
    rule: RuleConfig, config: ConfigOrDevice | Sequence[ConfigOrDevice], seed: int = 0
) -> SynapsesFactory:
    """A factory of analog synapses whose arrays are updated by `rule`; every array of the model gets its own noise.

    Parameters
    ----------
    rule : RuleConfig
        What an update does to the arrays, with its parameters.
    config : ArrayConfig, or a device or its name, or a sequence of them
        What the arrays are made of: one for all, or the n-th for the n-th array of the model.
    seed : int
        Root seed of all noise.

    Examples
    --------
    >>> from revpath.ebm import RBM
    >>> from revpath.ebm.synapses.analog import trained_synapses
    >>> from revpath.simulator import ArrayConfig
    >>> from revpath.simulator.rules import TikiTaka2Config
    >>> config = ArrayConfig(device="reram-sb-gong2018", weight_max=2.0)
    >>> model = RBM(16, synapses=trained_synapses(TikiTaka2Config(), config, seed=1))
    """
    configs = (config,) if isinstance(config, ArrayConfig | Device | str | Path) else config
    return TrainedFactory(rule, tuple(map(ArrayConfig.of, configs)), seed)


def factory_of(synapses: Any, seed: int) -> SynapsesFactory:
    """What makes the synapses of a model from what a user names.

    Parameters
    ----------
    synapses : str, pathlib.Path, Device, ArrayConfig, callable or None
        A device (a name of the library, a file, or the device itself) on arrays with default settings; the settings of
        the arrays; a factory ``(shape, number of the array) -> Synapses``; or None, for ideal digital synapses.
    seed : int
        Root seed of the noise of arrays that are named by device or by settings.

    Raises
    ------
    RevpathError
        Anything else; a device that is not known.
    """
    if synapses is None:
        return DigitalSynapses
    if isinstance(synapses, str | Path | Device):
        synapses = ArrayConfig.of(synapses)
    if isinstance(synapses, ArrayConfig):
        return CrossbarFactory((synapses,), seed)
    if not callable(synapses):
        raise RevpathError(
            f"synapses = {synapses!r} must be the name of a device, an ArrayConfig, a factory such as "
            "crossbar_synapses(config), or None for ideal digital synapses"
        )
    return cast(SynapsesFactory, synapses)


class _Factory:
    """Parameters by name, as scikit-learn asks for them: `model.set_params(synapses__seed=2)` reaches a factory."""

    configs: tuple[ArrayConfig, ...]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Each field by its name; `deep` is scikit-learn's and changes nothing."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **params: Any) -> _Factory:
        """Change fields in place, checked as in the constructor.

        Raises
        ------
        RevpathError
            A name that is no field.
        """
        known = self.get_params()
        for name in params:
            if name not in known:
                raise RevpathError(f"{name} is no parameter of {type(self).__name__}; it has {', '.join(known)}")
        checked = type(self)(**{**known, **params})
        for name, value in checked.get_params().items():
            object.__setattr__(self, name, value)
        return self

    def _config(self, array: int) -> ArrayConfig:
        if len(self.configs) != 1 and array >= len(self.configs):
            raise RevpathError(f"array = {array} has none of the {len(self.configs)} configurations: give one an array")
        return (self.configs[0] if len(self.configs) == 1 else self.configs[array]).self_ranging()


@dataclass(frozen=True)
class CrossbarFactory(_Factory):
    """Makes the analog synapses of a model; a class rather than a closure, so that models pickle and clone.

    Raises
    ------
    ArrayError
        `tile` is neither None nor two positive integers.
    RevpathError
        A decoder without tiles.
    """

    configs: tuple[ArrayConfig, ...]
    seed: int
    tile: tuple[int, int] | None = None
    decoder: bool = False

    def __post_init__(self) -> None:
        if self.tile is not None and self.tile != (checked := checked_sizes(self.tile, "tile")):
            object.__setattr__(self, "tile", checked)
        if self.decoder and self.tile is None:
            raise RevpathError("decoder = True chooses among tiles: say how large one is (tile)")

    def __call__(self, shape: tuple[int, int], array: int) -> CrossbarSynapses:
        config = self._config(array)
        if self.tile is None:
            return CrossbarSynapses(Crossbar(shape, config, seed=self.seed, array=array))
        kind = DecodedCrossbar if self.decoder else TiledCrossbar
        return CrossbarSynapses(kind(shape, config, tile=self.tile, seed=self.seed, array=array))


@dataclass(frozen=True)
class TrainedFactory(_Factory):
    """The same for arrays that are updated by a rule.

    Raises
    ------
    RevpathError
        Something else than a rule, or no configuration.
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
        return CrossbarSynapses(self.rule.on(shape, self._config(array), seed=self.seed, array=array))
