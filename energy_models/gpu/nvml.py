"""What a GPU's own meter says, by NVML, and energy between two moments from it.

Pitfalls that this file answers (sources in `measure`'s docstring and in the project's notes):

- the energy counter (nvmlDeviceGetTotalEnergyConsumption, millijoules since the driver was loaded) exists from Volta
  on; before, power is polled and integrated;
- it is updated every 20 to 100 ms, so that a short window reads zero: a window must span many updates, and its ends
  are placed on updates;
- it starts anew when the driver is reloaded;
- power readings are averages over up to a second and cover part of the time only: they are never multiplied by a
  window's length where the counter exists.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from ...devices.base.errors import RevpathError
from .boards import MIG, Board, NoGpu, NotThere, Visible, WrongBoard, ask, board_of, boards, text

_MILLI = 1e-3
_COUNTER_BITS = 64


class MeterError(RevpathError):
    """A reading cannot be used: the window was too short, or the meter stood still or ran backwards."""


class Meter(Protocol):
    """A GPU's meter. `energy_mJ` is None where the GPU has no counter; times are of `clock`, in seconds.

    `temperature_C` and `clock_MHz` are None where the GPU does not tell them.
    """

    name: str

    def energy_mJ(self) -> int | None: ...

    def power_W(self) -> float: ...

    def temperature_C(self) -> float | None: ...

    def clock_MHz(self) -> float | None: ...


def load_nvml() -> Any:
    """The package pynvml (nvidia-ml-py), which is imported here and nowhere else.

    Raises
    ------
    NoGpu
        it is not installed, or no driver answers.
    """
    try:
        import pynvml  # type: ignore[import-not-found]  # an extra
    except ImportError:
        raise NoGpu("no NVML: the package nvidia-ml-py is not installed") from None
    _begin(pynvml)
    return pynvml


def _begin(nvml: Any) -> None:
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        raise NoGpu(f"no NVIDIA driver answers: {error}") from None


class NvmlMeter:
    """The meter of one board.

    Parameters
    ----------
    index : int
        Which board, in NVML's order, which is not CUDA's. Not used where `gpu` is given.
    nvml : module
        pynvml, or whatever answers like it.
    gpu : Visible
        The GPU that CUDA works on: its board is sought by UUID and PCI bus id (boards.py).

    Raises
    ------
    NoGpu
        the package, the driver or the board is missing.
    WrongBoard
        no board is shown to be `gpu`, or it is in MIG mode: its meter would be that of other slices too.
    """

    def __init__(self, index: int = 0, nvml: Any = None, gpu: Visible | None = None) -> None:
        if nvml is None:
            nvml = load_nvml()
        else:
            _begin(nvml)
        self._nvml = nvml
        try:
            self.board = self._choose(index, gpu)
            self._device = nvml.nvmlDeviceGetHandleByIndex(self.board.index)
            self.name = text(nvml.nvmlDeviceGetName(self._device))
            mode = ask(nvml, "nvmlDeviceGetMigMode", self._device)
            if mode is not None and mode[0]:
                raise WrongBoard(f"{self.name} (board {self.board.index}): {MIG}")
            self._counts = self._counter_moves()
        except nvml.NVMLError as error:
            self.close()
            raise NoGpu(f"GPU {index} does not answer: {error}") from None
        except RevpathError:
            self.close()
            raise

    def _choose(self, index: int, gpu: Visible | None) -> Board:
        if gpu is not None:
            return board_of(gpu, boards(self._nvml))
        count = self._nvml.nvmlDeviceGetCount()
        if not 0 <= index < count:
            raise (NotThere if count else NoGpu)(f"gpu = {index} is not there: {count} found")
        return next((b for b in boards(self._nvml) if b.index == index), Board(index, "", None, None))

    def _counter_moves(self) -> bool:
        """There is a counter, and it has left zero: a board that cannot count may say 0 for ever."""
        for _ in range(_ZEROS):
            count = self._count()
            if count != 0:
                return count is not None
            time.sleep(_ZERO_S)
        return False

    def energy_mJ(self) -> int | None:
        return self._count() if self._counts else None

    def _count(self) -> int | None:
        try:
            return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._device))
        except AttributeError:  # a package older than the counter
            return None
        except self._nvml.NVMLError as error:
            if _unsupported(self._nvml, error):
                return None
            raise MeterError(f"the energy counter of {self.name} cannot be read: {error}") from None

    def power_W(self) -> float:
        try:
            return float(self._nvml.nvmlDeviceGetPowerUsage(self._device)) * _MILLI
        except self._nvml.NVMLError as error:
            raise MeterError(
                f"nvmlDeviceGetPowerUsage of {self.name}: {error}: it tells neither energy nor power"
            ) from None

    def temperature_C(self) -> float | None:
        return self._optional("nvmlDeviceGetTemperature", "NVML_TEMPERATURE_GPU")

    def clock_MHz(self) -> float | None:
        return self._optional("nvmlDeviceGetClockInfo", "NVML_CLOCK_SM")

    def others(self) -> frozenset[int] | None:
        """Other processes on the board, by number; None where they cannot be listed (a container, WSL)."""
        lists = [ask(self._nvml, f"nvmlDeviceGet{kind}RunningProcesses", self._device) for kind in _KINDS]
        if all(each is None for each in lists):
            return None
        return frozenset(int(p.pid) for each in lists if each is not None for p in each) - {os.getpid()}

    def close(self) -> None:
        with suppress(self._nvml.NVMLError):  # nothing is left to release
            self._nvml.nvmlShutdown()

    def __enter__(self) -> NvmlMeter:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _optional(self, function: str, which: str) -> float | None:
        answer = ask(self._nvml, function, self._device, getattr(self._nvml, which, 0))
        return None if answer is None else float(answer)


_ZEROS, _ZERO_S = 10, 0.05  # looks at a counter that says 0, and seconds between: longer than an update in all
_KINDS = ("Compute", "Graphics", "MPSCompute")  # ways for a process to be on a board
_NO_COUNTER = ("NVML_ERROR_NOT_SUPPORTED", "NVML_ERROR_FUNCTION_NOT_FOUND", "NVML_ERROR_NO_PERMISSION")


def _unsupported(nvml: Any, error: Exception) -> bool:
    value = getattr(error, "value", None)
    return value is not None and value in [getattr(nvml, name, None) for name in _NO_COUNTER]


@dataclass(frozen=True)
class Clock:
    """Time and how to let it pass, so that tests need not wait."""

    now: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Window:
    """Joules and seconds between two moments, and how they were found.

    Attributes
    ----------
    resolution_J : float
        what one update of the meter is worth here: the error of each end.
    by : str
        ``counter`` or ``polling``.
    """

    joules: float
    seconds: float
    resolution_J: float
    by: str

    @property
    def watts(self) -> float:
        return self.joules / self.seconds


def counter_difference(before: int, after: int) -> float:
    """Millijoules between two readings of the counter.

    Raises
    ------
    MeterError
        it ran backwards by less than a wrap-around of its 64 bits can explain: the driver was reloaded.
    """
    if after >= before:
        return float(after - before)
    wrapped = after + (1 << _COUNTER_BITS) - before
    if before > 1 << (_COUNTER_BITS - 1) and wrapped < 1 << (_COUNTER_BITS - 1):
        return float(wrapped)
    raise MeterError(
        f"the energy counter ran backwards, {before} to {after} mJ: was the driver reloaded? Measure again"
    )


class Timeline:
    """Readings of a meter while something runs, integrated when it is over.

    With a counter: first and last update of the counter bracket the window, so that both ends stand on updates. Without:
    power is polled and integrated by trapezia.

    Attributes
    ----------
    poll_s : float
        between polls of power; the counter is read as often, to see its updates.
    """

    def __init__(self, meter: Meter, clock: Clock | None = None, poll_s: float = 0.01) -> None:
        self._meter, self._clock, self._poll_s = meter, clock or Clock(), poll_s
        self._readings: list[tuple[float, float]] = []
        self._counts = meter.energy_mJ() is not None

    @property
    def updates(self) -> int:
        """Changes of the counter (or polls of power) so far."""
        return max(0, len(self._readings) - 1)

    def wait_for_update(self, limit_s: float = 2.0) -> None:
        """Let time pass until the counter moves, and begin there.

        Raises
        ------
        MeterError
            it did not move for `limit_s`.
        """
        if not self._counts:
            self.read()
            return
        first, began = self._meter.energy_mJ(), self._clock.now()
        while self._meter.energy_mJ() == first:
            if self._clock.now() - began > limit_s:
                raise MeterError(f"the energy counter of {self._meter.name} stood still for {limit_s:g} s")
            self._clock.sleep(self._poll_s / 10)
        self.read()

    def read(self) -> None:
        """Take a reading now; of a counter, only if it changed."""
        if not self._counts:
            self._readings.append((self._clock.now(), self._meter.power_W()))
            return
        count = self._meter.energy_mJ()
        if count is None:
            raise MeterError(f"the energy counter of {self._meter.name} vanished")
        if not self._readings or count != self._readings[-1][1]:
            self._readings.append((self._clock.now(), count))

    def window(self) -> Window:
        """What was spent from the first to the last reading."""
        if self.updates < 1:
            raise MeterError("the window is shorter than an update of the meter: it would read zero; run for longer")
        (begin, first), (end, last) = self._readings[0], self._readings[-1]
        if self._counts:
            joules = _drawn(self._meter, counter_difference(int(first), int(last)) * _MILLI)
            return Window(joules, end - begin, joules / self.updates, "counter")
        joules = sum(
            0.5 * (p + q) * (u - t) for (t, p), (u, q) in zip(self._readings, self._readings[1:], strict=False)
        )
        _drawn(self._meter, joules)
        return Window(joules, end - begin, joules / self.updates, "polling")


def _drawn(meter: Meter, joules: float) -> float:
    if not 0 < joules < math.inf:
        raise MeterError(f"the meter of {meter.name} says {joules:g} J were drawn, which no board that is on does")
    return joules
