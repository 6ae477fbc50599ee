"""Which board of NVML is the GPU that CUDA works on: NVML counts boards by bus, CUDA the visible ones, fastest first.

A board is taken only where it is shown to be that one, in this order: by UUID; by PCI bus id; as the only board there
is; by a product name that only one board has; by what ``CUDA_VISIBLE_DEVICES`` says, where it says it without doubt.

Sources: CUDA C++ Programming Guide, "CUDA environment variables" (CUDA_VISIBLE_DEVICES, CUDA_DEVICE_ORDER); NVML API
reference, "Device queries" (indices are not consistent between reboots: use UUID or PCI bus id).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...devices.base.errors import RevpathError

_BUS = re.compile(r"(?:([0-9a-f]+):)?([0-9a-f]+):([0-9a-f]+)(?:\.[0-9a-f]+)?$")

Bus = tuple[int, int, int]
"""PCI domain, bus and device."""


class NoGpu(RevpathError):
    """There is no GPU that can be measured here; says what is missing."""


class NotThere(NoGpu):
    """A GPU or a workload was asked for that is not there: a mistake in the call or in its environment."""


class WrongBoard(RevpathError):
    """No board is shown to be the one that works, or the board is shared, so that its meter is not the work's."""


@dataclass(frozen=True)
class Board:
    """A board as NVML lists it. uuid: without its prefix, small letters; None where it is not told, as with `bus`."""

    index: int
    name: str
    uuid: str | None
    bus: Bus | None


@dataclass(frozen=True)
class Visible:
    """A GPU as CUDA shows it: its number there, how many are shown, and what is known of it, as in `Board`."""

    index: int
    count: int
    name: str = ""
    uuid: str | None = None
    bus: Bus | None = None


def ask(nvml: Any, function: str, *arguments: Any) -> Any:
    """NVML's answer, or None where the package, the driver or the board has no such function or refuses it."""
    try:
        return getattr(nvml, function)(*arguments)
    except (nvml.NVMLError, AttributeError):
        return None


def text(value: Any) -> str:
    """NVML's names are bytes in older packages."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def boards(nvml: Any) -> list[Board]:
    """Every board that answers, in NVML's order, which is that of the PCI bus."""
    listed = []
    for index in range(int(nvml.nvmlDeviceGetCount())):
        handle = ask(nvml, "nvmlDeviceGetHandleByIndex", index)
        if handle is None:
            continue
        name, uuid = ask(nvml, "nvmlDeviceGetName", handle), ask(nvml, "nvmlDeviceGetUUID", handle)
        pci = ask(nvml, "nvmlDeviceGetPciInfo", handle)
        listed.append(Board(index, text(name), _plain(uuid), _bus(getattr(pci, "busId", None))))
    return listed


def visible(torch: Any, index: int, environment: Mapping[str, str] | None = None) -> Visible:
    """What PyTorch says of its GPU number `index`.

    Raises
    ------
    NotThere
        CUDA does not show so many; the message names ``CUDA_VISIBLE_DEVICES``.
    NoGpu
        PyTorch has no CUDA device, and nothing hides one.
    """
    said = _said(environment)
    count = int(torch.cuda.device_count()) if torch.cuda.is_available() else 0
    if count == 0 and "CUDA_VISIBLE_DEVICES" not in (os.environ if environment is None else environment):
        raise NoGpu("PyTorch has no CUDA device here")
    if not 0 <= index < count:
        raise NotThere(f"gpu = {index} is not there: CUDA shows {count} to PyTorch, numbered from 0 ({said})")
    known = torch.cuda.get_device_properties(index)
    numbers = [getattr(known, f"pci_{part}_id", None) for part in ("domain", "bus", "device")]
    domain, bus, device = numbers
    place = None if bus is None or device is None else (int(domain or 0), int(bus), int(device))
    return Visible(index, count, text(getattr(known, "name", "")), _plain(getattr(known, "uuid", None)), place)


