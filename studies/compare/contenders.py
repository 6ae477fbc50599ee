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
from ...energy_models.gpu.small import BUSY, WAYS, alone_seconds, many_seconds, run_seconds, transformer_kernels
from ...energy_models.prices.schedule import SCHEDULES, Schedule, completed, seconds
from ..baselines.curves import Baseline, Curve
from ..baselines.work import training_events
from .learn import Checkpoint, Run
from .work import Place, ebm_work

CHIP = "reram-32nm"
SAME_NODE = ("reram-digital-7nm", "reram-digital-5nm")
"""The default chip with all that shrinks at the GPU's node."""
TWIN, OLD_GPU = "digital-32nm", "h100-at-32nm"
"""The EBM without arrays, and the GPU, at the node of the default chip."""
CHOSEN = SCHEDULES["tiled"]
_N_DRAWS = 10_000
_SEED = 0


@dataclass(frozen=True)
class Stop:
    """A contender at one checkpoint.

    Attributes
    ----------
    characters : int
        Seen so far.
    validation_bits, test_bits : float
        Exact bits per character.
    bill : Bill
        So far.
    events : mapping
        What the bill prices, completed.
    seconds : float or None
        How long that takes on the hardware; None where nothing says so.
    """

    characters: int
    validation_bits: float
    test_bits: float
    bill: Bill
    events: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class Contender:
    """A learning curve priced on one piece of hardware.

    kind: "analog", "gpu" (run-level energy), "gpu-bound" (best matrix product: a lower bound), "gpu-many" and "gpu-alone" (what
        small models cost on a real one), and "same-node".
    hypothetical: its device or its chip does not exist.
    shaky: ids of the assumed or unverified records of its prices and its device.
    """

    name: str
    title: str
    model: str
    kind: str
    parameters: int
    stops: tuple[Stop, ...]
    hypothetical: bool = False
    shaky: tuple[str, ...] = ()

    def first_at(self, bits: float) -> Stop | None:
        """The first checkpoint at or below `bits` on validation: no interpolation, no look ahead at the test."""
        return next((s for s in self.stops if s.validation_bits <= bits), None)

    def compared_at(self, bits: float | None) -> Stop:
        """The first checkpoint at or below `bits`, or the best one where it did not come to that."""
        return (self.first_at(bits) if bits is not None else None) or self.best

    def passed_unseen(self, bits: float) -> bool:
        """Whether its first checkpoint was at or below `bits` already: then it took at most what that had taken."""
        return bool(self.stops) and self.stops[0].validation_bits <= bits

    @property
    def best(self) -> Stop:
        return min(self.stops, key=lambda s: s.validation_bits)


def contenders(
    runs: Sequence[Run], baseline: Baseline | None, chip: str = CHIP, chosen: Schedule = CHOSEN
) -> list[Contender]:
    """Every curve on every hardware that can run it, by one schedule.

    Parameters
    ----------
    runs : sequence of Run
        Of the EBM.
    baseline : Baseline or None
        The transformer's curves.
    chip : str
        That prices the arrays.
    chosen : Schedule
        Of all digital work, on either side.
    """
    out: list[Contender] = []
    for run in runs:
        if run.recipe.kind == "analog":
            out.append(_analog(run, chip, chosen))
        else:
            out += [_ebm_on_gpu(run, kind, chosen) for kind in ("gpu", "gpu-bound")]
    curves = baseline.curves if baseline else ()
    out += [_transformer(curve, kind, chosen) for curve in curves for kind in ("gpu", "gpu-bound")]
    for kind in ("gpu-many", "gpu-alone"):
        out += [_ebm_on_gpu(run, kind, chosen) for run in runs if run.recipe.kind == "digital"]
        out += [_transformer(curve, kind, chosen) for curve in curves]
    return out + (_same_node(runs, curves, chosen) if chip == CHIP else [])


def _same_node(runs: Sequence[Run], curves: Sequence[Curve], chosen: Schedule) -> list[Contender]:
    """What the default chip and the GPU would be at each other's node."""
    out: list[Contender] = []
    for run in runs:
        if run.recipe.hardware is None:
            out.append(_ebm_on_lanes(run, chosen))
        elif not run.recipe.hardware.changes:
            out += [_analog(run, chip, chosen, "same-node") for chip in SAME_NODE]
    return out + [_transformer(curve, "same-node", chosen) for curve in curves]


