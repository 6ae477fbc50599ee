"""Frozen descriptions of what can be set, and how they refuse: field, value and what is allowed, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ..devices.base.errors import explain
from .errors import ArrayError


class Settings(BaseModel):
    """Fields that are validated on construction and do not change.

    NumPy's numbers are numbers; text and truth values are none. A subclass may say more of a field in `hints`.

    Raises
    ------
    ArrayError
        A field that does not exist, or a value that is not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    hints: ClassVar[Mapping[str, str]] = {}

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise _refusal(type(self), error) from error

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Settings from a table of their fields. ArrayError: a field or value that cannot be."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise _refusal(cls, error) from error

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other fields: validated, and without values that were computed from the old ones."""
        return type(self).model_validate(self.model_dump() | dict(update or {}))

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


def _hint(kind: type[Settings], fields: set[str]) -> str:
    return "".join(f"; {hint}" for name, hint in kind.hints.items() if name in fields)


def _refusal(kind: type[Settings], error: ValidationError) -> ArrayError:
    """What pydantic refuses, in one line."""
    said = f"{kind.__name__}: {explain(error)}"
    fields = {str(part) for item in error.errors(include_url=False) for part in item["loc"]}
    for name in sorted(fields - kind.model_fields.keys()):
        close = get_close_matches(name, kind.model_fields, n=1)
        said += f"; did you mean {close[0]!r}?" if close else f"; {name!r} is not one of {', '.join(kind.model_fields)}"
    return ArrayError(said + _hint(kind, fields))
