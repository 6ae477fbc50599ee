"""Measuring what work costs on the GPU at hand, and writing it down as records.

A campaign measures idle power first and last, then each workload: warmed up until its clock and power have settled,
run for many updates of the meter, in several trials, with the temperature and clock noted. Energy is what the GPU drew
in all; ``above_idle`` is less its idle power over the same time, which is the marginal energy of the work.

Practice after Zeus (ml-energy/zeus, docs/measure) and Yang et al. (2024, arXiv:2312.02741): windows much longer than an
update, ends synchronised with the device, idle subtracted, trials to see the spread.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Protocol

from .nvml import Clock, Meter, MeterError, Timeline, Window

MIN_UPDATES = 20
"""Updates of the meter that a window must span: the ends are then worth 5 % of it at most."""
_SLUG = re.compile(r"[^a-z0-9]+")


class GpuWorkload(Protocol):
    """Something that can be run again and again.

    Attributes
    ----------
    name : str
        for the record's id.
    unit : str
        what one piece of work is, such as ``flop``.
    conditions : mapping of str to float or int or str
        shapes and formats.
    """

    name: str
    unit: str
    conditions: dict[str, float | int | str]

    def run(self) -> float:
        """Do some, a tenth of a second or so, and return how much; the device has finished when it returns."""
        ...


@dataclass(frozen=True)
class Settings:
    """How long and how often. seconds: of each trial at least. warm_up: seconds before the first. cool_down: between."""

    seconds: float = 10.0
    trials: int = 3
    warm_up: float = 5.0
    cool_down: float = 5.0

    def __post_init__(self) -> None:
        for name in ("seconds", "warm_up", "cool_down"):
            if not 0 <= getattr(self, name) < math.inf:
                raise MeterError(f"{name} = {getattr(self, name)!r} must be finite and not negative")
        if self.seconds <= 0 or self.trials < 1:
            raise MeterError(f"seconds = {self.seconds!r} and trials = {self.trials!r} must be positive")


@dataclass(frozen=True)
class Trial:
    """One window of one workload; temperature and clock at its end, None where the GPU does not tell them."""

    amount: float
    window: Window
    temperature_C: float | None = None
    clock_MHz: float | None = None


@dataclass(frozen=True)
class Measurement:
    """A workload's trials on one GPU, and the idle power that is subtracted."""

    gpu: str
    workload: str
    unit: str
    conditions: dict[str, float | int | str]
    trials: tuple[Trial, ...]
    idle_W: float

    @property
    def joules_each(self) -> float:
        """Joules per piece of work, all that the GPU drew."""
        return fmean(t.window.joules / t.amount for t in self.trials)

    @property
    def above_idle_each(self) -> float:
        """Joules per piece of work above idle power over the same time."""
        return fmean((t.window.joules - self.idle_W * t.window.seconds) / t.amount for t in self.trials)

    @property
    def rate(self) -> float:
        """Pieces of work a second."""
        return sum(t.amount for t in self.trials) / sum(t.window.seconds for t in self.trials)

    @property
    def watts(self) -> float:
        return sum(t.window.joules for t in self.trials) / sum(t.window.seconds for t in self.trials)

    @property
    def relative_error(self) -> float:
        """Relative standard deviation of one trial, and what the meter's updates leave open at both ends, in quadrature."""
        each = [t.window.joules / t.amount for t in self.trials]
        spread = stdev(each) / fmean(each) if len(each) > 1 else 0.0
        ends = fmean(2 * t.window.resolution_J / t.window.joules for t in self.trials)
        return math.hypot(spread, ends)


@dataclass(frozen=True)
class Campaign:
    """All that was measured on one GPU. failed: what could not be measured, each with its reason."""

    gpu: str
    idle: Window
    measurements: tuple[Measurement, ...]
    notes: tuple[str, ...] = field(default=())
    failed: tuple[str, ...] = field(default=())


def measure_idle(meter: Meter, settings: Settings, clock: Clock | None = None) -> Window:
    """Power of the GPU while nothing runs on it, after it has cooled down."""
    clock = clock or Clock()
    clock.sleep(settings.cool_down)
    timeline = Timeline(meter, clock)
    timeline.wait_for_update()
    began = clock.now()
    while clock.now() - began < settings.seconds or timeline.updates < MIN_UPDATES:
        clock.sleep(0.01)
        timeline.read()
        _give_up(timeline, clock.now() - began, settings, "idle")
    return timeline.window()


