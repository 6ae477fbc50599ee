"""The rule by which a claim is judged, at each of its boundaries."""

import pytest

from revpath.energy_models.claims.claim import AGREES, SAME, VERDICTS, Claim, Note, Step, apart, compute, judge


def near(value, *, above):
    return value * (1 + 1e-6 if above else 1 - 1e-6)


def test_without_a_factor_there_is_nothing_to_judge():
    assert judge(None, None, "none", None) == "no factor"


@pytest.mark.parametrize("basis", ["own", "memory", "independent"])
@pytest.mark.parametrize(("today", "gone"), [(0.5, True), (1.0, True), (1.001, False)])
def test_no_advantage_left_refutes_whatever_the_basis(basis, today, gone):
    assert (judge(10, 10, basis, today) == "refuted") is gone
    assert (judge(10, None, "none", today) == "refuted") is gone


@pytest.mark.parametrize("side", ["above", "below"])
@pytest.mark.parametrize("basis", ["own", "memory", "independent"])
def test_agreement_ends_at_the_tolerance_of_its_basis(basis, side):
    edge = 100 * AGREES[basis] if side == "above" else 100 / AGREES[basis]
    inside = judge(100, near(edge, above=side == "below"), basis, 5)
    outside = judge(100, near(edge, above=side == "above"), basis, 5)
    assert inside == "explained"
    assert outside == ("refuted" if basis == "own" else "not recomputable")


@pytest.mark.parametrize("side", ["above", "below"])
def test_reproduced_ends_where_todays_factor_is_another(side):
    edge = 100 * SAME if side == "above" else 100 / SAME
    assert judge(100, 90, "own", near(edge, above=side == "below")) == "reproduced"
    assert judge(100, 90, "own", near(edge, above=side == "above")) == "explained"


def test_an_interval_that_encloses_the_claim_reproduces_it():
    assert judge(100, 90, "own", 20, low=5, high=100) == "reproduced"
    assert judge(100, 90, "own", 20, low=5, high=99.9) == "explained"


@pytest.mark.parametrize("basis", ["memory", "independent"])
def test_only_numbers_that_were_read_can_reproduce(basis):
    assert judge(100, 100, basis, 100) == "explained"
    assert judge(100, 100, "own", 100) == "reproduced"


@pytest.mark.parametrize("basis", ["memory", "independent"])
def test_only_numbers_that_were_read_can_refute(basis):
    assert judge(100, 1, basis, 100) == "not recomputable"
    assert judge(100, 1, "own", 100) == "refuted"


def test_nothing_read_is_neither_reproduced_nor_explained():
    assert judge(100, None, "none", 100, low=50, high=200) == "not recomputable"
    assert judge(100, None, "none", 5) == "not recomputable"


def test_apart_is_the_larger_over_the_smaller():
    assert apart(3, 12) == apart(12, 3) == 4


def test_the_rule_is_what_the_table_prints():
    def always(value):
        return lambda take: value + 0 * take("gpu.h100.idle")

    claim = Claim(
        "C99",
        "toy",
        "toy",
        "energy",
        always(10),
        always(9),
        "own",
        steps=(Step("half", always(0.5), "chip"),),
        notes=(Note("three", always(3)),),
    )
    tested = compute(claim, {2025: always(2)}, n_draws=200)
    assert tested.verdict == judge(10, 9, "own", 5, low=5, high=5) == "reproduced"
    assert [tested.at(boundary) for boundary in ("array", "macro", "chip", "node", "facility")] == [10, 10, 5, 5, 5]
    assert tested.notes == (("three", 3),)
    assert tested.by_year == ()  # no joules an operation of its own to divide by
    assert set(VERDICTS) == {"reproduced", "explained", "refuted", "not recomputable", "no factor"}
