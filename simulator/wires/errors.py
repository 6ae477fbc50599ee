"""Errors of the wire solver; each names the field, the value and what is allowed."""

from ..errors import ArrayError


class WireError(ArrayError):
    """Conductances, voltages or wires that make no circuit, or a solve that missed its tolerance: no current is returned."""


class WireWarning(UserWarning):
    """A solve ended where float64 cannot state the node voltages better, above its tolerance; `residual` says how far."""
