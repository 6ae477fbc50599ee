"""Tables for other programs and for papers: JSON, CSV and LaTeX on standard output, BibTeX for sources."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from ...devices.base.record import Source

Form = Literal["table", "json", "csv", "latex"]
_LATEX = {
    **{character: rf"\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
}


def form_of(*, as_json: bool, as_csv: bool, as_latex: bool) -> Form:
    """The one form that was asked for.

    Raises
    ------
    ValueError
        more than one.
    """
    forms: dict[Form, bool] = {"json": as_json, "csv": as_csv, "latex": as_latex}
    asked: list[Form] = [form for form, given in forms.items() if given]
    if len(asked) > 1:
        raise ValueError(f"--{asked[0]} and --{asked[1]} exclude each other")
    return asked[0] if asked else "table"


def print_frame(frame: pd.DataFrame, form: Form) -> None:
    """Print a table in a form; numbers whole in JSON and CSV, with three digits in LaTeX."""
    print(framed(frame, form), end="")


def print_frames(frames: Sequence[pd.DataFrame], form: Form) -> None:
    """Tables of one kind as one; columns that only some have are empty in the others."""
    import pandas as pd

    whole = pd.concat([frame.astype(object) for frame in frames], ignore_index=True)
    print_frame(whole.infer_objects(), form)


def framed(frame: pd.DataFrame, form: Form) -> str:
    """A table as JSON (a list of rows, null where nothing is known), CSV, or a LaTeX tabular with booktabs."""
    if form == "json":
        rows = [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]
        return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    if form == "csv":
        return frame.to_csv(index=False, lineterminator="\n")
    if form == "latex":
        return _latex(frame)
    raise ValueError(f"form = {form!r} must be one of json, csv, latex")


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    item = getattr(value, "item", None)  # of NumPy's scalars
    return item() if callable(item) else value


def _latex(frame: pd.DataFrame) -> str:
    import pandas as pd

    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame]
    lines = [
        r"\begin{tabular}{" + "".join("r" if number else "l" for number in numeric) + "}",
        r"\toprule",
        " & ".join(escaped(str(name)) for name in frame) + r" \\",
        r"\midrule",
    ]
    lines += [" & ".join(_cell(value) for value in row) + r" \\" for row in frame.itertuples(index=False)]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "--"
    if isinstance(value, bool) or not isinstance(value, float):
        return escaped(str(value))
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    return rf"${mantissa} \times 10^{{{int(exponent)}}}$" if exponent else mantissa


def escaped(text: str) -> str:
    """A text in which nothing acts on LaTeX."""
    return "".join(_LATEX.get(character, character) for character in text)


def bibtex(sources: Iterable[Source]) -> str:
    """BibTeX entries of sources, by their keys; a citation stands whole in ``note``, since it was never taken apart.

    Two sources of one key, from two files, are told apart by a letter.
    """
    by_citation = {source.citation: source for source in sources}
    entries: dict[str, str] = {}
    for source in sorted(by_citation.values(), key=lambda one: (one.key, one.citation)):
        key = next(key for key in _keys(source.key) if key not in entries)
        year = re.search(r"\b(?:19|20)\d{2}\b", source.citation)
        fields = {"note": escaped(source.citation), "year": year[0] if year else "", "url": source.url}
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
        entries[key] = "@misc{" + key + ",\n" + ",\n".join(lines) + "\n}\n"
    return "\n".join(entries.values())


def _keys(key: str) -> Iterator[str]:
    yield key
    for n in count():
        yield f"{key}{ascii_lowercase[n % 26]}{n // 26 or ''}"
