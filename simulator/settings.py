"""Frozen descriptions of what can be set, and how they refuse: field, value and what is allowed, in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import ValidationError, model_validator

from ..devices.base.errors import RevpathError, explain, shown
from ..devices.base.frozen import Frozen
from .errors import ArrayError


class KnownFields:
    """Dataclasses whose constructor refuses a field that does not exist as any bad value, with what may have been meant."""

    def __new__(cls, *values: Any, **fields: Any) -> Self:
        known = getattr(cls, "__dataclass_fields__", {})
        for name in fields.keys() - known.keys():
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise ArrayError(f"{cls.__name__}: there is no {name} to set to {shown(fields[name])}; {hint}")
        return super().__new__(cls)


class Settings(Frozen):
    """Fields that are validated on construction and do not change.

    NumPy's numbers are numbers; text and truth values are none. A subclass may say more of a field in `hints`.

    Raises
    ------
    ArrayError
        A field that does not exist, or a value that is not allowed.
    """

    refusal: ClassVar[type[RevpathError]] = ArrayError
    hints: ClassVar[Mapping[str, str]] = {}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other fields: validated, and without values that were computed from the old ones."""
        return type(self).model_validate(self.model_dump() | dict(update or {}))

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """What differs from the defaults."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.get_default(call_default_factory=True):
                yield name, value

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_numbers(cls, fields: Any) -> Any:
        if not isinstance(fields, Mapping):
            return fields
        values = {name: value.item() if isinstance(value, np.generic) else value for name, value in fields.items()}
        for name, value in values.items():
            default = cls.model_fields[name].default if name in cls.model_fields else None
            if isinstance(default, bool):
                if not isinstance(value, bool):
                    raise ValueError(f"{name} = {value!r} must be True or False")
            elif isinstance(value, bool) or (isinstance(value, str) and isinstance(default, int | float)):
                raise ValueError(f"{name} = {value!r} must be a number{_hint(cls, {name})}")
        return values

    @classmethod
    def explained(cls, error: ValidationError) -> RevpathError:
        """What pydantic refuses, in one line, with what may have been meant."""
        said = explain(error)
        fields = {str(part) for item in error.errors(include_url=False) for part in item["loc"]}
        for name in sorted(fields - cls.model_fields.keys()):
            close = get_close_matches(name, cls.model_fields, n=1)
            said += (
                f"; did you mean {close[0]!r}?" if close else f"; {name!r} is not one of {', '.join(cls.model_fields)}"
            )
        return cls.refusal_of(said + _hint(cls, fields))


def _hint(kind: type[Settings], fields: set[str]) -> str:
    return "".join(f"; {hint}" for name, hint in kind.hints.items() if name in fields)
