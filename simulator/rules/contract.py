"""The one contract of update rules: an array that is read as it is, and updated in a way of its own.

The plain update of an array is W <- W + rate x^T d by stochastic pulses. A rule replaces it, and counts what it does
instead: its pulses, its reads, and the digital work and memory that it needs beside the array. What it puts in front
of an array keeps the contract of `AnalogArray`, so that models run on it unchanged.

A rule is two classes in one file: a `RuleConfig`, which describes it and says in `ruled` what array it makes, and a
`RuledArray`, which updates. Defining the first is all that is needed for the rule to be in `RULES`, in configurations
read from JSON, and in every list, table and figure of ``revpath rules``.
"""

from __future__ import annotations

import textwrap
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import numpy as np
from pydantic import BeforeValidator, SerializeAsAny

from ...devices import Device
from ...devices.base.errors import RevpathError, explain
from ...devices.base.frozen import Frozen
from ...devices.response.pulsed import PulsedResponse
from ..arrays.parts import AnalogArray, CompositeArray
from ..arrays.rows import forward_rows, sense
from ..config import ArrayConfig
from ..converters.adc_dac import ADC
from ..errors import ArrayError
from ..mapping import WeightMapping
from ..operands import as_rows, checked_update, one_hot
from ..programming.report import ProgrammingReport
from ..programming.write_verify import WriteVerify
from .registry import RULES
from .site import Lays, Ruled, Site

BYTES = 4
"""Bytes of one number in a digital buffer: float32, as the simulation keeps them."""

Training = Literal["in place", "digital gradient", "digital buffer", "digital training", "no hardware"]
"""What of the training happens in digital memory, as tables say it: nothing is kept there for each weight; the change of
each weight is computed there, and forgotten; what cells have gathered is filtered there; gradients or weights are kept
there, beside the array; or it is a limit that nothing can be built for."""

_LABEL = 12  # characters of a line of a rule's label
_LAST = 1000  # the rank of rules that give none: after those of the literature


class HoldingArray(AnalogArray, Protocol):
    """An array that a rule can stand in front of: with a configuration, and converters whose range can be set."""

    @property
    def config(self) -> ArrayConfig: ...

    def program(
        self, weights: np.ndarray, *, scheme: WriteVerify | None = None, clip: bool = False
    ) -> ProgrammingReport: ...

    def calibrate(
        self, x: np.ndarray, *, transposed: bool = False, percentile: float | tuple[float, float] = 99.9
    ) -> float: ...

    def adc(self, *, transposed: bool = False) -> ADC: ...

    def set_range(self, y_max: float, *, y_min: float | None = None, transposed: bool = False) -> None: ...


@runtime_checkable
class PulsedArray(HoldingArray, Protocol):
    """An array whose weights can be pulsed one by one, of cells of one kind: a `Crossbar` or a `TiledCrossbar`."""

    device: Device
    mapping: WeightMapping

    def pulse(self, counts: np.ndarray) -> None: ...


@runtime_checkable
class FiringArray(PulsedArray, Protocol):
    """The same, whose word and bit lines can fire together, evenly spread, see `Crossbar.fire`."""

    def fire(self, words: np.ndarray, bits: np.ndarray, slots: int) -> None: ...