def measure(
    meter: Meter, workload: GpuWorkload, idle_W: float, settings: Settings, clock: Clock | None = None
) -> Measurement:
    """Run a workload in trials and read the meter around it.

    Work is counted between the meter's first and last update, in proportion to time within a piece, since pieces do not
    end on updates.
    """
    clock = clock or Clock()
    began = clock.now()
    while clock.now() - began < settings.warm_up:
        workload.run()
    trials = []
    for number in range(settings.trials):
        if number:
            clock.sleep(settings.cool_down)
            workload.run()  # clocks rise again before the window opens
        trials.append(_trial(meter, workload, settings, clock))
    return Measurement(meter.name, workload.name, workload.unit, dict(workload.conditions), tuple(trials), idle_W)


def _trial(meter: Meter, workload: GpuWorkload, settings: Settings, clock: Clock) -> Trial:
    timeline = Timeline(meter, clock)
    timeline.read()
    began, amount = clock.now(), 0.0
    while clock.now() - began < settings.seconds or timeline.updates < MIN_UPDATES:
        amount += workload.run()
        timeline.read()
        _give_up(timeline, clock.now() - began, settings, workload.name)
    whole = clock.now() - began
    window = timeline.window()
    return Trial(amount * window.seconds / whole, window, meter.temperature_C(), meter.clock_MHz())


def _give_up(timeline: Timeline, passed: float, settings: Settings, what: str) -> None:
    if passed > max(60.0, 10 * settings.seconds):
        raise MeterError(
            f"{what}: the meter moved {timeline.updates} times in {passed:.0f} s; {MIN_UPDATES} are needed"
        )


