"""The report: one page that holds everything, and the same as a PDF, from results that are kept and without any training."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Template
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from ...devices.base.files import results_folder, write_whole
from ...devices.base.style import save_figure
from . import results
from .figures.frontier import factors_figure, frontier_figure, robustness_figure
from .frontier import Counting, Judged, counting, envelope, factors, judged
from .multiverse import multiverse, shares
from .protocol import Protocol
from .results import Found
from .scaling import scaling
from .words import LIMITS, QUESTION, break_even, gist, objections

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COMMAND = "revpath report"
DRAWS = 2_000
"""Of the prices, for intervals."""
Told = Callable[[str], None]


@dataclass(frozen=True)
class Findings:
    """All that the report shows.

    Attributes
    ----------
    protocol : Protocol
    found : mapping of str to Found
        By task.
    judgements : mapping of str to Judged
    counted : mapping of str to Counting or None
    universes : mapping of str to DataFrame
    runs : DataFrame
        The table of runs.
    """

    protocol: Protocol
    found: Mapping[str, Found]
    judgements: Mapping[str, Judged]
    counted: Mapping[str, Counting | None]
    universes: Mapping[str, pd.DataFrame]
    runs: pd.DataFrame

    def unit(self, task: str) -> str:
        """Of the losses of a task."""
        return "% error" if self.protocol.tasks[task].source.kind == "images" else "bits/char"


@dataclass(frozen=True)
class Picture:
    """A figure of the report: name of its files, caption, and itself."""

    name: str
    caption: str
    figure: Figure


def findings(protocol: Protocol, runs: pd.DataFrame, told: Told | None = None) -> Findings:
    """Price and judge what was found; tasks of which nothing is complete are left out, and named by `gist`.

    Parameters
    ----------
    protocol : Protocol
    runs : DataFrame
        Of `revpath.studies.equal_quality.results.read`.
    told : callable, optional
        Is told which task is at work.
    """
    of = {name: found for name, found in results.found(protocol, runs).items() if found.runs}
    judgements, counted, universes = {}, {}, {}
    for name, found in of.items():
        if told:
            told(protocol.tasks[name].title)
        counted[name] = counting(protocol.tasks[name])
        judgements[name] = judged(protocol, name, found, counted=counted[name], n_draws=DRAWS)
        universes[name] = multiverse(protocol, name, found)
    return Findings(protocol, of, judgements, counted, universes, runs)


def pictures(all_of_it: Findings) -> list[Picture]:
    """The figures, in the order of the report."""
    titles = {name: task.title for name, task in all_of_it.protocol.tasks.items()}
    units = {name: all_of_it.unit(name) for name in all_of_it.judgements}
    out = [
        Picture(
            "factors",
            "The whole ratio and its factors at every quality that both sides come to; bars are 90 % intervals over prices and seeds.",
            factors_figure(factors(all_of_it.judgements), titles, units),
        )
    ]
    for name, judgement in all_of_it.judgements.items():
        counted = all_of_it.counted[name]
        caption = (
            f"{titles[name]}: joules of training of the cheapest contender of each side that comes to the quality with every "
            "seed; bars span the 90 % intervals of the prices over all seeds."
        )
        picture = frontier_figure(envelope(judgement), titles[name], units[name], counted)
        out.append(Picture(f"frontier-{name}", caption, picture))
        hardest = {family: judgement.hardest(family) for family in judgement.families}
        table = all_of_it.universes[name]
        kept = table.loc[[hardest[f] == q for f, q in zip(table["family"], table["quality"], strict=True)]]
        if len(kept["ratio"].dropna()):
            caption = (
                f"{titles[name]}: every universe (a chip, a schedule of digital work, a seed; colour and row are the chip) as a "
                "point, at the hardest quality that both sides come to with every seed."
            )
            out.append(Picture(f"robustness-{name}", caption, robustness_figure(kept, titles[name])))
    return out


def write(all_of_it: Findings, folder: Path | str) -> list[Path]:
    """Write ``report.html``, ``report.pdf``, the figures and the tables into a folder.

    Parameters
    ----------
    all_of_it : Findings
    folder : path

    Returns
    -------
    list of Path
    """
    folder = results_folder(folder)
    drawn = pictures(all_of_it)
    provenance = f"{COMMAND}, protocol {all_of_it.protocol.digest}"
    written = [
        path
        for picture in drawn
        for path in save_figure(picture.figure, folder / picture.name, provenance=provenance, caption=picture.caption)
    ]
    for name, table in tables(all_of_it).items():
        path = folder / f"{name}.csv"
        write_whole(path, table.to_csv(index=False).encode())
        written.append(path)
    page = folder / "report.html"
    write_whole(page, _page(all_of_it, drawn).encode())
    return [page, _pdf(all_of_it, drawn, folder / "report.pdf"), *written]


def tables(all_of_it: Findings) -> dict[str, pd.DataFrame]:
    """The tables of the report, by name."""
    out = {"factors": factors(all_of_it.judgements), "runs": run_table(all_of_it.runs)}
    for name, judgement in all_of_it.judgements.items():
        out[f"frontier-{name}"] = envelope(judgement)
        out[f"robustness-{name}"] = shares(all_of_it.universes[name])
        out[f"scaling-{name}"] = scaling(judgement)
    return out


def run_table(runs: pd.DataFrame) -> pd.DataFrame:
    """What the runs took, by task and contender: how many, seconds, and the losses they came to."""
    import pandas as pd

    groups = runs.groupby(["task", "side", "name"], sort=False)
    out = groups.agg(
        runs=("seed", "size"),
        seconds=("seconds", "sum"),
        parameters=("parameters", "first"),
        validation=("validation", "mean"),
        spread=("validation", lambda losses: losses.max() - losses.min()),
        test=("test", "mean"),
    )
    return pd.DataFrame(out.reset_index())


# -- the page ------------------------------------------------------------------------------------------------------------


def _template() -> Template:
    return Template(files("revpath.studies.equal_quality").joinpath("report.html").read_text(encoding="utf-8"))


def _page(all_of_it: Findings, drawn: Sequence[Picture]) -> str:
    title = "Joules of training at equal quality: energy-based models on analog arrays against a GPU"
    return _template().substitute(title=html.escape(title), body="\n".join(_body(all_of_it, drawn, title)))


def _body(all_of_it: Findings, drawn: Sequence[Picture], title: str) -> Iterator[str]:
    protocol = all_of_it.protocol
    yield f"<h1>{html.escape(title)}</h1>"
    yield f"<p>{html.escape(QUESTION)}</p>"
    yield "<h2>What is shown</h2>"
    yield "".join(f'<p class="said">{html.escape(line)}</p>' for line in gist(all_of_it.judgements, all_of_it.counted))
    yield f"<p>{html.escape(break_even(all_of_it.judgements))}</p>"
    left = {name: found.missing for name, found in all_of_it.found.items() if found.missing}
    absent = [task.title for name, task in protocol.tasks.items() if name not in all_of_it.found]
    if left or absent:
        words = [f"{protocol.tasks[name].title}: {', '.join(names)}" for name, names in left.items()]
        words += [f"{title}: nothing" for title in absent]
        yield "<p><b>Not complete.</b> Not every seed is there of these contenders, so they are not judged: "
        yield f"{html.escape('; '.join(words))}.</p>"
    yield "<h2>Figures</h2>"
    for picture in drawn:
        yield _figure(picture)
    yield "<h2>Factors</h2>"
    yield "<p>Joules of the other side over those of the analog side: above 1 the analog side needs less. 90 % intervals.</p>"
    yield _html_table(_short_factors(all_of_it))
    yield "<h2>How robust</h2>"
    yield "<p>Shares of universes: chips that price the runs, schedules, seeds, ways to use the GPU; prices as they are stated.</p>"
    for name in all_of_it.judgements:
        yield _folded(protocol.tasks[name].title, _html_table(shares(all_of_it.universes[name])))
    yield "<h2>Scaling</h2>"
    yield "<p>Along a frontier the loss falls as joules to the minus exponent; 90 % over seeds. arXiv 2609.36584 has 0.231 on "
    yield "analog hardware and 0.238 digitally, of language over parameters: other axes, so no test of these.</p>"
    for name, judgement in all_of_it.judgements.items():
        yield _folded(protocol.tasks[name].title, _html_table(scaling(judgement)))
    yield "<h2>Ten objections</h2><ol>"
    yield "".join(
        f"<li><b>{html.escape(asked)}</b> {html.escape(answer)}</li>" for asked, answer in objections(all_of_it)
    )
    yield "</ol><h2>Limits</h2><ul>"
    yield "".join(f"<li>{html.escape(limit)}</li>" for limit in LIMITS)
    yield "</ul><h2>Protocol</h2>"
    yield f"<p>Digest <code>{protocol.digest}</code>; seeds {', '.join(map(str, protocol.seeds))}; chip <code>{protocol.chip}</code>; "
    yield f"schedule <code>{protocol.schedule}</code>. First passage is on validation data, quality on test data is that of the same "
    yield "checkpoint. Trials in which settings were chosen:</p>"
    yield _html_table(_tuning(protocol))
    yield "<h2>Runs</h2>"
    hours = float(np.sum(all_of_it.runs["seconds"].to_numpy())) / 3600
    yield f"<p>{len(all_of_it.runs)} runs, {hours:.1f} hours of single cores that had other work as well; no meter was there, "
    yield "so the study's own joules are not known.</p>"
    yield _folded("All contenders", _html_table(run_table(all_of_it.runs)))


def _figure(picture: Picture) -> str:
    raw = BytesIO()
    picture.figure.savefig(raw, format="svg", metadata={"Date": None})
    data = base64.b64encode(raw.getvalue()).decode()
    caption = html.escape(picture.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/svg+xml;base64,{data}"><figcaption>{caption} '
        f"<code>{COMMAND}</code> makes {picture.name}.pdf.</figcaption></figure>"
    )


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{html.escape(title)}</summary>{content}</details>"


def _html_table(table: pd.DataFrame) -> str:
    if table.empty:
        return "<p>Nothing.</p>"
    return (
        f'<div class="wide">{table.to_html(index=False, border=0, na_rep="", float_format=lambda x: f"{x:.3g}")}</div>'
    )


def _short_factors(all_of_it: Findings) -> pd.DataFrame:
    import pandas as pd

    table = factors(all_of_it.judgements)
    out = pd.DataFrame({name: table[name] for name in ("task", "family", "quality")})
    for name, words in (
        ("ratio", "whole"),
        ("algorithm", "model, both on GPU"),
        ("hardware", "arrays over GPU"),
        ("same_node", "arrays over lanes"),
        ("ratio_bound", "whole, best product"),
    ):
        triples = zip(*(table[name + end].to_numpy() for end in ("", "_low", "_high")), strict=True)
        out[words] = [f"{x:.2g} ({low:.2g} to {high:.2g})" if x == x else "" for x, low, high in triples]
    out["analog J"], out["test"] = table["joules"], table["test"]
    return out


def _tuning(protocol: Protocol) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"family": family, "trials": t.trials, "examples each": t.examples, "examples in all": t.trials * t.examples}
        for family, t in protocol.tuning.items()
    ]
    return pd.DataFrame(rows)


# -- the PDF -------------------------------------------------------------------------------------------------------------


def _pdf(all_of_it: Findings, drawn: Sequence[Picture], path: Path) -> Path:
    """Words on the first pages, then a figure a page."""
    from matplotlib.backends.backend_pdf import PdfPages

    raw = BytesIO()
    metadata: dict[str, Any] = {"CreationDate": None, "ModDate": None, "Title": "Joules of training at equal quality"}
    with PdfPages(raw, metadata=metadata) as pages:
        for page in _pages_of_words(all_of_it):
            pages.savefig(page)
        for picture in drawn:
            pages.savefig(picture.figure, bbox_inches="tight", pad_inches=0.4)
    write_whole(path, raw.getvalue())
    return path


_LINES, _COLUMNS = 62, 92


def _pages_of_words(all_of_it: Findings) -> Iterator[Figure]:
    from matplotlib.figure import Figure

    from ...devices.base.style import style

    words = ["Joules of training at equal quality", "", fill(QUESTION, _COLUMNS), ""]
    for line in gist(all_of_it.judgements, all_of_it.counted):
        words += [fill(line, _COLUMNS), ""]
    words += [fill(break_even(all_of_it.judgements), _COLUMNS), "", "Objections", ""]
    words += [fill(f"{n}. {asked} {answer}", _COLUMNS) for n, (asked, answer) in enumerate(objections(all_of_it), 1)]
    words += ["", "Limits", "", *(fill(f"- {limit}", _COLUMNS) for limit in LIMITS)]
    words += ["", f"Protocol {all_of_it.protocol.digest}; {len(all_of_it.runs)} runs; {COMMAND} makes this from them."]
    lines = "\n".join(words).split("\n")
    for first in range(0, len(lines), _LINES):
        with style():
            page = Figure(figsize=(8.27, 11.69))
            text = "\n".join(lines[first : first + _LINES])
            page.text(0.1, 0.94, text, va="top", fontsize=9, linespacing=1.35, parse_math=False)
        yield page
