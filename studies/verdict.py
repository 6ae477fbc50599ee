"""Equal quality or no comparison: curves of joules against bits per character, and the one sentence they support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..energy_models import Bill, gpu_energy, load_chip, price, price_on_gpu, pulse_prices
from ..energy_models.bill import Interval, ratio
from .baseline_schema import Baseline
from .learn import Run
from .recipes import Recipe

CHIP = "reram-32nm"
QUALITIES = (3.8, 3.6, 3.4, 3.2, 3.0, 2.8, 2.6, 2.4, 2.2, 2.1, 2.0, 1.9)
"""Bits per character at which joules are compared: round numbers, the same for every text and device."""
_N_DRAWS = 10_000
_SEED = 0


@dataclass(frozen=True)
class Stop:
    """A contender at one checkpoint: characters seen, exact bits on validation and test, and the bill so far."""

    characters: int
    validation_bits: float
    test_bits: float
    bill: Bill


@dataclass(frozen=True)
class Contender:
    """A learning curve priced on one piece of hardware.

    kind: "analog", "gpu" (run-level energy) or "gpu-bound" (best matrix product: a lower bound).
    """

    name: str
    title: str
    model: str
    kind: str
    parameters: int
    stops: tuple[Stop, ...]
    hypothetical: bool = False

    def first_at(self, bits: float) -> Stop | None:
        """The first checkpoint at or below `bits` on validation: no interpolation, no look ahead at the test."""
        return next((s for s in self.stops if s.validation_bits <= bits), None)

    @property
    def best(self) -> Stop:
        return min(self.stops, key=lambda s: s.validation_bits)


@dataclass(frozen=True)
class Verdict:
    """The comparison at one quality.

    bits: the lowest listed quality that both the measured analog EBM and some transformer reached, or None.
    ratio: transformer joules over analog joules there (above 1 the analog side wins), chip against GPU.
    """

    bits: float | None
    ratio: Interval | None
    ratio_bound: Interval | None
    ratio_gpu_ebm: Interval | None
    transformer: str | None
    dominant: str | None
    dominant_share: float | None
    not_reached: tuple[float, ...]
    sentence: str
    warnings: tuple[str, ...] = field(default=())


def contenders(runs: Sequence[Run], baseline: Baseline | None, chip: str = CHIP) -> list[Contender]:
    """Every curve on every hardware that can run it."""
    out: list[Contender] = []
    for run in runs:
        if run.recipe.kind == "analog":
            out.append(_analog(run, chip))
        else:
            out += [_ebm_on_gpu(run, "gpu"), _ebm_on_gpu(run, "gpu-bound")]
    for curve in baseline.curves if baseline else ():
        for kind, basis in (("gpu", "run"), ("gpu-bound", "gemm")):
            stops = tuple(
                Stop(p.tokens, p.validation_bits, p.test_bits, gpu_energy(p.flops, basis, n_draws=_N_DRAWS, seed=_SEED))  # type: ignore[arg-type]
                for p in curve.points
            )
            out.append(
                Contender(
                    f"transformer-{curve.shape.name}-{kind}",
                    f"transformer {curve.shape.name}, H100" + (", lower bound" if kind == "gpu-bound" else ""),
                    "transformer",
                    kind,
                    curve.parameters,
                    stops,
                )
            )
    return out


def judge(all_of_them: Sequence[Contender], ngram_bits: float) -> Verdict:
    """What the curves say at the lowest quality that both sides reached."""
    analog = next((c for c in all_of_them if c.kind == "analog" and not c.hypothetical), None)
    if analog is None or not analog.stops:
        return _no_verdict("The analog EBM has no checkpoint yet: nothing to compare.")
    transformers = [c for c in all_of_them if c.model == "transformer" and c.kind == "gpu"]
    reached = [q for q in QUALITIES if analog.first_at(q) and any(t.first_at(q) for t in transformers)]
    missed = tuple(q for q in QUALITIES if not analog.first_at(q) and any(t.first_at(q) for t in transformers))
    if not reached:
        return _no_verdict(
            f"No listed quality was reached by both sides: the analog EBM came to {analog.best.validation_bits:.2f} bits/char.",
            missed,
        )
    bits = min(reached)
    ours = analog.first_at(bits)
    assert ours is not None
    cheapest = min((t for t in transformers if t.first_at(bits)), key=lambda t: t.first_at(bits).bill.joules)  # type: ignore[union-attr]
    bound = next(c for c in all_of_them if c.name == cheapest.name.removesuffix("gpu") + "gpu-bound")
    gpu_ebm = next((c for c in all_of_them if c.model == "EBM" and c.kind == "gpu"), None)
    against = ratio(cheapest.first_at(bits).bill, ours.bill)  # type: ignore[union-attr]
    against_bound = ratio(bound.first_at(bits).bill, ours.bill)  # type: ignore[union-attr]
    twin = gpu_ebm.first_at(bits) if gpu_ebm else None
    against_twin = ratio(twin.bill, ours.bill) if twin else None
    top = max(ours.bill.components, key=ours.bill.nominal)
    share = ours.bill.nominal(top) / ours.bill.joules
    return Verdict(
        bits=bits,
        ratio=against,
        ratio_bound=against_bound,
        ratio_gpu_ebm=against_twin,
        transformer=cheapest.name,
        dominant=top,
        dominant_share=share,
        not_reached=missed,
        sentence=_sentence(bits, against, against_bound, against_twin, ours, top, share, missed, ngram_bits),
        warnings=_warnings(ours.bill),
    )


def _sentence(bits, against, bound, twin, ours, top, share, missed, ngram_bits) -> str:
    who = "less" if against.nominal >= 1 else "more"
    factor = against.nominal if against.nominal >= 1 else 1 / against.nominal
    low, high = (against.low, against.high) if against.nominal >= 1 else (1 / against.high, 1 / against.low)
    text = (
        f"At {bits:g} bits/char the analog EBM needs {factor:.3g} times {who} energy than the GPU transformer "
        f"(90 % interval {low:.2g} to {high:.2g}; {_times(bound)} against the best-GEMM lower bound"
    )
    text += f"; {_times(twin)} against the same EBM on the GPU)" if twin else ")"
    text += f"; {top} is {share:.0%} of its {ours.bill.joules:.2g} J."
    if missed:
        text += f" It did not reach {_list(missed)} bits/char, which the transformer did."
    if bits > ngram_bits:
        text += (
            f" A Witten-Bell 6-gram has {ngram_bits:.2f} bits/char for next to no energy: this is a small-model regime."
        )
    return text


def _times(interval: Interval) -> str:
    if interval.nominal >= 1:
        return f"{interval.nominal:.2g} times less"
    return f"{1 / interval.nominal:.2g} times more"


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{v:g}" for v in values)


def _warnings(bill: Bill) -> tuple[str, ...]:
    out = []
    if bill.shaky:
        out.append(f"leans on {len(bill.shaky)} records that are assumed or unverified: {', '.join(bill.shaky)}")
    return (*out, *(f"assumed structure of a price: {a}" for a in bill.assumptions))


def _no_verdict(sentence: str, missed: tuple[float, ...] = ()) -> Verdict:
    return Verdict(None, None, None, None, None, None, None, missed, sentence)


def _analog(run: Run, chip: str) -> Contender:
    recipe: Recipe = run.recipe
    assert recipe.hardware is not None
    prices = pulse_prices(recipe.hardware.cell())
    hardware = load_chip(chip)
    stops = tuple(
        Stop(
            c.characters,
            c.validation_bits,
            c.test_bits,
            price(c.spent(), hardware, overrides=prices, n_draws=_N_DRAWS, seed=_SEED),
        )
        for c in run.checkpoints
    )
    return Contender(recipe.name, recipe.title, "EBM", "analog", run.parameters, stops, bool(recipe.hardware.changes))


def _ebm_on_gpu(run: Run, kind: str) -> Contender:
    basis: Any = "run" if kind == "gpu" else "gemm"
    stops = tuple(
        Stop(c.characters, c.validation_bits, c.test_bits, price_on_gpu(c.spent(), basis, n_draws=_N_DRAWS, seed=_SEED))
        for c in run.checkpoints
    )
    title = "EBM (ideal), H100" + (", lower bound" if kind == "gpu-bound" else "")
    return Contender(f"{run.recipe.name}-{kind}", title, "EBM", kind, run.parameters, stops)


def table(all_of_them: Sequence[Contender], bits: float | None) -> list[dict[str, Any]]:
    """One row a contender: what it reached, and what it cost at `bits`."""
    rows = []
    for c in all_of_them:
        at = c.first_at(bits) if bits is not None and c.stops else None
        joules = at.bill.interval() if at else None
        rows.append(
            {
                "contender": c.title,
                "parameters": c.parameters,
                "best bits/char (validation)": c.best.validation_bits if c.stops else np.nan,
                "best bits/char (test)": c.best.test_bits if c.stops else np.nan,
                "joules at best": c.best.bill.joules if c.stops else np.nan,
                "characters to Q": at.characters if at else None,
                "test bits/char at Q": at.test_bits if at else None,
                "joules to Q": joules.nominal if joules else None,
                "low": joules.low if joules else None,
                "high": joules.high if joules else None,
            }
        )
    return rows
