"""Put the result of a run of `revpath compare` into the README: ``python docs/refresh.py revpath-results``.

Copies the figure to docs/compare.png and writes the sentence and the table between two marks of README.md, so that no
figure in it is typed by hand.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from revpath.studies.baselines.ngram import ngram_bits
from revpath.studies.tasks.text import load_text

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- result: written by docs/refresh.py, do not edit -->", "<!-- end of result -->"


def with_result(readme: str, result: dict[str, Any], ngrams: Sequence[float]) -> str:
    """The README with what `result`, the content of result.json, says between the two marks.

    ngrams: validation bits per character of the interpolated n-grams of orders 1, 2, ... on the same text.
    """
    if not result["complete"]:
        raise SystemExit("the run was interrupted: run revpath compare again to complete it")
    table = _table(result)
    remarks = _remarks(result, ngrams, bounds="| at most" in table)
    block = "\n\n".join([BEGIN, f"> {result['verdict']['sentence']}", table, remarks, END])
    changed, times = re.subn(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: block, readme, flags=re.DOTALL)
    if times != 1:
        raise SystemExit(f"README.md must hold {BEGIN} and {END} once, in this order")
    return changed


def _table(result: dict[str, Any]) -> str:
    quality = result["verdict"]["bits"]
    heading = f"joules to {quality:g} bits/char (90 %)" if quality else "joules"
    rows = [f"| contender | {heading} | best bits/char |", "|---|---|---|"]
    for contender in result["contenders"]:
        best = min(stop["validation_bits"] for stop in contender["stops"])
        rows.append(f"| {contender['title']} | {_cost(contender['stops'], quality)} | {best:.3g} |")
    return "\n".join(rows)


def _cost(stops: list[dict[str, Any]], quality: float | None) -> str:
    """Joules at the first checkpoint that is good enough; an upper bound where that is the first checkpoint of all."""
    at = next((i for i, s in enumerate(stops) if quality is not None and s["validation_bits"] <= quality), None)
    if at is None:
        return "not reached"
    joules = stops[at]["joules"]
    bound = "at most " if at == 0 else ""
    return f"{bound}{joules['nominal']:.3g} ({joules['low']:.2g} to {joules['high']:.2g})"


def _remarks(result: dict[str, Any], ngrams: Sequence[float], bounds: bool) -> str:
    counting = ", ".join(f"{order}: {bits:.2f}" for order, bits in enumerate(ngrams, 1))
    quality = result["verdict"]["bits"]
    enough = next((order for order, bits in enumerate(ngrams, 1) if quality and bits <= quality), None)
    return (
        f"Made by `revpath compare` on {result['text']['name']}, seed {result['seed']}, "
        f"prices of chip `{result['chip']}`. "
        + ('"At most": the first checkpoint was already that good, so it was reached for less. ' if bounds else "")
        + f"Interpolated n-grams on the same characters, which only count, have (order: bits/char) {counting}."
        + (f" Order {enough} is enough for the quality compared." if enough else "")
    )


def main(folder: Path) -> None:
    readme = ROOT / "README.md"
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    text = load_text()
    if result["text"]["sha256"] != text.sha256:
        raise SystemExit(f"the README shows the shipped text, and this run is of {result['text']['name']!r}")
    ngrams = ngram_bits(text)["validation"].tolist()
    readme.write_text(with_result(readme.read_text(encoding="utf-8"), result, ngrams), encoding="utf-8")
    shutil.copyfile(folder / "compare.png", ROOT / "docs" / "compare.png")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python docs/refresh.py FOLDER (what revpath compare wrote)")
    main(Path(sys.argv[1]))
