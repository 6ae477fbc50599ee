"""Pulse responses as the kernels of pulsed updates want them: what differs between cells, and the numbers of a law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ...devices.laws.sections import Yields
from ...devices.response import (
    ConstantStep,
    ExponentialStep,
    LinearStep,
    PowerStep,
    SoftBounds,
    SoftBoundsReference,
    TableStep,
)
from ...devices.response.pulsed import CellParameters, PulsedResponse, quotient
from ...devices.response.soft_bounds import ReferencedCells
from ...devices.response.step_laws import PoweredCells, SlopedCells
from ..noise.streams import Stream
from .kernels import AFFINE, EXPONENTIAL, FRESH_WRITE, PLAIN, POWER, SOFT_BOUNDS, TABLE
from .layout import (
    AMPLITUDE,
    EXPONENT,
    FLOOR,
    MULTIPLICATIVE,
    NOISE_FLOOR,
    NOISE_SLOPE,
    NUMBERS,
    OFFSET,
    STEP_NOISE,
    TWICE_A,
    WRITE_NOISE,
)


class KernelLaw(NamedTuple):
    """A law of one pulse, for kernels: which of `kernels.py`; numbers, see `layout.py`; tables (2, nodes), up and down."""

    kind: int
    numbers: np.ndarray
    tables: np.ndarray


class PulsedCells(NamedTuple):
    """What kernels of pulses are given: see `kernels.apply_pulses`.

    Attributes
    ----------
    contents : tuple
        State, shown, traits and wear, (rows x columns, 2, ...) each, which they change in place.
    law : KernelLaw
        Of one pulse.
    moving : int
        Which cells of a weight move, see `layout.BOTH`.
    shape : (int, int)
        Rows and columns of the weights.
    response : PulsedResponse
        Of the device.
    draw : callable
        What differs between the cells, see `parameters`.
    """

    contents: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    law: KernelLaw
    moving: int
    shape: tuple[int, int]
    response: PulsedResponse
    draw: Callable[[], CellParameters]

    @property
    def parameters(self) -> CellParameters:
        """What differs between the cells, (rows x columns, 2) each; drawn anew."""
        return self.draw()


Response = TypeVar("Response", bound=PulsedResponse)
_KERNELS: dict[type[PulsedResponse], Callable[[Any, np.ndarray], KernelLaw]] = {}
_NO_TABLES = np.zeros((2, 2), np.float32)


def kernel_of(*responses: type[Response]) -> Callable[[Callable[[Response, np.ndarray], KernelLaw]], Any]:
    """Register how responses become laws of kernels: a function of the response and of `numbers`, which hold what all have.

    A response of a class that is not registered, be it derived from one that is, is pulsed in NumPy (`plain.py`).
    """

    def register(law: Callable[[Response, np.ndarray], KernelLaw]) -> Callable[[Response, np.ndarray], KernelLaw]:
        _KERNELS.update(dict.fromkeys(responses, law))
        return law

    return register


def kernel_law(response: PulsedResponse, floor: float) -> KernelLaw:
    """The law of a response for kernels, of kind `PLAIN` where no kernel knows it; no state below `floor` can be shown."""
    numbers = np.zeros(NUMBERS, np.float32)
    step_noise, write_noise = (getattr(response, name, None) or 0.0 for name in ("step_noise", "write_noise"))
    numbers[STEP_NOISE], numbers[WRITE_NOISE], numbers[FLOOR] = step_noise, write_noise * response.step, floor
    numbers[MULTIPLICATIVE] = response.noise_kind == "multiplicative"
    make = _KERNELS.get(type(response))
    return KernelLaw(PLAIN, numbers, _NO_TABLES) if make is None else make(response, numbers)


@kernel_of(SoftBounds)
def _soft_bounds(response: SoftBounds, numbers: np.ndarray) -> KernelLaw:
    numbers[MULTIPLICATIVE] = 0
    return KernelLaw(SOFT_BOUNDS, numbers, _NO_TABLES)


@kernel_of(ConstantStep, LinearStep, SoftBoundsReference)
def _affine(response: PulsedResponse, numbers: np.ndarray) -> KernelLaw:
    return KernelLaw(AFFINE, numbers, _NO_TABLES)


@kernel_of(PowerStep)
def _power(response: PowerStep, numbers: np.ndarray) -> KernelLaw:
    return KernelLaw(POWER, numbers, _NO_TABLES)


@kernel_of(TableStep)
def _table(response: TableStep, numbers: np.ndarray) -> KernelLaw:
    return KernelLaw(TABLE, numbers, np.array([response.up_steps, response.down_steps], np.float32))


@kernel_of(ExponentialStep)
def _exponential(response: ExponentialStep, numbers: np.ndarray) -> KernelLaw:
    numbers[MULTIPLICATIVE] = 0  # amplitudes come with their own scale
    numbers[AMPLITUDE : AMPLITUDE + 2] = response.amplitude_up, response.amplitude_down
    numbers[EXPONENT : EXPONENT + 2] = response.gamma_up, -response.gamma_down
    numbers[TWICE_A], numbers[OFFSET] = 2 * response.a, response.b
    numbers[NOISE_FLOOR], numbers[NOISE_SLOPE] = response.noise_floor, response.noise_slope
    return KernelLaw(EXPONENTIAL, numbers, _NO_TABLES)


def fresh_writes(aims: np.ndarray, sigma: np.ndarray, floor: float) -> tuple[KernelLaw, np.ndarray]:
    """Law and traits (n, 1, 2) of cells that are programmed anew in one go, whatever they held: states (n,) and their noise."""
    numbers = np.zeros(NUMBERS, np.float32)
    numbers[FLOOR] = floor
    law = KernelLaw(FRESH_WRITE, numbers, np.zeros((2, 2), np.float32))
    return law, np.stack([aims, sigma], axis=-1).astype(np.float32)[:, np.newaxis]


def draw_cells(response: PulsedResponse, stream: Stream, shape: tuple[int, int], floor: float, *, shared: bool):
    """What differs between the cells (rows x columns, 2) of an array, as `CellParameters` of the law.

    No cell conducts less than nothing: a lower bound drawn below zero conductance, the state `floor`, is moved up to it.
    shared: the G- of a word line is one cell, the first of the line.
    """
    z = stream.normals((shape[0] * shape[1], 2, response.draws))
    if shared:
        reference = z.reshape(*shape, 2, response.draws)[:, :, 1]
        reference[:] = reference[:, :1]
    cells = _soft_bounds_cells(response, z) if type(response) is SoftBounds else response.draw_cell_parameters(z)
    return replace(cells, b_min=np.minimum(np.maximum(cells.b_min, floor + _offset(cells)), cells.b_max))


def traits_of(response: PulsedResponse, cells: CellParameters) -> np.ndarray:
    """(rows x columns, 2, n) float32, of `CellParameters`: s_up, s_down, then upper and lower bound of the state w.

    Power steps have both exponents after that. Affine laws, s + slope w, have slope_up, slope_down and the steps at w = 0.
    """
    offset = _offset(cells)
    columns = [cells.s_up, cells.s_down, cells.b_max - offset, cells.b_min - offset]
    if isinstance(cells, PoweredCells):
        columns += [cells.gamma_up, cells.gamma_down]
    elif isinstance(cells, ReferencedCells):
        up, down = -quotient(cells.s_up, cells.b_max), -quotient(cells.s_down, cells.b_min)
        columns += [up, down, cells.s_up + up * offset, cells.s_down + down * offset]
    elif isinstance(cells, SlopedCells):
        columns += [cells.slope_up, cells.slope_down, cells.s_up, cells.s_down]
    elif isinstance(response, ConstantStep):
        columns += [np.zeros_like(cells.s_up), np.zeros_like(cells.s_up), cells.s_up, cells.s_down]
    return np.stack(columns, axis=-1).astype(np.float32)


def draw_stuck(yields: Yields, ends: tuple[float, float], stream: Stream, shape: tuple[int, int]) -> np.ndarray | None:
    """States (rows x columns, 2) float32 of cells that never move, and NaN for all others; None where none is stuck.

    Parameters
    ----------
    ends : tuple[float, float]
        state at g_min and at g_max, which is where cells are that are stuck off and on.
    """
    on, off, between = (part or 0.0 for part in (yields.stuck_on, yields.stuck_off, yields.stuck_between))
    if on + off + between == 0:
        return None
    lot, place = np.moveaxis(stream.uniforms((shape[0] * shape[1], 2, 2)).astype(np.float64), -1, 0)
    within = yields.stuck_range
    low, high = ends if within is None else (max(-within, ends[0]), min(within, ends[1]))
    states = np.full(lot.shape, np.nan, np.float32)
    states[lot < on + off + between] = (low + (high - low) * place)[lot < on + off + between]
    states[lot < on + off] = ends[0]
    states[lot < on] = ends[1]
    return states


def fasten(cells: CellParameters, stuck: np.ndarray) -> CellParameters:
    """The cells, with those that are stuck (states, NaN for none) held there by their bounds and without a step."""
    held = ~np.isnan(stuck)
    bound = np.where(held, stuck, 0.0) + _offset(cells)
    changes = {name: np.where(held, 0.0, getattr(cells, name)) for name in ("s_up", "s_down")}
    changes |= {name: np.where(held, bound, getattr(cells, name)) for name in ("b_max", "b_min")}
    if isinstance(cells, SlopedCells):
        changes |= {name: np.where(held, 0.0, getattr(cells, name)) for name in ("slope_up", "slope_down")}
    return replace(cells, **changes)


def cells_of(cells: CellParameters, index) -> CellParameters:
    """Some of the cells."""
    return replace(cells, **{name: np.asarray(values)[index] for name, values in vars(cells).items()})


def _offset(cells: CellParameters) -> np.ndarray | float:
    """What is to be taken off the bounds of a device to have those of its state w: its reference."""
    return cells.reference if isinstance(cells, ReferencedCells) else 0.0


def _soft_bounds_cells(response: SoftBounds, z: np.ndarray) -> CellParameters:
    """`draw_cell_parameters` in float32, so that arrays keep the bits that they had before there were other laws."""
    gain = 1 + response.step_spread * z[..., 0]
    tilt = response.asymmetry_spread * z[..., 1]
    top = response.w_max * (1 + response.w_max_spread * z[..., 2])
    bottom = response.w_min * (1 + response.w_min_spread * z[..., 3])
    s_up, s_down = response.step * np.abs(gain + tilt), response.step * np.abs(gain - tilt)
    return CellParameters(s_up, s_down, np.abs(np.maximum(top, bottom)), -np.abs(np.minimum(top, bottom)))
