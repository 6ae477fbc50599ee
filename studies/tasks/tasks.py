"""The two tasks of the study of update rules: what is learned, from which data, and how well it was learned, exactly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ...devices import Device
from ...ebm import RBM, ConditionalRBM
from ...ebm.synapses.analog import trained_synapses
from ...simulator import ADC, DAC, ArrayConfig, Events
from ...simulator.rules import RuleConfig
from .text import load_text

Size = Literal["fast", "small", "full"]
Judged = tuple[float, float, int, Events]
"""Quality on the validation data and on the test data, weights of the model, events of its training."""

_BITS = 8  # of all converters
_DIGITS_MAX = 3.0  # weight of a full conductance difference
_DIGITS_RANGE = 4.0  # range of the ADC, in such weights: sums of up to 64 inputs
_CONTEXT_MAX, _LABEL_MAX = 3.0, 1.0  # as in `recipes.Hardware`
_CONTEXT, _BATCH, _SCORED = 2, 64, 4_000


@dataclass(frozen=True)
class TaskKind:
    """What a task is: unit of its quality, updates of an array for one gradient, and the reference that needs no weights."""

    title: str
    unit: str
    higher_is_better: bool
    updates_per_gradient: int
    learn: Callable[[str | Device | None, Any, float, int, Size], Judged]
    data_sha256: Callable[[], str]
    baseline: Callable[[], float]
    baseline_name: str


def quality_of(
    task: str, device: str | Device | None, rule: RuleConfig | None, rate: float, seed: int, size: Size
) -> Judged:
    """Train the model of `task` and judge its stored weights; device and rule None for ideal digital synapses."""
    return TASKS[task].learn(device, rule, rate, seed, size)


# -- digits ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Binarised 8 x 8 digits of scikit-learn: 1200 to train, 297 to validate, 300 to test."""
    from sklearn.datasets import load_digits

    pixels = np.asarray(load_digits(return_X_y=True)[0])
    rows = (pixels > 8).astype(np.float32)[np.random.default_rng(0).permutation(len(pixels))]
    return rows[:1200], rows[1200:1497], rows[1497:]


_DIGITS_SIZE = {"fast": (200, 2, 8), "small": (1200, 12, 16), "full": (1200, 50, 20)}  # images, passes, hidden units


def _learn_digits(device: str | Device | None, rule: Any, rate: float, seed: int, size: Size) -> Judged:
    images, passes, hidden = _DIGITS_SIZE[size]
    train, validation, test = _digits()
    synapses = None
    if device is not None:
        config = ArrayConfig(
            device,
            weight_max=_DIGITS_MAX,
            dac=DAC(bits=_BITS),
            adc=ADC(bits=_BITS, y_max=_DIGITS_RANGE * _DIGITS_MAX),
        )
        synapses = trained_synapses(rule, config, seed)
    model = RBM(
        hidden,
        learning_rate=rate,
        schedule="linear",
        batch_size=20,
        n_iter=passes,
        synapses=synapses,
        random_state=seed,
    ).fit(train[:images])
    return (
        float(model.log_likelihood(validation).mean()),
        float(model.log_likelihood(test).mean()),
        train.shape[1] * hidden,
        model.events_,
    )


def _independent_pixels() -> float:
    """Test log-likelihood of pixels that are independent: what an RBM without weights reaches."""
    train, _, test = _digits()
    p = (train.sum(axis=0) + 0.5) / (len(train) + 1)
    return float((test * np.log(p) + (1 - test) * np.log1p(-p)).sum(axis=1).mean())


# -- text --------------------------------------------------------------------------------------------------------------

_TEXT_SIZE = {"fast": (1_280, 8), "small": (25_600, 32), "full": (128_000, 64)}  # characters, hidden units
_TEXT_RATES = (10.0, 0.2, 2.0)  # context, labels, biases at a factor of 1: of the ideal model in `recipes`


def _learn_text(device: str | Device | None, rule: Any, rate: float, seed: int, size: Size) -> Judged:
    characters, hidden = _TEXT_SIZE[size]
    text = load_text()
    synapses = None
    if device is not None:
        configs = [
            ArrayConfig(device, weight_max=largest, dac=DAC(bits=_BITS), adc=ADC(bits=_BITS, y_max=reach * largest))
            for largest, reach in ((_CONTEXT_MAX, float(_CONTEXT)), (_LABEL_MAX, 1.0))
        ]
        synapses = trained_synapses(rule, configs, seed)
    context, label, bias = _TEXT_RATES
    model = ConditionalRBM(
        hidden,
        learning_rate=context * rate,
        label_learning_rate=label * rate,
        bias_learning_rate=bias,
        batch_size=_BATCH,
        synapses=synapses,
        random_state=seed,
    )
    order = np.random.default_rng(seed).permutation(np.arange(_CONTEXT, len(text.train)))[:characters]
    slices = np.array_split(order, max(1, characters // (8 * _BATCH)))
    for n, positions in enumerate(slices):
        model.partial_fit(*_contexts(text.train, positions), slowdown=1 / (1 - 0.95 * n / len(slices)))
    events = model.events_
    scores = []
    for split in (text.validation, text.test):
        scores.append(model.bits_per_symbol(*_contexts(split, np.arange(_CONTEXT, _CONTEXT + _SCORED)), stored=True))
    weights = (_CONTEXT + 1) * len(text.symbols) * hidden
    return scores[0], scores[1], weights, events


def _contexts(codes: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, context) symbols before each position, the nearest first, and the symbols there."""
    return codes[positions[:, None] - 1 - np.arange(_CONTEXT)].astype(np.int64), codes[positions].astype(np.int64)


def _unigram() -> float:
    """Test bits per character from the frequencies of single characters: what a model without weights reaches."""
    text = load_text()
    p = (np.bincount(text.train, minlength=len(text.symbols)) + 1.0) / (len(text.train) + len(text.symbols))
    return float(-np.log2(p[text.test[_CONTEXT : _CONTEXT + _SCORED]]).mean())


TASKS: dict[str, TaskKind] = {
    "digits": TaskKind(
        title="RBM on 8 x 8 digits",
        unit="nats",
        higher_is_better=True,
        updates_per_gradient=2,
        learn=_learn_digits,
        data_sha256=lambda: hashlib.sha256(b"".join(part.tobytes() for part in _digits())).hexdigest(),
        baseline=_independent_pixels,
        baseline_name="independent pixels",
    ),
    "text": TaskKind(
        title="conditional RBM on text",
        unit="bits/character",
        higher_is_better=False,
        updates_per_gradient=1,
        learn=_learn_text,
        data_sha256=lambda: load_text().sha256,
        baseline=_unigram,
        baseline_name="character frequencies",
    ),
}
