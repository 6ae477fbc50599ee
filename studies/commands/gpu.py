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
    import pandas as pd

    from ...energy_models.gpu.measure import GpuWorkload, Settings
    from ...energy_models.gpu.nvml import Clock, Meter

_QUANTITIES = ("power", "idle", "memory", "hbm")


def run_gpu_measure(
    out: Path,
    names: Sequence[str] = ("gemm", "copy", "gibbs", "transformer"),
    *,
    index: int = 0,
    seconds: float = 10.0,
    trials: int = 3,
    console: Console | None = None,
    clock: Clock | None = None,
) -> Path | None:
    """Measure the GPU at hand and write its records; without one, say so and return None.

    The board that is metered is the one that PyTorch's GPU `index` is (UUID, then PCI bus id), whatever
    ``CUDA_VISIBLE_DEVICES`` and NVML's own order say.

    Raises
    ------
    NotThere
        a workload or a GPU that is not there.
    WrongBoard
        no board is shown to be the one that works, or it is in MIG mode.
    MeterError
        the meter or the work failed; what could be measured is written first.
    """
    from ...energy_models.gpu.boards import NoGpu, NotThere, visible
    from ...energy_models.gpu.measure import Settings
    from ...energy_models.gpu.nvml import Clock, NvmlMeter, load_nvml
    from ...energy_models.gpu.workloads import check_names, load_torch, workloads

    console, clock = console or _console(), clock or Clock()
    settings = Settings(seconds=seconds, trials=trials)
    check_names(names)
    try:
        nvml = load_nvml()
        torch = load_torch()
        with NvmlMeter(nvml=nvml, gpu=visible(torch, index)) as meter:
            _say(console, f"metered: {meter.name}, NVML's board {meter.board.index}, which is CUDA's GPU {index}")
            work = workloads(tuple(names), index, torch, clock.now)
            return measure_with(meter, work, out, settings, console, clock)
    except NotThere:
        raise
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
    from ...devices.base.files import write_whole
    from ...energy_models.gpu.measure import as_toml, campaign, slug
    from ...energy_models.gpu.nvml import MeterError

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
    _compare(path, console)
    if found.failed:
        raise MeterError(f"not measured: {'; '.join(found.failed)} (the others are written in {path})")
    return path


def _compare(path: Path, console: Console) -> None:
    """The model beside what was just written; a GPU or work that the model does not know is said, and is no error."""
    from ...devices.base.errors import RevpathError
    from .gpu_measured import show_measured

    try:
        for drawn in show_measured(path, console, out=path.parent):
            _say(console, str(drawn))
    except RevpathError as error:
        _say(console, f"not compared with the model: {error}")


def run_gpu_compare(
    path: Path, gpu: str | None = None, out: Path | None = None, console: Console | None = None
) -> None:
    """The GPU model beside a measured file."""
    from .gpu_measured import show_measured

    console = console or _console()
    for drawn in show_measured(path, console, gpu, out):
        _say(console, str(drawn))


def gpus_frame() -> pd.DataFrame:
    """A row for each GPU and each format whose best matrix product was measured."""
    import pandas as pd

    from ...energy_models.gpu.model import Gpu, gpu_names
    from ...energy_models.records import library

    known, rows = library(), []
    for name in gpu_names():
        gpu = Gpu(name)
        alike = [known[gpu.id(quantity)].value for quantity in _QUANTITIES]
        for precision in gpu.formats or (None,):
            flops = (None, None)
            if precision is not None:
                flops = known[gpu.id(f"matmul_{precision}")].value, known[gpu.id(precision)].value
            rows.append((name, *alike, precision, *flops))
    heads = ["gpu", "rated_W", "idle_W", "memory_bytes", "bytes_per_s", "format", "best_flop_per_s", "peak_flop_per_s"]
    return pd.DataFrame(rows, columns=heads)


def print_gpus(console: Console | None = None, out: Path | None = None) -> None:
    """The GPUs of the library, and how well the model foretells metered trainings; with a folder, a table and figure too."""
    from ...energy_models.gpu.model import Gpu, gpu_names
    from ...energy_models.records import library
    from .gpu_validation import print_validation

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
    for path in print_validation(console, out):
        _say(console, str(path))


def _say(console: Console, line: str) -> None:
    console.print(escape(line), highlight=False, soft_wrap=True)


def _console() -> Console:
    from .console import wide_console

    return wide_console()
