"""What every description is: fields that are checked on construction and do not change, refused by errors of the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import RevpathError, explain


class Frozen(BaseModel):
    """A frozen, validated description; a subclass may refuse by an error of another class, `refusal`.

    Within another description, pydantic checks it as any model of its own, so that a message names the whole path.

    Raises
    ------
    RevpathError
        A field that does not exist, is missing, or has a value that is not allowed: names class, field and value.

    Examples
    --------
    >>> class Cell(Frozen):
    ...     ohms: float
    >>> Cell(ohm=3)
    Traceback (most recent call last):
    revpath.devices.base.errors.RevpathError: Cell: ohms: Field required; ohm = 3: Extra inputs are not permitted
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    refusal: ClassVar[type[RevpathError]] = RevpathError

    if not TYPE_CHECKING:  # editors go on to see the fields

        def __init__(self, /, **fields: Any) -> None:
            try:
                super().__init__(**fields)
            except ValidationError as error:
                raise type(self).explained(error) from error

        __init__.__pydantic_base_init__ = True  # else pydantic calls it for what is nested, and the path is lost

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """A description from a table of its fields; raises as the constructor."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise cls.explained(error) from error

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """A description from JSON; raises as the constructor."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            raise cls.explained(error) from error

    @classmethod
    def explained(cls, error: ValidationError) -> RevpathError:
        """What pydantic refuses, as an error of the house."""
        return cls.refusal_of(explain(error))

    @classmethod
    def refusal_of(cls, said: str) -> RevpathError:
        """The error with a message, before which the class stands."""
        refused = cls.refusal(f"{cls.__name__}: {said}")
        refused.bare = said
        return refused

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            super().__setattr__(name, value)
        except ValidationError:
            raise self.refusal_of(f"{name} cannot be set: it is frozen; make another with the value") from None
