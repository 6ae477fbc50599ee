"""What the type checker is told not to see: little, and each time with its code and a reason."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("devices", "simulator", "ebm", "energy_models", "studies", "src/revpath")
IGNORED = re.compile(r"#\s*(?:type|pyright):\s*ignore\b(.*)")
SAID = re.compile(r"\[[a-z-]+\]\s+# \w.{5,}$", re.IGNORECASE)


def ignored(text: str) -> list[str]:
    """What follows each `type: ignore` in a source."""
    return IGNORED.findall(text)


def test_little_is_ignored_and_why_is_said():
    found = {
        f"{path.relative_to(ROOT)}: {after.strip()}": after
        for room in ROOMS
        for path in sorted((ROOT / room).glob("**/*.py"))
        for after in ignored(path.read_text(encoding="utf-8"))
    }
    assert 0 < len(found) <= 10
    assert [where for where, after in found.items() if not SAID.match(after)] == []


def test_what_says_nothing_is_seen():
    assert [bool(SAID.match(after)) for after in ignored("a()  # type: ignore\nb()  # type: ignore[arg-type]")] == [
        False
    ] * 2
    assert SAID.match(ignored("import c  # type: ignore[import-not-found]  # an extra")[0])
