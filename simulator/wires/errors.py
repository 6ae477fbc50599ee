"""Errors of the wire solver; each names the field, the value and what is allowed."""

from ..errors import ArrayError


class WireError(ArrayError):
    """Conductances, voltages or wires that make no circuit."""


class ConvergenceError(WireError):
    """A solve that did not reach its tolerance: no current is returned."""
