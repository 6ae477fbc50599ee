"""Slow twins of rules of learning for layers: one row, one unit at a time, in Python floats."""

from __future__ import annotations

import math


def affine(state, weights, bias):
    return [bias[j] + sum(s * weights[i][j] for i, s in enumerate(state)) for j in range(len(bias))]


def cut(values):
    return [min(1.0, max(0.0, value)) for value in values]


def softmax(logits):
    powers = [math.exp(z - max(logits)) for z in logits]
    return [power / sum(powers) for power in powers]


def transposed_error(weights, biases, row, target):
    """What a row asks of each weight and bias: the outer products, and the errors, from the inputs up."""
    states = [list(row)]
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        states.append(cut(affine(states[-1], w, b)))
    p = softmax(affine(states[-1], weights[-1], biases[-1]))
    errors = [[t - q for t, q in zip(target, p, strict=True)]]
    for layer in range(len(weights) - 1, 0, -1):
        back = [sum(e * w for e, w in zip(errors[0], fan, strict=True)) for fan in weights[layer]]
        errors.insert(0, [b if 0 < s < 1 else 0.0 for b, s in zip(back, states[layer], strict=True)])
    outer = [[[s * e for e in error] for s in state] for state, error in zip(states, errors, strict=True)]
    return outer, errors


def log_likelihood(weights, biases, row, target):
    """log p of the class that is on in the target."""
    state = list(row)
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        state = cut(affine(state, w, b))
    p = softmax(affine(state, weights[-1], biases[-1]))
    return sum(t * math.log(q) for t, q in zip(target, p, strict=True))
