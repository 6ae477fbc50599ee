"""What stands beside the compute of a training, each by hand."""

import math

import pytest

from revpath.energy_models.framework.beside import anchors, beside
from revpath.energy_models.records import get

FOUND = {row.name: row.found for row in beside(n_draws=2000)}


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("human annotation, RLHF", 0.5),  # three times as much beside it: a fourth is left for compute
        ("owning instead of the cloud", math.sqrt(2.35 / 1.15)),
        ("public compute (NAIRR pilot)", math.sqrt(3.77e18 * 0.4 * 365.25 * 86400 / 120)),
        ("manufacture of the GPU", 0.66 / (1e18 * 2.0501e-12 / 3.6e6 * 414)),
        ("power density", 16),
        ("energy", 0.04),
    ],
)
def test_by_hand(name, by_hand):
    found = FOUND[name].interval
    assert found.nominal == pytest.approx(by_hand, rel=5e-3)
    assert found.low < found.nominal < found.high


def test_the_seeds_anchors_are_there_and_a_rumour_is_called_one():
    sizes = {name: (year, size) for name, year, size in anchors()}
    assert sizes["PaLM"] == (2022, 5.4e11)
    assert sizes["Switch (sparse)"] == (2021, 1.6e12)
    assert sizes["BERT-Large"] == (2018, 3.4e8)
    assert sizes["GPT-4 (rumoured)"] == (2023, 1.7e12)
    assert get("anchor.gpt4").shaky
