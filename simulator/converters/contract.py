"""The contract of converters: what DAC and ADC have in common, and what a kind of either has to say.

What a converter does beyond rounding is off by default, and then exact. Errors that differ from converter to converter
(offset, gain, integral nonlinearity) are drawn once for an array, see `bank.py`; reads that lack them refuse a
converter that has them.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from ..errors import ArrayError
from ..settings import Settings

_PER_STEP = 16  # values in a step, at which the error of an uneven law is looked at
_UNSAID = object()  # None says something: an ideal converter


class Converter(Settings):
    """What `DAC` and `ADC` have in common, and the contract of their kinds.

    A subclass of one of them with a field ``kind: Literal["name"] = "name"`` is a kind of it, which arrays, tables of
    fields and files know once it is defined. It rounds by another law (`rounded`), in NumPy; its effective bits and its
    noise follow from that law. Errors of single converters are known for the uniform law alone.

    Attributes
    ----------
    kinds : dict[str, type[Any]]
        of `DAC`, or of `ADC`, by name; the class itself is "uniform".
    bits : int, optional
        resolution, 2 to 16 (a DAC without a sign: from 1), or None for an ideal one (which has no price and no errors).
    noise_lsb : float
        rms noise of its own at each conversion, in steps.
    offset_lsb : float
        standard deviation of the offset over converters, in steps.
    gain_error : float
        standard deviation of the relative gain error over converters.
    inl_lsb : float
        rms integral nonlinearity of each converter over its codes, in steps, about its best straight line.
    stochastic_rounding : bool
        the code above with probability equal to the distance from the code below, so that the mean of many conversions
        is exact; its error has twice the variance (1/6 rather than 1/12 of a step squared, on average).
    """

    kinds: ClassVar[dict[str, type[Any]]] = {}
    hints: ClassVar[Mapping[str, str]] = {"bits": "bits = None is an ideal converter"}

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if Converter in cls.__bases__:
            cls.kinds = {"uniform": cls}
        elif "kind" in cls.model_fields:
            name = cls.model_fields["kind"].default
            other = cls.kinds.setdefault(name, cls)
            if (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
                raise ArrayError(
                    f"kind = {name!r} is that of {other.__qualname__} already: give {cls.__qualname__} another"
                )
            cls.kinds[name] = cls  # the same class, defined again in a notebook

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """A converter of any kind from a table of its fields, ``kind`` among them where it is not the uniform one.

        Raises
        ------
        ArrayError
            There is no such kind, or a field or value cannot be.

        Examples
        --------
        >>> from revpath.simulator import ADC
        >>> ADC.of({"bits": 6}).levels
        31
        """
        kind = fields.get("kind", "uniform")
        if not isinstance(kind, str) or kind not in cls.kinds:
            raise ArrayError(f"{cls.__name__}: kind = {kind!r} is not one of {sorted(cls.kinds)}")
        return cls.kinds[kind](**(fields if kind != "uniform" else {k: v for k, v in fields.items() if k != "kind"}))

    def __init__(self, bits: Any = _UNSAID, /, **fields: Any) -> None:
        super().__init__(**(fields if bits is _UNSAID else {"bits": bits, **fields}))

    bits: int | None = Field(default=8, ge=2, le=16)
    noise_lsb: float = Field(default=0.0, ge=0, le=100)
    offset_lsb: float = Field(default=0.0, ge=0, le=100)
    gain_error: float = Field(default=0.0, ge=0, le=0.1)
    inl_lsb: float = Field(default=0.0, ge=0, le=100)
    stochastic_rounding: bool = False
    errors_of_kinds: ClassVar[frozenset[str]] = frozenset()
    """Errors that every kind can have."""

    @model_validator(mode="after")
    def _errors_have_a_unit(self) -> Self:
        for name in ("noise_lsb", "offset_lsb", "gain_error", "inl_lsb", "stochastic_rounding"):
            if self.bits is None and getattr(self, name):
                raise ValueError(
                    f"{name} = {getattr(self, name)} needs finite bits: it is an error of a real converter"
                )
            if not self.uniform and name not in self.errors_of_kinds and getattr(self, name):
                raise ValueError(
                    f"{name} = {getattr(self, name)} is known for converters with uniform steps alone, not of this kind"
                )
        return self

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """What the codes stand for that values have: the law of a kind.

        Parameters
        ----------
        values : array of any shape
            From the middle of the range on, finite or not.

        Returns
        -------
        array of that shape
            In the unit of the values; 0 for 0, and within the range.
        """
        if self.bits is None:
            return values
        return self.step * np.clip(np.rint(values / self.step), -self.levels, self.levels)

    @property
    def uniform(self) -> bool:
        """Whether it rounds to whole steps, as kernels do."""
        return type(self).rounded is Converter.rounded

    @property
    @abstractmethod
    def step(self) -> float:
        """Difference between neighbouring levels of the uniform law."""

    @property
    def in_test(self) -> Self:
        """The same with a range about 0 that is known, for what does not depend on the range."""
        return self

    @property
    def has_sign(self) -> bool:
        """Whether codes go both ways from the middle."""
        return True

    @property
    def levels(self) -> int:
        """Codes on either side of the middle (of zero, if the range is symmetric); 0 for an ideal converter."""
        return 0 if self.bits is None else 2 ** (self.bits - 1) - 1

    @property
    def mismatched(self) -> bool:
        """Whether one converter differs from the next, so that a `ConverterBank` is needed."""
        return bool(self.offset_lsb or self.gain_error or self.inl_lsb)

    @property
    def variance_lsb(self) -> float:
        """Variance of rounding and of the converter's own noise, in steps squared (white-noise model of rounding)."""
        if not self.uniform:
            return self._rounding_error() + self.noise_lsb**2
        return (1 / 6 if self.stochastic_rounding else 1 / 12) + self.noise_lsb**2

    def _rounding_error(self) -> float:
        """Mean square of it over the range, in steps squared."""
        tested = self.in_test
        low = -tested.levels if tested.has_sign else 0
        values = low + (np.arange(_PER_STEP * (tested.levels - low)) + 0.5) / _PER_STEP
        said = tested.by_its_law(values * tested.step)
        return float(np.mean(np.square(said / tested.step - values)))

    def by_its_law(self, values: np.ndarray) -> np.ndarray:
        """`rounded`, held to its contract.

        Raises
        ------
        ArrayError
            The law gives something else than finite values of the same shape.
        """
        said = np.asarray(self.rounded(values))
        if said.shape != values.shape or not np.isfinite(said).all():
            raise ArrayError(
                f"{type(self).__name__}.rounded gave {said.ravel()[:3]!r}, shape {said.shape}: it must be finite, of shape "
                f"{values.shape}"
            )
        return said

    @property
    def enob(self) -> float:
        """Effective number of bits that it delivers: full-scale SINAD = 1.5 x 4**enob, infinite for an ideal converter.

        It follows from the variance of rounding and noise. Offset and gain do not enter, as in the sine-wave test, which
        fits them (`measured_enob` with an offset shows that the code of a DAC that drives nothing stays at 0).

        Raises
        ------
        ArrayError
            the converter is nonlinear, and its bits have to be measured (`converters.effective_bits.enob`).
        """
        if self.bits is None:
            return math.inf
        if self.inl_lsb != 0:
            raise ArrayError(
                f"inl_lsb = {self.inl_lsb}: the effective bits of a nonlinear converter have to be measured, "
                f"revpath.simulator.converters.effective_bits.enob(converter)"
            )
        amplitude = self.levels if self.has_sign else self.levels / 2
        return 0.5 * math.log2(amplitude**2 / (3 * self.variance_lsb))
