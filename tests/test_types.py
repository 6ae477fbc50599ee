"""What the type checker is told not to see: little, and each time with its code and a reason."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("devices", "simulator", "ebm", "energy_models", "studies", "src/revpath")
IGNORED = re.compile(r"(?:# .*:\n)?#\s*(?:type:\s*ignore|pyright:\s*ignore|pyright:\s*\w+\s*=\s*(?:false|none))\b.*")
IN_A_LINE = re.compile(r"# \w+: ignore\[[a-z-]+\]  # \w.{5,}", re.IGNORECASE)
OF_A_FILE = re.compile(r"# \w.{5,}:\n# pyright: \w+=false")  # pyright allows nothing behind it


def ignored(text: str) -> list[str]:
    """Each comment that the type checker obeys, to the end of its line, with a line before it that leads to it."""
    return [found.group() for found in IGNORED.finditer(text)]


def says_enough(comment: str) -> bool:
    """Which report it silences, and why."""
    return bool(IN_A_LINE.fullmatch(comment) or OF_A_FILE.fullmatch(comment))


def test_little_is_ignored_and_why_is_said():
    found = [
        (str(path.relative_to(ROOT)), comment)
        for room in ROOMS
        for path in sorted((ROOT / room).glob("**/*.py"))
        for comment in ignored(path.read_text(encoding="utf-8"))
    ]
    assert 0 < len(found) <= 10
    assert [(where, comment) for where, comment in found if not says_enough(comment)] == []


@pytest.mark.parametrize(
    ("line", "enough"),
    [
        ("a()  # type: ignore", False),
        ("a()  # type: ignore[arg-type]", False),
        ("import c  # pyright: ignore[reportMissingImports]", False),
        ("# pyright: reportMissingImports=false", False),
        ("import c  # type: ignore[import-not-found]  # an extra", True),
        ("# torch is an extra:\n# pyright: reportMissingImports=false", True),
    ],
)
def test_what_says_too_little_is_seen(line, enough):
    (comment,) = ignored(line)
    assert says_enough(comment) == enough
