r"""Equilibrium propagation: the network settles, is nudged towards its target, settles again, and learns the difference.

.. math::

    E(s; x) = \tfrac{1}{2} \sum_{l=1}^{L} \lVert s_l \rVert^2 - \sum_{l=0}^{L-1} s_l^\top W_l s_{l+1}
    - \sum_{l=1}^{L} b_{l-1}^\top s_l, \qquad s_0 = x, \quad s_l \in [0, 1]^{n_l}

is least where every unit is the hard sigmoid of what it is driven by, from below and through the same weights from above:
:math:`s_l = \mathrm{clip}(s_{l-1} W_{l-1} + s_{l+1} W_l^\top + b_{l-1}, 0, 1)`. The target y pulls the outputs by
:math:`\beta C`, with :math:`C = \tfrac{1}{2} \lVert y - s_L \rVert^2`. With the states :math:`s^{\pm}` settled under
:math:`\pm\beta`,

.. math:: - \frac{dC}{dW_l} = \lim_{\beta \to 0} \frac{1}{2 \beta} \left(s_l^{+\top} s_{l+1}^{+} - s_l^{-\top} s_{l+1}^{-}\right)

at the free equilibrium, and the same for biases: a local rule of two outer products and no error that travels (Scellier & Bengio,
Frontiers in Computational Neuroscience 11:24, 2017; nudged both ways, so that the estimate errs by :math:`\beta^2`: Laborieux et al.,
Frontiers in Neuroscience 15:633674, 2021). Inputs do not change while the rest settles, so their array is read once a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral, Real

import numpy as np

from ....devices.base.errors import RevpathError
from .contract import LayerRule
from .stack import LayerStack

States = list[np.ndarray]
"""s_1, ..., s_L, each (batch, n_l) float32."""


@dataclass(frozen=True)
class EquilibriumPropagation(LayerRule):
    """Learning from two equilibria, nudged towards the target and away from it.

    Parameters
    ----------
    nudging : float
        beta, above 0 and below 1: the pull on the outputs. Small ones follow the gradient closely and ask much of converters.
    free_steps, nudged_steps : int
        Rounds, of all layers at once, in which the free and each nudged state settle.

    Raises
    ------
    RevpathError
        A setting out of range.

    Examples
    --------
    >>> from revpath.ebm import LayeredNetwork
    >>> from revpath.ebm.models.layered import EquilibriumPropagation
    >>> network = LayeredNetwork((64,), rule=EquilibriumPropagation(nudging=0.2))
    """

    name = "equilibrium-propagation"
    title = "equilibrium EBM"
    nudging: float = 0.5
    free_steps: int = 8
    nudged_steps: int = 4

    def __post_init__(self) -> None:
        if isinstance(self.nudging, bool) or not isinstance(self.nudging, Real) or not 0 < self.nudging < 1:
            raise RevpathError(f"nudging = {self.nudging!r} must lie between 0 and 1")
        for name in ("free_steps", "nudged_steps"):
            steps = getattr(self, name)
            if isinstance(steps, bool) or not isinstance(steps, Integral) or steps < 1:
                raise RevpathError(f"{name} = {steps!r} must be a positive integer")

    def outputs(self, stack: LayerStack, x: np.ndarray) -> np.ndarray:
        """Output units of the free state, (batch, n_L) float32 in [0, 1]."""
        return self._free(stack, x)[1][-1]

    def learn(self, stack: LayerStack, x: np.ndarray, targets: np.ndarray, rate: float) -> None:
        drive, free = self._free(stack, x)
        up = self._settled(stack, drive, free, self.nudging, targets)
        down = self._settled(stack, drive, free, -self.nudging, targets)
        rate /= 2 * self.nudging
        gaps = [high - low for high, low in zip(up, down, strict=True)]
        units = sum(gap.size for gap in gaps)
        stack.count(add=units)
        stack.moved(read=2 * units, written=gaps[0].size)  # gaps but the first go into their biases at once
        stack.update(0, x, gaps[0], rate)
        for layer in range(1, len(stack)):
            stack.update(layer, up[layer - 1], up[layer], rate)
            stack.update(layer, down[layer - 1], -down[layer], rate)
        for layer, gap in enumerate(gaps):
            stack.move_bias(layer, gap, rate)

    def products(self, sizes: Sequence[int]) -> int:
        """The first array is read and updated once; the others in the first pass and, both ways, every round, and updated twice."""
        first, *others = (rows * columns for rows, columns in pairwise(sizes))
        rounds = self.free_steps + 2 * self.nudged_steps
        return 2 * first + (1 + 2 * rounds + 2) * sum(others)

    def words(self, sizes: Sequence[int]) -> int:
        """Inputs, what they drive, and three states: free and nudged both ways."""
        return sizes[0] + sizes[1] + 3 * sum(sizes[1:])

    def _free(self, stack: LayerStack, x: np.ndarray) -> tuple[np.ndarray, States]:
        """What the inputs drive, (batch, n_1), and the state that settles from a pass without feedback."""
        drive = stack.forward(0, x)
        stack.moved(written=drive.size, reuse="column")
        states = [stack.hard_sigmoid(0, drive, passing=True)]
        for layer in range(1, len(stack)):
            states.append(stack.hard_sigmoid(layer, stack.forward(layer, states[-1]), passing=True))
        for _ in range(self.free_steps):
            states = _round(stack, drive, states)
        return drive, states

    def _settled(self, stack: LayerStack, drive: np.ndarray, free: States, pull: float, targets: np.ndarray) -> States:
        states = free
        for left in reversed(range(self.nudged_steps)):
            states = _round(stack, drive, states, pull, targets, passing=left > 0)
        return states


def _round(
    stack: LayerStack,
    drive: np.ndarray,
    states: States,
    pull: float = 0.0,
    targets: np.ndarray | None = None,
    *,
    passing: bool = True,
) -> States:
    """Every layer moves to where the others, as they were, drive it; `passing`: to states that no update needs."""
    last = len(stack) - 1
    moved = []
    for layer in range(len(stack)):
        field = drive if layer == 0 else stack.forward(layer, states[layer - 1])
        if layer == 0:
            stack.moved(read=drive.size, reuse="column")
        if layer < last:
            field = field + stack.backward(layer + 1, states[layer + 1])
            stack.count(add=field.size)
        elif targets is not None:
            field = field + np.float32(pull) * (targets - states[last])
            stack.count(add=2 * field.size, multiply=field.size)
            stack.moved(read=field.size, reuse="column")
        moved.append(stack.hard_sigmoid(layer, field, passing=passing))
    return moved
