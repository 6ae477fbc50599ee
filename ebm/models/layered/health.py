"""What goes wrong in training, told in words: numbers that are none, units that nothing passes, cells at their ends."""

from __future__ import annotations

import warnings

import numpy as np

from ....devices.base.errors import RevpathError
from .stack import LayerStack

_STUCK = 0.99  # share of the hidden units, over all rows, from which on hardly an error passes
_FULL = 0.25  # share of an array's weights
_END = 0.9  # of the largest weight: cells differ in where they end


class Diverged(RevpathError):
    """Weights or biases have become no numbers; nothing of the network can be used."""


class TrainingWarning(UserWarning):
    """Training goes on, and is likely to come to nothing."""


def refuse_no_numbers(stack: LayerStack, learning_rate: float) -> None:
    """Diverged where a bias is no finite number: what makes a weight infinite shows in the bias beside it."""
    for layer, bias in enumerate(stack.biases):
        if not np.isfinite(bias).all():
            raise Diverged(
                f"training diverged: biases of layer {layer + 1} are no finite numbers any more; lower learning_rate = "
                f"{learning_rate:g} and start anew"
            )


def complaints(stack: LayerStack, x: np.ndarray, learning_rate: float) -> list[str]:
    """What keeps the network from learning more, judged from stored weights on inputs x (rows, n_0); nothing is counted."""
    found = []
    state, ideal = x, stack.ideal()
    for layer in range(len(stack) - 1):
        state = ideal.hard_sigmoid(layer, ideal.forward(layer, state))
        stuck = float(np.mean((state <= 0) | (state >= 1)))
        if stuck >= _STUCK:
            found.append(
                f"{100 * stuck:.3g} % of the units of hidden layer {layer + 1} are cut at 0 or 1, and no error passes them: "
                f"lower learning_rate = {learning_rate:g} or the spread of the initial weights"
            )
    for number, synapses in enumerate(stack.synapses):
        largest = getattr(getattr(getattr(synapses, "array", None), "config", None), "weight_max", None)
        if largest is None:
            continue
        full = float(np.mean(np.abs(synapses.weights()) >= _END * largest))
        if full >= _FULL:
            found.append(
                f"{100 * full:.3g} % of the weights of array {number} are within a tenth of the ends of its cells: raise "
                f"weight_max = {largest:g}, or lower learning_rate = {learning_rate:g}"
            )
    return found


def warn_of(found: list[str], known: set[str]) -> None:
    """A `TrainingWarning` for each complaint of a kind that has not been told yet; `known` takes them up."""
    for line in found:
        kind = line.split(" % ")[1].split(":")[0]
        if kind not in known:
            known.add(kind)
            warnings.warn(line, TrainingWarning, stacklevel=4)
