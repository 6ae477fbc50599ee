"""Exact class posterior of hidden fields and label weights: fast kernels where they are safe, plain NumPy elsewhere."""

from __future__ import annotations

import numpy as np

from ..synapses.contract import sigmoid
from .posterior_kernels import CHUNKS, LARGEST_FIELD, log_posteriors, posterior_gradients


def class_posterior(field: np.ndarray, labels: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """log p (batch, classes), float64, proportional to exp(bias_k + sum_j softplus(field_j + labels_kj)).

    Parameters
    ----------
    field : ndarray
        (batch, hidden).
    labels : ndarray
        (classes, hidden).
    bias : ndarray
        (classes,) float64.
    """
    if not _small(field, labels):
        return _plain(field, labels, bias)[0]
    log_p = np.empty((len(field), len(labels)))
    with _quiet():
        log_posteriors(log_p, _exp(field), _exp(labels), bias)
    return log_p


def posterior_and_gradient(
    field: np.ndarray, labels: np.ndarray, bias: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log p (batch, classes), and the gradient of sum_s log p(target_s) in field and in labels (in their shapes)."""
    if not _small(field, labels):
        log_p, on = _plain(field, labels, bias)
        miss = -np.exp(log_p)
        miss[np.arange(len(targets)), targets] += 1
        d_field = np.einsum("sk,skj->sj", miss, on).astype(np.float32)
        return log_p, d_field, np.einsum("sk,skj->kj", miss, on).astype(np.float32)
    log_p = np.empty((len(field), len(labels)))
    a_exp, u_exp = _exp(field), _exp(labels)
    d_field = np.empty(a_exp.shape, np.float32)
    d_labels = np.empty((CHUNKS, *u_exp.shape), np.float32)
    with _quiet():
        posterior_gradients(log_p, d_field, d_labels, a_exp, u_exp, bias, targets)
    return log_p, d_field, d_labels.sum(axis=0)


def _small(field: np.ndarray, labels: np.ndarray) -> bool:
    return max(np.max(np.abs(field), initial=0.0), np.max(np.abs(labels), initial=0.0)) < LARGEST_FIELD


def _quiet() -> np.errstate:
    """The kernels catch a product that overflows; interpreted (NUMBA_DISABLE_JIT=1) they would also warn of it."""
    return np.errstate(over="ignore")


def _exp(values: np.ndarray) -> np.ndarray:
    return np.exp(np.ascontiguousarray(values, np.float32))


def _plain(field: np.ndarray, labels: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log p and the logistic of every (row, class, hidden): no overflow whatever the weights, and no speed."""
    total = field[:, None, :].astype(np.float64) + labels
    logits = bias + np.logaddexp(0.0, total).sum(axis=2)
    top = logits.max(axis=1, keepdims=True)
    log_p = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    return log_p, sigmoid(total)
