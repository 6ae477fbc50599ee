"""Links of pages to sources: pages of the checkout name files beside the docs, which are no pages of the site.

They become text, or links where REVPATH_SOURCE_URL says where the sources can be read.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def to_sources(page: str, folder: Path) -> str:
    """The page with every link to a file of the checkout that is no page of the site turned into text or an outer link."""
    address = os.environ.get("REVPATH_SOURCE_URL", "").rstrip("/")

    def turned(found: re.Match[str]) -> str:
        target = (folder / found[2]).resolve()
        inside = target.is_relative_to(ROOT / "docs") and target.suffix in (".md", ".csv", ".ipynb")
        if inside or not target.exists() or not target.is_relative_to(ROOT):
            return found[0]
        return f"[{found[1]}]({address}/{target.relative_to(ROOT)})" if address else f"{found[1]}"

    return _LINK.sub(turned, page)


_SECTION = re.compile(r"<!-- section of (\S+): (.+?) -->")
_WHOLE = re.compile(r"<!-- all of (\S+) -->")


def with_sections(page: str) -> str:
    """The page with each ``<!-- section of FILE: HEADING -->`` filled from a page at the top, so that it is written once."""

    def section(found: re.Match[str]) -> str:
        text = (ROOT / found[1]).read_text(encoding="utf-8")
        if text.count(f"\n## {found[2]}\n") != 1:
            raise ValueError(f"{found[1]} has no section {found[2]!r}")
        return to_sources(text.partition(f"\n## {found[2]}\n")[2].partition("\n## ")[0], ROOT)

    page = _SECTION.sub(section, page)
    return _WHOLE.sub(lambda found: to_sources((ROOT / found[1]).read_text(encoding="utf-8"), ROOT), page)


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    path = Path(app.env.doc2path(docname))
    if path.suffix == ".md":
        source[0] = with_sections(to_sources(source[0], path.parent))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
