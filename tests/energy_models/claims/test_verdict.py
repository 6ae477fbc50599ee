"""The rule by which a claim is judged, at each of its boundaries."""

import pytest

from revpath.energy_models.claims.claim import AGREES, REASONS, SAME, VERDICTS, Claim, Note, Step, apart, compute, judge


def near(value, *, above):
    return value * (1 + 1e-6 if above else 1 - 1e-6)


def test_without_a_factor_there_is_nothing_to_judge():
    assert judge(None, None, "none", None) == "no factor"


@pytest.mark.parametrize("basis", ["own", "memory", "independent"])
@pytest.mark.parametrize(("today", "gone"), [(0.5, True), (1.0, True), (1.001, False)])
def test_no_advantage_left_is_outdated_and_not_refuted(basis, today, gone):
    assert (judge(10, 10, basis, today) == "outdated") is gone
    assert (judge(10, None, "none", today) == "outdated") is gone
    assert (judge(10, 10, basis, today, condition="one sign") == "conditional") is gone


def test_numbers_that_miss_refute_before_anything_is_outdated():
    assert judge(10, 1, "own", 0.5) == "refuted"
    assert judge(10, 1, "own", 0.5, condition="one sign") == "refuted"


@pytest.mark.parametrize("basis", ["own", "memory", "independent"])
def test_explained_needs_reasons(basis):
    assert judge(100, 90, basis, 5, reasons=near(REASONS, above=True)) == "explained"
    assert judge(100, 90, basis, 5, reasons=near(REASONS, above=False)) == "not explained"


def _toy(*steps, own=9.0, basis="own"):
    def always(value):
        return lambda take: value + 0 * take("gpu.h100.idle")

    made = tuple(Step(f"step {i}", always(value), stage, reason) for i, (value, stage, reason) in enumerate(steps))
    claim = Claim("C99", "toy", "toy", "energy", always(10.0), always(own), basis, missing="arXiv:0", steps=made)
    return compute(claim, n_draws=100)


def test_another_machine_in_place_of_the_claimed_one_explains_nothing():
    kept = _toy((0.01, "baseline", True), (0.9, "chip", False))
    put_in = _toy((0.9, "baseline", True), (0.01, "chip", False))
    assert (kept.verdict, put_in.verdict) == ("outdated", "outdated")  # 0.09 is left of both
    kept, put_in = (
        _toy((0.15, "baseline", True), (0.9, "chip", False)),
        _toy((0.9, "baseline", True), (0.15, "chip", False)),
    )
    assert (kept.verdict, put_in.verdict) == ("explained", "not explained")
    assert kept.reasons + put_in.reasons == pytest.approx(1)
    assert _toy().reasons == 1


def test_reasons_that_turn_back_do_not_count_twice():
    # a detour of 100 up and 100 down is no way at all
    assert _toy((100.0, "baseline", True), (0.01, "samples", True), (0.15, "chip", False)).reasons == pytest.approx(0)


@pytest.mark.parametrize(("own", "said"), [(20.2, True), (21.9, True), (22.5, False), (18.5, True), (18.0, False)])
def test_a_number_near_its_threshold_is_said_to_be(own, said):
    tested = _toy((0.9, "baseline", True), own=own, basis="memory")
    assert bool(tested.edges) is said
    assert all("of 2 allowed" in edge for edge in tested.edges)


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
    assert set(VERDICTS) == {
        "reproduced", "explained", "not explained", "conditional", "outdated", "refuted", "not recomputable", "no factor",
    }  # fmt: skip
