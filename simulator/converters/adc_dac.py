"""Digital-to-analog and analog-to-digital converters: what they do to numbers and how many bits they really deliver.

Both are mid-tread with the same number of levels on either side of zero, so that zero is exact:
step = range / (2**(bits - 1) - 1). (A 7-bit DAC over [-1, 1] steps by 1/63; a 9-bit ADC over [-12, 12] by 12/255.) An ADC whose
range is not symmetric has as many codes, over another stretch of whole steps; a DAC of inputs without a sign has 2**bits codes.

What both have in common, and how a kind that rounds by another law takes part, is in `contract.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from numbers import Real
from typing import Any, ClassVar, Literal, NoReturn, Self

import numpy as np
from pydantic import Field, model_validator

from ..errors import ArrayError
from .contract import Converter


class DAC(Converter):
    """Drives a line with a voltage proportional to its input.

    A line whose code is 0 is not driven: it stays grounded, out of reach of noise, offset and nonlinearity.

    Attributes
    ----------
    x_max : float
        the input that gives the full read voltage.
    range : {"fixed", "scale", "clip"}
        what becomes of larger inputs. "fixed": they are an error. "scale": every row of inputs is divided by its
        largest magnitude over x_max, so that it uses all levels, and its outputs are multiplied by that: counted
        digital work, see `revpath.simulator.reads.scaling`. "clip": they are cut to x_max, and counted
        (`Crossbar.cut`); `fitted` sets x_max to what a percentile of typical inputs does not exceed, as CrossSim
        calibrates.
    signed : bool
        False for inputs that are never negative, such as those after a ReLU: all codes are above zero, so that a bit
        more of the input is driven. Negative inputs are an error, or cut to zero where range is "clip".
    slice_bits : int, optional
        None drives the whole input in one read; s drives the magnitude s bits at a time, lowest first (1 is
        bit-serial), each slice in a read of its own by a converter of s + 1 bits, see `input_slices.py`. Where s does
        not divide bits - 1 the last slice is shorter. Errors in steps are then in those of that smaller converter.
    shift_add : {"analog", "digital"}
        what adds the slices up. "digital": the ADC converts every slice, and the codes are shifted and added. "analog":
        the slices are weighted and added as charge, and the ADC converts the sum once.
    """

    bits: int | None = Field(default=8, ge=1, le=16)
    range: Literal["fixed", "scale", "clip"] = "fixed"
    x_max: float = Field(default=1.0, ge=1e-30, le=1e30)
    signed: bool = True
    slice_bits: int | None = Field(default=None, ge=1, le=15)
    shift_add: Literal["analog", "digital"] = "digital"

    @model_validator(mode="after")
    def _slices_need_bits(self) -> DAC:
        if self.slice_bits is not None and not self.uniform:
            raise ValueError(
                f"slice_bits = {self.slice_bits} is known for a DAC with uniform steps alone, not of this kind"
            )
        if self.slice_bits is None:
            if self.shift_add != "digital":
                raise ValueError(f"shift_add = {self.shift_add!r} needs slice_bits: there is nothing to add")
        elif self.bits is None:
            raise ValueError(f"slice_bits = {self.slice_bits} needs finite bits: there is no code to slice")
        elif self.slice_bits > self.magnitude_bits:
            raise ValueError(
                f"slice_bits = {self.slice_bits} must be at most {self.magnitude_bits}, the magnitude bits of bits = {self.bits}"
            )
        return self

    @model_validator(mode="after")
    def _what_a_sign_takes(self) -> DAC:
        if self.signed and self.bits == 1:
            raise ValueError(
                f"bits = 1 should be greater than or equal to 2: one bit is the sign (signed = False has none); {self.hints['bits']}"
            )
        if not self.signed and self.inl_lsb:
            raise ValueError(f"signed = False with inl_lsb = {self.inl_lsb} is not known here: use signed = True")
        return self

    @property
    def has_sign(self) -> bool:
        return self.signed

    @property
    def magnitude_bits(self) -> int:
        """Bits of a magnitude; 0 for an ideal converter."""
        return 0 if self.bits is None else self.bits - self.signed

    @property
    def levels(self) -> int:
        """Codes above zero; 0 for an ideal converter."""
        return 2**self.magnitude_bits - 1

    def fitted(self, x: np.ndarray, percentile: float = 99.9) -> DAC:
        """The same with the x_max that holds `percentile` of the magnitudes of inputs x, of any shape, and cuts the others.

        Raises
        ------
        ArrayError
            as of `calibrated_range`.

        Examples
        --------
        >>> import numpy as np
        >>> from revpath.simulator import DAC
        >>> DAC(8, signed=False).fitted(np.arange(101.0), percentile=90).x_max
        90.0
        """
        return self.model_copy(update={"range": "clip", "x_max": calibrated_range(x, percentile)})

    @cached_property
    def step(self) -> float:
        """Input difference between neighbouring levels; 0 for an ideal converter."""
        return 0.0 if self.bits is None else self.x_max / self.levels

    @cached_property
    def limit(self) -> float:
        """Largest magnitude that it takes: x_max, and a float32 rounding error more."""
        return self.x_max * (1 + 1e-6)

    @property
    def slices(self) -> int:
        """Reads that one input takes."""
        return 1 if self.slice_bits is None or self.bits is None else -(-self.magnitude_bits // self.slice_bits)

    @property
    def line_converter(self) -> DAC:
        """The converter that drives a line with what `input_slices` gives: itself, or where inputs are sliced one of
        slice_bits + 1 bits (a digit, and a sign where there is one), with the same errors and range. It rounds nothing by chance: that
        happened before slicing."""
        if self.slice_bits is None and not self.stochastic_rounding:
            return self
        kept = self.model_dump(exclude={"slice_bits", "shift_add", "stochastic_rounding"})
        bits = self.bits if self.slice_bits is None else self.slice_bits + self.signed
        return DAC.model_validate(kept | {"bits": bits})

    @property
    def enob(self) -> float:
        """Effective number of bits of the converter that drives a line, hence of one slice."""
        return super().enob if self.slice_bits is None else self.line_converter.enob

    def refuse(self, x: np.ndarray) -> NoReturn:
        """The error for inputs beyond x_max, or negative ones where there is no sign."""
        if not self.signed and np.any(x < 0):
            bad = np.argwhere(x < 0)
            raise ArrayError(
                f"inputs fall to {float(np.min(x)):.6g} ({len(bad)} of {x.size} negative, the first at "
                f"{tuple(map(int, bad[0]))}); a DAC with signed = False takes from 0 to x_max = {self.x_max:.6g} "
                f"(range = 'clip' cuts them to 0)"
            )
        bad = np.argwhere(np.abs(x) > self.limit)
        largest = float(np.max(np.abs(x)))
        raise ArrayError(
            f"inputs reach {largest:.6g} ({len(bad)} of {x.size} too large, the first at {tuple(map(int, bad[0]))}); "
            f"the DAC takes from -x_max to x_max = {self.x_max:.6g} (range = 'scale' scales every row to it, "
            f"range = 'clip' cuts to it)"
        )


class ADC(Converter):
    """Digitises the current of a line.

    Attributes
    ----------
    range : {"auto", "fixed", "calibrated", "maximum"}
        where y_max comes from. "fixed": it is given; what a y_max without a range means. "auto", where neither is
        given: the array finds it, from the first batch that it reads in a direction (all of it, and four standard
        deviations of noise), and doubles it whenever more than 1 % of a batch would saturate, which is then read and
        counted once more. It depends on what was read before. Outside of an array such a converter has y_max = 1.
        "calibrated": from outputs of the array when its `calibrate` is called, and not before (the synapses of a model,
        which has no moment for the call, take it as "auto"); both ends where it is called with two
        percentiles. "maximum": the largest output that any input and any
        contents of the window could give. Until the array has resolved the last two (`resolved`) the converter has no
        step.
    y_max : float
        output, in units of input times weight, at which it saturates; saturated conversions are counted (`clipped`),
        and an array warns (`SaturationWarning`) once most of them saturate.
    y_min : float, optional
        the lowest output of the range, below y_max; None for -y_max. The codes are spread over (y_min, y_max), moved to
        whole steps so that an output of 0 has a code. 0 is for outputs whose negatives are of no use, as before a ReLU:
        they are not counted as saturated, but outputs with the last code are. It goes with every policy of `range`;
        another one with "fixed".
    repeats : int
        how often a row of outputs is read again with its inputs halved, for as long as one of them has the last code of
        either end: bound management of aihwkit, see `revpath.simulator.reads.bounds`. 0 for never.
    lines_per_converter : int
        neighbouring lines that take turns at one converter, and share its errors.
    """

    range: Literal["auto", "fixed", "calibrated", "maximum"] = "auto"
    y_max: float = Field(default=1.0, ge=-1e30, le=1e30)
    y_min: float | None = Field(default=None, ge=-1e30, le=1e30)
    repeats: int = Field(default=0, ge=0, le=10)
    lines_per_converter: int = Field(default=1, ge=1)
    errors_of_kinds: ClassVar[frozenset[str]] = frozenset({"noise_lsb"})

    @model_validator(mode="before")
    @classmethod
    def _a_range_that_is_given_is_fixed(cls, fields: Any) -> Any:
        if isinstance(fields, Mapping) and "y_max" in fields and "range" not in fields:
            return {**fields, "range": "fixed"}
        return fields

    @model_validator(mode="after")
    def _range_comes_from_one_place(self) -> ADC:
        if self.range != "fixed" and self.y_max != 1.0:
            raise ValueError(f"y_max = {self.y_max} goes with range = 'fixed'; range = {self.range!r} finds its own")
        if self.range != "fixed" and self.y_min not in (None, 0):
            raise ValueError(
                f"y_min = {self.y_min} goes with range = 'fixed' and a y_max; range = {self.range!r} has y_min = None or 0"
            )
        if self.y_max - self.lowest < 1e-30:
            raise ValueError(f"y_max = {self.y_max} must be above {'-y_max' if self.y_min is None else 'y_min'}")
        if self.repeats and self.bits is None:
            raise ValueError(f"repeats = {self.repeats} needs finite bits: an ideal converter has no ends")
        return self

    @property
    def lowest(self) -> float:
        """Output at which it saturates below, to half a step."""
        return -self.y_max if self.y_min is None else self.y_min

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As of any converter; a y_max in `update` fixes a range that was "auto"."""
        update = dict(update or {})
        if self.range == "auto" and "y_max" in update:
            update = {"range": "fixed", **update}
        return super().model_copy(update=update, deep=deep)

    def resolved(self, y_max: float) -> Self:
        """This converter with its range found; a fixed one keeps the range that it has.

        Raises
        ------
        ArrayError
            y_max is not a positive, finite number.
        """
        return self if self.range == "fixed" else self.with_range(y_max)

    def with_range(self, y_max: float, y_min: float | None = None) -> Self:
        """This converter with a fixed range up to y_max, whatever it had; from y_min, or where None from the end it has.

        Raises
        ------
        ArrayError
            y_max is not a finite number above the lower end, y_min not a finite one.
        """
        low = self.y_min if y_min is None else y_min
        if np.ndim(y_max) != 0 or not math.isfinite(y_max) or y_max <= (low or 0 if y_min is None else y_min):
            allowed = f"finite number above y_min = {low}" if low else "positive and finite number"
            raise ArrayError(f"y_max = {y_max!r} of a {self.range} range must be one {allowed}")
        return self.model_copy(
            update={"range": "fixed", "y_max": float(y_max), "y_min": None if low is None else float(low)}
        )

    @cached_property
    def step(self) -> float:
        """Output difference between neighbouring codes; 0 for an ideal converter.

        Raises
        ------
        ArrayError
            the range is not resolved.
        """
        if self.bits is None:
            return 0.0
        if self.range in ("calibrated", "maximum"):
            raise ArrayError(
                f"range = {self.range!r} must be resolved before anything is converted: call `calibrate` of the array with "
                f"typical inputs (or `ADC.resolved` with y_max); range = 'auto' lets the array find it"
            )
        return (self.y_max - self.lowest) / (2 * self.levels)

    @property
    def in_test(self) -> Self:
        return self.resolved(1.0).centred

    @cached_property
    def middle(self) -> np.float32:
        """The output of its middle code, a whole number of steps; 0 for a symmetric range."""
        if self.bits is None or self.y_min is None:
            return np.float32(0)
        return np.float32(self.centred.step) * np.float32(round((self.y_max + self.lowest) / (2 * self.step)))

    @cached_property
    def centred(self) -> Self:
        """The same about an output of 0: a range of as many steps on either side."""
        return self.model_copy(update={"y_min": None, "y_max": self.step * self.levels})

    def at_an_end(self, y: np.ndarray) -> np.ndarray:
        """Which of its outputs y have the last code of an end: that is all that hardware sees of saturation.

        With y_min = 0 the lower end is none: what is below 0 is meant to be cut.
        """
        above = y - self.middle
        return (above if self.y_min == 0 else np.abs(above)) > (self.levels - 0.5) * self.step

    def beyond(self, y: np.ndarray) -> np.ndarray:
        """Which signals y its range does not hold."""
        return (y > self.y_max) | (y < self.lowest)

    @cached_property
    def variance(self) -> float:
        """Variance of rounding and converter noise, in output units squared; 0 for an ideal converter."""
        return self.step**2 * self.variance_lsb

    @cached_property
    def snr(self) -> float:
        """Full-scale sine power over the variance of rounding and converter noise (a power ratio).

        Nonlinearity is not noise: it gives no leave to the thermal noise that the energy of a conversion must buy down.
        """
        return math.inf if self.bits is None else 0.5 * self.levels**2 / self.variance_lsb


