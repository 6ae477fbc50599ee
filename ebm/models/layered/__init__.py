"""Networks of layers for dense inputs: the estimator, what its arrays and lanes do, and rules of learning, one a file."""

from .contract import LayerRule
from .equilibrium_propagation import EquilibriumPropagation
from .transposed_error import TransposedError

__all__ = ["EquilibriumPropagation", "LayerRule", "TransposedError"]