def _analog(run: Run, chip: str, chosen: Schedule, kind: str = "analog") -> Contender:
    recipe = run.recipe
    assert recipe.hardware is not None
    cell = recipe.hardware.cell()
    stops = _stops(run, chip, _ebm_events(run, "arrays", chosen), chosen, seconds, pulse_prices(cell))
    shaky = {record.id for record in cell.records.values() if record.shaky}
    shaky.update(id for stop in stops[-1:] for id in stop.bill.shaky)
    elsewhere = kind != "analog"
    return Contender(
        name=f"{recipe.name}-{chip}" if elsewhere else recipe.name,
        title=f"{recipe.title}, {load_chip(chip).node_nm:g} nm around the arrays" if elsewhere else recipe.title,
        model="EBM",
        kind=kind,
        parameters=run.parameters,
        stops=stops,
        hypothetical=bool(recipe.hardware.changes) or elsewhere,
        shaky=tuple(sorted(shaky)),
    )


def _ebm_on_lanes(run: Run, chosen: Schedule) -> Contender:
    stops = _stops(run, TWIN, _ebm_events(run, "lanes", chosen), chosen, seconds)
    shaky = stops[-1].bill.shaky if stops else ()
    title = "EBM (ideal), digital lanes at 32 nm"
    return Contender(f"{run.recipe.name}-{TWIN}", title, "EBM", "same-node", run.parameters, stops, True, shaky)


def _ebm_on_gpu(run: Run, kind: str, chosen: Schedule) -> Contender:
    steps = [c.characters / run.recipe.batch for c in run.checkpoints]
    kernels = get("gpu.small.kernels_ebm_step").value
    events = _on_gpu(_ebm_events(run, "gpu", chosen), kind, steps, kernels)
    stops = _stops(run, _GPU_CHIPS[kind], events, chosen, lambda counted: _gpu_seconds(counted, kind))
    name, title = f"{run.recipe.name}-{kind}", f"EBM (ideal), H100{_WAYS[kind]}"
    return Contender(name, title, "EBM", kind, run.parameters, stops, shaky=stops[-1].bill.shaky if stops else ())


def _transformer(curve: Curve, kind: str, chosen: Schedule) -> Contender:
    steps = [p.tokens / (curve.hyper.batch * curve.shape.context) for p in curve.points]
    each = [training_events(curve.shape, curve.hyper, p.tokens, chosen) for p in curve.points]
    events = _on_gpu(each, kind, steps, transformer_kernels(curve.shape.layers))
    hardware = load_chip(_GPU_CHIPS[kind])
    stops = tuple(
        Stop(
            p.tokens,
            p.validation_bits,
            p.test_bits,
            price(counted, hardware, n_draws=_N_DRAWS, seed=_SEED),
            counted,
            _gpu_seconds(counted, kind),
        )
        for p, counted in zip(curve.points, events, strict=True)
    )
    title = f"transformer {curve.shape.name}, H100{_WAYS[kind]}"
    name = f"transformer-{curve.shape.name}-{kind}"
    old = kind == "same-node"
    return Contender(name, title, "transformer", kind, curve.parameters, stops, old, stops[-1].bill.shaky)


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


def _ebm_events(run: Run, place: Place, chosen: Schedule) -> list[dict[str, float]]:
    def of(checkpoint: Checkpoint) -> dict[str, float]:
        return ebm_work(checkpoint.spent(), run.recipe, checkpoint.characters, chosen, place)

    return [of(checkpoint) for checkpoint in run.checkpoints]


def _stops(
    run: Run,
    chip: str,
    events: Sequence[Mapping[str, float]],
    chosen: Schedule,
    took: Callable[[Mapping[str, float]], float | None],
    overrides: Mapping[str, Record] | None = None,
) -> tuple[Stop, ...]:
    hardware = load_chip(chip)
    complete = [completed(each, hardware, chosen) for each in events]
    return tuple(
        Stop(
            c.characters,
            c.validation_bits,
            c.test_bits,
            price(each, hardware, overrides=overrides, n_draws=_N_DRAWS, seed=_SEED),
            each,
            took(each),
        )
        for c, each in zip(run.checkpoints, complete, strict=True)
    )
