"""What moves the headline, and how far: prices, schedule, lanes, chip, GPU, checkpoints, quality and seeds, each alone.

The interval of the verdict holds the records' uncertainties and nothing else. Here every other choice is made the other way, the
others as they were, and the ratio is taken again. `combined` adds all of them up, as independent factors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ...devices.base.errors import RevpathError
from ...energy_models import chip_names, load_chip, price, price_on_gpu, pulse_prices
from ...energy_models.gpu.price import BASES, Basis
from ...energy_models.gpu.small import BUSY, WAYS, many_seconds
from ...energy_models.prices.bill import Interval
from ...energy_models.prices.chip import Chip
from ...energy_models.prices.schedule import SCHEDULES, Schedule, completed
from ..baselines.rivals import Rival, RivalPoint
from .contenders import CHOSEN, SAME_NODE, by_name
from .learn import Checkpoint, LearningRun
from .verdict import Verdict
from .wording import plain_number
from .work import ebm_work

LANES = (4, 64)
"""A quarter and four times the lanes of the default chip."""
_FEW = 100  # draws of a bill of which the nominal joules are wanted
_NO_CHIPS = ("thermal-limit", *SAME_NODE)
"""Not alternatives to a chip: a limit, and rows of their own."""
NOT_VARIED = "the decay of the learning rates and the rival's own seed, which need trainings of their own"


@dataclass(frozen=True)
class Influence:
    """One choice, and the ratio of the verdict (rival over analog joules) at the ends of what it could be.

    Attributes
    ----------
    name : str
        of the choice.
    low, high : float
        of the ratio; the verdict's own is between them or one of them.
    cases : str
        what was tried.
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

    run: LearningRun
    rival: Rival
    chip: Chip

    def ratio(
        self,
        ours: Checkpoint,
        theirs: RivalPoint,
        chip: Chip | None = None,
        chosen: Schedule = CHOSEN,
        theirs_J: Callable[[dict[str, float]], float] | None = None,
    ) -> float:
        """Nominal joules of the rival over those of the analog EBM."""
        recipe, hardware = self.run.recipe, chip or self.chip
        assert recipe.hardware is not None
        work = completed(ebm_work(ours.spent(), recipe, ours.examples, chosen, "arrays"), hardware, chosen)
        bill = price(work, hardware, overrides=pulse_prices(recipe.hardware.cell()), n_draws=_FEW)
        events = self.rival.work(theirs.examples, chosen)
        return (theirs_J or _run_level)(events) / bill.joules


def influences(
    runs: Sequence[LearningRun], rivals: Sequence[Rival], chip: str, verdict: Verdict, qualities: Sequence[float]
) -> tuple[Influence, ...]:
    """Every choice with the ratios it gives, the widest first; () where nothing was compared.

    Parameters
    ----------
    runs, rivals, chip
        As they were compared.
    verdict : Verdict
        What was found.
    qualities : sequence of float
        Losses at which contenders are compared.
    """
    if verdict.quality is None or verdict.ratio is None:
        return ()
    seeds = next(seeds for seeds in by_name(runs) if seeds[0].recipe.name == verdict.analog)
    rival = next(r for r in rivals if verdict.rival == f"{r.model}-{r.name}-gpu")
    place = _Place(seeds[0], rival, load_chip(chip))
    i, j = _first(_losses(seeds[0].checkpoints), verdict.quality), _first(_losses(rival.points), verdict.quality)
    ours, theirs = seeds[0].checkpoints[i], rival.points[j]
    first = place.ratio(ours, theirs)
    whole = verdict.ratio.nominal
    scale = whole / first  # other choices are tried on the first seed

    def of(name: str, cases: Iterable[tuple[str, float]]) -> Influence:
        return _of(name, whole, ((case, scale * ratio) for case, ratio in cases))

    found = [
        Influence("prices and seeds", verdict.ratio.low, verdict.ratio.high, "90 % of the records, all seeds"),
        of("schedule", ((s.name, place.ratio(ours, theirs, chosen=s)) for s in SCHEDULES.values())),
        of("lanes", ((f"{n}", place.ratio(ours, theirs, _with_lanes(place.chip, n))) for n in LANES)),
        of("chip", _chips(place, ours, theirs)),
        of("how the GPU is used", _gpus(place, ours, theirs)),
        of("checkpoint", _neighbours(place, i, j)),
        of("quality", _qualities(place, verdict.quality, qualities)),
    ]
    if len(seeds) > 1:
        found.append(_of("seed", first, _seeds(place, seeds[1:], theirs, verdict.quality)))
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
        f"With all choices varied: the rival needs {plain_number(whole.low)} to {plain_number(whole.high)} times the energy "
        f"of the analog EBM; what matters most is the {found[0].name}."
    ]
    lines += [f"  {i.name}: {plain_number(i.low)} to {plain_number(i.high)} ({i.cases})" for i in found]
    return [*lines, f"  not varied: {NOT_VARIED}" + ("" if any(i.name == "seed" for i in found) else "; the seed")]


