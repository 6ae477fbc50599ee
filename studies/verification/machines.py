"""Rows of restricted Boltzmann machines: likelihoods and errors on MNIST in software."""

from __future__ import annotations

import numpy as np

from ...ebm import RBM, DiscriminativeRBM
from ..tasks.images import load_images
from .row import Row

_SEED_OF_BITS = 1234  # of one fixed binarisation, drawn once


def binarised() -> tuple[np.ndarray, np.ndarray]:
    """All 60,000 training pictures of MNIST and the 10,000 test ones, each pixel on with its grey value, drawn once."""
    images, rng = load_images("mnist"), np.random.default_rng(_SEED_OF_BITS)
    train = np.concatenate([images.train[0], images.validation[0]])
    test = images.test[0]
    return (rng.random(train.shape) < train).astype(np.float32), (rng.random(test.shape) < test).astype(np.float32)


class SmallRBM(Row):
    name = "rbm-mnist-20"
    title = "binarised MNIST, RBM with 20 hidden units, PCD-1, exact test log-likelihood"
    source = "numpy, measured for this project; CD-1 of Salakhutdinov & Murray, ICML 2008, has about -164.5"
    unit = "nats"
    target = -144.6
    better = "higher"
    published = "-144.58 nats"
    setting = (
        "15 passes over 60,000 pictures in batches of 100, rate falling linearly from 0.1, one fixed binarisation; "
        "log Z by enumeration."
    )

    def measure(self, seed: int) -> tuple[float, dict[str, float]]:
        train, test = binarised()
        model = RBM(20, learning_rate=0.1, schedule="linear", batch_size=100, n_iter=15, random_state=seed).fit(train)
        beside = {"training nats": float(model.score_samples(train[:10_000]).mean())}
        return float(model.score_samples(test).mean()), beside


class LargeRBM(Row):
    name = "rbm-mnist-500"
    title = "binarised MNIST, RBM with 500 hidden units, annealed test log-likelihood with its gates"
    source = "Salakhutdinov & Murray, ICML 2008 (CD-25, AIS)"
    unit = "nats"
    target = -90.0
    better = "higher"
    published = "-86.34 nats"
    setting = (
        "PCD-5 for 30 passes in batches of 100, rate falling linearly from 0.05; 10,000 temperatures, 100 chains, walked "
        "back from 100 rows."
    )
    departs = "persistent chains of 5 steps in place of 25 steps from the data."

    def measure(self, seed: int) -> tuple[float, dict[str, float]]:
        train, test = binarised()
        model = RBM(500, k=5, learning_rate=0.05, schedule="linear", batch_size=100, n_iter=30, random_state=seed).fit(
            train
        )
        return float(model.log_likelihood(test, "annealed", seed=seed).mean()), {}


class Discriminative(Row):
    name = "discriminative-rbm-mnist"
    title = "MNIST, discriminative RBM with 500 hidden units"
    source = "Larochelle & Bengio, ICML 2008, table 1"
    unit = "% error"
    target = 2.0
    better = "lower"
    published = "1.81 % error"
    setting = (
        "25 passes over 55,000 pictures in batches of 10, rate falling linearly from 0.05; the last weights are judged, on "
        "10,000 pictures."
    )
    departs = "no early stopping on validation, grey values as they are."

    def measure(self, seed: int) -> tuple[float, dict[str, float]]:
        images = load_images("mnist")
        model = DiscriminativeRBM(
            500, learning_rate=0.05, schedule="linear", batch_size=10, n_iter=25, random_state=seed
        ).fit(*images.train)
        validation = 100 * model.error_rate(*images.validation)
        return 100 * model.error_rate(*images.test), {"validation %": validation}
