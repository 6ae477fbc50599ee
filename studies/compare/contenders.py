"""Every learning curve priced on every piece of hardware that can run it, all by the same rules.

A contender is events, a schedule and a chip. Its digital work takes time, leaks, fetches instructions and moves bytes as the
schedule says (`revpath.energy_models.prices.schedule`); the transformer's element-wise work, optimizer, averages and text are
counted as the EBM's are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ...devices.base.record import Record
from ...energy_models import Bill, get, load_chip, price, pulse_prices
from ...energy_models.gpu.price import BASES, Basis
from ...energy_models.gpu.small import BUSY, WAYS, alone_seconds, many_seconds, run_seconds
from ...energy_models.prices.schedule import SCHEDULES, Schedule, completed, seconds
from ..baselines.rivals import Rival, RivalPoint
from .learn import Checkpoint, LearningRun
from .work import Place, ebm_work

CHIP = "reram-32nm"
SAME_NODE = ("reram-digital-7nm", "reram-digital-5nm")
"""The default chip with all that shrinks at the GPU's node."""
TWIN, OLD_GPU = "digital-32nm", "h100-at-32nm"
"""The EBM without arrays, and the GPU, at the node of the default chip."""
CHOSEN = SCHEDULES["register-tile"]
N_DRAWS = 10_000
_JUDGED = ("analog", "gpu")
"""Kinds whose other seeds are priced: those that a verdict is made of; of the others the first stands for all."""
_SEED = 0


@dataclass(frozen=True)
class Pricing:
    """How all contenders are priced: one schedule of digital work, and so many draws of the prices."""

    schedule: Schedule
    n_draws: int


@dataclass(frozen=True)
class Stop:
    """A contender at one checkpoint.

    Attributes
    ----------
    examples : int
        Seen so far.
    validation, test : float
        Losses, in the unit of the task.
    bill : Bill
        So far.
    events : mapping
        What the bill prices, completed.
    seconds : float or None
        How long that takes on the hardware; None where nothing says so.
    """

    examples: int
    validation: float
    test: float
    bill: Bill
    events: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class Contender:
    """A learning curve priced on one piece of hardware.

    Attributes
    ----------
    name, title : str
    model : str
        What it is: the family of our own, or the rival that they are compared with.
    kind : str
        "analog", "gpu" (run-level energy), "gpu-bound" (best matrix product: a lower bound), "gpu-many" and "gpu-alone" (what
        small models cost on a real one), and "same-node".
    parameters : int
    stops : tuple of Stop
        Of the first seed.
    hypothetical : bool
        Its device or its chip does not exist.
    shaky : tuple of str
        Ids of the assumed or unverified records of its prices and its device.
    again : tuple of tuple of Stop
        The same with other seeds.
    ours : bool
        Whether it is no rival.
    """

    name: str
    title: str
    model: str
    kind: str
    parameters: int
    stops: tuple[Stop, ...]
    hypothetical: bool = False
    shaky: tuple[str, ...] = ()
    again: tuple[tuple[Stop, ...], ...] = ()
    ours: bool = True

    def first_at(self, loss: float) -> Stop | None:
        """The first checkpoint at or below `loss` on validation: no interpolation, no look ahead at the test."""
        return _first(self.stops, loss)

    def passages(self, loss: float) -> tuple[Stop, ...]:
        """`first_at` of every seed; () where one of them does not come to it."""
        found = [_first(stops, loss) for stops in (self.stops, *self.again)]
        return tuple(stop for stop in found if stop is not None) if all(found) else ()

    def compared_at(self, loss: float | None) -> Stop:
        """The first checkpoint at or below `loss`, or the best one where it did not come to that."""
        return (self.first_at(loss) if loss is not None else None) or self.best

    def passed_unseen(self, loss: float) -> bool:
        """Whether a first checkpoint was at or below `loss` already: then it took at most what that had taken."""
        return any(bool(stops) and stops[0].validation <= loss for stops in (self.stops, *self.again))

    @property
    def best(self) -> Stop:
        return min(self.stops, key=lambda s: s.validation)


def _first(stops: Sequence[Stop], loss: float) -> Stop | None:
    return next((s for s in stops if s.validation <= loss), None)