def campaign(
    meter: Meter,
    workloads: Sequence[GpuWorkload],
    settings: Settings | None = None,
    clock: Clock | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Campaign:
    """Idle power, every workload, and idle power again; what speaks against the joules is noted.

    A workload that fails (no room, a meter that stops) does not take the others with it: it is in `Campaign.failed`.

    Raises
    ------
    MeterError
        not one workload could be measured; with the reason of each.
    """
    settings = settings or Settings()
    others = _others(meter)
    tell("idle")
    before = measure_idle(meter, settings, clock)
    done: list[Measurement] = []
    failed: list[str] = []
    for workload in workloads:
        tell(workload.name)
        try:
            done.append(measure(meter, workload, before.watts, settings, clock))
        except MeterError as error:
            failed.append(f"{workload.name}: {error}" if workload.name not in str(error) else str(error))
    if not done:
        raise MeterError("; ".join(failed) or "no workload was given")
    tell("idle again")
    after = measure_idle(meter, settings, clock)
    notes = [*_notes(before, after), *_silent(done), *_shared(others, _others(meter))]
    return Campaign(meter.name, before, tuple(done), tuple(notes), tuple(failed))


def _notes(before: Window, after: Window) -> list[str]:
    notes = []
    if abs(after.watts / before.watts - 1) > _DRIFT:
        notes.append(f"idle power went from {before.watts:.1f} W to {after.watts:.1f} W: something else may run here")
    if before.by == "polling":
        notes.append("no energy counter: power was polled and integrated, which misses what lies between samples")
    return notes


def _silent(done: Sequence[Measurement]) -> list[str]:
    """What the GPU did not tell in any trial."""
    trials = [t for m in done for t in m.trials]
    quantities = {"temperature": [t.temperature_C for t in trials], "clock": [t.clock_MHz for t in trials]}
    return [f"the GPU tells no {name}" for name, values in quantities.items() if all(v is None for v in values)]


def _others(meter: Meter) -> frozenset[int] | None:
    """Other processes on the board, where the meter can list them."""
    lists = getattr(meter, "others", None)
    return None if lists is None else lists()


def _shared(before: frozenset[int] | None, after: frozenset[int] | None) -> list[str]:
    """A note of the processes that were on the board besides this one: their joules are in the figures.

    In a container this process is listed under a number that it does not know, so only those from before its work are
    others without doubt.
    """
    if before is None:
        return [
            "other processes on the board cannot be listed here: nothing shows that the joules are this work's alone"
        ]
    if not before:
        return []
    gone = "" if after is None or before <= after else ", some of them not to the end"
    numbers = ", ".join(str(n) for n in sorted(before))
    return [f"{len(before)} other process(es) on the board (pid {numbers}{gone}): the joules are theirs too"]


_DRIFT = 0.1  # relative, of idle power over a campaign


def slug(name: str) -> str:
    """A GPU's name as part of a record's id: ``NVIDIA H100 80GB HBM3`` is ``h100_80gb_hbm3``."""
    return _SLUG.sub("_", name.lower().replace("nvidia", "")).strip("_") or "gpu"


def as_toml(found: Campaign, when: str, where: str = "revpath gpu measure") -> str:
    """The campaign as a file of records in the library's format: evidence measured, with conditions.

    Parameters
    ----------
    when : str
        the date, ISO 8601. Each workload gives three records: energy per piece, energy above idle, and power.
    """
    head = (
        f"# Measured on one {found.gpu}, {when}, by `revpath gpu measure`: energy of the GPU's own meter ({found.idle.by}).\n"
        f"\n[sources.measured]\ncitation = {_text(f'{where}, {found.gpu}, {when} (no publication)')}\n"
    )
    notes = " ".join(f"{note}." for note in found.notes)
    gpu = slug(found.gpu)
    idle_error = 2 * found.idle.resolution_J / found.idle.joules
    blocks = [_block(f"measured.{gpu}.idle", found.idle.watts, "W", idle_error, {"gpu": found.gpu}, notes)]
    for m in found.measurements:
        conditions = {
            "gpu": m.gpu,
            **m.conditions,
            "trials": len(m.trials),
            "seconds": round(fmean(t.window.seconds for t in m.trials), 3),
            **_mean("temperature_C", [t.temperature_C for t in m.trials], 1),
            **_mean("clock_MHz", [t.clock_MHz for t in m.trials], 0),
            "rate_per_s": float(f"{m.rate:.6g}"),
        }
        name = f"measured.{gpu}.{slug(m.workload)}"
        error = m.relative_error
        said = " ".join(["All that the GPU drew.", *([notes] if notes else [])])
        told = m.above_idle_each > error * m.joules_each  # what is less cannot be told from the idle power
        said += "" if told else " What the work drew above idle power is within the error of the meter."
        blocks.append(_block(name, m.joules_each, f"J/{m.unit}", error, conditions, said))
        if told:
            note = f"Above the idle {m.idle_W:.1f} W."
            blocks.append(_block(f"{name}.above_idle", m.above_idle_each, f"J/{m.unit}", error, conditions, note))
        blocks.append(_block(f"{name}.power", m.watts, "W", error, conditions, ""))
    return head + "".join(blocks)


def _mean(name: str, values: Sequence[float | None], digits: int) -> dict[str, float | int | str]:
    """The mean of what was told, under `name`; nothing where nothing was."""
    known = [v for v in values if v is not None]
    return {name: round(fmean(known), digits) if digits else round(fmean(known))} if known else {}


def _block(id: str, value: float, unit: str, error: float, conditions: dict[str, float | int | str], note: str) -> str:
    pairs = ", ".join(f"{key} = {_text(v) if isinstance(v, str) else v}" for key, v in conditions.items())
    lines = [
        "\n[[record]]",
        f"id = {_text(id)}",
        f"value = {value:.6g}",
        f"unit = {_text(unit)}",
        f'uncertainty = {{ kind = "lognormal", sigma_ln = {max(error, _LEAST_ERROR):.3g} }}',
        'evidence = "measured"',
        'read_in = "primary"',
        'source = "measured"',
        'boundary = "chip"',
        f"conditions = {{ {pairs} }}",
    ]
    return "\n".join([*lines, *([f"note = {_text(note)}"] if note else [])]) + "\n"


_LEAST_ERROR = 0.05  # boards of one kind differ by 5 % (S. Bekman), and a meter by as much


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
