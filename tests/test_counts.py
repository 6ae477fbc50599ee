"""The counts that the pages state are those of the library: docs/refresh.py writes them, and nobody types them."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("page", ["scope", "trust"])
def test_the_pages_state_what_the_library_has(page):
    with_counts = runpy.run_path(str(ROOT / "docs" / "refresh.py"))["with_counts"]
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert with_counts(text) == text, "the counts are stale: python docs/refresh.py --counts writes them"


def test_a_stale_count_is_written_anew():
    with_counts = runpy.run_path(str(ROOT / "docs" / "refresh.py"))["with_counts"]
    stale = "1 cited records (0 of them assumed or unverified)"
    assert with_counts(stale) != stale
    assert with_counts("nothing to count") == "nothing to count"
