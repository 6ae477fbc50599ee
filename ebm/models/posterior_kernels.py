"""The digital heart of the conditional RBM: exact class posterior and its gradient, for a batch.

Softplus and logistic of a_j + u_kj share exp(a_j) exp(u_kj): one product replaces two transcendentals, and a sum of
softplus is the logarithm of a product, taken over runs of columns short enough not to overflow.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from ...simulator.compile import kernel

LARGEST_FIELD = 40.0  # |a| and |u| up to here keep exp(a) exp(u) inside float32
_RUN = 64  # columns whose (1 + e^x) are multiplied before taking a logarithm
CHUNKS = 8  # fixed split of a batch, so that sums do not depend on the number of threads


@kernel(relaxed=True)
def _log_product(a, u):
    """log prod_j (1 + a_j u_j) of at most `_RUN` float32 factors; the loop runs from 0 so that it vectorises."""
    product = 1.0
    for j in range(a.size):
        product *= np.float64(np.float32(1.0) + a[j] * u[j])
    if product < 1e300:
        return np.log(product)
    total = 0.0
    for j in range(a.size):
        total += np.log1p(np.float64(a[j]) * np.float64(u[j]))
    return total


@kernel(relaxed=True)
def _log_posterior(log_p, a_exp, u_exp, bias):
    """log p(k | a) for one row: softmax over k of bias_k + sum_j log(1 + a_exp_j u_exp_kj)."""
    classes, hidden = u_exp.shape
    largest = -np.inf
    for k in range(classes):
        total = np.float64(bias[k])
        for start in range(0, hidden, _RUN):
            total += _log_product(a_exp[start : start + _RUN], u_exp[k, start : start + _RUN])
        log_p[k] = total
        largest = max(largest, total)
    norm = 0.0
    for k in range(classes):
        norm += np.exp(log_p[k] - largest)
    shift = largest + np.log(norm)
    for k in range(classes):
        log_p[k] -= shift


@kernel(relaxed=True, parallel=True)
def log_posteriors(log_p, a_exp, u_exp, bias):
    """log p (batch, classes) float64 from exp of the hidden fields (batch, hidden) and labels (classes, hidden)."""
    for s in prange(a_exp.shape[0]):
        _log_posterior(log_p[s], a_exp[s], u_exp, bias)


@kernel(relaxed=True, parallel=True)
def posterior_gradients(log_p, d_hidden, d_labels, a_exp, u_exp, bias, targets):
    """Exact gradient of sum_s log p(target_s | a_s).

    Parameters
    ----------
    log_p
        out, (batch, classes) float64.
    d_hidden
        out, (batch, hidden) float32, gradient in the hidden field.
    d_labels
        out, (CHUNKS, classes, hidden) float32, gradient in the label weights by chunk of the batch.
    a_exp, u_exp, bias
        see `log_posteriors`.
    targets
        (batch,) int64.
    """
    batch, hidden = a_exp.shape
    classes = u_exp.shape[0]
    per = (batch + CHUNKS - 1) // CHUNKS
    one = np.float32(1.0)
    for chunk in prange(CHUNKS):
        for k in range(classes):
            for j in range(hidden):
                d_labels[chunk, k, j] = np.float32(0.0)
        for s in range(chunk * per, min((chunk + 1) * per, batch)):
            _log_posterior(log_p[s], a_exp[s], u_exp, bias)
            for j in range(hidden):
                d_hidden[s, j] = np.float32(0.0)
            for k in range(classes):
                weight = np.float32((1.0 if k == targets[s] else 0.0) - np.exp(log_p[s, k]))
                for j in range(hidden):
                    on = weight * (one - one / (one + a_exp[s, j] * u_exp[k, j]))
                    d_hidden[s, j] += on
                    d_labels[chunk, k, j] += on