class RuleConfig(Frozen, ABC):
    """The parameters of a rule: frozen, validated, and able to make an array that is updated by it.

    A subclass with a field ``rule: Literal["its-name"] = "its-name"`` is registered in `RULES` under that name.

    Attributes
    ----------
    title : str
        What the rule is called in tables. A class variable.
    rank : int
        Where it stands in lists, in the order of the literature. A class variable; after all others by default.
    training : str
        What of it is digital, one of `Training`, which tables print. A class variable.

    Examples
    --------
    >>> from revpath.simulator import ArrayConfig
    >>> from revpath.simulator.rules import MixedPrecisionConfig
    >>> array = MixedPrecisionConfig().on((8, 4), ArrayConfig("reram-sb-gong2018"), seed=1, tile=(4, 4))
    >>> array.shape
    (8, 4)
    """

    refusal: ClassVar[type[RevpathError]] = ArrayError

    title: ClassVar[str]
    rank: ClassVar[int] = _LAST
    training: ClassVar[Training] = "in place"

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "rule" in cls.model_fields:
            RULES.add(cls)

    @classmethod
    def name(cls) -> str:
        """The field `rule`, by which a rule is told apart in files and lists."""
        return cls.model_fields["rule"].default

    @classmethod
    def label(cls) -> str:
        """The title on short lines, for an axis."""
        return textwrap.fill(cls.title, _LABEL, break_long_words=False, break_on_hyphens=False)

    @classmethod
    def adapted(cls, updates_per_gradient: int, step: float | None) -> Self:
        """The rule as a comparison of rules uses it: the defaults of the literature, adapted to mini-batches and to a device.

        Parameters
        ----------
        updates_per_gradient : int
            Calls of `update` that make one gradient: 2 for an RBM, one for each phase.
        step : float or None
            Of the pulse response of the device, on its state coordinate; None for a device without pulses.

        Returns
        -------
        RuleConfig
            The defaults, unless the rule says otherwise.
        """
        return cls()

    def on(
        self: Lays[Ruled],
        shape: tuple[int, int],
        config: ArrayConfig,
        *,
        seed: int = 0,
        array: int = 0,
        tile: tuple[int, int] | None = None,
    ) -> Ruled:
        """An array made of `config` and updated by this rule.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of W.
        config : ArrayConfig
            What the array is made of.
        seed, array : int
            As of a `Crossbar`. A rule with two arrays numbers the second as slice 1 of the first.
        tile : (int, int), optional
            The largest array that can be had; larger weights go on a grid of tiles. Default: any size.

        Returns
        -------
        RuledArray
            It holds W = 0, or what the device rests at.

        Raises
        ------
        ArrayError
            The rule cannot train such an array; says why.
        """
        return self.ruled(shape, Site(config, seed, array, tile))

    def ruled(self, shape: tuple[int, int], site: Site) -> RuledArray:
        """The one thing that each rule says for itself: the array that `on` gives.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of W.
        site : Site
            All else that `on` was asked for; `Site.arranged` lays arrays out.
        """
        raise NotImplementedError(f"{type(self).__name__} must have a method `ruled`")


def _as_rule(value: object) -> object:
    """A rule from its fields, told apart by `rule`."""
    if not isinstance(value, Mapping):
        return value
    try:
        return RULES.named(str(value.get("rule"))).model_validate(dict(value))
    except RevpathError as error:
        raise ValueError(explain(error)) from None


AnyRule = Annotated[SerializeAsAny[RuleConfig], BeforeValidator(_as_rule)]
"""Any registered rule, for pydantic to tell apart by the field `rule`, also one that is defined later."""


