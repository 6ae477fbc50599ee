"""A network from shapes, a table of layers, a ``torch.nn.Module`` or an ONNX file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...devices.base.reading import read_toml
from .from_onnx import from_onnx
from .from_torch import from_torch
from .layers import Layer, Network, NetworkError

__all__ = ["read_network"]


def read_network(source: Any, example: Any = None, name: str = "") -> Network:
    """A network from what a user has.

    Parameters
    ----------
    source : str, path, sequence of int, or torch.nn.Module
        ``"784x256x10"`` or ``(784, 256, 10)``: dense layers with ReLU between; a ``.toml`` file of ``[[layer]]`` tables with
        the fields of `Layer`; an ``.onnx`` file (needs the package onnx); a module of PyTorch.
    example : torch.Tensor, optional
        One batch for a module, which runs it once to see its shapes; its first axis is examples.
    name : str, optional
        What to call it.

    Raises
    ------
    NetworkError
        It cannot be read, or holds nothing to price.

    Examples
    --------
    >>> read_network("784x256x10").parameters
    203530
    """
    if isinstance(source, str | Path) and str(source).endswith(".onnx"):
        return from_onnx(Path(source), name)
    if isinstance(source, str | Path) and str(source).endswith(".toml"):
        return _from_toml(Path(source), name)
    if isinstance(source, str):
        if not re.fullmatch(r"\d+(x\d+)+", source):
            raise NetworkError(
                f"network = {source!r} must be sizes such as 784x256x10, a .toml file of layers or an .onnx file"
            )
        return _dense([int(size) for size in source.split("x")], name or source)
    if hasattr(source, "named_modules") and hasattr(source, "register_forward_hook"):
        return from_torch(source, example, name)
    if isinstance(source, Sequence):
        return _dense(list(source), name or "x".join(map(str, source)))
    raise NetworkError(f"network of type {type(source).__name__} must be sizes, a file, or a torch.nn.Module")


def _dense(sizes: list[int], name: str) -> Network:
    if len(sizes) < 2:
        raise NetworkError(f"network = {sizes!r} must have at least two sizes: inputs and outputs")
    pairs = list(pairwise(sizes))
    hidden = len(pairs) - 1
    return Network(
        name,
        tuple(
            Layer(f"dense {i + 1}", rows, columns, functions=("relu",) if i < hidden else ())
            for i, (rows, columns) in enumerate(pairs)
        ),
    )


def _from_toml(file: Path, name: str) -> Network:
    content = read_toml(file)
    tables = content.pop("layer", None)
    given = content.pop("name", "")
    if content:
        raise NetworkError(f"{file}: field {next(iter(content))!r} is not one of name, layer")
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise NetworkError(f"{file}: layer must be tables [[layer]] with rows and columns")
    layers = []
    for i, table in enumerate(tables, 1):
        fields = {"name": f"layer {i}", **table}
        for key in fields:
            if key not in Layer.__dataclass_fields__:
                raise NetworkError(
                    f"{file}: layer {i}: field {key!r} is not one of {', '.join(Layer.__dataclass_fields__)}"
                )
        for key in ("rows", "columns"):
            if key not in fields:
                raise NetworkError(f"{file}: layer {i}: {key} is missing")
        functions = fields.pop("functions", [])
        if not isinstance(functions, list) or not all(isinstance(one, str) for one in functions):
            raise NetworkError(f"{file}: layer {i}: functions = {functions!r} must be a list of names")
        layers.append(Layer(functions=tuple(functions), **fields))
    return Network(name or str(given) or file.stem, tuple(layers))
