"""The first line of a report names every assumed or unverified record behind it, and nothing else."""

import re

import pytest

from revpath.energy_models import chip_names, load_chip
from revpath.energy_models.records import library
from revpath.studies import doubts


def ids(line):
    return re.split("records?: ", line.rstrip("."))[1].split(", ")


def test_a_report_without_doubts_says_nothing():
    assert doubts.leaning("These figures", []) == ""
    assert doubts.leaning("These figures", ["b.c", "a.b", "b.c"]) == (
        "These figures lean on 2 assumed or unverified records: a.b, b.c."
    )


def test_a_short_line_counts_all_and_names_a_few():
    many = [f"a.{n}" for n in range(9)]
    said = doubts.leaning("These figures", ["model.z", *many], whole=False)
    assert said == (
        "These figures lean on 10 assumed or unverified records: a.0, a.1, a.2, a.3 and 6 more (--doubts names all)."
    )
    assert doubts.leaning("These figures", many[:4], whole=False) == doubts.leaning("These figures", many[:4])
    assert doubts.leaning("These figures", ["a.0"]) == "These figures lean on 1 assumed or unverified record: a.0."


@pytest.mark.parametrize("name", chip_names())
def test_all_of_a_chip(name):
    found = set(ids(doubts.doubts_of_chips(name)))
    assert {r.id for r in load_chip(name).records.values() if r.shaky} <= found
    assert found <= set(ids(doubts.doubts_of_chips()))


@pytest.mark.parametrize("line", [doubts.doubts_of_gpus(), doubts.doubts_of_barrier()], ids=["gpus", "barrier"])
def test_what_is_named_is_shaky(line):
    assert all(library()[id].shaky for id in ids(line))
    assert "gpu.h100.idle" in ids(line)
    assert "gpu.h100.power" not in ids(line)
    assert line.startswith(f"These figures lean on {len(ids(line))} assumed")


def test_the_barrier_leans_on_its_budgets_and_anchors():
    assert {"budget.student", "anchor.schooling", "cost_law.round_mfu"} <= set(ids(doubts.doubts_of_barrier()))


def test_silicon_is_validated_by_figures_of_which_some_are_doubtful():
    assert "constants.temperature" in ids(doubts.doubts_of_validation())
