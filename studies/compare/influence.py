"""What moves the headline, and how far: prices, schedule, lanes, chip, GPU, checkpoints, quality and seeds, each alone.

The interval of the verdict holds the records' uncertainties and nothing else. Here every other choice is made the other way, the
others as they were, and the ratio is taken again. `combined` adds all of them up, as independent factors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ...devices.base.errors import RevpathError
from ...energy_models import chip_names, load_chip, price, price_on_gpu, pulse_prices
from ...energy_models.gpu.price import BASES, Basis
from ...energy_models.gpu.small import BUSY, WAYS, many_seconds
from ...energy_models.prices.bill import Interval
from ...energy_models.prices.chip import Chip
from ...energy_models.prices.schedule import SCHEDULES, Schedule, completed
from ..baselines.curves import Baseline, Curve, Point
from ..baselines.work import training_events
from .contenders import CHOSEN, SAME_NODE
from .learn import Checkpoint, Run
from .verdict import Verdict, plain_number
from .work import ebm_work

LANES = (4, 64)
"""A quarter and four times the lanes of the default chip."""
STEP = 0.05
"""Bits per character between two listed qualities."""
_FEW = 100  # draws of a bill of which the nominal joules are wanted
_NO_CHIPS = ("thermal-limit", *SAME_NODE)
"""Not alternatives to a chip: a limit, and rows of their own."""
NOT_VARIED = "the decay of the learning rates and the transformer's own seed, which need trainings of their own"


@dataclass(frozen=True)
class Influence:
    """One choice, and the ratio of the verdict (transformer over analog joules) at the ends of what it could be.

    name: of the choice. low, high: of the ratio; the verdict's own is between them or one of them. cases: what was tried.
    """

    name: str
    low: float
    high: float
    cases: str

    @property
    def factor(self) -> float:
        """High over low."""
        return self.high / self.low


@dataclass(frozen=True)
class _Place:
    """Where the verdict was read: one checkpoint of either side, and how both were priced."""

    run: Run
    curve: Curve
    chip: Chip

    def ratio(
        self,
        ours: Checkpoint,
        theirs: Point,
        chip: Chip | None = None,
        chosen: Schedule = CHOSEN,
        theirs_J: Callable[[dict[str, float]], float] | None = None,
    ) -> float:
        """Nominal joules of the transformer over those of the analog EBM."""
        recipe, hardware = self.run.recipe, chip or self.chip
        assert recipe.hardware is not None
        work = completed(ebm_work(ours.spent(), recipe, ours.characters, chosen, "arrays"), hardware, chosen)
        bill = price(work, hardware, overrides=pulse_prices(recipe.hardware.cell()), n_draws=_FEW)
        events = training_events(self.curve.shape, self.curve.hyper, theirs.tokens, chosen)
        return (theirs_J or _run_level)(events) / bill.joules


def influences(
    runs: Sequence[Run], baseline: Baseline | None, chip: str, verdict: Verdict, seeds: Sequence[float] = ()
) -> tuple[Influence, ...]:
    """Every choice with the ratios it gives, the widest first; () where nothing was compared.

    Parameters
    ----------
    runs, baseline, chip
        As they were compared.
    verdict : Verdict
        What was found.
    seeds : sequence of float
        Ratios of comparisons that differ in the seed alone.
    """
    if verdict.bits is None or verdict.ratio is None or baseline is None:
        return ()
    run = next(r for r in runs if r.recipe.hardware is not None and not r.recipe.hardware.changes)
    curve = next(c for c in baseline.curves if verdict.transformer == f"transformer-{c.shape.name}-gpu")
    place = _Place(run, curve, load_chip(chip))
    i, j = _first(run.checkpoints, verdict.bits), _first(curve.points, verdict.bits)
    ours, theirs = run.checkpoints[i], curve.points[j]
    middle = place.ratio(ours, theirs)
    found = [
        Influence("prices", verdict.ratio.low, verdict.ratio.high, "90 % of the records"),
        _of("schedule", middle, ((s.name, place.ratio(ours, theirs, chosen=s)) for s in SCHEDULES.values())),
        _of("lanes", middle, ((f"{n}", place.ratio(ours, theirs, _with_lanes(place.chip, n))) for n in LANES)),
        _of("chip", middle, _chips(place, ours, theirs)),
        _of("how the GPU is used", middle, _gpus(place, ours, theirs)),
        _of("checkpoint", middle, _neighbours(place, i, j)),
        _of("quality", middle, _qualities(place, verdict.bits)),
    ]
    if seeds:
        found.append(_of("seed", middle, ((f"{n + 1}", ratio) for n, ratio in enumerate(seeds))))
    return tuple(sorted(found, key=lambda influence: -influence.factor))


def combined(ratio: float, found: Iterable[Influence]) -> Interval | None:
    """The ratio with every influence taken as an independent factor: distances in logarithms add in squares. None without any."""
    each = list(found)
    if not each:
        return None
    down = math.hypot(*(math.log(ratio / min(ratio, influence.low)) for influence in each))
    up = math.hypot(*(math.log(max(ratio, influence.high) / ratio) for influence in each))
    return Interval(ratio, ratio, ratio * math.exp(-down), ratio * math.exp(up))


def sentences(ratio: float, found: Sequence[Influence]) -> list[str]:
    """What to print: the whole interval, and each influence, widest first."""
    whole = combined(ratio, found)
    if whole is None:
        return []
    lines = [
        f"With all choices varied: the transformer needs {plain_number(whole.low)} to {plain_number(whole.high)} times the energy "
        f"of the analog EBM; what matters most is the {found[0].name}."
    ]
    lines += [f"  {i.name}: {plain_number(i.low)} to {plain_number(i.high)} ({i.cases})" for i in found]
    return [*lines, f"  not varied: {NOT_VARIED}" + ("" if any(i.name == "seed" for i in found) else "; the seed")]


def _first(points: Sequence[Checkpoint] | Sequence[Point], bits: float) -> int:
    return next(i for i, point in enumerate(points) if point.validation_bits <= bits)


def _of(name: str, middle: float, cases: Iterable[tuple[str, float]]) -> Influence:
    tried = dict(cases)
    values = [middle, *tried.values()]
    return Influence(name, min(values), max(values), ", ".join(f"{k} {plain_number(v)}" for k, v in tried.items()))


def _run_level(events: dict[str, float]) -> float:
    return price_on_gpu(events, "run", n_draws=_FEW).joules


def _with_lanes(chip: Chip, lanes: int) -> Chip:
    assert chip.digital is not None
    return chip.model_copy(update={"digital": chip.digital.model_copy(update={"lanes": lanes})})


def _chips(place: _Place, ours: Checkpoint, theirs: Point) -> Iterable[tuple[str, float]]:
    """Other shipped chips that can price the run."""
    for name in chip_names():
        chip = load_chip(name)
        if name == place.chip.name or name in _NO_CHIPS or chip.kind != "analog" or chip.digital is None:
            continue
        try:
            yield name, place.ratio(ours, theirs, chip)
        except RevpathError:  # it does not do all that the run did
            continue


def _gpus(place: _Place, ours: Checkpoint, theirs: Point) -> Iterable[tuple[str, float]]:
    """The best matrix product, and one of many models at once. One model alone is a row of the table: it is another question."""
    bound: Basis = "gemm"
    yield BASES[bound], place.ratio(ours, theirs, theirs_J=lambda e: price_on_gpu(e, bound, n_draws=_FEW).joules)
    many = load_chip(WAYS["many"])
    yield (
        WAYS["many"],
        place.ratio(ours, theirs, theirs_J=lambda e: price({**e, BUSY: many_seconds(e)}, many, n_draws=_FEW).joules),
    )


def _neighbours(place: _Place, i: int, j: int) -> Iterable[tuple[str, float]]:
    """First passages lie between two checkpoints: each side's might have been at the one before."""
    ours, theirs = place.run.checkpoints, place.curve.points
    if i > 0:
        yield "analog one earlier", place.ratio(ours[i - 1], theirs[j])
    if j > 0:
        yield "transformer one earlier", place.ratio(ours[i], theirs[j - 1])


def _qualities(place: _Place, bits: float) -> Iterable[tuple[str, float]]:
    """One listed quality better and one worse, where both sides came to it."""
    for other in (round(bits - STEP, 2), round(bits + STEP, 2)):
        try:
            i, j = _first(place.run.checkpoints, other), _first(place.curve.points, other)
        except StopIteration:
            continue
        yield f"{other:g}", place.ratio(place.run.checkpoints[i], place.curve.points[j])
