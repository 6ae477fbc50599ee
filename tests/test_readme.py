"""What the README says can be done: its example runs, its commands and options exist, its links lead somewhere."""

import json
import re
import runpy
from pathlib import Path

import pytest
import typer

from revpath.studies.commands.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")),
]
README, RESULT, TRUST = (
    (ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/result.md", "docs/trust.md")
)
OF_THE_SITE = ["docs/start.md"]  # tests/test_site_slow.py runs it
WITH_PYTHON = ["README.md", "CONTRIBUTING.md", "docs/sweeps.md"]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_two_commands_stand_there_word_for_word():
    commands = [line for block in blocks("README.md", "bash") for line in block.splitlines()]
    assert "python -m pip install -e . && revpath compare" in commands
    assert 'python -m pip install -e ".[dev]" && pytest' in commands


def test_the_first_command_comes_within_the_first_screen():
    assert len(README.partition("```bash")[0].split()) <= 150


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_python_is_run(page):
    assert bool(blocks(page, "python")) == (page in WITH_PYTHON or page in OF_THE_SITE)


@pytest.mark.jit
@pytest.mark.parametrize("page", WITH_PYTHON)
def test_the_python_examples_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = blocks(page, "python")
    assert found
    names = {"__name__": page}
    for block in found:
        exec(compile(block, page, "exec"), names)
    if page == "README.md":
        assert re.search(r"^[1-5]\.\d\d bits/char for \S+ J$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/sweeps.md"])
def test_commands_and_options_of_revpath_exist(page):
    known = typer.main.get_command(app).commands
    text = (ROOT / page).read_text(encoding="utf-8")
    calls = re.findall(r"`?revpath ([a-z]+)((?: +--?[a-z][^`&|\n]*)?)", "\n".join(_code(text)))
    assert calls
    for name, rest in calls:
        assert name in known, f"revpath {name}"
        options = {o for parameter in known[name].params for o in parameter.opts} | {"--help"}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, f"revpath {name}{rest}"


def _code(text: str) -> list[str]:
    fenced = re.findall(r"^```(?:bash|sh|text)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return fenced + re.findall(r"`([^`\n]+)`", text)


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_links_to_files_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?:", t)]
    assert [t for t in targets if t and not ((ROOT / page).parent / t).exists()] == []


def test_the_result_page_is_the_one_that_refresh_writes():
    """The sentences and the tables are made from a run's result files, never typed."""
    refresh = runpy.run_path(str(ROOT / "docs" / "refresh.py"))
    text, images, ngrams = _a_result("text", "bits/char"), _a_result("images", "% error"), [4.0781, 3.2917]
    once = refresh["with_result"](RESULT, ngrams, text, images)
    assert once.count(text["verdict"]["sentence"]) == 2
    assert once.count("> Beside it: so is that.") == 2
    assert refresh["with_result"](once, ngrams, text, images) == once
    assert _outside_result(once) == _outside_result(RESULT)
    assert "| EBM, analog | 1.23e-05 (9e-06 to 2e-05) | 3.35 |" in once
    assert "| transformer | at most 0.029 (0.02 to 0.04) | 2 |" in once
    assert "| EBM (ideal) | not reached | 3.9 |" in once
    assert "| contender | joules to 3.4 % error (90 %) | best % error |" in once
    assert once.count("1: 4.08, 2: 3.29. Order 2 is enough for the quality compared.") == 1


def test_the_headlines_of_the_readme_are_those_of_the_results():
    refresh = runpy.run_path(str(ROOT / "docs" / "refresh.py"))
    once = refresh["with_verdict"](README, _a_result("text", "bits/char"), _a_result("images", "% error"))
    assert "**Text.** In short it is so." in once
    assert "**Images.** In short it is so." in once
    said = re.search(r"<!-- verdict.*?-->\s*(.*?)\s*<!-- end of verdict -->", README, re.DOTALL)
    assert said is not None
    headlines = [" ".join(line.split()) for line in said[1].split("\n\n")]
    sentences = re.findall(r"^> (At .*)$", RESULT, re.MULTILINE)
    assert len(headlines) == len(sentences) == 2
    for headline, sentence in zip(headlines, sentences, strict=True):
        quality = re.search(r"At [\d.]+ (bits/char|% error)", headline)
        assert quality is not None
        assert sentence.startswith(quality[0])
        numbers = set(re.findall(r"\d[\d,.]*\d|\d", headline.partition("** ")[2]))
        assert numbers <= set(re.findall(r"\d[\d,.]*\d|\d", sentence))


def test_what_the_page_says_of_digital_lanes_is_what_the_results_say():
    """ "the arrays show no gain on either task": in every sentence of the page, the third ratio is no gain."""
    assert "the arrays show no gain on\n  either task" in RESULT
    third = re.findall(r"digital lanes of the chip's own node, the arrays: (.*?)\(", RESULT)
    assert len(third) == 3  # text, equilibrium EBM, layers
    assert all(said.startswith("no difference shown") or "times more" in said for said in third)


def _outside_result(text: str) -> list[str]:
    return re.split(r"<!-- result.*<!-- end of result -->", text, flags=re.DOTALL)


def _a_result(kind: str, unit: str) -> dict:
    def contender(title, examples, losses, joules):
        nominal, low, high = joules
        stops = [
            {
                "examples": n,
                "validation": loss,
                "test": loss + 0.01,
                "joules": {"nominal": nominal, "mean": nominal, "low": low, "high": high},
            }
            for n, loss in zip(examples, losses, strict=True)
        ]
        return {"title": title, "stops": stops}

    return {
        "complete": True,
        "task": {"kind": kind, "name": "moby_dick", "unit": unit},
        "seeds": [1, 2, 3],
        "chip": "reram-32nm",
        "headline": "In short it is so.",
        "verdict": {"quality": 3.4, "sentence": "At 3.4 it is so.", "warnings": []},
        "beside": [{"sentence": "so is that."}],
        "contenders": [
            contender("EBM, analog", [10, 20], [3.6, 3.35], (1.23e-5, 9e-6, 2e-5)),
            contender("transformer", [10, 20], [3.3, 2.0], (0.029, 0.02, 0.04)),
            contender("EBM (ideal)", [10], [3.9], (0.5, 0.4, 0.6)),
        ],
    }


def test_what_it_quotes_is_what_the_commands_print(capsys):
    """Sentences on how far the models can be trusted, between quotation marks after the command's name."""
    flat = " ".join(TRUST.split())
    quoted = {}
    for name in ("validate", "gpu"):
        part = flat.partition(
            f"`revpath {name}`" + (" sets each measured" if name == "validate" else ", of the power")
        )[2]
        quoted[name] = re.findall(r'"([^"]+)"', part.partition("- **")[0])
    assert [len(found) for found in quoted.values()] == [1, 2]
    for name, sentences in quoted.items():
        app([name], standalone_mode=False)
        printed = " ".join(capsys.readouterr().out.split())
        for sentence in sentences:
            assert sentence in printed


def test_the_coverage_it_states_is_the_measured_one():
    measured = json.loads((ROOT / "benchmarks/results/trace_coverage.json").read_text())["coverage"]
    held = {(case, name): found["held"] for case, numbers in measured.items() for name, found in numbers.items()}
    noise = held.pop(("soft-bounds, 8 devices", "step_noise"))
    stated = re.search(
        r"in\s+(\d+) to (\d+) %, except for the cycle noise of soft bounds fitted to eight devices: (\d+) %", TRUST
    )
    assert stated is not None
    assert [int(n) for n in stated.groups()] == [
        int(100 * x + 0.5) for x in (min(held.values()), max(held.values()), noise)
    ]