def contenders(
    runs: Sequence[LearningRun],
    rivals: Sequence[Rival],
    chip: str = CHIP,
    chosen: Schedule = CHOSEN,
    n_draws: int = N_DRAWS,
) -> list[Contender]:
    """Every curve on every hardware that can run it, by one schedule.

    Parameters
    ----------
    runs : sequence of LearningRun
        Of the EBM; those of one name differ in the seed alone.
    rivals : sequence of Rival
        What they are compared with.
    chip : str
        That prices the arrays.
    chosen : Schedule
        Of all digital work, on either side.
    n_draws : int
        Of the prices, for intervals.
    """
    how = Pricing(chosen, n_draws)
    out: list[Contender] = []
    for seeds in by_name(runs):
        if seeds[0].recipe.kind == "analog":
            out.append(_analog(seeds, chip, how))
        else:
            out += [_ebm_on_gpu(seeds, kind, how) for kind in ("gpu", "gpu-bound")]
    out += [_rival(rival, kind, how) for rival in rivals for kind in ("gpu", "gpu-bound")]
    for kind in ("gpu-many", "gpu-alone"):
        out += [_ebm_on_gpu(seeds, kind, how) for seeds in by_name(runs) if seeds[0].recipe.kind == "digital"]
        out += [_rival(rival, kind, how) for rival in rivals]
    return out + (_same_node(runs, rivals, how) if chip == CHIP else [])


def by_name(runs: Sequence[LearningRun]) -> list[tuple[LearningRun, ...]]:
    """Runs that differ in their seed alone, together."""
    names = dict.fromkeys(run.recipe.name for run in runs)
    return [tuple(run for run in runs if run.recipe.name == name) for name in names]


def measured(runs: Sequence[LearningRun]) -> list[tuple[LearningRun, ...]]:
    """Runs on devices as they were measured, seeds together."""
    return [s for s in by_name(runs) if s[0].recipe.hardware is not None and not s[0].recipe.hardware.changes]


def _same_node(runs: Sequence[LearningRun], rivals: Sequence[Rival], how: Pricing) -> list[Contender]:
    """What the default chip, with the first device, and the GPU would be at each other's node."""
    digital = [seeds for seeds in by_name(runs) if seeds[0].recipe.hardware is None]
    out = [_analog(measured(runs)[0], chip, how, "same-node") for chip in SAME_NODE] if measured(runs) else []
    out += [_ebm_on_lanes(seeds, how) for seeds in digital]
    return out + [_rival(rival, "same-node", how) for rival in rivals]


def _analog(seeds: Sequence[LearningRun], chip: str, how: Pricing, kind: str = "analog") -> Contender:
    recipe = seeds[0].recipe
    assert recipe.hardware is not None
    cell = recipe.hardware.cell()
    judged = seeds if kind in _JUDGED else seeds[:1]
    first, *again = (
        _stops(run, chip, _ebm_events(run, "arrays", how), how, seconds, pulse_prices(cell)) for run in judged
    )
    shaky = {record.id for record in cell.records.values() if record.shaky}
    shaky.update(id for stop in first[-1:] for id in stop.bill.shaky)
    elsewhere = kind != "analog"
    return Contender(
        name=f"{recipe.name}-{chip}" if elsewhere else recipe.name,
        title=f"{recipe.title}, {load_chip(chip).node_nm:g} nm around the arrays" if elsewhere else recipe.title,
        model=recipe.model.family,
        kind=kind,
        parameters=seeds[0].parameters,
        stops=first,
        hypothetical=bool(recipe.hardware.changes) or elsewhere,
        shaky=tuple(sorted(shaky)),
        again=tuple(again),
    )


def _ebm_on_lanes(seeds: Sequence[LearningRun], how: Pricing) -> Contender:
    first, *again = (_stops(run, TWIN, _ebm_events(run, "lanes", how), how, seconds) for run in seeds)
    shaky = first[-1].bill.shaky if first else ()
    family, name = seeds[0].recipe.model.family, f"{seeds[0].recipe.name}-{TWIN}"
    title = f"{family} (ideal), digital lanes at 32 nm"
    return Contender(name, title, family, "same-node", seeds[0].parameters, first, True, shaky, tuple(again))


