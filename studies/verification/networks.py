"""Rows of networks that classify MNIST: equilibrium propagation, and arrays that were measured."""

from __future__ import annotations

from ...ebm import DeepResistiveNetwork
from ..tasks.images import load_images
from .row import Row


class DeepResistiveXS(Row):
    name = "deep-resistive-mnist-100"
    title = "MNIST, deep resistive network 784-100-10 by equilibrium propagation"
    source = "Scellier, ICML 2024, arXiv 2402.11674, with the authors' code (papers/fast-drn/drn.py, DRN-XS)"
    unit = "% error"
    target = 3.6
    better = "lower"
    published = "3.46 % error (backpropagation 3.30)"
    setting = (
        "10 passes over 55,000 pictures in batches of 4, rate 0.006 times 0.99 a pass, input gain 100, 4 rounds, nudged both "
        "ways by half of the least conductance of an output."
    )
    departs = "nudging 1.0 there; 60,000 pictures there."

    def measure(self, seed: int) -> tuple[float, dict[str, float]]:
        images = load_images("mnist")
        network = DeepResistiveNetwork((100,), random_state=seed).fit(*images.train)
        return 100 * network.error_rate(*images.test), {"training %": 100 * network.error_rate(*images.train)}
