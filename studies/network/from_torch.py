"""Layers of a ``torch.nn.Module``, by running it once on an example. torch is the caller's; none is imported here."""

from __future__ import annotations

from typing import Any

from .layers import Layer, Network, NetworkError

_FUNCTIONS = {
    "ReLU": "relu",
    "ReLU6": "relu",
    "LeakyReLU": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "SiLU": "silu",
    "GELU": "gelu",
    "Softmax": "softmax",
    "LogSoftmax": "softmax",
    "LayerNorm": "layernorm",
    "BatchNorm1d": "layernorm",
    "BatchNorm2d": "layernorm",
}
_FREE = {"Identity", "Flatten", "Unflatten", "Dropout", "Dropout2d"}
"""Modules that do no work at inference."""


def from_torch(module: Any, example: Any, name: str = "") -> Network:
    """The layers that a module runs on an example, in the order of their calls.

    What is computed outside of modules (products of attention, ``torch.nn.functional``, operators) cannot be seen: that it may
    exist is said in `Network.not_priced`, and so is every module of a kind that is not known here.

    Raises
    ------
    NetworkError
        no example was given, or the module fails on it.
    """
    if example is None:
        raise NetworkError("example = None must be a batch for the module: its shapes are seen by running it once")
    batch = int(example.shape[0])
    found: list[Layer] = []
    left: dict[str, str] = {}
    hooks = []

    def seen(label: str) -> Any:
        def hook(one: Any, inputs: Any, output: Any) -> None:
            _note(label, one, inputs, output, batch, found, left)

        return hook

    inside = {label: one for label, one in module.named_modules() if not list(one.children())}
    for label, one in inside.items():
        hooks.append(one.register_forward_hook(seen(label or type(one).__name__)))
    training = bool(getattr(module, "training", False))
    try:
        module.eval()
        module(example)
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        raise NetworkError(f"the module fails on the example: {type(error).__name__}: {first}") from error
    finally:
        for hook in hooks:
            hook.remove()
        module.train(training)
    compound = {type(one).__name__ for _, one in module.named_modules() if list(one.children())}
    left["(outside of modules)"] = (
        "what the forward methods compute themselves, such as products of attention and residual additions"
        + (f", in {', '.join(sorted(compound))}" if compound else "")
    )
    return Network(name or type(module).__name__, tuple(found), tuple(f"{k}: {v}" for k, v in left.items()))


def _note(label: str, one: Any, inputs: Any, output: Any, batch: int, found: list[Layer], left: dict[str, str]) -> None:
    kind = type(one).__name__
    if kind in _FREE:
        return
    if kind in _FUNCTIONS:
        if found and int(output.numel()) == batch * found[-1].uses * found[-1].columns * found[-1].groups:
            last = found.pop()
            found.append(_with(last, _FUNCTIONS[kind]))
        else:
            left[label] = f"{kind}: it does not follow the outputs of one layer"
    elif kind == "Linear":
        uses = int(output.numel()) // (batch * int(one.out_features))
        found.append(Layer(label, int(one.in_features), int(one.out_features), uses, one.bias is not None))
    elif kind in ("Conv1d", "Conv2d", "Conv3d"):
        groups, outputs = int(one.groups), int(one.out_channels)
        kernel = 1
        for size in one.kernel_size:
            kernel *= int(size)
        uses = int(output.numel()) // (batch * outputs)
        rows = int(one.in_channels) // groups * kernel
        found.append(Layer(label, rows, outputs // groups, uses, one.bias is not None, groups=groups))
    else:
        left[label] = f"{kind} is not known here"


def _with(layer: Layer, function: str) -> Layer:
    return Layer(
        layer.name, layer.rows, layer.columns, layer.uses, layer.bias, (*layer.functions, function), layer.groups
    )