def _losses(points: Sequence[Checkpoint] | Sequence[RivalPoint]) -> list[float]:
    """On validation, checkpoint by checkpoint."""
    return [point.validation for point in points]


def _first(losses: Sequence[float], quality: float) -> int:
    return next(i for i, loss in enumerate(losses) if loss <= quality)


def _of(name: str, middle: float, cases: Iterable[tuple[str, float]]) -> Influence:
    tried = dict(cases)
    values = [middle, *tried.values()]
    return Influence(name, min(values), max(values), ", ".join(f"{k} {plain_number(v)}" for k, v in tried.items()))


def _run_level(events: dict[str, float]) -> float:
    return price_on_gpu(events, "run", n_draws=_FEW).joules


def _with_lanes(chip: Chip, lanes: int) -> Chip:
    assert chip.digital is not None
    return chip.model_copy(update={"digital": chip.digital.model_copy(update={"lanes": lanes})})


def _chips(place: _Place, ours: Checkpoint, theirs: RivalPoint) -> Iterable[tuple[str, float]]:
    """Other shipped chips that can price the run."""
    for name in chip_names():
        chip = load_chip(name)
        if name == place.chip.name or name in _NO_CHIPS or chip.kind != "analog" or chip.digital is None:
            continue
        try:
            yield name, place.ratio(ours, theirs, chip)
        except RevpathError:  # it does not do all that the run did
            continue


def _gpus(place: _Place, ours: Checkpoint, theirs: RivalPoint) -> Iterable[tuple[str, float]]:
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
    ours, theirs = place.run.checkpoints, place.rival.points
    if i > 0:
        yield "analog one earlier", place.ratio(ours[i - 1], theirs[j])
    if j > 0:
        yield "rival one earlier", place.ratio(ours[i], theirs[j - 1])


def _seeds(
    place: _Place, others: Sequence[LearningRun], theirs: RivalPoint, quality: float
) -> Iterable[tuple[str, float]]:
    """Other seeds of the analog EBM, by the same prices."""
    for run in others:
        ours = run.checkpoints[_first(_losses(run.checkpoints), quality)]
        yield f"{run.recipe.seed}", replace(place, run=run).ratio(ours, theirs)


def _qualities(place: _Place, quality: float, listed: Sequence[float]) -> Iterable[tuple[str, float]]:
    """The listed qualities next to that one, where both sides came to them."""
    at = listed.index(quality)
    for other in (*listed[at + 1 : at + 2], *listed[max(at - 1, 0) : at]):
        try:
            i, j = _first(_losses(place.run.checkpoints), other), _first(_losses(place.rival.points), other)
        except StopIteration:
            continue
        yield f"{other:g}", place.ratio(place.run.checkpoints[i], place.rival.points[j])
