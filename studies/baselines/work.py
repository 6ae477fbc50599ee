"""All that training the transformer of this bench does, as events: products, every element-wise operation, optimizer, traffic.

Element-wise counts are those of one number of a tensor, forward and backward, of the layers that gpt.py has: LayerNorm without
bias, rotary positions, a relative-position bias, softmax, squared ReLU, residual adds, cross entropy, AdamW, and the average
of the weights. A reciprocal, a root and a division count as ``digital.divide``. What happens once a row (the mean of a norm) is
counted once a row. The EBM's own counts are those of `revpath.ebm`; both are billed by `revpath.energy_models.prices.schedule`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ...energy_models.gpu.transformer_memory import MIXED, Formats, training_traffic
from ...energy_models.prices.schedule import SCHEDULES, Schedule
from ..tasks.text import SYMBOLS
from .curves import Hyper, Shape

NORM = {"add": 3 + 5, "multiply": 3 + 5}
"""Of a number: sum, centre, sum of squares; square, scale, gain. Back: two sums, two centrings, gain's sum; five products."""
NORM_ROW = {"divide": 3, "multiply": 2 + 2}
"""Of a row: mean, variance, one over the root; back: the two means."""
ROTARY = {"add": 2 * 1, "multiply": 2 * 2}
"""Of a number of a query or key, forward and back."""
SOFTMAX = {"add": 2 + 2 + 3, "multiply": 1 + 1 + 3, "compare": 1, "exp": 1}
"""Of a pair of tokens: bias and mask, centre and sum; scale and normalise. Back: p (d - sum p d), scale, the bias's sum."""
SOFTMAX_ROW = {"divide": 1}
SQUARED_RELU = {"multiply": 1 + 2, "compare": 1 + 1}
RESIDUAL = {"add": 1 + 1}
"""Of a number of the stream, each time something is added to it; the gradient is added up again."""
CROSS_ENTROPY = {"add": 2 + 1, "multiply": 1, "compare": 1, "exp": 1}
"""Of a symbol: centre, sum; back: p less the one that came."""
CROSS_ENTROPY_ROW = {"log": 1, "divide": 1}
EMBEDDING = {"add": 1}
"""Back: the gradient of a symbol's row is added up."""
ADAMW = {"add": 4, "multiply": 8, "divide": 2}
"""Of a parameter and step: two moments, their corrections, root, epsilon, quotient, the step."""
DECAY = {"multiply": 1}
"""AdamW's weight decay, where there is one."""
AVERAGE = {"add": 2, "multiply": 1}
"""Of a parameter and step: average += share (weight - average)."""

_OPERANDS = 3
"""Numbers that an element-wise function of a naive schedule moves: two read and one written."""


def training_events(
    shape: Shape, hyper: Hyper, tokens: int, chosen: Schedule = SCHEDULES["register-tile"], formats: Formats = MIXED
) -> dict[str, float]:
    """Events of training on so many tokens.

    Parameters
    ----------
    shape, hyper : Shape, Hyper
        The transformer and how it is trained.
    tokens : int
        In windows of the full context, `hyper.batch` windows a step.
    chosen : Schedule
        ``fused`` functions take their operands where the product before them left them; otherwise each reads two numbers from
        memory and writes one.
    formats : Formats
        Bytes of what is stored.

    Returns
    -------
    dict
        ``matmul.flop``, ``digital.*``, and bytes to and from memory: activations, weights, gradients, optimizer, averages, text.
    """
    steps = tokens / (hyper.batch * shape.context)
    once = forward_and_backward(shape)
    work = defaultdict(float, {full: tokens * amount for full, amount in once.items()})
    parameters = shape.parameters()
    for counts in (ADAMW, AVERAGE, *([DECAY] if hyper.weight_decay else [])):
        _add(work, counts, steps * parameters)
    step = training_traffic(shape.matrices(), hyper.batch, dropout=False, formats=formats)
    biases = (
        parameters - shape.matrices().parameters()
    )  # relative positions, which the energy models' shape does not know
    step += biases * (3 * formats.weight + 3 * formats.gradient + 2 * (formats.master + formats.moments))
    step += 2 * formats.master * parameters  # the average, read and written; the weight is at hand
    if not chosen.fused:
        step += _OPERANDS * formats.activation * sum(once.values()) * tokens / steps
    read = steps * step / 2 + tokens  # as much is read as written, and a byte of text a token
    return {
        "matmul.flop": float(shape.training_flops(tokens)),
        **work,
        "hbm.byte_read": read,
        "hbm.byte_written": steps * step / 2,
    }


def forward_and_backward(shape: Shape) -> Mapping[str, float]:
    """Element-wise operations of one token, forward and backward, without the optimizer's."""
    width, heads, context = shape.width, shape.heads, shape.context
    work: defaultdict[str, float] = defaultdict(float)
    norms = 2 * shape.layers + 1
    _add(work, NORM, norms * width)
    _add(work, NORM_ROW, norms)
    _add(work, ROTARY, shape.layers * 2 * width)
    _add(work, SOFTMAX, shape.layers * heads * context)
    _add(work, SOFTMAX_ROW, shape.layers * heads)
    _add(work, SQUARED_RELU, shape.layers * 4 * width)
    _add(work, RESIDUAL, shape.layers * 2 * width)
    _add(work, CROSS_ENTROPY, len(SYMBOLS))
    _add(work, CROSS_ENTROPY_ROW, 1)
    _add(work, EMBEDDING, width)
    return work


def _add(work: defaultdict[str, float], counts: Mapping[str, int], times: float) -> None:
    for name, each in counts.items():
        work[f"digital.{name}"] += each * times
