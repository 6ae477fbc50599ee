"""A toy component law, component and claim, seen in every list and table without another line."""

from dataclasses import replace

import pytest

from revpath.energy_models.claims import registry
from revpath.energy_models.claims.catalogue import claims, retest
from revpath.energy_models.claims.table import claims_table
from revpath.energy_models.components import model
from revpath.energy_models.components.laws import LAWS, Result, law
from revpath.energy_models.prices.chip import read_chip
from revpath.energy_models.prices.pricing import price


@pytest.fixture
def toy_component(monkeypatch):
    law("toy-law")(lambda part, drive: Result(drive["joules"]))
    toy = model.Component(
        name="toy.part", law="toy-law", unit="J/op", why="A toy of this test, nothing else.", spread="spread.assumed.guess",
        drivers={"joules": (0.0, 1.0)},
    )  # fmt: skip
    known = {**model.components(), "toy.part": toy}
    monkeypatch.setattr(model, "components", lambda: known)
    yield
    del LAWS["toy-law"]


def test_a_toy_component_is_listed_and_prices_an_event(toy_component):
    assert "toy.part" in model.component_names()
    chip = read_chip(
        {
            "name": "toy", "title": "A toy", "extends": "reram-32nm",
            "price": [{"event": "digital.add", "why": "A toy price.....", "terms": [{"component": "toy.part", "joules": 1e-9}]}],
        },
        "toy",
    )  # fmt: skip
    assert price({"digital.add": 2}, chip).joules == pytest.approx(2e-9, abs=0)
    with pytest.raises(ValueError, match="law 'toy-law' stands twice"):
        law("toy-law")(lambda part, drive: Result(0.0))


def test_a_toy_claim_is_in_the_catalogue_the_table_and_the_figure(monkeypatch):
    from matplotlib.figure import Figure

    from revpath.energy_models.figures.claims import plot_claims

    toy = replace(claims()[0], key="C99z", name="toy2026", title="A toy claim")
    monkeypatch.setattr(registry, "MAKERS", dict(registry.MAKERS))
    registry.publishes(lambda: (toy,))
    assert claims()[-1] is toy
    tested = retest("toy2026", n_draws=200)
    assert [t.claim.key for t in tested] == ["C99z"]
    assert list(claims_table(tested)["claim"]) == ["C99z"]
    if tested[0].published is not None and tested[0].today is not None:
        ax = plot_claims(tested, Figure().subplots())
        assert [label.get_text() for label in ax.get_yticklabels()] == ["A toy claim  C99z"]


def test_every_law_is_used_by_a_component():
    assert {component.law for component in model.components().values()} == set(LAWS)