def _ebm_on_gpu(seeds: Sequence[LearningRun], kind: str, how: Pricing) -> Contender:
    kernels = get("gpu.small.kernels_ebm_step").value

    def stops(run: LearningRun) -> tuple[Stop, ...]:
        steps = [c.examples / run.recipe.batch for c in run.checkpoints]
        events = _on_gpu(_ebm_events(run, "gpu", how), kind, steps, kernels)
        return _stops(run, _GPU_CHIPS[kind], events, how, lambda counted: _gpu_seconds(counted, kind))

    first, *again = (stops(run) for run in (seeds if kind in _JUDGED else seeds[:1]))
    family, name = seeds[0].recipe.model.family, f"{seeds[0].recipe.name}-{kind}"
    shaky = first[-1].bill.shaky if first else ()
    title = f"{family} (ideal), H100{_WAYS[kind]}"
    return Contender(name, title, family, kind, seeds[0].parameters, first, shaky=shaky, again=tuple(again))


def _rival(rival: Rival, kind: str, how: Pricing) -> Contender:
    hardware = load_chip(_GPU_CHIPS[kind])

    def stop(point: RivalPoint) -> Stop:
        steps, work = rival.steps(point.examples), rival.work(point.examples, how.schedule)
        (counted,) = _on_gpu([work], kind, [steps], rival.kernels)
        bill = price(counted, hardware, n_draws=how.n_draws, seed=_SEED)
        return Stop(point.examples, point.validation, point.test, bill, counted, _gpu_seconds(counted, kind))

    repeated = rival.again if kind in _JUDGED else ()
    first, *again = (tuple(stop(point) for point in points) for points in (rival.points, *repeated))
    title = f"{rival.model} {rival.name}, H100{_WAYS[kind]}"
    name, old = f"{rival.model}-{rival.name}-{kind}", kind == "same-node"
    return Contender(
        name, title, rival.model, kind, rival.parameters, first, old, first[-1].bill.shaky, tuple(again), False
    )


_GPU_CHIPS = {"gpu": BASES["run"], "gpu-bound": BASES["gemm"], "same-node": OLD_GPU} | {
    f"gpu-{way}": chip for way, chip in WAYS.items()
}
_WAYS = {
    "gpu": "",
    "gpu-bound": ", lower bound",
    "gpu-many": ", one of many at once",
    "gpu-alone": ", one alone",
    "same-node": " at 32 nm",
}


def _on_gpu(
    events: Sequence[Mapping[str, float]], kind: str, steps: Sequence[float], kernels: float
) -> list[dict[str, float]]:
    """Events with the time that the GPU takes for them, where the way to use it says how long that is."""
    if kind == "gpu-many":
        return [{**counted, BUSY: many_seconds(counted)} for counted in events]
    if kind == "gpu-alone":
        return [{**counted, BUSY: alone_seconds(n, kernels)} for counted, n in zip(events, steps, strict=True)]
    return [dict(counted) for counted in events]


def _gpu_seconds(events: Mapping[str, float], kind: str) -> float | None:
    """How long a GPU takes; None at a node where none was built."""
    bases: Mapping[str, Basis] = {"gpu": "run", "gpu-bound": "gemm"}
    return run_seconds(events, bases[kind]) if kind in bases else events.get(BUSY)


def _ebm_events(run: LearningRun, place: Place, how: Pricing) -> list[dict[str, float]]:
    def of(checkpoint: Checkpoint) -> dict[str, float]:
        return ebm_work(checkpoint.spent(), run.recipe, checkpoint.examples, how.schedule, place)

    return [of(checkpoint) for checkpoint in run.checkpoints]


def _stops(
    run: LearningRun,
    chip: str,
    events: Sequence[Mapping[str, float]],
    how: Pricing,
    took: Callable[[Mapping[str, float]], float | None],
    overrides: Mapping[str, Record] | None = None,
) -> tuple[Stop, ...]:
    hardware = load_chip(chip)
    complete = [completed(each, hardware, how.schedule) for each in events]
    return tuple(
        Stop(
            c.examples,
            c.validation,
            c.test,
            price(each, hardware, overrides=overrides, n_draws=how.n_draws, seed=_SEED),
            each,
            took(each),
        )
        for c, each in zip(run.checkpoints, complete, strict=True)
    )
