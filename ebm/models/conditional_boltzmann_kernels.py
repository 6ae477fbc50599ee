"""The exact delta rule of `ConditionalBoltzmann`, one mini-batch at a time or a whole pass over ideal couplings in one loop."""

from __future__ import annotations

import math

import numpy as np

from ...simulator.compile import kernel
from ..synapses.carry import add_to_row


@kernel()
def softmax_error(logits, y):
    """logits (n_symbols,) float32 <- 1{symbol = y} - p(symbol), in place."""
    largest = np.float32(-np.inf)
    for j in range(logits.size):
        largest = max(largest, logits[j])
    norm = 0.0
    for j in range(logits.size):
        logits[j] = np.float32(math.exp(logits[j] - largest))
        norm += logits[j]
    for j in range(logits.size):
        logits[j] = np.float32(-logits[j] / norm)
    logits[y] += np.float32(1.0)


@kernel()
def softmax_errors(logits, y):
    """The same for each row of logits (batch, n_symbols)."""
    for s in range(y.size):
        softmax_error(logits[s], y[s])


@kernel()
def add_errors(bias, errors, rate):
    """bias (n_symbols,) += rate times the sum of errors (batch, n_symbols), in place; float32."""
    for j in range(bias.size):
        total = np.float32(0.0)
        for s in range(len(errors)):
            total += errors[s, j]
        bias[j] += rate * total


@kernel()
def learn_ideal(couplings, left, bias, rows, y, batch, rates, bias_rates):
    """Learn y (n,) from rows (n, orders) in place, mini-batch by mini-batch.

    couplings, left: tuples of (n_in, n_symbols) float32, one an order, and what they do not show; bias (n_symbols,) float32;
    rates, bias_rates (batches,) float32: of one sample, for each mini-batch.
    """
    errors = np.empty((batch, bias.size), np.float32)
    for b in range(rates.size):
        first, last = b * batch, min(y.size, (b + 1) * batch)
        for s in range(first, last):
            error = errors[s - first]
            error[:] = bias
            for k, coupling in enumerate(couplings):
                for j in range(bias.size):
                    error[j] += coupling[rows[s, k], j]
            softmax_error(error, y[s])
        of_batch = errors[: last - first]
        for k, coupling in enumerate(couplings):
            for s in range(first, last):
                add_to_row(coupling, left[k], rows[s, k], of_batch[s - first], rates[b])
        add_errors(bias, of_batch, bias_rates[b])
