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


def settled(weights, biases, row, states, steps, pull=0.0, target=()):
    """States of the layers above the row after rounds of all layers at once: units are cut to [0, 1]."""
    last = len(weights) - 1
    for _ in range(steps):
        below = [list(row), *states]
        moved = []
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            field = affine(below[layer], w, b)
            if layer < last:
                above = below[layer + 2]
                field = [
                    f + sum(a * v for a, v in zip(above, fan, strict=True))
                    for f, fan in zip(field, weights[layer + 1], strict=True)
                ]
            elif target:
                field = [f + pull * (t - s) for f, t, s in zip(field, target, states[last], strict=True)]
            moved.append(cut(field))
        states = moved
    return states


def free_state(weights, biases, row, steps):
    """Settled from a pass without feedback."""
    states = []
    for w, b in zip(weights, biases, strict=True):
        states.append(cut(affine(states[-1] if states else row, w, b)))
    return settled(weights, biases, row, states, steps)


def equilibrium_propagation(weights, biases, row, target, nudging, free_steps, nudged_steps):
    """What a row asks of each weight and bias: outer products and states, nudged up less nudged down, over 2 nudging."""
    free = free_state(weights, biases, row, free_steps)
    up, down = (settled(weights, biases, row, free, nudged_steps, pull, target) for pull in (nudging, -nudging))
    outer, gaps = [], []
    for layer in range(len(weights)):
        ends = [([row, *states][layer], states[layer]) for states in (up, down)]
        (a, b), (c, d) = ends
        outer.append([[(a[i] * b[j] - c[i] * d[j]) / (2 * nudging) for j in range(len(b))] for i in range(len(a))])
        gaps.append([(high - low) / (2 * nudging) for high, low in zip(up[layer], down[layer], strict=True)])
    return outer, gaps


def energy(weights, biases, row, states):
    """Half the squares of all units, less what their couplings and biases give."""
    total = sum(s * s for state in states for s in state) / 2
    for below, state, w, b in zip([row, *states], states, weights, biases, strict=False):
        total -= sum(p * w[i][j] * s for i, p in enumerate(below) for j, s in enumerate(state))
        total -= sum(bias * s for bias, s in zip(b, state, strict=True))
    return total


def cost(weights, biases, row, target, steps):
    """Half the squared distance of the free outputs from the target."""
    return sum((t - s) ** 2 for t, s in zip(target, free_state(weights, biases, row, steps)[-1], strict=True)) / 2
