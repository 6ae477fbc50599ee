"""Published advantage factors, computed again: by hand, with verdicts that follow from stated thresholds."""

import re

import numpy as np
import pytest
from revpath.energy_models import get
from revpath.energy_models.claim import OWN_TOLERANCE, SAME, Change, Claim, compute
from revpath.energy_models.claims import NO_FACTOR, claims, retest
from revpath.energy_models.claims_report import claims_table, plot_claims

TESTED = {t.claim.key.split()[0]: t for t in retest(n_draws=2000)}


def nominal(key):
    return TESTED[key].today.interval.nominal


def test_every_claim_with_a_factor_is_there():
    # section 6 of the notes: sixteen works, of which two state no factor
    assert set(TESTED) == {f"C{i}" for i in (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16)}
    assert {key for key, _ in NO_FACTOR} == {"kendall2020", "dillavou2023"}


def test_verdicts_follow_from_the_thresholds():
    for t in TESTED.values():
        gone = t.factor <= 1
        own = t.own is not None and not 1 / OWN_TOLERANCE <= t.own / t.published <= OWN_TOLERANCE
        same = 1 / SAME <= t.factor / t.published <= SAME
        assert t.verdict == ("refuted" if gone or own else "reproduced" if same else "explained")
        assert t.factor == np.median(t.today.samples)


@pytest.mark.parametrize(
    ("key", "by_hand"),
    [
        ("C1", 1e4 * (1.6e-9 / (70**2 * 2e-15)) / 490),
        ("C5", 0.2913e-12 / (52.46e-12 / 512)),
        ("C8", 173 * (0.2 + 0.1) / (3.7 + 0.9)),
        ("C9", 103 * 2.0501 * 1.3843 / (330 / 24.6)),
        ("C10", 0.2913e-12 * 837e9),
        ("C11", 2850 * 0.88106 / 47),
        ("C12", 25 * (700 / 67e12) / 9.4e-11),
        ("C13", 64e9 / (67e12 / 2 / 64)),
        ("C14", 0.2913e-12 * 12.4e12),
    ],
)
def test_todays_factor_by_hand(key, by_hand):
    assert nominal(key) == pytest.approx(by_hand, rel=5e-3)


def test_figures_of_the_notes():
    # implied sweeps 163; 84 TOPS/W is 24 times a B200 and PUMA 2.4 times worse than an H100, at 8 bits
    assert dict(TESTED["C1"].context)["sweeps a sample that its energies imply"] == pytest.approx(163, abs=1)
    assert dict(TESTED["C5"].context)["its own 84 TOPS/W over a B200"] == pytest.approx(24, abs=1)
    puma = get("claim.puma2019.efficiency").value
    assert 1 / (get("gpu.gemm.h100_fp8").value * puma) == pytest.approx(2.4, abs=0.05)


def test_column_scaling_holds_for_one_sign_and_not_for_random_signs():
    tested = TESTED["C6"]
    assert tested.own == pytest.approx(tested.published)
    assert nominal("C6") == pytest.approx(1)
    assert tested.verdict == "refuted"
    assert tested.certain


def test_changes_multiply_to_todays_factor():
    for t in TESTED.values():
        if t.claim.today is None:
            product = t.published * np.prod([factor for _, factor in t.changes])
            assert t.today.interval.nominal == pytest.approx(product)


def toy(published, today, own=None):
    def quantity(value):
        return lambda take: value + 0 * take("gpu.h100.idle")

    return compute(
        Claim("x", "x", "x", quantity(published), own and quantity(own), (Change("y", quantity(2)),), quantity(today)),
        n_draws=200,
    )


@pytest.mark.parametrize(
    ("published", "today", "own", "verdict"),
    [
        (10, 0.9, None, "refuted"),
        (10, 1.0, None, "refuted"),
        (10, 1.1, None, "explained"),
        (10, 3.4, None, "reproduced"),
        (10, 29, None, "reproduced"),
        (10, 31, None, "explained"),
        (10, 9, 4.9, "refuted"),
        (10, 9, 5.1, "reproduced"),
    ],
)
def test_thresholds(published, today, own, verdict):
    assert toy(published, today, own).verdict == verdict


def test_the_table_says_why_with_numbers():
    frame = claims_table(list(TESTED.values()))
    assert len(frame) == len(TESTED)
    for why, key in zip(frame["why"], frame["claim"], strict=True):
        assert re.search(r"\d", why), key
    assert (frame["low"] <= frame["high"]).all()
    assert all(t.sources for t in TESTED.values())
    assert set(frame["verdict"]) <= {"reproduced", "explained", "refuted"}


def test_claims_are_functions_of_records_alone():
    # every factor changes when a record behind it does: none is a constant in disguise
    for claim in claims():
        assert compute(claim, n_draws=100).today.records, claim.key


def test_figure_draws_one_row_a_claim():
    from matplotlib.figure import Figure

    ax = plot_claims(list(TESTED.values()), Figure().subplots())
    assert len(ax.get_yticks()) == len(TESTED)
    assert ax.get_xscale() == "log"
