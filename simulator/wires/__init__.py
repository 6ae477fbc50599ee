"""Exact IR drop: arrays with resistive wires, solved to a tolerance on Kirchhoff's law that is always returned."""

from .effective import Ports, effective_matrix, ports
from .errors import ConvergenceError, WireError
from .fields import Fields, Power
from .solution import WireSolution
from .solve import solve
from .wires import Wires

__all__ = ["ConvergenceError", "Fields", "Ports", "Power", "WireError", "WireSolution", "Wires", "effective_matrix", "ports", "solve"]