def board_of(gpu: Visible, listed: Sequence[Board], environment: Mapping[str, str] | None = None) -> Board:
    """The board that `gpu` is.

    Raises
    ------
    WrongBoard
        none is shown to be it; the message says what would show it.
    """
    entry = _entry(gpu.index, environment)
    if entry.lower().startswith("mig-"):
        raise WrongBoard(f"CUDA_VISIBLE_DEVICES names a MIG slice ({entry}): {MIG}")
    board = _shown(gpu, listed) or _beyond_doubt(gpu, listed, entry, environment)
    if board is not None:
        return board
    place = [b for b in listed if gpu.bus is not None and b.bus == gpu.bus]
    if place:
        raise WrongBoard(
            f"CUDA's GPU {gpu.index} stands on the bus where NVML's board {place[0].index} does, but has another UUID, as a MIG "
            f"slice would: {MIG}"
        )
    raise WrongBoard(
        f"which of NVML's {len(listed)} boards is CUDA's GPU {gpu.index} cannot be told: PyTorch gives neither a UUID nor a PCI "
        f"bus id that NVML knows ({_said(environment)}); set CUDA_VISIBLE_DEVICES to the UUID of one board (nvidia-smi -L)"
    )


MIG = (
    "in MIG mode the meter is the whole board's while the work runs on a slice of it, so joules would be those of "
    "others too; switch MIG off (nvidia-smi -mig 0) or measure on another board"
)


def _shown(gpu: Visible, listed: Sequence[Board]) -> Board | None:
    """The board of the same UUID, or of the same bus id; both must agree where both are known."""
    by_uuid = [b for b in listed if gpu.uuid is not None and b.uuid == gpu.uuid]
    by_bus = [b for b in listed if gpu.bus is not None and b.bus == gpu.bus]
    if len(by_uuid) == 1 and (not by_bus or by_bus[0] is by_uuid[0]):
        return by_uuid[0]
    if not by_uuid and len(by_bus) == 1 and (gpu.uuid is None or by_bus[0].uuid is None):
        return by_bus[0]
    return None


def _beyond_doubt(
    gpu: Visible, listed: Sequence[Board], entry: str, environment: Mapping[str, str] | None
) -> Board | None:
    """The board where PyTorch's properties can be compared with none: the only one, the only of its name, or as said."""
    if any((gpu.uuid and b.uuid) or (gpu.bus and b.bus) for b in listed):
        return None  # they could be compared, and none was it
    if len(listed) == 1 and gpu.count == 1:
        return listed[0]
    named = [b for b in listed if b.name == gpu.name]
    if len(named) == 1:
        return named[0]
    if entry.lower().startswith("gpu-"):
        begin = [b for b in listed if b.uuid is not None and b.uuid.startswith(_plain(entry) or " ")]
        return begin[0] if len(begin) == 1 else None
    given = os.environ if environment is None else environment
    if given.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID":
        number = int(entry) if entry.isdigit() else gpu.index if not entry else -1
        return next((b for b in listed if b.index == number), None)
    return None


def _entry(index: int, environment: Mapping[str, str] | None) -> str:
    """What ``CUDA_VISIBLE_DEVICES`` says of GPU `index`; "" where it says nothing."""
    given = (os.environ if environment is None else environment).get("CUDA_VISIBLE_DEVICES", "")
    entries = [part.strip() for part in given.split(",")]
    return entries[index] if index < len(entries) else ""


def _said(environment: Mapping[str, str] | None) -> str:
    given = os.environ if environment is None else environment
    order = f", CUDA_DEVICE_ORDER = {given['CUDA_DEVICE_ORDER']!r}" if "CUDA_DEVICE_ORDER" in given else ""
    if "CUDA_VISIBLE_DEVICES" not in given:
        return f"CUDA_VISIBLE_DEVICES is not set{order}"
    return f"CUDA_VISIBLE_DEVICES = {given['CUDA_VISIBLE_DEVICES']!r}{order}"


def _plain(uuid: Any) -> str | None:
    """A UUID without its prefix; None for one that is missing or all zero, as virtual boards give."""
    if uuid is None:
        return None
    plain = text(uuid).strip().lower().removeprefix("gpu-").removeprefix("mig-")
    return plain if plain.strip("0-") else None


def _bus(given: Any) -> Bus | None:
    parts = _BUS.match(text(given).strip().lower()) if given is not None else None
    return None if parts is None else (int(parts[1] or "0", 16), int(parts[2], 16), int(parts[3], 16))
