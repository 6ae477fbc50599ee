"""Put the results of a run of `revpath compare` into the pages: ``python docs/refresh.py revpath-results``.

Copies the figures to docs/compare.png and docs/compare-digits.png, writes sentences and tables between two marks of docs/result.md,
and the headlines between two marks of README.md, and the counts of records and claims to docs/scope.md and docs/trust.md, so that
no figure in them is typed by hand.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from revpath.energy_models.claims.catalogue import retest
from revpath.energy_models.claims.claim import VERDICTS
from revpath.energy_models.records import library
from revpath.studies.baselines.ngram import ngram_bits
from revpath.studies.tasks.text import load_text

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- result: written by docs/refresh.py, do not edit -->", "<!-- end of result -->"
_TITLES = {"text": "Text", "images": "Images"}
_FIGURES = {"text": "compare.png", "images": "compare-digits.png"}
SAID, UNTIL = "<!-- verdict: written by docs/refresh.py, do not edit -->", "<!-- end of verdict -->"


def with_verdict(readme: str, *results: dict[str, Any]) -> str:
    """The README with the headline of each result between its two marks.

    That an interval holds 1 is said in words, and no other number is picked from it.
    """
    lines = [f"**{_TITLES[result['task']['kind']]}.** {result['headline']}" for result in results]
    return _between(readme, SAID, UNTIL, "\n\n".join(fill(line, 138) for line in lines), "README.md")


def with_result(page: str, ngrams: Sequence[float], *results: dict[str, Any]) -> str:
    """The page with what `results`, the contents of result.json, say between the two marks.

    ngrams: validation bits per character of the interpolated n-grams of orders 1, 2, ... on the same text.
    """
    parts = []
    for result in results:
        if not result["complete"]:
            raise SystemExit("the run was interrupted: run revpath compare again to complete it")
        table, kind = _table(result), result["task"]["kind"]
        parts += [
            f"## {_TITLES[kind]}: {result['task']['name']}",
            f"![Energy of training against loss]({_FIGURES[kind]})",
        ]
        parts += [f"> {said}" for said in _said(result)]
        parts += [table, _remarks(result, ngrams if kind == "text" else (), bounds="| at most" in table)]
    return _between(page, BEGIN, END, "\n\n".join(parts), "docs/result.md")


def _said(result: dict[str, Any]) -> list[str]:
    return [result["verdict"]["sentence"], *(f"Beside it: {verdict['sentence']}" for verdict in result["beside"])]


def _between(page: str, begin: str, end: str, content: str, name: str) -> str:
    block = f"{begin}\n\n{content}\n\n{end}"
    changed, times = re.subn(f"{re.escape(begin)}.*{re.escape(end)}", lambda _: block, page, flags=re.DOTALL)
    if times != 1:
        raise SystemExit(f"{name} must hold {begin} and {end} once, in this order")
    return changed


def _table(result: dict[str, Any]) -> str:
    quality, unit = result["verdict"]["quality"], result["task"]["unit"]
    heading = f"joules to {quality:g} {unit} (90 %)" if quality else "joules"
    rows = [f"| contender | {heading} | best {unit} |", "|---|---|---|"]
    for contender in result["contenders"]:
        best = min(stop["validation"] for stop in contender["stops"])
        rows.append(f"| {contender['title']} | {_cost(contender['stops'], quality)} | {best:.3g} |")
    return "\n".join(rows)


def _cost(stops: list[dict[str, Any]], quality: float | None) -> str:
    """Joules at the first checkpoint that is good enough; an upper bound where that is the first checkpoint of all."""
    at = next((i for i, s in enumerate(stops) if quality is not None and s["validation"] <= quality), None)
    if at is None:
        return "not reached"
    joules = stops[at]["joules"]
    bound = "at most " if at == 0 else ""
    return f"{bound}{joules['nominal']:.3g} ({joules['low']:.2g} to {joules['high']:.2g})"


def _remarks(result: dict[str, Any], ngrams: Sequence[float], bounds: bool) -> str:
    quality, unit, seeds = result["verdict"]["quality"], result["task"]["unit"], result["seeds"]
    said = [
        f"Made by `revpath compare`, seeds {seeds[0]} to {seeds[-1]} (the table is of the first), "
        f"prices of chip `{result['chip']}`."
    ]
    if bounds:
        said.append('"At most": the first checkpoint was already that good, so it was reached for less.')
    if ngrams:
        counting = ", ".join(f"{order}: {bits:.2f}" for order, bits in enumerate(ngrams, 1))
        enough = next((order for order, bits in enumerate(ngrams, 1) if quality and bits <= quality), None)
        said.append(f"Interpolated n-grams on the same characters, which only count, have (order: {unit}) {counting}.")
        if enough:
            said.append(f"Order {enough} is enough for the quality compared.")
    return " ".join(said)


def with_counts(page: str) -> str:
    """A page with the numbers of records and of claims as the library has them: ``N cited records``, and the claims' sentence."""
    shaky = sum(record.shaky for record in library().values())
    page = re.sub(
        r"[\d,]+ cited records \([\d,]+ of them assumed or unverified\)",
        f"{len(library()):,} cited records ({shaky:,} of them assumed or unverified)",
        page,
    )
    return re.sub(r"(?s)(- \*\*Claims\.\*\* ).*?(?=\n- \*\*)", lambda found: found[1] + _claims(), page)


def _claims() -> str:
    tested = [claim for claim in retest() if claim.published is not None]
    verdicts = Counter(claim.verdict for claim in tested)
    told = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS if verdicts[verdict])
    judged = [claim for claim in tested if claim.verdict in ("reproduced", "explained", "not explained")]
    left = [claim.today for claim in judged if claim.today is not None]
    span = f"{min(left):.2g} to {max(left):.2g}"
    words = (
        f"Of {len(tested)} published factors that `revpath claims` looks at: {told}. Against today's GPUs at full boundaries "
        f"{span} times are left of those that could be computed again and are left at all; what is not recomputable is shown "
        "at its word. Not explained: what is left is another machine's than the claimed one."
    )
    return fill(words, 138, subsequent_indent="  ")


def write_counts() -> None:
    """`with_counts` of both pages; what ``python docs/refresh.py --counts`` does alone."""
    for name in ("scope", "trust"):
        page = ROOT / "docs" / f"{name}.md"
        page.write_text(with_counts(page.read_text(encoding="utf-8")), encoding="utf-8")


def main(folder: Path) -> None:
    write_counts()
    readme, page = ROOT / "README.md", ROOT / "docs" / "result.md"
    places = {"text": folder, "images": folder / "digits"}
    results = [json.loads((place / "result.json").read_text(encoding="utf-8")) for place in places.values()]
    text = load_text()
    if results[0]["task"]["sha256"] != text.sha256:
        raise SystemExit(f"the pages show the shipped text, and this run is of {results[0]['task']['name']!r}")
    ngrams = ngram_bits(text)["validation"].tolist()
    page.write_text(with_result(page.read_text(encoding="utf-8"), ngrams, *results), encoding="utf-8")
    readme.write_text(with_verdict(readme.read_text(encoding="utf-8"), *results), encoding="utf-8")
    for kind, place in places.items():
        shutil.copyfile(place / "compare.png", ROOT / "docs" / _FIGURES[kind])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python docs/refresh.py FOLDER (what revpath compare wrote), or --counts")
    write_counts() if sys.argv[1] == "--counts" else main(Path(sys.argv[1]))
