"""Digital networks on images: what a layered network in arrays is compared with, as the lower envelope over sizes.

scikit-learn's `MLPClassifier` by stochastic gradients with Nesterov's momentum, the best of eight settings that docs/tuning.md
lists, Adam among them. All that its training does is counted: products (the first layer sends no error back), rectifiers, softmax,
biases, momentum, and their bytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from ...energy_models.prices.schedule import Schedule
from ..tasks.images import Images

SIZES: tuple[tuple[int, ...], ...] = ((), (8,), (16,), (32,), (64,), (128,))
"""Units of hidden layers that are tried, none being logistic regression: the cheapest at each quality is the rival."""
BATCH, RATE, MOMENTUM = 32, 0.1, 0.9
UPDATE = {"add": 1 + 1 + 1, "multiply": 1 + 1 + 1}
"""Of a parameter and step: velocity = momentum velocity - rate gradient; weight + momentum velocity - rate gradient."""
RECTIFIER = {"compare": 2, "multiply": 1}
"""Of a hidden unit: cut; and back, where it was not."""
SOFTMAX = {"compare": 1, "exp": 1, "add": 2 + 1, "divide": 1}
"""Of a class: the largest, the exponential, centre and sum, the quotient; back: p less the one that came."""
BIAS = {"add": 2}
"""Of a unit: added; its gradient summed up."""
_STORED = 4  # bytes: float32
_READ, _WRITTEN = 2 + 1 + 1, 1 + 1
"""Numbers of a parameter and step: weights forward, back and at the update, velocity; weights and velocity."""


@dataclass(frozen=True)
class MLPPoint:
    """A checkpoint: images seen, and % error."""

    images: int
    validation: float
    test: float


@dataclass(frozen=True)
class MLPCurve:
    """One network and seed.

    Attributes
    ----------
    sizes : tuple of int
        (pixels, hidden units, classes).
    seed : int
    points : tuple of MLPPoint
    batch : int
    rate : float
    """

    sizes: tuple[int, ...]
    seed: int
    points: tuple[MLPPoint, ...]
    batch: int = BATCH
    rate: float = RATE

    @property
    def name(self) -> str:
        """Sizes, and how it was trained where that is not the default."""
        sizes = "-".join(map(str, self.sizes))
        trained = f" batch {self.batch} rate {self.rate:g}"
        return sizes if (self.batch, self.rate) == (BATCH, RATE) else sizes + trained

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return sum((rows + 1) * columns for rows, columns in pairwise(self.sizes))


def train_mlp(
    images: Images,
    hidden: Sequence[int],
    seed: int,
    marks: Sequence[int],
    *,
    batch: int = BATCH,
    rate: float = RATE,
) -> MLPCurve:
    """Train one network to the last of `marks` (rising numbers of images), and look at it at each.

    Parameters
    ----------
    images : Images
    hidden : sequence of int
    seed : int
    marks : sequence of int
    batch : int
    rate : float
    """
    model = MLPClassifier(
        tuple(hidden),
        solver="sgd",
        learning_rate_init=rate,
        momentum=MOMENTUM,
        random_state=seed,
        shuffle=False,  # the order is drawn here
        max_iter=1,
    )
    model.set_params(batch_size=batch)  # the constructor's type is that of its default, a word
    pixels, labels = images.train
    order = np.random.default_rng(seed).permutation(len(labels))
    classes, done, points = np.arange(int(labels.max()) + 1), 0, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is asked for one pass at a time
        for mark in marks:
            until = done + -(-(mark - done) // batch) * batch  # whole mini-batches
            if until > done:
                places = order[np.arange(done, until) % len(order)]
                model.partial_fit(pixels[places], labels[places], classes=classes)
                done = until
            errors = (100 * (1 - float(model.score(*part))) for part in (images.validation, images.test))
            points.append(MLPPoint(done, *errors))
    return MLPCurve((pixels.shape[1], *hidden, len(classes)), seed, tuple(points), batch, rate)


def mlp_events(sizes: Sequence[int], images: int, chosen: Schedule, batch: int = BATCH) -> dict[str, float]:
    """Events of training on so many images.

    Parameters
    ----------
    sizes : sequence of int
        (pixels, hidden units, classes).
    images : int
    chosen : Schedule
        ``fused`` functions take their operands where the product before them left them; otherwise each moves three numbers, and
        gradients go through memory.
    batch : int

    Returns
    -------
    dict
        ``matmul.flop``, ``digital.*``, ``hbm.byte_read`` and ``hbm.byte_written``.
    """
    weights = [rows * columns for rows, columns in pairwise(sizes)]
    parameters, steps = sum(weights) + sum(sizes[1:]), images / batch
    hidden, classes, units = sum(sizes[1:-1]), sizes[-1], sum(sizes[1:])
    done: dict[str, float] = {}
    for of, times in (
        (RECTIFIER, images * hidden),
        (SOFTMAX, images * classes),
        (BIAS, images * units),
        (UPDATE, steps * parameters),
    ):
        for name, each in of.items():
            done[f"digital.{name}"] = done.get(f"digital.{name}", 0.0) + each * times
    states = 2 * images * units * _STORED  # outputs of layers and their gradients, written and read
    moved = 0.0 if chosen.fused else (images * (hidden + classes) + steps * parameters / 2) * _STORED
    return {
        # forward, gradient of weights, and error of the layer below, which the pixels do not need
        "matmul.flop": 2.0 * images * (3 * sum(weights) - weights[0]),
        **done,
        "hbm.byte_read": steps * parameters * _READ * _STORED + states + images * sizes[0] + 2 * moved,
        "hbm.byte_written": steps * parameters * _WRITTEN * _STORED + states + moved,
    }
