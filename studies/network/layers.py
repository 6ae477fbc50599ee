"""A network as layers of products with what follows each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...devices.base.errors import RevpathError

__all__ = ["FUNCTIONS", "Layer", "Network", "NetworkError"]

FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "relu": ("compare",),
    "sigmoid": ("sigmoid",),
    "tanh": ("sigmoid",),
    "softplus": ("softplus",),
    "silu": ("sigmoid", "multiply"),
    "gelu": ("sigmoid", "multiply", "multiply"),
    "softmax": ("compare", "add", "exp", "add", "divide"),
    "layernorm": ("add", "add", "multiply", "add", "multiply", "multiply", "add"),
}
"""Digital events of one number of a function: gelu as x sigmoid(1.702 x); a norm as two sums, a square, shift and scale."""
_LARGEST = 2**22
"""Rows, columns or uses of a layer; more is a mistake of the table."""


class NetworkError(RevpathError, ValueError):
    """A network that cannot be read, with the layer, the field and what is allowed."""


@dataclass(frozen=True)
class Layer:
    """One matrix of weights, and the digital work on its outputs.

    name: as the network calls it. rows, columns: inputs and outputs of the product. uses: products for one example: 1 for a
    dense layer, the positions of a convolution, the tokens of a window. bias: one number an output is added. functions:
    names of `FUNCTIONS` that each output passes. groups: equal matrices side by side (a grouped convolution).
    """

    name: str
    rows: int
    columns: int
    uses: int = 1
    bias: bool = True
    functions: tuple[str, ...] = ()
    groups: int = 1

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "uses", "groups"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST:
                raise NetworkError(f"layer {self.name!r}: {name} = {value!r} must be an integer from 1 to {_LARGEST}")
        if not isinstance(self.bias, bool):
            raise NetworkError(f"layer {self.name!r}: bias = {self.bias!r} must be true or false")
        for function in self.functions:
            if function not in FUNCTIONS:
                raise NetworkError(
                    f"layer {self.name!r}: functions holds {function!r}, not one of {', '.join(FUNCTIONS)}"
                )

    @property
    def weights(self) -> int:
        return self.rows * self.columns * self.groups

    @property
    def parameters(self) -> int:
        return self.weights + (self.columns * self.groups if self.bias else 0)

    @property
    def products(self) -> int:
        """Multiply-accumulates for one example."""
        return self.weights * self.uses


@dataclass(frozen=True)
class Network:
    """Layers in order, and what of the network is not among them, each by name and why."""

    name: str
    layers: tuple[Layer, ...]
    not_priced: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.layers:
            raise NetworkError(f"network {self.name!r} has no layer with weights that could be priced")

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def products(self) -> int:
        """Multiply-accumulates for one example."""
        return sum(layer.products for layer in self.layers)
