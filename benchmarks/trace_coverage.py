"""How far a fit of pulse traces can be trusted, on traces that revpath simulated itself, so that the truth is known.

    python benchmarks/trace_coverage.py [result.json]

Three questions, each over fresh simulated traces (not the seeds of the tests):

- coverage: how often the 90 % interval (value +- 1.645 errors) of each number holds the truth. `bias` is the mean of (value -
  truth) / error, 0 where it is fair, and `width` its standard deviation, 1 where the errors are right. A spread over devices
  is compared with that of the law, which the devices are a sample of. A number that a fit does not give is left out.
- false_alarms: how often read noise is found where there is none; `search.FALSE_ALARM` is asked for.
- confusion: which law is chosen for traces of which law, all laws being candidates.

Each count has a binomial error: 200 fits at 90 % scatter by 2 %.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmark_machine import machine
from scipy import stats

from revpath.devices.laws import Window
from revpath.devices.response import (
    ConstantStep,
    ExponentialStep,
    LinearStep,
    PowerStep,
    SoftBounds,
    SoftBoundsReference,
    TableStep,
)
from revpath.devices.response.pulsed import PulsedResponse
from revpath.devices.traces.fit import TraceFit, fit_traces
from revpath.devices.traces.samples import synthetic_traces

WINDOW = Window(g_min=5e-6, g_max=45e-6)
FITS, SEEDS = 200, 6
FIRST = 100_000  # seed
_SPREADS = {"step_spread": 0.15, "asymmetry_spread": 0.05, "w_max_spread": 0.06, "w_min_spread": 0.06}
_NONE: dict[str, Any] = dict.fromkeys(_SPREADS, 0.0)


@dataclass(frozen=True)
class Case:
    """Traces to simulate: of a law, `devices` cells that each see `cycles` of `pulses` up and down; read noise in siemens."""

    law: PulsedResponse
    devices: int
    cycles: int
    pulses: int
    read_sigma: float

    def fit(self, seed: int, laws: list[str] | None) -> TraceFit:
        columns = synthetic_traces(
            self.law,
            WINDOW,
            devices=self.devices,
            cycles=self.cycles,
            pulses=self.pulses,
            read_sigma=self.read_sigma,
            seed=seed,
        )
        return fit_traces(columns, laws=laws)

    def truth(self, fit: TraceFit) -> dict[str, float]:
        """Of the numbers of a fit, in its state coordinate."""
        law = self.law
        unit = (WINDOW.g_max - WINDOW.g_min) / (law.w_max - law.w_min) / fit.coordinates.half
        true = {"step": law.step * unit, "step_noise": law.step_noise, "read_sigma": self.read_sigma}  # type: ignore[attr-defined]
        if isinstance(law, ConstantStep):
            true["asymmetry"] = float(law.asymmetry or 0.0)
        names = ["step_spread", "asymmetry_spread"]
        if isinstance(law, SoftBounds):
            true |= {"g_min": WINDOW.g_min, "g_max": WINDOW.g_max}
            names += ["w_max_spread", "w_min_spread"]
        if self.devices > 1:
            true |= {name: float(getattr(law, name)) for name in names}
        return true


def _constant(**changes: Any) -> ConstantStep:
    return ConstantStep(step=0.05, w_min=-2, w_max=2, asymmetry=0.2, step_noise=0.3, **changes)


def _soft(**changes: Any) -> SoftBounds:
    return SoftBounds(step=0.1, w_min=-1, w_max=1, step_noise=0.2, write_noise=0, **(_NONE | changes))


COVERAGE = {
    "constant-step, 1 device": Case(_constant(), 1, 4, 30, 0.2e-6),
    "soft-bounds, 1 device": Case(_soft(), 1, 4, 30, 0.2e-6),
    "constant-step, 3 devices": Case(_constant(step_spread=0.15, asymmetry_spread=0.05), 3, 3, 24, 0.2e-6),
    "soft-bounds, 3 devices": Case(_soft(**_SPREADS), 3, 3, 24, 0.2e-6),
    "constant-step, 8 devices": Case(_constant(step_spread=0.15, asymmetry_spread=0.05), 8, 2, 24, 0.2e-6),
    "soft-bounds, 8 devices": Case(_soft(**_SPREADS), 8, 2, 24, 0.2e-6),
}
SILENT = {
    "constant-step, far from its bounds": Case(_constant(), 1, 3, 30, 0.0),
    "constant-step, at its bounds": Case(
        ConstantStep(step=0.05, w_min=-1, w_max=0, asymmetry=0.2, step_noise=0.3), 1, 3, 30, 0.0
    ),
    "linear-step, at its bounds": Case(
        LinearStep(step=0.06, w_min=-1, w_max=1, gamma_up=0.4, gamma_down=-0.5, step_noise=0.3), 1, 3, 30, 0.0
    ),
    "soft-bounds": Case(_soft(), 1, 3, 30, 0.0),
}
_CELLS: dict[str, Any] = {"step_spread": 0.1, "w_max_spread": 0.05, "w_min_spread": 0.05}
LAWS: dict[str, PulsedResponse] = {
    "constant-step": _constant(step_spread=0.1),
    "soft-bounds": _soft(**_CELLS),
    "soft-bounds-reference": SoftBoundsReference(
        step=0.1, w_min=-1, w_max=1, step_noise=0.2, reference_spread=0.1, **_CELLS
    ),
    "linear-step": LinearStep(
        step=0.06, w_min=-1, w_max=1, gamma_up=0.4, gamma_down=-0.5, step_noise=0.3, **_CELLS
    ),
    "linear-step, nearly soft": LinearStep(
        step=0.1, w_min=-1, w_max=1, gamma_up=0.9, gamma_down=0.9, step_noise=0.2, noise="additive", **_CELLS
    ),
    "power-step": PowerStep(step=0.2, w_min=-1, w_max=1, gamma=2.5, step_noise=0.3, **_CELLS),
    "exponential-step": ExponentialStep(
        step=0.06, w_min=-1, w_max=1, amplitude_up=0.001, gamma_up=6.5, amplitude_down=0.001, gamma_down=6.5, a=1, b=0,
        step_noise=0.3, **_CELLS,
    ),
    "table-step": TableStep(
        step=0.06, w_min=-1, w_max=1, up_steps=(1, 0.2, 1.4, 0.2, 1), down_steps=(0.3, 1.4, 0.4, 1.4, 0.3),
        step_noise=0.3, **_CELLS,
    ),
}  # fmt: skip


def coverage(case: Case, fits: int, first: int = FIRST) -> dict[str, dict[str, float]]:
    """By number: how many fits gave it, the share whose 90 % interval held the truth, bias and width."""
    z: dict[str, list[float]] = {}
    half = stats.norm.ppf(0.95)
    for seed in range(first, first + fits):
        fit = case.fit(seed, [_law(case)])
        for name, true in case.truth(fit).items():
            error = fit.estimate.error.get(name, 0.0)
            if error > 0:
                z.setdefault(name, []).append((fit.estimate.value[name] - true) / error)
    return {
        name: {
            "fits": len(values),
            "held": round(float(np.mean(np.abs(values) < half)), 3),
            "bias": round(float(np.mean(values)), 2),
            "width": round(float(np.std(values)), 2),
        }
        for name, values in z.items()
    }


def false_alarms(case: Case, fits: int, first: int = FIRST) -> float:
    """Share of fits that found read noise where there was none."""
    return float(np.mean([case.fit(seed, [_law(case)]).read.told for seed in range(first, first + fits)]))


def confusion(law: PulsedResponse, seeds: int, first: int = FIRST) -> dict[str, int]:
    """How often each law was chosen for traces of 3 cells of `law`, with 3 cycles of 32 pulses up and down."""
    chosen: dict[str, int] = {}
    for seed in range(first, first + seeds):
        name = Case(law, 3, 3, 32, 0.2e-6).fit(seed, None).law.name
        chosen[name] = chosen.get(name, 0) + 1
    return dict(sorted(chosen.items(), key=lambda entry: -entry[1]))


def _law(case: Case) -> str:
    return case.law.law  # type: ignore[attr-defined]


def main(out: str | Path | None = None, fits: int = FITS, seeds: int = SEEDS) -> dict:
    """All three tables, printed; written to `out` as JSON where it is given."""
    begin = time.perf_counter()
    result: dict = {"machine": machine(), "fits": fits, "seeds": seeds, "nominal": 0.9}
    result["coverage"] = {}
    for name, case in COVERAGE.items():
        result["coverage"][name] = found = coverage(case, fits)
        print(name)
        for number, row in found.items():
            print(
                f"  {number:18}{row['fits']:6d} fits, {row['held']:6.1%} held, bias {row['bias']:5.2f}, width {row['width']:.2f}"
            )
    result["false_alarms"] = {name: false_alarms(case, fits) for name, case in SILENT.items()}
    print("read noise found where there is none:", result["false_alarms"])
    result["confusion"] = {}
    for name, law in LAWS.items():
        result["confusion"][name] = found = confusion(law, seeds)
        print(f"{name:28}-> {found}")
    result["seconds"] = round(time.perf_counter() - begin, 1)
    print(f"{result['seconds']} s")
    if out is not None:
        Path(out).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
