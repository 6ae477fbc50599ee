"""`revpath gpu`: what GPUs are and how well the model foretells training runs; `revpath gpu measure`: the one at hand."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from ..energy_models.gpu_measure import GpuWorkload, Settings
    from ..energy_models.nvml import Clock, Meter
    from ..energy_models.runs import LeftOut


def run_gpu_measure(
    out: Path,
    names: Sequence[str] = ("gemm", "copy", "gibbs", "transformer"),
    *,
    index: int = 0,
    seconds: float = 10.0,
    trials: int = 3,
    console: Console | None = None,
) -> Path | None:
    """Measure the GPU at hand and write its records; without one, say so and return None (which is no error)."""
    from ..energy_models.gpu_measure import Settings
    from ..energy_models.gpu_workloads import workloads
    from ..energy_models.nvml import NoGpu, NvmlMeter

    console = console or _console()
    settings = Settings(seconds=seconds, trials=trials)
    try:
        with NvmlMeter(index) as meter:
            return measure_with(meter, workloads(tuple(names), index), out, settings, console)
    except NoGpu as error:
        _say(console, f"nothing was measured: {error}")
        return None


def measure_with(
    meter: Meter,
    work: Sequence[GpuWorkload],
    out: Path,
    settings: Settings,
    console: Console,
    clock: Clock | None = None,
    today: str | None = None,
) -> Path:
    """Measure, show a table, and write the TOML file of records `out` (a folder gets ``gpu_<name>.toml``)."""
    from ..energy_models.gpu_measure import as_toml, campaign, slug
    from .files import write_whole

    found = campaign(meter, work, settings, clock, lambda what: _say(console, f"measuring: {what}"))
    path = out / f"gpu_{slug(found.gpu)}.toml" if out.suffix != ".toml" else out
    path.parent.mkdir(parents=True, exist_ok=True)
    when = today or datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    write_whole(path, as_toml(found, when).encode())
    grid = Table(title=escape(f"{found.gpu}, idle {found.idle.watts:.1f} W"))
    for heading in ("workload", "J each", "above idle", "W", "each a second", "error"):
        grid.add_column(heading, justify="left" if heading == "workload" else "right")
    for m in found.measurements:
        unit = m.unit.replace("_moved", "")
        grid.add_row(
            escape(f"{m.workload}, per {unit}"),
            f"{m.joules_each:.3g}",
            f"{m.above_idle_each:.3g}",
            f"{m.watts:.1f}",
            f"{m.rate:.3g}",
            f"{m.relative_error:.1%}",
        )
    console.print(grid)
    for note in found.notes:
        _say(console, f"note: {note}")
    _say(console, f"written: {path}")
    return path


def print_gpus(console: Console | None = None) -> None:
    """The GPUs of the library, and how well the model foretells the training runs of record."""
    from ..energy_models.gpu_model import Gpu, gpu_names
    from ..energy_models.records import library
    from ..energy_models.runs import (
        energy_in_known_hours,
        leave_one_out_energy,
        leave_one_out_hours,
        leave_one_out_power,
        like_for_like,
    )

    console = console or _console()
    grid = Table()
    for heading in ("GPU", "rated W", "idle W", "memory GB", "TB/s", "best products, TFLOP/s"):
        grid.add_column(heading, justify="left" if heading in ("GPU", "best products, TFLOP/s") else "right")
    for name in gpu_names():
        gpu, known = Gpu(name), library()
        products = ", ".join(
            f"{f} {known[gpu.id(f'matmul_{f}')].value / 1e12:,.4g} of {known[gpu.id(f)].value / 1e12:,.4g}"
            for f in gpu.formats
        )
        numbers = [
            f"{known[gpu.id(q)].value / size:g}"
            for q, size in (("power", 1), ("idle", 1), ("memory", 1e9), ("hbm", 1e12))
        ]
        grid.add_row(str(known[gpu.id("power")].conditions["gpu"]), *numbers, products)
    console.print(grid)
    _print_left_out(console, "GPU power, hours known, busy share of the others (measured)", leave_one_out_power())
    _print_left_out(console, "energy, hours known (measured; Olmo 3 fixed the busy share)", energy_in_known_hours())
    _print_left_out(
        console, "energy from P, T and GPU alone, like runs (measured)", leave_one_out_energy(like_for_like())
    )
    _print_left_out(console, "the same, all runs of measured power", leave_one_out_energy())
    _print_left_out(console, "GPU-hours from P, T and GPU alone (published hours)", leave_one_out_hours())


def _print_left_out(console: Console, title: str, found: Sequence[LeftOut]) -> None:
    errors = sorted(abs(left.error) for left in found)
    middle = (
        errors[len(errors) // 2] if len(errors) % 2 else (errors[len(errors) // 2 - 1] + errors[len(errors) // 2]) / 2
    )
    each = ", ".join(f"{left.run.name} {left.error:+.0%}" for left in found)
    _say(console, f"{title}: median {middle:.0%}, worst {errors[-1]:.0%}: {each}")


def _say(console: Console, line: str) -> None:
    console.print(escape(line), highlight=False, soft_wrap=True)


def _console() -> Console:
    from .report import wide_console

    return wide_console()
