r"""The error goes back through a transposed read: the gradient of a softmax's logarithm, made where the weights are.

.. math::

    s_{l+1} = \mathrm{clip}(s_l W_l + b_l, 0, 1), \quad p = \mathrm{softmax}(s_{L-1} W_{L-1} + b_{L-1}), \quad
    e_L = y - p, \quad e_l = (e_{l+1} W_l^\top) \circ 1\{0 < s_l < 1\}

and W_l takes the outer products of s_l and e_{l+1}. It is back-propagation (Rumelhart, Hinton & Williams, Nature 323, 1986) with
each product done by the array that holds the weights, as resistive processing units do it (Gokmen & Vlasov, Frontiers in
Neuroscience 10:333, 2016); no copy of weights or gradients is kept. A row is read once forward and once back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .contract import LayerRule
from .stack import LayerStack


@dataclass(frozen=True)
class TransposedError(LayerRule):
    """Back-propagation of the error by transposed reads.

    Examples
    --------
    >>> from revpath.ebm.models.layered.transposed_error import TransposedError
    >>> TransposedError().words((784, 256, 10))
    1316
    """

    name = "transposed-error"
    title = "layers by transposed error"
    probabilistic = True

    def outputs(self, stack: LayerStack, x: np.ndarray) -> np.ndarray:
        """Logits (batch, n_L) float32, of which the softmax is p."""
        return self._states(stack, x)[-1]

    def learn(self, stack: LayerStack, x: np.ndarray, targets: np.ndarray, rate: float) -> None:
        *states, logits = self._states(stack, x)
        errors = [_miss(stack, logits, targets)]
        for layer in range(len(stack) - 1, 0, -1):
            errors.insert(0, _through(stack, layer, errors[0], states[layer]))
        for layer, (state, error) in enumerate(zip(states, errors, strict=True)):
            stack.update(layer, state, error, rate)
            stack.move_bias(layer, error, rate)

    def products(self, sizes: Sequence[int]) -> int:
        """Forward and update of all weights, and back through all but the first."""
        weights = [rows * columns for rows, columns in pairwise(sizes)]
        return 3 * sum(weights) - weights[0]

    def words(self, sizes: Sequence[int]) -> int:
        """States of all layers below the last, and the errors of all above the first."""
        return sum(sizes[:-1]) + sum(sizes[1:])

    def _states(self, stack: LayerStack, x: np.ndarray) -> list[np.ndarray]:
        """Inputs, hidden layers, logits."""
        states = [x]
        for layer in range(len(stack) - 1):
            states.append(stack.hard_sigmoid(layer, stack.forward(layer, states[-1])))
        last = len(stack) - 1
        logits = stack.forward(last, states[-1]) + stack.biases[last]
        stack.count(add=logits.size)
        stack.moved(written=logits.size, reuse="column")
        return [*states, logits]


def _miss(stack: LayerStack, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """y - softmax(logits), (batch, n_L) float32."""
    n = logits.size
    # less the largest; their sum; true class less its probability
    stack.count(compare=n, add=2 * n + len(logits), exp=n, divide=n)
    stack.moved(read=n, reuse="column")
    stack.moved(written=n)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return targets - powers / powers.sum(axis=1, keepdims=True)


def _through(stack: LayerStack, layer: int, error: np.ndarray, state: np.ndarray) -> np.ndarray:
    """The error of the inputs `state` of W_l, where its units are not cut."""
    back = stack.backward(layer, error)
    stack.count(compare=2 * back.size)
    stack.moved(read=state.size, reuse="column")
    stack.moved(written=back.size)
    return np.where((state > 0) & (state < 1), back, np.float32(0))