class RuledArray(CompositeArray):
    """An array that is read as it is and updated by a rule: what every rule is, and where its duties stand.

    A rule must implement `_update`, and may extend `_forget`. All it does beside pulses and reads, it counts with `_count`
    and `_count_traffic`.

    Parameters
    ----------
    array : HoldingArray
        What holds W (rows, columns); rules that pulse weights one by one need a `PulsedArray`.

    Attributes
    ----------
    array : HoldingArray
        The same. Other arrays of the rule are among the `parts` too.

    Raises
    ------
    ArrayError
        It is no analog array, or not one that the rule can train.
    """

    array: HoldingArray

    def __init__(self, array: HoldingArray) -> None:
        if not isinstance(array, AnalogArray):
            raise ArrayError(f"array = {array!r} must be an analog array")
        super().__init__(array.shape)
        self.array = array

    @property
    def parts(self) -> Sequence[AnalogArray]:
        """The arrays of the rule, that of W first."""
        return [self.array]

    @property
    def config(self) -> ArrayConfig:
        """Of the array that holds W."""
        return self.array.config

    # -- contents ---------------------------------------------------------------------------------------------------

    def program(self, weights: np.ndarray, **how: Any) -> ProgrammingReport:
        """Store weights (rows, columns) in the array, and forget what the rule has gathered; see `Crossbar.program`."""
        report = self.array.program(weights, **how)
        self._forget(np.asarray(weights, np.float32))
        return report

    def read(self) -> np.ndarray:
        """The weights (rows, columns) that the array shows, without read noise: a diagnostic that no hardware has."""
        return self.array.read()

    def _forget(self, weights: np.ndarray) -> None:
        """Start anew from programmed weights, (rows, columns) float32."""

    # -- reads ------------------------------------------------------------------------------------------------------

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (batch, rows) -> x @ W (batch, columns), float32: word lines driven, bit lines sensed."""
        return self.array.forward(x)

    def backward(self, d: np.ndarray) -> np.ndarray:
        """d (batch, columns) -> d @ W.T (batch, rows), float32: bit lines driven, word lines sensed."""
        return self.array.backward(d)

    def sense(self, x: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """What the lines of the array that holds W carry, see `Crossbar.sense`; ArrayError where a read takes more than one."""
        if type(self).forward is not RuledArray.forward:
            raise ArrayError(f"{type(self).__name__} reads several arrays and joins their codes: it has no single line")
        return sense(self.array, x, transposed=transposed)

    def calibrate(
        self, x: np.ndarray, *, transposed: bool = False, percentile: float | tuple[float, float] = 99.9
    ) -> float:
        """Set the range of the ADC of one direction from what inputs x give, see `Crossbar.calibrate`."""
        return self.array.calibrate(x, transposed=transposed, percentile=percentile)

    def adc(self, *, transposed: bool = False) -> ADC:
        """The converter of the sensed lines of one direction of the array that holds W; see `CompositeArray.adc` for tiles."""
        return self.array.adc(transposed=transposed)

    def set_range(self, y_max: float, *, y_min: float | None = None, transposed: bool = False) -> None:
        """Give the ADC of one direction of the array that holds W a range, see `Crossbar.set_range`."""
        self.array.set_range(y_max, y_min=y_min, transposed=transposed)

    def forward_rows(self, rows: np.ndarray) -> np.ndarray:
        """The rows of W that are listed, (batch, columns) float32: `forward` of one-hot inputs, see `Crossbar.forward_rows`."""
        return forward_rows(self.array, rows)

    # -- update -----------------------------------------------------------------------------------------------------

    def update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """Move W by about rate x^T d, as the rule does it; one outer product for each row of the batch, in order.

        Parameters
        ----------
        x : (batch, rows) array
            Of the word lines.
        d : (batch, columns) array
            Of the bit lines.
        rate : float
            Learning rate, not negative; at 0 nothing happens.

        Raises
        ------
        ArrayError
            Shapes that do not match, or values that are not finite.
        """
        x, d = checked_update(x, d, rate, self.shape)
        if rate > 0 and len(x):
            with self.one_update():
                self._update(x, d, float(rate))

    def update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        """Add about rate d[s] to row rows[s] of W, for each s in order: `update` of one-hot inputs, bit for bit.

        Parameters
        ----------
        rows : array of int
            (batch,), from 0 to rows - 1; a row may stand there more than once.
        d : (batch, columns) array
            Of the bit lines.
        rate : float
            Learning rate, not negative.

        Raises
        ------
        ArrayError
            As `update`; rows that the array does not have.
        """
        rows = as_rows(rows, self.shape[0])
        d = checked_update(np.zeros((len(rows), 1)), d, rate, (1, self.shape[1]))[1]
        if rate > 0 and len(rows):
            with self.one_update():
                self._update_rows(rows, d, float(rate))

    def _update_rows(self, rows: np.ndarray, d: np.ndarray, rate: float) -> None:
        """`_update` for inputs of 1 on one word line a sample; rules that know a shorter way have one of their own."""
        self._update(one_hot(rows, self.shape[0]), d, rate)

    @abstractmethod
    def _update(self, x: np.ndarray, d: np.ndarray, rate: float) -> None:
        """What the rule does instead of W <- W + rate x^T d.

        Parameters
        ----------
        x : (batch, rows) float32
            Finite, at least one row.
        d : (batch, columns) float32
            Finite, as many rows.
        rate : float
            Above 0.
        """

    def _count(self, events: Mapping[str, int]) -> None:
        """Count what the digital side did, by the names of the events."""
        for name, n in events.items():
            self._tally.count(name, n)

    def _count_traffic(self, read: int, written: int) -> None:
        """Numbers read from and written to the digital buffers."""
        self._count({"sram.byte_read": BYTES * read, "sram.byte_written": BYTES * written})


def weight_granularity(array: AnalogArray) -> float:
    """Change of a weight by one pulse, as lengths of pulse trains are computed: of the nominal cell.

    Parameters
    ----------
    array : PulsedArray
        A `Crossbar` or a `TiledCrossbar`.

    Raises
    ------
    ArrayError
        The device has no known pulses, or the array cannot be pulsed weight by weight.
    """
    if not isinstance(array, PulsedArray):
        raise ArrayError(f"array = {type(array).__name__} cannot be pulsed weight by weight: this rule needs that")
    device, mapping = array.device, array.mapping
    if not isinstance(device.response, PulsedResponse):
        raise ArrayError(
            f"device {device.name!r} has a response {device.response.law!r} without pulses: this rule needs them"
        )
    # cells that the pulse of a weight moves
    moving = 1 if mapping.shared or array.config.pulse_directions == "up" else 2
    return moving * device.response.granularity * mapping.scale
