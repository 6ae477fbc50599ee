"""What the laws of a cell are made of: frozen configurations whose fields say in which unit they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Real
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BeforeValidator

from ..base.errors import RecordError, RevpathError, explain, shown
from ..base.frozen import Frozen
from ..base.plausible import (
    CELL_CONDUCTANCE,
    CYCLES,
    PULSE_LENGTH,
    PULSE_VOLTAGE,
    READ_LENGTH,
    Plausible,
    refuse_absurd,
)


@dataclass(frozen=True)
class Unit:
    """What a field of a law holds; records are converted to its unit on loading.

    Attributes
    ----------
    name : str
        The unit.
    plausible : Plausible or None
        The range of what the field is, where that is narrower than any number of the unit.
    """

    name: str
    plausible: Plausible | None = None


class Law(Frozen):
    """A frozen, validated configuration."""

    @classmethod
    @cache
    def units(cls) -> Mapping[str, Unit]:
        """Fields that hold numbers, with the unit of each; the others are choices, such as ``law``.

        The unit may be inside an optional type or a list (``Volts | None``, ``tuple[Siemens, ...]``).
        """
        found = {}
        for field, info in cls.model_fields.items():
            inner = [m for part in get_args(info.annotation) for m in getattr(part, "__metadata__", ())]
            unit = next((m for m in (*info.metadata, *inner) if isinstance(m, Unit)), None)
            if unit is not None:
                found[field] = unit
        return MappingProxyType(found)

    def numbers(self) -> Iterator[tuple[str, float, Unit]]:
        """Every number that is known: name (``field``, or ``field.k`` for the k-th of a list), value, unit."""
        for field, unit in type(self).units().items():
            value = getattr(self, field)
            if isinstance(value, tuple):
                yield from ((f"{field}.{k}", number, unit) for k, number in enumerate(value))
            elif value is not None:
                yield field, value, unit

    def refuse_absurd(self, section: str) -> None:
        """RecordError for a number that no cell has; see `revpath.devices.base.plausible`."""
        for name, value, unit in self.numbers():
            refuse_absurd(value, unit.name, f"{section}.{name}", unit.plausible)


class Variant(Law):
    """A law that a section of a device may have: defining a class with a field ``law: Literal["name"] = "name"`` registers it.

    A direct subclass is a contract (such as `revpath.devices.response.Response`); what derives from it and has a name is a
    variant of it, which files, `Device`, figures and messages then know. Nobody keeps a list.
    """

    variants: ClassVar[dict[str, type[Law]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if Variant in cls.__bases__:
            cls.variants = {}
        named = cls.model_fields.get("law")
        if named is None or not isinstance(named.default, str):
            return
        other = cls.variants.setdefault(named.default, cls)
        if (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(
                f"law = {named.default!r} is that of {other.__qualname__} already: give {cls.__qualname__} another"
            )
        cls.variants[named.default] = cls  # the same class, defined again in a notebook

    @classmethod
    def chosen(cls, value: Any) -> Any:
        """A variant from itself or from a dictionary of its fields, ``law`` among them; ValueError for anything else."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(
                f"must be one of the laws {', '.join(sorted(cls.variants))}, or a dictionary of its fields"
            )
        try:
            return cls.variants[cls.named(value.get("law"))](**value)
        except RevpathError as error:
            raise ValueError(explain(error)) from error

    @classmethod
    def named(cls, law: object, where: str = "") -> str:
        """The name of a variant; RecordError, with the names that there are, for anything else."""
        if not isinstance(law, str) or law not in cls.variants:
            raise RecordError(f"{where} law = {shown(law)} is not one of {sorted(cls.variants)}".lstrip())
        return law


def _number(value: Any) -> Any:
    """A number as Python's float; texts and booleans are none."""
    if isinstance(value, bool | str | bytes):
        raise ValueError("must be a number")
    return float(value) if isinstance(value, Real) else value


_Number = Annotated[float, BeforeValidator(_number)]
Siemens = Annotated[_Number, Unit("S")]
CellSiemens = Annotated[_Number, Unit("S", CELL_CONDUCTANCE)]
Seconds = Annotated[_Number, Unit("s")]
ReadSeconds = Annotated[_Number, Unit("s", READ_LENGTH)]
PulseSeconds = Annotated[_Number, Unit("s", PULSE_LENGTH)]
Volts = Annotated[_Number, Unit("V", PULSE_VOLTAGE)]
Joules = Annotated[_Number, Unit("J/pulse")]
Ohms = Annotated[_Number, Unit("ohm")]
OhmsPerVolt = Annotated[_Number, Unit("ohm/V")]
PerOhmSecond = Annotated[_Number, Unit("1/(ohm*s)")]
Kelvin = Annotated[_Number, Unit("K")]
Ratio = Annotated[_Number, Unit("dimensionless")]
Cycles = Annotated[_Number, Unit("dimensionless", CYCLES)]
