"""Programming cells to target conductances by write-verify.

This is a closed loop for each cell: read, compare with the target, pulse towards it, read again, until the read
is inside the tolerance or the budget of pulses is used up; as Wan et al., "A compute-in-memory chip based on resistive
random-access memory", Nature 608, 504 (2022), Extended Data Fig. 3a, but with pulses of one height. Cells whose pulse
response is known are moved by up and down pulses, whatever their law. Cells whose response is not known (phase-change
memory with its programming noise alone) are programmed anew in one go at each attempt, which is one pulse of the budget.

The functions work on plain arrays of cells; how weights become targets is the business of `mapping.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ...devices import Device
from ...devices.laws import NoProgrammingNoise
from ...devices.response import NoResponse
from ...devices.response.pulsed import PulsedResponse
from ..errors import ArrayError
from ..mapping import WeightMapping
from ..noise.streams import Stream
from ..pulses.entries import PULSES_A_CALL, RISES
from ..pulses.kernels import FRESH_WRITE, PLAIN, apply_pulses
from ..pulses.laws import KernelLaw, fresh_writes, kernel_law, traits_of
from ..pulses.layout import B_MAX, B_MIN, COMMON, WRITE_NOISE
from ..settings import Settings
from .kernels import ACCEPTED, LOWERED, RAISED, READS, listed_cells, verified_pulses
from .report import Outcome, ProgrammingReport
from .wear import EnduranceError as EnduranceError
from .wear import EnduranceWarning as EnduranceWarning
from .wear import OnWorn, say, worn_cells

_TABLE = 4096  # entries of the table of read noise over the conductances that a cell can show
_FARTHEST = 7.0  # standard deviations; no normal of `noise.py` is farther
_EDGE = 1e-6  # of the window: rounding of targets at its ends
PURPOSE = "write-verify"  # of the stream that `write_verify` takes its random numbers from


class WriteVerify(Settings):
    """A scheme of write-verify.

    Attributes
    ----------
    tolerance : float
        half-width of the accepted band about the target, as a fraction of the conductance window g_max - g_min of the
        nominal device. A verify read is accepted where |read - target| <= tolerance x (g_max - g_min).
    max_pulses : int
        budget of one cell: pulses of either polarity, or writes of cells that are programmed in one go.
    read_noise : bool
        whether verify reads see the read noise of the device. Without, a read sees exactly what the cell shows, which
        no hardware does: such reads have no price.
    reads_per_verify : int
        reads that are averaged for one comparison. They are taken as independent, so that their average has the read
        noise over sqrt(reads_per_verify); slow (1/f) noise averages less well than that.
    policy : {"single", "adaptive"}
        "single": a read after each pulse. "adaptive": as many pulses before the next read as the remaining error has
        typical steps (`response.granularity`, rounded down), 1 to max_burst: fewer reads. Where the noise of a pulse
        exceeds the tolerance, long bursts chase that noise and more cells fail, and where steps are much larger than
        the typical one (far from the middle of an exponential, say) bursts overshoot: take a small max_burst there.
        Cells that are programmed in one go take one write before each read under either policy.
    max_burst : int
        largest number of pulses between two reads under "adaptive".
    """

    hints: ClassVar[Mapping[str, str]] = {"tolerance": "it is a fraction of the window, 0.05 for 5 %"}

    tolerance: float = Field(default=0.02, gt=0, le=1)
    max_pulses: int = Field(default=1000, ge=1, lt=2**31 - 1)
    read_noise: bool = True
    reads_per_verify: int = Field(default=1, ge=1, lt=2**31)
    policy: Literal["single", "adaptive"] = "single"
    max_burst: int = Field(default=64, ge=1, lt=2**31)


def write_verify(
    state: np.ndarray,
    shown: np.ndarray,
    traits: np.ndarray | None,
    targets: np.ndarray,
    device: Device,
    scheme: WriteVerify,
    stream: Stream,
    *,
    read_time: float | None = None,
    wear: np.ndarray | None = None,
    endurance: float | None = None,
    on_worn: OnWorn = "warn",
) -> ProgrammingReport:
    """Program every cell to its target by write-verify; `state` and `shown` are changed in place.

    Pulsed cells are read before their first pulse, and are left alone where they are inside the tolerance already.
    Cells that are programmed in one go begin with a write. Every loop ends with a verify read, so a cell that fails is
    one whose last read was outside the tolerance. A loop ends by the budget alone, also for a cell that cannot move, or
    whose every pulse steps over the band: a controller does not know that. Why a cell failed is found out afterwards.

    Parameters
    ----------
    state, shown : ndarray
        (...) float32, contiguous: what the cells hold and what a read sees of them, on the state coordinate of the
        response of the device. The last axis may be the pair.
    traits : ndarray, optional
        (..., n) float32: s_up, s_down, b_max, b_min of each cell of a pulsed device, and what else its law needs, see
        `laws.traits_of`; None for other devices.
    targets : ndarray
        (...), siemens, inside the window of the device.
    device, scheme : Device, WriteVerify
        what the cells are and how they are programmed.
    stream : Stream
        of purpose `PURPOSE`; the call takes one step. Noise is addressed by (cell, pulse of the cell).
    read_time : float, optional
        seconds of a verify read, where the read noise of the device depends on it; its own by default.
    wear : ndarray, optional
        (...), pulses that the cells took before, each of them one cycle; none by default.
    endurance : float, optional
        cycles that a cell endures; None where it is not known.
    on_worn : OnWorn
        what to do about cells whose wear is beyond it: "warn" with `EnduranceWarning`, "error", or "ignore". They are
        programmed all the same.

    Raises
    ------
    ArrayError
        shapes or types that do not fit, values that are not finite, targets outside the window, bounds that are
        crossed, a device with neither a pulse response nor programming noise or one whose pulses go one way only, or
        read noise that is not normal.
    EnduranceError
        worn cells with on_worn="error".
    """
    mapping = _mapping(device)
    targets = _checked(state, shown, traits, targets, device)
    before = _checked_wear(wear, endurance, on_worn, targets.shape)
    if not isinstance(scheme, WriteVerify):
        raise ArrayError(f"scheme = {scheme!r} must be a WriteVerify")
    if not isinstance(stream, Stream):
        raise ArrayError(f"stream = {stream!r} must be a Stream")
    aims = mapping.to_state(targets).reshape(-1)
    law, traits_of_cells, highest = _pulses(device, mapping, targets.reshape(-1), traits)
    top = max(highest, mapping.w_max, float(shown.max(initial=mapping.floor)))
    table = _read_table(device, scheme, mapping, top, read_time)
    tolerance = scheme.tolerance * (mapping.w_max - mapping.w_min)
    numbers = [tolerance, _bursts(device, scheme), mapping.floor, (len(table) - 1) / (top - mapping.floor)]
    after = before.copy()
    counts, seen = _all_rounds(
        (state.reshape(-1, 1), shown.reshape(-1, 1), traits_of_cells, after.reshape(-1, 1)),
        law,
        aims.astype(np.float32),
        np.array(numbers, np.float32),
        np.array([scheme.max_pulses, scheme.max_burst], np.int64),
        table,
        (stream.take_step(), stream.key),
    )
    reads = counts[:, READS].astype(np.int64)
    reached = counts[:, ACCEPTED] == 1
    outcome = np.where(reached, Outcome.REACHED, Outcome.BUDGET_USED).astype(np.uint8)
    if traits is not None:
        failed = np.flatnonzero(~reached)
        outcome[failed] = _reasons(law, traits_of_cells[failed], state.reshape(-1)[failed], aims[failed], tolerance)
    up, down = (counts[:, side].astype(np.int64).reshape(targets.shape) for side in (RAISED, LOWERED))
    none, pulsed = np.zeros_like(up), traits is not None
    siemens = seen * mapping.slope + reads * (mapping.g_min - mapping.w_min * mapping.slope)
    siemens = np.maximum(siemens, 0.0)  # of empty cells, whose float32 state may be a rounding below the floor
    report = ProgrammingReport(
        target=targets,
        achieved=mapping.conductances(shown),
        pulses_up=up if pulsed else none,
        pulses_down=down if pulsed else none,
        writes=none if pulsed else up + down,
        verify_reads=(reads * scheme.reads_per_verify).reshape(targets.shape),
        siemens_read=(scheme.reads_per_verify * siemens).reshape(targets.shape),
        outcome=outcome.reshape(targets.shape),
        wear=after,
        endurance=endurance,
        tolerance=scheme.tolerance * (device.window.g_max - device.window.g_min),
        noiseless=not table.any(),
    )
    if report.worn.any():
        say(worn_cells(report), on_worn, report)
    return report


def _all_rounds(
    cells: tuple[np.ndarray, ...],
    law: KernelLaw,
    aims: np.ndarray,
    numbers: np.ndarray,
    plan: np.ndarray,
    table: np.ndarray,
    address: tuple[np.uint64, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """`verified_pulses` until every cell is done, its counts and sums; in calls that are short, so that Ctrl-C is heard."""
    counts, seen = np.zeros((aims.size, 4), np.int32), np.zeros(aims.size)
    first = int(law.kind == FRESH_WRITE)
    todo = listed_cells(aims.size, first)
    while active := int(todo[2].sum()):
        stop = first + max(PULSES_A_CALL // active, 1)
        verified_pulses(cells, law, aims, numbers, plan, table, todo, counts, seen, first, stop, *address)
        first = stop
    return counts, seen


# -- what a device is to the loop ------------------------------------------------------------------------------------


def _mapping(device: Device) -> WeightMapping:
    """The state coordinate of the device; weights are not used here."""
    if not isinstance(device, Device):
        raise ArrayError(f"device = {device!r} must be a Device")
    return WeightMapping.of(device, 1.0, "two-sided")


def _pulses(
    device: Device, mapping: WeightMapping, targets: np.ndarray, traits: np.ndarray | None
) -> tuple[KernelLaw, np.ndarray, float]:
    """The law of a pulse; traits (n, 1, ...) as the kernel wants them; highest state that can be shown."""
    response = device.response
    if isinstance(response, PulsedResponse) and traits is not None:
        law = kernel_law(response, mapping.floor)
        highest = float(traits[..., B_MAX].max(initial=mapping.w_max)) + _FARTHEST * float(law.numbers[WRITE_NOISE])
        return law, traits.reshape(-1, 1, traits.shape[-1]), highest
    sigma = device.programming.sigma(targets, device.window.g_max) / mapping.slope
    aims = mapping.to_state(targets)
    law, traits_of_cells = fresh_writes(aims, sigma, mapping.floor)
    return law, traits_of_cells, float((aims + _FARTHEST * sigma).max(initial=mapping.w_max))


def _bursts(device: Device, scheme: WriteVerify) -> float:
    """Pulses per state of remaining error; 0 for single pulses."""
    if scheme.policy == "single" or not isinstance(device.response, PulsedResponse):
        return 0.0
    return 1.0 / device.response.granularity


def _read_table(
    device: Device, scheme: WriteVerify, mapping: WeightMapping, top: float, read_time: float | None
) -> np.ndarray:
    """Standard deviation (state) of one comparison, at equally spaced states from zero conductance to `top`, float32."""
    law = device.read_noise
    if not scheme.read_noise:
        return np.zeros(2, np.float32)
    if not law.gaussian:
        raise ArrayError(
            f"device {device.name!r} has {law.law} read noise, which is not normal: verify reads cannot have it; use "
            "WriteVerify(read_noise=False)"
        )
    conductances = mapping.conductances(np.linspace(mapping.floor, top, _TABLE))
    sigma = law.sigma(conductances, device.window.g_max, 0.0, read_time)
    return (sigma / mapping.slope / np.sqrt(scheme.reads_per_verify)).astype(np.float32)


def _reasons(law: KernelLaw, traits: np.ndarray, state: np.ndarray, aims: np.ndarray, tolerance: float) -> np.ndarray:
    """Why pulsed cells (n,) did not arrive, uint8 of `Outcome`, from what a controller cannot see."""
    out = np.full(state.shape, Outcome.BUDGET_USED, np.uint8)
    s_up, s_down, high, low = traits[:, 0, :COMMON].T
    rises = aims > state
    moved = _pulsed_in_the_mean(law, traits, state, rises)
    error, left = aims - state, aims - moved
    out[(left * error < 0) & (np.abs(left) > tolerance)] = Outcome.STEPPED_OVER
    # a cell whose law takes it nowhere; one inside the tolerance only looked as if it were not
    out[(np.where(rises, moved <= state, moved >= state)) & (np.abs(error) > tolerance)] = Outcome.STUCK
    out[(aims > high + tolerance) | (aims < low - tolerance)] = Outcome.BEYOND_BOUNDS
    out[(low == high) | (np.where(rises, s_up, s_down) == 0)] = Outcome.STUCK
    return out


def _pulsed_in_the_mean(law: KernelLaw, traits: np.ndarray, state: np.ndarray, up: np.ndarray) -> np.ndarray:
    """States after one pulse on each cell (n,) float32, without its noise."""
    moved, n = state.reshape(-1, 1).copy(), len(state)
    entries = np.arange(n, dtype=np.uint64) | (up.astype(np.uint64) << np.uint64(RISES))
    cells = moved, np.empty_like(moved), np.ascontiguousarray(traits), np.zeros((n, 1), np.int64)
    apply_pulses(cells, law, 1, entries, n, np.zeros((4, n), np.float32))
    return moved[:, 0]


# -- checks ----------------------------------------------------------------------------------------------------------


def _checked(state, shown, traits, targets, device: Device) -> np.ndarray:
    """Targets as float64; ArrayError where an argument of `write_verify` cannot be."""
    for name, cells in (("state", state), ("shown", shown)):
        if not isinstance(cells, np.ndarray) or cells.dtype != np.float32 or not cells.flags.c_contiguous:
            raise ArrayError(f"{name} must be a contiguous array of float32: it is programmed in place")
        if not cells.flags.writeable:
            raise ArrayError(f"{name} is read-only: it is programmed in place")
        if not np.isfinite(cells).all():
            raise ArrayError(f"{name} must be finite: {_where(~np.isfinite(cells))}")
    if state.shape != shown.shape:
        raise ArrayError(f"state has shape {state.shape} and shown {shown.shape}: they are of the same cells")
    if np.shares_memory(state, shown):
        raise ArrayError("state and shown are the same memory: what a cell shows is not what it holds")
    if state.size >= 2**32:
        raise ArrayError(f"state has {state.size} cells; the noise of one call addresses fewer than 2**32")
    _check_traits(traits, state.shape, device)
    try:
        targets = np.array(targets, np.float64)
    except (TypeError, ValueError) as error:
        raise ArrayError(f"targets must be an array of siemens: {error}") from error
    if targets.shape != state.shape:
        raise ArrayError(f"targets has shape {targets.shape}; it must be that of the cells, {state.shape}")
    if not np.isfinite(targets).all():
        raise ArrayError(f"targets must be finite: {_where(~np.isfinite(targets))}")
    low, high = device.window.g_min, device.window.g_max
    outside = (targets < low - _EDGE * (high - low)) | (targets > high + _EDGE * (high - low))
    if outside.any():
        raise ArrayError(
            f"targets must be inside the window of {device.name!r}, {low:.6g} to {high:.6g} S: {_where(outside)} "
            f"is {float(targets[outside][0]):.6g} S"
        )
    return targets


def _check_traits(traits, shape: tuple[int, ...], device: Device) -> None:
    response = device.response
    if not isinstance(response, PulsedResponse):
        if traits is not None:
            raise ArrayError(f"traits are of pulsed cells; device {device.name!r} has no pulses: give None")
        if isinstance(response, NoResponse) and isinstance(device.programming, NoProgrammingNoise):
            raise ArrayError(
                f"device {device.name!r} has neither a pulse response nor programming noise: nothing says what an "
                "attempt to program it does"
            )
        return
    if kernel_law(response, 0.0).kind == PLAIN:
        raise ArrayError(
            f"device {device.name!r}: no kernel knows its {response.law} response (`simulator.pulses.laws.kernel_of`), and "
            "write-verify needs one; program it without a scheme"
        )
    _check_directions(device, response)
    if not isinstance(traits, np.ndarray) or traits.dtype != np.float32 or not traits.flags.c_contiguous:
        raise ArrayError(f"traits of device {device.name!r} must be a contiguous array of float32")
    wanted = traits_of(response, response.nominal).shape[-1]
    if traits.shape != (*shape, wanted):
        raise ArrayError(
            f"traits has shape {traits.shape}; it must be {(*shape, wanted)}: s_up, s_down, b_max, b_min"
            + (f" and what a {device.response.law} response needs beside" if wanted > COMMON else "")
        )
    if not np.isfinite(traits).all():
        raise ArrayError(f"traits must be finite: {_where(~np.isfinite(traits))}")
    crossed = traits[..., B_MIN] > traits[..., B_MAX]
    if crossed.any():
        raise ArrayError(f"traits: b_min is above b_max: {_where(crossed)}")
    if (traits[..., :B_MAX] < 0).any():
        raise ArrayError(f"traits: steps must not be negative: {_where(traits[..., :B_MAX] < 0)}")


def _check_directions(device: Device, response: PulsedResponse) -> None:
    """A loop that pulses both ways needs cells that go both ways: the nominal one, somewhere between its bounds."""
    w = np.linspace(response.w_min, response.w_max, 1025)
    for name, change in (("up", response.mean_up(w)), ("down", -response.mean_down(w))):
        if not (change > 0).any():
            raise ArrayError(
                f"device {device.name!r} goes one way only: no {name} pulse of its {device.response.law} response "
                f"moves it {name}, wherever it stands; write-verify needs both ways, program it without a scheme"
            )


def _checked_wear(wear, endurance, on_worn: str, shape: tuple[int, ...]) -> np.ndarray:
    if on_worn not in ("warn", "error", "ignore"):
        raise ArrayError(f"on_worn = {on_worn!r} must be 'warn', 'error' or 'ignore'")
    if endurance is not None and (
        not isinstance(endurance, Real) or isinstance(endurance, bool) or not float(endurance) > 0
    ):
        raise ArrayError(f"endurance = {endurance!r} must be a positive number of cycles, or None if it is not known")
    if wear is None:
        return np.zeros(shape, np.int64)
    wear = np.asarray(wear)
    if wear.shape != shape or wear.dtype.kind not in "iu" or (wear < 0).any():
        raise ArrayError(f"wear must hold non-negative integers of shape {shape}; it has {wear.dtype} of {wear.shape}")
    return wear.astype(np.int64)


def _where(bad: np.ndarray) -> str:
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    return f"{int(bad.sum())} of {bad.size} are not, the first at {at}"
