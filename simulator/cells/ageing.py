"""Arrays grow old: cells drift from where they were programmed, and their read noise grows, by the laws of their device.

Every cell has one standard normal number, which its law of retention turns into where the cell goes
(`revpath.devices.retention`): with power-law drift, its exponent. What a cell holds is computed from what it was
programmed to and from all the time since, never from its last age, so that growing old in two steps is the same, bit by
bit, as in one. A cell that is written again is young again, alone: whoever ages an array with cells of different ages has
the law applied to each at its own.
"""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from numbers import Real

import numpy as np

from ...devices import Device
from ...devices.laws import NoDrift, ReadNoise
from ..errors import ArrayError
from ..mapping import WeightMapping
from ..noise.streams import Stream


class UnknownDriftWarning(UserWarning):
    """Time passes for cells of which nobody has said what becomes of them."""


class Age:
    """How long ago each cell of an array was written, to what, and what has become of it.

    Parameters
    ----------
    shape : tuple[int, int]
        (rows, columns) of the weights.
    device, mapping : Device, WeightMapping
        of the cells.
    seed, array : int
        address of what differs between them.
    fixed : ndarray, optional
        (rows x columns, 2) bool, cells that are stuck where they are, and do not age; None for none.

    Attributes
    ----------
    seconds : float
        since the array was made, of the time that it was told about.

    Notes
    -----
    A cell counts as written where it holds something else than what was found or left there the last time; `restart`
    says so of all cells, for those that are written to what they held before.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        device: Device,
        mapping: WeightMapping,
        *,
        seed: int = 0,
        array: int = 0,
        fixed: np.ndarray | None = None,
    ) -> None:
        self._shape, self._device, self._mapping = shape, device, mapping
        self._stream = Stream(seed, "ageing", array)
        self._now = Fraction(0)  # exact, so that it does not matter how a span of time is divided
        self._births = [self._now]
        cells = shape[0] * shape[1]
        self._free = np.ones((cells, 2), np.bool_) if fixed is None else ~np.asarray(fixed, bool)
        self._epoch = np.zeros((cells, 2), np.int32)  # whose birth is `_births[epoch]`
        self._normals = self._draw()
        self._written = np.full((2, cells, 2), np.nan, np.float32)  # state and shown, when programmed
        self._left = self._written.copy()  # and as they were left the last time
        self._warned = "drift" not in device.unknowns or device.leak.time_constant is not None

    @property
    def seconds(self) -> float:
        return float(self._now)

    def restart(self) -> None:
        """Every cell has just been programmed."""
        self._births, self._epoch[:] = [self._now], 0
        self._left[:] = self._written[:] = np.nan  # equal to nothing: whatever the cells hold is new
        if not self._device.drift.of_the_cell:  # where a filament or a charge wanders to is chance, each time anew
            self._normals = self._draw()

    def advance(self, state: np.ndarray, shown: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
        """What cells hold and show `seconds` later, float32 like what they hold and show now, (rows x columns, 2).

        0 s changes nothing, to the last bit; nor does any time with a device that has no drift, or whose drift is not known.

        Raises
        ------
        ArrayError
            Seconds are not a finite number, or negative.
        RevpathError
            The law is not known for that age.

        Warns
        -----
        UnknownDriftWarning
            Once an array: nobody has said how the device drifts, so that nothing changes.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, Real) or not math.isfinite(seconds) or seconds < 0:
            raise ArrayError(f"seconds = {seconds!r} must be a finite number and not negative")
        if seconds and not self._warned:
            self._warned = True
            warnings.warn(
                f"device {self._device.name!r}: drift is not known, so its cells stay as they are, however long; give it a "
                f"law of drift (Device.replaced(drift=...)), or drift={{'law': 'none'}} to say that there is none",
                UnknownDriftWarning,
                stacklevel=4,
            )
        epoch, births, written = self._notice(state, shown)
        now = self._now + Fraction(float(seconds))
        aged = np.stack([state, shown])
        if seconds and not isinstance(self._device.drift, NoDrift):
            for k, birth in enumerate(births):
                cells = (epoch == k) & self._free
                z = self._normals[cells]
                for planes, into in zip(written, aged, strict=True):
                    into[cells] = self._aged(planes[cells], float(now - birth), z)
        # only now, when no law has refused
        self._now, self._epoch, self._births, self._written, self._left = now, epoch, births, written, aged.copy()
        return aged[0], aged[1]

    def since_written(self, state: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """Seconds since each cell was written, (rows x columns, 2) float64."""
        epoch, births, _ = self._notice(state, shown)
        return np.array([float(self._now - birth) for birth in births])[epoch]

    def read_sigma(
        self, state: np.ndarray, shown: np.ndarray, t_read: float | None = None, law: ReadNoise | None = None
    ) -> np.ndarray:
        """Standard deviation (S) of what a read sees of each cell at its age, (rows, columns, 2) float64.

        Parameters
        ----------
        law : ReadNoise, optional
            of the device, unless another one is given.
        t_read : float, optional
            length of the read, for laws that depend on it.

        Notes
        -----
        A law sigma = g Q(r) takes Q at the conductance that was programmed, and g as it is now: Q was fitted to what cells
        were programmed to (Nandakumar et al., ICECS 2019; aihwkit does so too).
        """
        law = self._device.read_noise if law is None else law
        epoch, births, written = self._notice(state, shown)
        g, g_max = self._mapping.conductances(shown), self._device.window.g_max
        then = self._mapping.conductances(written[1]) if law.of_programmed else g
        sigma = np.empty_like(g)
        for k, birth in enumerate(births):
            cells = epoch == k
            sigma[cells] = law.sigma(then[cells], g_max, float(self._now - birth), t_read)
        if then is not g:
            sigma *= np.divide(g, then, out=np.ones_like(g), where=then > 0)
        return sigma.reshape(*self._shape, 2)

    def _aged(self, states: np.ndarray, seconds: float, z: np.ndarray) -> np.ndarray:
        g = self._mapping.conductances(states)
        return self._mapping.to_state(self._device.drift.age(g, self._device.window.g_max, seconds, z))

    def _notice(self, state: np.ndarray, shown: np.ndarray) -> tuple[np.ndarray, list[Fraction], np.ndarray]:
        """Epochs, births and written contents, with the cells that were written since the last time taken up."""
        here = np.stack([state, shown])
        new = np.any(here != self._left, axis=0)
        if not new.any():
            return self._epoch, self._births, self._written
        written = np.where(new, here, self._written)
        epoch = np.where(new, len(self._births), self._epoch)
        kept, epoch = np.unique(epoch, return_inverse=True)  # without the births of which no cell is left
        births = [*self._births, self._now]
        return epoch.reshape(new.shape).astype(np.int32), [births[k] for k in kept], written

    def _draw(self) -> np.ndarray:
        z = self._stream.normals(self._epoch.shape)
        if self._mapping.shared:
            reference = z.reshape(*self._shape, 2)[..., 1]
            reference[:] = reference[:, :1]
        return z
