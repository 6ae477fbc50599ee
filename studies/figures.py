"""Figures: pure functions from results to matplotlib figures, colour-blind safe, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .verdict import Contender, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design" (2008); lines also differ in marker and dash
_BLUE, _ORANGE, _GREEN, _VERMILION, _PURPLE, _GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#666666"
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "revpath",
    "savefig.dpi": 200,
}


def compare_figure(contenders: Sequence[Contender], verdict: Verdict, ngram_bits: float, text_name: str) -> Figure:
    """Joules of training against exact bits per character, every contender, with the n-gram line."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 5.0), layout="constrained")
        plot_energy_curves(contenders, ngram_bits, figure.subplots())
        figure.axes[0].set_title(_headline(verdict, text_name), fontsize=9, loc="left", wrap=True)
    return figure


def plot_energy_curves(contenders: Sequence[Contender], ngram_bits: float, ax: Axes) -> Axes:
    """Draw the curves on `ax` and return it. Bands are 90 % intervals of the prices; dashes are lower bounds."""
    looks = _looks(contenders)
    for c in contenders:
        if not c.stops:
            continue
        joules = np.array([s.bill.joules for s in c.stops])
        bits = np.array([s.validation_bits for s in c.stops])
        bound = c.kind == "gpu-bound"
        colour, marker = looks[c.name]
        ax.plot(
            joules,
            bits,
            color=colour,
            marker=None if bound else marker,
            markersize=3.5,
            linewidth=1.0 if bound else 1.5,
            linestyle=":" if bound else ("-." if c.hypothetical else "-"),
            label=None if bound else c.title,
            markerfacecolor="white" if c.hypothetical else colour,
        )
        if c.kind == "analog":
            intervals = [s.bill.interval() for s in c.stops]
            ax.fill_betweenx(
                bits, [i.low for i in intervals], [i.high for i in intervals], color=colour, alpha=0.15, lw=0
            )
    ax.plot([], [], color=_GREY, linestyle=":", label="same, at the best-GEMM lower bound")
    ax.set_xscale("log")
    ax.set_xlabel("energy of training (J), chip or GPU")
    ax.set_ylabel("exact bits per character (validation)")
    ax.axhline(ngram_bits, color="black", linewidth=1, linestyle="--")
    ax.annotate(
        f"Witten-Bell 6-gram, {ngram_bits:.2f}: above this line, a small-model regime",
        (0.01, ngram_bits),
        xycoords=("axes fraction", "data"),
        xytext=(0, -3),
        textcoords="offset points",
        va="top",
        fontsize=8,
    )
    ax.set_ylim(bottom=ngram_bits - 0.2)
    ax.grid(alpha=0.25, which="major")
    ax.legend(fontsize=8, frameon=False, loc="upper right")
    return ax


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write `stem`.pdf and `stem`.png without dates, so that the same result gives the same bytes."""
    paths = []
    for ending, metadata in (("pdf", {"CreationDate": None, "ModDate": None}), ("png", {"Software": None})):
        path = stem.with_suffix(f".{ending}")
        figure.savefig(path, metadata=metadata)
        paths.append(path)
    return paths


def _headline(verdict: Verdict, text_name: str) -> str:
    where = f"{text_name}, 27 symbols: "
    if verdict.bits is None or verdict.ratio is None:
        return where + verdict.sentence
    r = verdict.ratio
    side = "less" if r.nominal >= 1 else "more"
    factor = r.nominal if r.nominal >= 1 else 1 / r.nominal
    head = f"{where}at {verdict.bits:g} bits/char the analog EBM needs {factor:.2g}x {side} energy than the transformer"
    if verdict.not_reached:
        head += f"\nand does not reach {max(verdict.not_reached):g} or below"
    return head


def _looks(contenders: Sequence[Contender]) -> dict[str, tuple[str, str]]:
    """Colour and marker by contender; a lower bound takes the colour of its curve."""
    looks: dict[str, tuple[str, str]] = {}
    analog = iter([(_VERMILION, "o"), (_ORANGE, "o"), (_PURPLE, "o")])
    transformer = iter([(_BLUE, "s"), ("#56B4E9", "D"), (_PURPLE, "v")])
    for c in contenders:
        stem = c.name.removesuffix("-bound")
        if stem in looks:
            looks[c.name] = looks[stem]
        elif c.kind == "analog":
            looks[c.name] = next(analog, (_GREY, "x"))
        elif c.model == "transformer":
            looks[c.name] = next(transformer, (_GREY, "x"))
        else:
            looks[c.name] = (_GREEN, "^")
    return looks
