"""Errors of the simulator; each names the field, the value and what is allowed."""

from ..devices.base.errors import RevpathError


class ArrayError(RevpathError):
    """An array, converter or batch that cannot be."""


class MappingError(ArrayError):
    """Weights that the conductance window cannot hold."""


class SaturationWarning(UserWarning):
    """Most conversions of a batch were beyond the range of their converters."""
