"""What the verdict hangs on: the swing of each number behind it, and the single changes that would reverse it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ...devices.base.errors import RevpathError, explain
from ...devices.base.printable import one_line, printable
from ...energy_models import flip_points, load_chip, pulse_prices, ratio_of_bills, tornado
from ...energy_models.gpu.price import BASES
from ...energy_models.prices.pricing import with_overrides
from ...energy_models.sensitivity import Flip, Swing, nominal
from ..doubts import leaning
from ..identity import strong_id
from .learn import LearningRun
from .result import KEPT, read_result, result_file, show_as_last
from .wording import plain_number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Leverage:
    """How the ratio of a stored comparison depends on its records.

    Attributes
    ----------
    quality : float
        Loss at which it is taken, in `unit`.
    ratio : float
        Joules of the rival over those of the analog EBM; above 1 the analog side wins.
    rival : str
        Name of the contender.
    swings : tuple of Swing
        The ratio with one record at its 5 % and its 95 % quantile, widest first.
    flips : tuple of Flip
        The value of one record that makes the ratio 1, all others nominal; nearest first.
    shaky : tuple of str
        Ids of the assumed or unverified records behind it, those of the device included.
    unit : str
    seeds : int
        Of the comparison; what stands here is of the first.
    undecided : bool
        Whether the interval over all seeds holds 1, so that there is no verdict to reverse.
    """

    quality: float
    ratio: float
    rival: str
    swings: tuple[Swing, ...]
    flips: tuple[Flip, ...]
    shaky: tuple[str, ...] = ()
    unit: str = "bits/char"
    seeds: int = 1
    undecided: bool = False

    def plot(self, ax: Axes, most: int = 10) -> Axes:
        """A tornado: the widest swings, and the factors that would reverse the verdict."""
        from ...energy_models.figures.tornado import plot_tornado

        ax = plot_tornado(self.swings, self.ratio, ax, flips=self.flips, most=most)
        ax.set_xlabel(f"joules of the rival over joules of the analog EBM, at {self.quality:g} {self.unit}")
        return ax


def leverage(folder: Path | str) -> Leverage:
    """Of a ``result.json`` of `revpath compare`, or of the folder that holds it.

    Raises
    ------
    RevpathError
        no readable result, that of an interrupted comparison, or one in which nothing was compared at equal quality.
    """
    path, result = result_file(folder), read_result(folder)
    try:
        runs = [LearningRun.model_validate(run) for run in result["runs"]]
        verdict, chip = result["verdict"], result["chip"]
        quality, unit = verdict["quality"], result["task"]["unit"]
        undecided = quality is not None and verdict["ratio"]["low"] < 1 < verdict["ratio"]["high"]
    except (KeyError, TypeError, ValidationError) as error:
        raise RevpathError(f"{path}: not a result of `revpath compare`: {one_line(explain(error), 200)}") from None
    if quality is None:
        raise RevpathError(f"{path}: nothing was compared at equal quality, so nothing can reverse a verdict")
    analog = next(run for run in runs if run.recipe.name == verdict["analog"])
    assert analog.recipe.hardware is not None
    cell = analog.recipe.hardware.cell()
    priced = with_overrides(load_chip(chip), pulse_prices(cell))
    theirs = _events(path, result, verdict["rival"], quality, unit)
    ours = _events(path, result, analog.recipe.name, quality, unit)
    quantity, used = ratio_of_bills(theirs, load_chip(BASES["run"]), ours, priced)
    ratio, _ = nominal(quantity, used)
    return Leverage(
        quality,
        ratio,
        verdict["rival"],
        tuple(tornado(quantity, used)),
        tuple(flip_points(quantity, 1.0, used)),
        tuple(sorted(record.id for record in {**used, **cell.records}.values() if record.shaky)),
        unit,
        len(result.get("seeds", [0])),
        undecided,
    )


def _events(path: Path, result: dict[str, Any], name: str, quality: float, unit: str) -> dict[str, float]:
    """What the bill of a contender priced at the quality compared."""
    try:
        contender = next(c for c in result["contenders"] if name in (c["name"], c["title"]))
        events = next(s for s in contender["stops"] if s["validation"] <= quality)["events"]
        return {str(full): float(amount) for full, amount in events.items()}
    except (StopIteration, KeyError, TypeError, ValueError, AttributeError):
        raise RevpathError(
            f"{path}: no events of {name!r} at {quality:g} {unit}: the result is of an earlier revpath, or not one of "
            "`revpath compare`; run it again"
        ) from None


def sentences(found: Leverage, most: int = 5) -> list[str]:
    """What to print: the widest swing, and the nearest single changes that reverse the verdict."""
    side = "the analog EBM" if found.ratio > 1 else "the rival"
    seed = f"of the first of {found.seeds} seeds, " if found.seeds > 1 else ""
    lines = [
        f"At {found.quality:g} {found.unit} the joules of {found.rival} are {plain_number(found.ratio)} times those of the analog EBM "
        f"{seed}at the stated values of all records: {side} needs less."
    ]
    if found.undecided:
        lines.append(
            "Over all seeds and records no difference is shown: there is no verdict to reverse, and this one seed is none."
        )
    for swing in found.swings[:1]:
        low, high = sorted((swing.low, swing.high))
        lines.append(
            f"The widest swing is that of {swing.record}: {plain_number(low)} to {plain_number(high)} over its 90 %."
        )
    likely = [flip for flip in found.flips if flip.likely]
    if not found.flips:
        lines.append(
            "No single number reverses that, however it is changed between a ten-thousandth and ten thousand times."
        )
    else:
        lines.append(
            f"{len(likely)} of the {len(found.swings)} uncertain numbers reverse that alone within their own 90 %."
            if likely
            else "No single number reverses that within its own 90 %."
        )
    for flip in found.flips[:most]:
        inside = "within its 90 %" if flip.likely else "outside its 90 %"
        lines.append(f"  {flip.record} at {flip.factor:.3g} times its value ({flip.value:.4g}, {inside})")
    return lines


def leverage_frame(found: Leverage) -> pd.DataFrame:
    """A row for each swing, widest first: the ratio at both ends, and the change of the record that makes it 1."""
    import pandas as pd

    flips = {flip.record: flip for flip in found.flips}
    rows = []
    for swing in found.swings:
        flip = flips.get(swing.record)
        at = (None, None, None) if flip is None else (flip.value, flip.factor, flip.likely)
        rows.append((swing.record, *sorted((swing.low, swing.high)), *at))
    heads = ["record", "ratio_low", "ratio_high", "reversing_value", "reversing_factor", "within_90_percent"]
    return pd.DataFrame(rows, columns=heads)


def run_sensitivity(folder: Path) -> list[Path]:
    """Print what the verdict of a result (its file or folder) hangs on and draw the tornado; returns the files written."""
    from matplotlib.figure import Figure

    from ...devices.base.style import save_figure, style

    found = leverage(folder)
    doubts = leaning("These swings", found.shaky)
    for line in ([doubts] if doubts else []) + sentences(found):
        print(printable(line))
    with style():
        figure = Figure(figsize=(7.0, 5.0), layout="constrained")
        found.plot(figure.subplots())
    place = result_file(folder).parent
    identity = read_result(folder).get("identity")
    own = place / KEPT / strong_id(identity) if isinstance(identity, dict) else place
    kept = own.is_dir() and own != place
    caption = " ".join(sentences(found))
    files = save_figure(figure, (own if kept else place) / "tornado", provenance="revpath sensitivity", caption=caption)
    return show_as_last(files, place) if kept else files
