"""The examples in the pages of the site run."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
WRITTEN = [DOCS / "start.md", *sorted((DOCS / "guide").glob("*.md")), *sorted((DOCS / "howto").glob("*.md"))]
EXAMPLES = [path for path in WRITTEN if "```python" in path.read_text(encoding="utf-8")]


def name(path):
    return path.relative_to(DOCS).as_posix()


@pytest.mark.jit
@pytest.mark.parametrize("page", EXAMPLES, ids=name)
def test_the_examples_of_a_page_run_one_after_another(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page.stem}
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        exec(compile(block, str(page), "exec"), names)
    assert "Traceback" not in capsys.readouterr().err
