"""Joules by boundary and by role, in tables and in stacked bars that tell their joules."""

import numpy as np
import pytest
from helpers.statistics import relative
from matplotlib.figure import Figure

from revpath.energy_models import PriceError, load_chip, plot_bills, price
from revpath.energy_models.figures.bills import parts
from revpath.energy_models.prices.bill import SCOPES
from revpath.energy_models.prices.vocabulary import EVENTS, ROLE_OF, ROLES

EVENTS_OF_A_RUN = {
    "array.read_energy_J": 3e-9,
    "array.busy_s": 1e-6,
    "adc.conversion{enob=8}": 1000,
    "line.drive": 500,
    "pulse.up": 100,
    "digital.sigmoid": 50,
    "sram.byte_read": 2000,
}
BILL = price(EVENTS_OF_A_RUN, load_chip("reram-32nm"))
HERMES = price(EVENTS_OF_A_RUN, load_chip("pcm-14nm-hermes"))


def test_every_component_has_one_boundary_and_one_role():
    for kind in EVENTS.values():
        same = [k for k in EVENTS.values() if k.component == kind.component]
        assert {(k.boundary, k.role) for k in same} == {(kind.boundary, kind.role)}
        assert kind.role in ROLES


def test_roles_share_the_chip_among_them():
    each = {role: BILL.attributed(role).nominal for role in ROLES}
    assert sum(each.values()) == relative(BILL.joules)
    assert each["compute"] == relative(3e-9)
    assert each["conversion"] == relative(BILL.nominal("adc") + BILL.nominal("line drive"))
    assert each["writes"] == relative(BILL.nominal("programming pulses"))
    assert all(joules > 0 for joules in each.values())
    with pytest.raises(PriceError, match=r"role = 'heat'.*compute"):
        BILL.attributed("heat")


def test_an_attributed_interval_is_that_of_the_summed_draws():
    draws = BILL.samples["adc"] + BILL.samples["line drive"]
    assert BILL.attributed("conversion").high == relative(np.quantile(draws, 0.95))


def test_the_table_by_role():
    frame = BILL.to_frame("role").set_index("role")
    assert list(frame.index) == list(ROLES)
    assert frame["share"].sum() == pytest.approx(1)


@pytest.mark.parametrize("by", ["role", "component"])
@pytest.mark.parametrize("scope", SCOPES)
def test_stacks_sum_to_their_boundary(scope, by):
    assert sum(parts(BILL, scope, by).values()) == relative(BILL.up_to(scope).nominal)


def test_the_facility_adds_what_pue_and_node_add():
    around = parts(BILL, "facility")["around the chip"]
    chip, record = load_chip("reram-32nm"), BILL.surroundings
    factor = record["node"][0].value * record["facility"][0].value
    assert around == relative(BILL.joules * (factor - 1))
    assert "around the chip" not in parts(BILL, "chip")
    assert chip.pue == record["facility"][0].id


def heights(ax) -> np.ndarray:
    bars = [c for c in ax.containers if hasattr(c, "patches")]
    return np.sum([[bar.get_height() for bar in container] for container in bars], axis=0)


def test_a_bill_is_drawn_at_its_five_boundaries():
    ax = BILL.plot(Figure().subplots())
    assert heights(ax) == relative(np.array([BILL.up_to(scope).nominal for scope in SCOPES]))
    assert [label.get_text() for label in ax.get_xticklabels()] == list(SCOPES)


def test_bills_are_drawn_side_by_side_in_joules_or_shares():
    bills = {"components": BILL, "measured": HERMES}
    ax = plot_bills(bills, Figure().subplots(), scope="node")
    assert heights(ax) == relative(np.array([b.up_to("node").nominal for b in bills.values()]))
    assert heights(plot_bills(bills, Figure().subplots(), relative=True)) == relative(np.ones(2))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(PriceError, match="bills is empty"):
        plot_bills({}, Figure().subplots())
    empty = price({}, load_chip("reram-32nm"))
    with pytest.raises(PriceError, match=r"'none' has no joules.*no shares"):
        plot_bills({"none": empty}, Figure().subplots(), relative=True)
    with pytest.raises(PriceError, match="by = 'colour'"):
        parts(BILL, by="colour")


def test_all_components_have_a_role_in_the_bill():
    assert all(component in ROLE_OF for component in BILL.components)