def calibrated_range(outputs: np.ndarray, percentile: float = 99.9) -> float:
    """y_max that holds the given percentage of the magnitudes of `outputs` (any shape); the rest will saturate.

    Raises
    ------
    ArrayError
        no outputs, outputs that are not finite or all 0, or a percentile outside (0, 100].
    """
    if isinstance(percentile, bool) or not isinstance(percentile, Real) or not 0 < percentile <= 100:
        raise ArrayError(f"percentile = {percentile!r} must be above 0 and at most 100")
    y_max = float(np.percentile(np.abs(_to_calibrate_on(outputs)), percentile))
    if y_max == 0:
        raise ArrayError(f"outputs to calibrate on are 0 up to percentile {percentile}: they say nothing of the range")
    return y_max


def calibrated_ends(outputs: np.ndarray, percentiles: tuple[float, float]) -> tuple[float, float]:
    """(y_min, y_max) between which `outputs` (any shape, with their signs) lie but for the tails beyond two percentiles.

    Raises
    ------
    ArrayError
        no outputs, outputs that are not finite, both ends equal, or percentiles that do not rise within [0, 100].
    """
    try:
        low, high = (float(percentile) for percentile in percentiles)
    except (TypeError, ValueError):
        low = high = math.nan
    if not 0 <= low < high <= 100:
        raise ArrayError(
            f"percentile = {percentiles!r} must be one number above 0 and at most 100 (of magnitudes), "
            f"or (low, high) with 0 <= low < high <= 100 (of values)"
        )
    y_min, y_max = map(float, np.percentile(_to_calibrate_on(outputs), (low, high)))
    if y_min == y_max:
        raise ArrayError(
            f"outputs to calibrate on are {y_min:.6g} from percentile {low:g} to {high:g}: they say nothing of the range"
        )
    return y_min, y_max


def _to_calibrate_on(outputs: np.ndarray) -> np.ndarray:
    values = np.asarray(outputs, float)
    if values.size == 0 or not np.all(np.isfinite(values)):
        raise ArrayError(f"outputs to calibrate on must be finite and not empty (shape {values.shape})")
    return values
