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

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from ...devices.base.errors import RevpathError

_MILLI = 1e-3
_COUNTER_BITS = 64


class NoGpu(RevpathError):
    """There is no GPU that can be measured here; says what is missing."""


class MeterError(RevpathError):
    """A reading cannot be used: the window was too short, or the meter stood still or ran backwards."""


class Meter(Protocol):
    """A GPU's meter. `energy_mJ` is None where the GPU has no counter; times are of `clock`, in seconds."""

    name: str

    def energy_mJ(self) -> int | None: ...

    def power_W(self) -> float: ...

    def temperature_C(self) -> float: ...

    def clock_MHz(self) -> float: ...


class NvmlMeter:
    """The meter of GPU number `index`, by the package pynvml (nvidia-ml-py), which is imported here and nowhere else.

    nvml: the module, or whatever answers like it.

    Raises
    ------
    NoGpu: the package, the driver or the GPU is missing.
    """

    def __init__(self, index: int = 0, nvml: Any = None) -> None:
        if nvml is None:
            try:
                import pynvml as nvml  # type: ignore[import-not-found]
            except ImportError:
                raise NoGpu("no NVML: the package nvidia-ml-py is not installed") from None
        self._nvml = nvml
        try:
            nvml.nvmlInit()
        except nvml.NVMLError as error:
            raise NoGpu(f"no NVIDIA driver answers: {error}") from None
        try:
            count = nvml.nvmlDeviceGetCount()
            if not 0 <= index < count:
                raise NoGpu(f"gpu = {index} is not there: {count} found")
            self._device = nvml.nvmlDeviceGetHandleByIndex(index)
            name = nvml.nvmlDeviceGetName(self._device)
        except nvml.NVMLError as error:
            self.close()
            raise NoGpu(f"GPU {index} does not answer: {error}") from None
        except NoGpu:
            self.close()
            raise
        self.name: str = name.decode() if isinstance(name, bytes) else str(name)

    def energy_mJ(self) -> int | None:
        try:
            return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._device))
        except self._nvml.NVMLError as error:
            if _unsupported(self._nvml, error):
                return None
            raise MeterError(f"the energy counter of {self.name} cannot be read: {error}") from None

    def power_W(self) -> float:
        return self._read("nvmlDeviceGetPowerUsage") * _MILLI

    def temperature_C(self) -> float:
        return float(self._read("nvmlDeviceGetTemperature", self._nvml.NVML_TEMPERATURE_GPU))

    def clock_MHz(self) -> float:
        return float(self._read("nvmlDeviceGetClockInfo", self._nvml.NVML_CLOCK_SM))

    def close(self) -> None:
        with suppress(self._nvml.NVMLError):  # nothing is left to release
            self._nvml.nvmlShutdown()

    def __enter__(self) -> NvmlMeter:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _read(self, function: str, *arguments: Any) -> float:
        try:
            return float(getattr(self._nvml, function)(self._device, *arguments))
        except self._nvml.NVMLError as error:
            raise MeterError(f"{function} of {self.name}: {error}") from None


def _unsupported(nvml: Any, error: Exception) -> bool:
    return getattr(error, "value", None) == nvml.NVML_ERROR_NOT_SUPPORTED


@dataclass(frozen=True)
class Clock:
    """Time and how to let it pass, so that tests need not wait."""

    now: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Window:
    """Joules and seconds between two moments, and how they were found.

    resolution_J: what one update of the meter is worth here: the error of each end. by: ``counter`` or ``polling``.
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
    MeterError: it ran backwards by less than a wrap-around of its 64 bits can explain: the driver was reloaded.
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

    poll_s: between polls of power; the counter is read as often, to see its updates.
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
        MeterError: it did not move for `limit_s`.
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
            joules = counter_difference(int(first), int(last)) * _MILLI
            return Window(joules, end - begin, joules / self.updates, "counter")
        joules = sum(
            0.5 * (p + q) * (u - t) for (t, p), (u, q) in zip(self._readings, self._readings[1:], strict=False)
        )
        return Window(joules, end - begin, joules / self.updates, "polling")
