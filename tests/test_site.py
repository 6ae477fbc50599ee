"""The pages of the site: their links lead to pages or files that exist."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
WRITTEN = [DOCS / "start.md", *sorted((DOCS / "guide").glob("*.md")), *sorted((DOCS / "howto").glob("*.md"))]


def name(path):
    return path.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("page", [*WRITTEN, *sorted(DOCS.glob("*.md"))], ids=name)
def test_links_lead_somewhere(page):
    """Pages that are made when the site is built (reference, gallery, notebooks) are taken at their word."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?:", t)]
    made = ("reference/", "gallery/", "notebooks/", "tables.md")
    missing = [
        t for t in targets if t and not t.removeprefix("../").startswith(made) and not (page.parent / t).exists()
    ]
    assert missing == []
