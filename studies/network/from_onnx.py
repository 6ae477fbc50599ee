"""Layers of an ONNX file: its products with constant weights, and by name what is not one. Needs the package onnx."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...devices.base.errors import RevpathError
from .layers import Layer, Network, NetworkError

_FUNCTIONS = {
    "Relu": "relu",
    "LeakyRelu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Gelu": "gelu",
    "Softmax": "softmax",
    "LogSoftmax": "softmax",
    "LayerNormalization": "layernorm",
    "BatchNormalization": "layernorm",
}
_FREE = {"Identity", "Flatten", "Reshape", "Dropout", "Constant", "Squeeze", "Unsqueeze", "Shape", "Cast", "Transpose"}


class OnnxMissing(RevpathError, ImportError):
    """The package onnx is not installed."""


def from_onnx(file: Path, name: str = "") -> Network:
    """The layers of an ONNX file for one example: a first axis of unknown size counts as 1.

    Raises
    ------
    OnnxMissing
        the package is not installed.
    NetworkError
        the file cannot be read or holds no layer.
    """
    try:
        import onnx  # type: ignore[import-not-found]  # an extra
    except ImportError:
        raise OnnxMissing("an .onnx file needs the package onnx: pip install onnx") from None
    try:
        model = onnx.shape_inference.infer_shapes(onnx.load(str(file)))
    except Exception as error:  # of protobuf, of the checker, of the file system
        raise NetworkError(f"{file}: cannot be read as ONNX: {(str(error).splitlines() or [''])[0]}") from error
    graph = model.graph
    weights = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    shapes = {value.name: _shape(value) for value in (*graph.input, *graph.value_info, *graph.output)}
    found: list[Layer] = []
    left: dict[str, str] = {}
    last = ""  # the tensor that the last layer, with its functions, gives
    for node in graph.node:
        label = node.name or f"{node.op_type} to {node.output[0]}"
        layer = _layer(node, label, weights, shapes)
        if layer is not None:
            found.append(layer)
            last = node.output[0]
        elif node.op_type == "Add" and found and last in node.input and any(one in weights for one in node.input):
            found.append(_changed(found.pop(), bias=True))
            last = node.output[0]
        elif node.op_type in _FUNCTIONS and found and node.input[0] == last:
            before = found.pop()
            found.append(_changed(before, functions=(*before.functions, _FUNCTIONS[node.op_type])))
            last = node.output[0]
        elif node.op_type in _FREE:
            last = node.output[0] if last in node.input else last
        else:
            left[label] = (
                f"{node.op_type} is not a product with constant weights, nor a function of one layer's outputs"
            )
    return Network(name or file.stem, tuple(found), tuple(f"{key}: {why}" for key, why in left.items()))


def _layer(node: Any, label: str, weights: dict[str, list[int]], shapes: dict[str, list[int]]) -> Layer | None:
    constant = [weights[one] for one in node.input if one in weights]
    if node.op_type == "Gemm" and constant and len(node.input) > 1 and node.input[1] in weights:
        turned = any(one.name == "transB" and one.i for one in node.attribute)
        a, b = weights[node.input[1]]
        rows, columns = (b, a) if turned else (a, b)
        return Layer(label, rows, columns, bias=len(node.input) > 2)
    if node.op_type == "MatMul" and node.input[1] in weights and len(weights[node.input[1]]) == 2:
        rows, columns = weights[node.input[1]]
        return Layer(label, rows, columns, _positions(shapes.get(node.output[0], []), -1), bias=False)
    if node.op_type == "Conv" and node.input[1] in weights:
        outputs, inputs, *kernel = weights[node.input[1]]
        groups = next((int(one.i) for one in node.attribute if one.name == "group"), 1)
        rows = inputs
        for size in kernel:
            rows *= size
        uses = _positions(shapes.get(node.output[0], []), 1)
        return Layer(label, rows, outputs // groups, uses, len(node.input) > 2, groups=groups)
    return None


def _positions(shape: list[int], channels: int) -> int:
    """Products for one example: the sizes of an output but for its first axis and its channels."""
    if not shape:
        raise NetworkError("the ONNX file does not say the shape of a layer's outputs: export it with fixed sizes")
    places = [size for i, size in enumerate(shape) if i not in (0, channels % len(shape))]
    total = 1
    for size in places:
        if size < 1:
            raise NetworkError("the ONNX file leaves the size of a layer's outputs open: export it with fixed sizes")
        total *= size
    return total


def _shape(value: Any) -> list[int]:
    return [int(one.dim_value) for one in value.type.tensor_type.shape.dim]


def _changed(layer: Layer, **fields: Any) -> Layer:
    return Layer(**{**{key: getattr(layer, key) for key in Layer.__dataclass_fields__}, **fields})
