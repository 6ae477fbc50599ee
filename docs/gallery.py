"""The gallery of the site: each figure that the project makes = picture + command + data + citation.

``python docs/gallery.py`` makes docs/devices.png, the picture of the README, from the library as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parent
_OWN = "this software (CITATION.cff); `revpath cite` names the sources of the numbers of a result"


@dataclass(frozen=True)
class Entry:
    """One figure: draw(folder) makes files there and returns the picture, and the table behind it where there is one."""

    name: str
    title: str
    command: str
    draw: Callable[[Path], list[Path]]
    about: str
    citation: str = _OWN


def _command(*arguments: str) -> Callable[[Path], list[Path]]:
    """What a command of revpath writes, run here."""

    def draw(folder: Path) -> list[Path]:
        from revpath.studies.commands.cli import app

        with redirect_stdout(StringIO()):
            app([*arguments, "--out", str(folder)], standalone_mode=False)
        return sorted(folder.iterdir())

    return draw


def _kept(*names: str) -> Callable[[Path], list[Path]]:
    """Figures and tables of long runs, kept in docs/."""

    def draw(folder: Path) -> list[Path]:
        return [Path(shutil.copy(DOCS / name, folder / Path(name).name)) for name in names]

    return draw


def _card(name: str) -> Callable[[Path], list[Path]]:
    def draw(folder: Path) -> list[Path]:
        from revpath.devices import load_device
        from revpath.devices.base.style import save_figure

        figure = cast("Figure", load_device(name).plot().figure)
        return save_figure(figure, folder / name, formats=("svg", "pdf"))

    return draw


ENTRIES = (
    Entry(
        "compare",
        "Energy of training to equal quality, text",
        "revpath compare",
        _kept("compare.png"),
        "Joules of training against bits per character of *Moby-Dick*: analog energy-based models, the same models on a GPU, "
        "transformers. Read [the result](../result.md) for the sentence and what it does not show.",
    ),
    Entry(
        "compare-digits",
        "Energy of training to equal quality, digits",
        "revpath compare",
        _kept("compare-digits.png"),
        "The same on images of digits, with MLPs as rivals.",
    ),
    Entry(
        "devices",
        "The devices of the library",
        "python docs/gallery.py",
        _kept("devices.png"),
        "One panel a cell: what pulses do to it and its key numbers. Sources stand in each device's card.",
        "the papers that `revpath devices NAME` names for each number",
    ),
    Entry(
        "card",
        "The card of one device",
        'load_device("reram-sb-gong2018").plot()',
        _card("reram-sb-gong2018"),
        "What is known of a cell, and what is not.",
        "N. Gong et al., Nature Communications 9, 2102 (2018), for the pulse response; the card names the rest",
    ),
    Entry(
        "rules",
        "Which update rule trains which device",
        "revpath rules --full",
        _kept("training_rules/rules.png", "training_rules/rules.csv"),
        "Quality and pulses per weight by rule and device; see [the page](../rules.md) for how it was made.",
    ),
    Entry(
        "claims",
        "Published advantage factors, computed again",
        "revpath claims --out claims",
        _command("claims"),
        "Each claim as published, from its own parts, and against today's baselines.",
        "each claim's own paper, named by `revpath claims NAME`",
    ),
    Entry(
        "validation",
        "Chips: model beside silicon",
        "revpath validate --out validation",
        _command("validate"),
        "Modelled energy of published workloads beside what was published.",
        "each chip's paper, named by `revpath chips NAME`",
    ),
    Entry(
        "gpu",
        "GPUs: model beside metered trainings",
        "revpath gpu --out gpu",
        _command("gpu"),
        "Energy of trainings whose power was metered, foretold with the run left out.",
        "each run's paper, named by `revpath gpu --trainings`",
    ),
    Entry(
        "barrier",
        "Who can afford to train which model",
        "revpath barrier --out barrier",
        _command("barrier"),
        "The cost law of the paper, by year and by step of the road.",
        "P. Faraboschi et al., arXiv:2404.08811 (2024)",
    ),
    *(
        Entry(study, title, f"revpath sweep {study} && revpath plot {study}", _kept(f"sweeps/{study}.svg"), about)
        for study, title, about in (
            ("array-precision", "Error of a read", "Converter, read noise and size of the array."),
            ("wire-resistance", "Resistive lines", "Error of a read through lines of finite resistance."),
            ("drift-compensation", "Drift and its compensation", "Error of a read after drift."),
            ("pulse-height-width", "Height and width of a pulse", "Which pulse trains a TiOx ReRAM cell."),
            ("which-devices-pay", "Which cells pay", "Joules over those of the cheapest transformer of that quality."),
        )
    ),
)


def write_gallery(folder: Path) -> None:
    """Draw every entry into `folder` and write its page there."""
    folder.mkdir(exist_ok=True)
    lines = ["# Gallery", "", "Every figure that the project makes: picture, command, data, citation.", ""]
    for entry in ENTRIES:
        place = folder / entry.name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        made = {path.suffix: path for path in entry.draw(place)}
        picture = made.get(".svg") or made[".png"]
        data = made.get(".csv")
        lines += [f"## {entry.title}", "", f"![{entry.title}]({entry.name}/{picture.name})", "", entry.about, ""]
        lines += [f"- Command: `{entry.command}`"]
        if data:
            lines += [f"- Data: [{data.name}]({entry.name}/{data.name})"]
        if ".pdf" in made:
            lines += [f"- For print: [{made['.pdf'].name}]({entry.name}/{made['.pdf'].name})"]
        lines += [f"- Cite: {entry.citation}", ""]
    (folder / "index.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    from revpath.devices import gallery
    from revpath.devices.base.style import save_figure

    save_figure(gallery(), DOCS / "devices", formats=("png",), dpi=110)
