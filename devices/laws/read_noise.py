"""Read noise of a cell: how far the conductance that one read sees lies from the one that the cell holds.

`ReadNoise` is the contract of every law. The mean of the noise is zero: g is the mean. Arrays take the noise of each read as
independent of the noise of other reads, except for `telegraph`, whose cells remember. (1/f noise is correlated over reads as
well; what is slower than a read is here in the width of every read.)

Laws that single papers fitted are in `read_fits`. Fluctuations of the circuit (thermal and shot noise) are not here: they come
with the current, not with the device.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..base.errors import RevpathError
from .fields import Ratio, ReadSeconds, Seconds, Variant


class ReadNoise(Variant, ABC):
    """What a read sees of a cell beside its conductance. `Device.read_noise` is one of its variants.

    A variant is a class with ``law: Literal["name"] = "name"``: defining it registers it, so that files, `Device`, arrays and
    figures know it.

    Attributes
    ----------
    law : str
        The name in files.
    gaussian : bool
        Whether each cell adds a normal number of its own to every read, so that on linear cells without wire resistance the
        noise of an output is one normal number, with the variance of the sum: the collapsed law is exact. A class variable.
    uniform : bool
        Whether sigma does not depend on the conductance. A class variable.
    of_programmed : bool
        Whether sigma / g is fitted to what cells were programmed to, whatever has become of them. A class variable.
    """

    gaussian: ClassVar[bool] = True
    uniform: ClassVar[bool] = False
    of_programmed: ClassVar[bool] = False
    law: str

    @abstractmethod
    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        """The standard deviation of what one read sees.

        Parameters
        ----------
        g : ndarray (...)
            Conductances, siemens.
        g_max : float
            The top of the window, siemens.
        seconds : float
            Since programming was verified.
        t_read : float, optional
            Length of the read, for laws that depend on it; that of the law where it is not given.

        Returns
        -------
        ndarray (...)
            Siemens, not negative.

        Raises
        ------
        RevpathError
            A time, or a length of read, that the law does not know.
        """


class NoReadNoise(ReadNoise):
    """Every read sees the conductance that the cell holds."""

    uniform: ClassVar[bool] = True
    law: Literal["none"] = "none"

    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        return np.zeros_like(g, dtype=float)


class ConstantReadNoise(ReadNoise):
    """The same standard deviation whatever the conductance: sigma = relative x g_max."""

    uniform: ClassVar[bool] = True
    law: Literal["constant"] = "constant"
    relative: Ratio = Field(ge=0, le=1)

    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        return np.full_like(g, self.relative * g_max, dtype=float)


class ProportionalReadNoise(ReadNoise):
    """A standard deviation in proportion to the conductance: sigma = relative x g."""

    law: Literal["proportional"] = "proportional"
    relative: Ratio = Field(ge=0, le=1)

    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        return self.relative * np.asarray(g, float)


class FlickerReadNoise(ReadNoise):
    """1/f noise integrated over the read: sigma = g Q(r) sqrt(ln((t + t0 + t_read) / (2 t_read))).

    Q(r) = min(q_scale / max(r^q_power, q_floor), q_cap), t seconds after programming was verified at t0. `t_read` is the
    read that the law is used for; one given to `sigma` replaces it.
    Nandakumar et al., ICECS 2019. (aihwkit evaluates Q at the programmed, the paper at the target conductance: the
    caller decides what it passes.)
    """

    of_programmed: ClassVar[bool] = True
    law: Literal["flicker"] = "flicker"
    q_scale: Ratio = Field(ge=0)
    q_power: Ratio
    q_floor: Ratio = Field(gt=0)
    q_cap: Ratio = Field(ge=0)
    t_read: ReadSeconds = Field(gt=0)
    t0: Seconds = Field(gt=0)

    def q(self, r: np.ndarray) -> np.ndarray:
        return np.minimum(self.q_scale / np.maximum(np.asarray(r, float) ** self.q_power, self.q_floor), self.q_cap)

    def growth(self, seconds: float, t_read: float | None = None) -> float:
        """The factor sqrt(ln(...)) at `seconds` after verification."""
        return math.sqrt(_log_band(seconds, self.t0, self.t_read if t_read is None else t_read))

    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        return g * self.q(np.asarray(g) / g_max) * self.growth(seconds, t_read)


class OneOverFReadNoise(ReadNoise):
    """1/f noise of any cell: a one-sided relative spectral density S_G(f) / G^2 = k / f, the same for all conductances.

    sigma = g sqrt(k ln(f_high / f_low)), the density integrated over the band that a read sees. f_high = 1 / (2 t_read)
    is the noise bandwidth of an average over t_read. f_low = 1 / (t + t0 + t_read) is the inverse of the time since the
    conductance was verified: what is slower has not moved since. That variance is set by these limits of observation
    is Radeka, IEEE Trans. Nucl. Sci. 16(5):17 (1969); k = alpha_H / N for N carriers is Hooge's relation (Phys. Lett. A
    29:139, 1969; as quoted by Grueneis, Physica A 123:149, 1984). The band is that of `FlickerReadNoise`.

    An average over t_read has no sharp edge: the exact integral of k / f x sinc^2(f t_read) from f_low has 3/2 - gamma
    - ln(pi) = -0.222 in place of 0 beside the logarithm, so that this law overstates the variance by 1 to 2 percent
    where reads are a millionth of the observation.

    Attributes
    ----------
    k : Ratio
        relative spectral density at 1 Hz times 1 Hz.
    t_read : ReadSeconds
        length of a read, unless `sigma` is given another.
    t0 : Seconds
        when the conductance was verified, counted from programming, as in `PowerLawDrift`.
    """

    law: Literal["one-over-f"] = "one-over-f"
    k: Ratio = Field(ge=0, le=1)
    t_read: ReadSeconds = Field(gt=0)
    t0: Seconds = Field(gt=0)

    @model_validator(mode="after")
    def _has_a_band(self) -> OneOverFReadNoise:
        _log_band(0.0, self.t0, self.t_read)
        return self

    def relative(self, seconds: float = 0.0, t_read: float | None = None) -> float:
        """sigma / g."""
        return math.sqrt(self.k * _log_band(seconds, self.t0, self.t_read if t_read is None else t_read))

    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        return self.relative(seconds, t_read) * np.asarray(g, float)


class TelegraphReadNoise(ReadNoise):
    """Random telegraph noise: one trap in every cell, empty or occupied, that switches the cell between two levels.

    A cell of mean conductance g shows g (1 + a p) where its trap is empty and g (1 - a (1 - p)) where it is occupied,
    which it is with probability p; so a is the step relative to the mean. The trap is a two-state Markov process with
    1 / switching_time = 1 / tau_capture + 1 / tau_emission and p = tau_emission / (tau_capture + tau_emission); its
    autocorrelation is exp(-t / switching_time) (Machlup, J. Appl. Phys. 25:341, 1954, as we remember it; the tests
    derive it from the two rates). Amplitudes differ between cells by a lognormal law, as measured on ReRAM:
    "Methodology for the statistical evaluation of the effect of random telegraph noise on RRAM characteristics" (2012) and
    "Random telegraph noise (RTN) in scaled RRAM devices" (2013; abstracts read).

    `sigma` is the root mean square over cells: g `amplitude` exp(amplitude_spread^2) sqrt(p (1 - p)). A law of two levels is
    not normal and its reads are not independent, so there is no exact collapsed law. Reads must be shorter than
    switching_time; then a read sees one level, and what the blur of a read takes off the variance is below a third
    (t_read / (3 switching_time)) and left out.

    Attributes
    ----------
    amplitude : Ratio
        median of a.
    amplitude_spread : Ratio
        standard deviation of ln a over cells.
    occupancy : Ratio
        p.
    """

    gaussian: ClassVar[bool] = False
    law: Literal["telegraph"] = "telegraph"
    amplitude: Ratio = Field(ge=0, le=1)
    amplitude_spread: Ratio = Field(default=0.0, ge=0, le=3)
    occupancy: Ratio = Field(default=0.5, gt=0, lt=1)
    switching_time: Seconds = Field(gt=0)

    def check(self, t_read: float) -> None:
        """RevpathError where a read of `t_read` seconds would not see one of two levels."""
        _positive("t_read", t_read)
        if not t_read < self.switching_time:
            raise RevpathError(
                f"t_read = {t_read:g} s must be below switching_time = {self.switching_time:g} s: a longer read averages over "
                "the two levels of telegraph noise"
            )

    def amplitudes(self, normals: np.ndarray) -> np.ndarray:
        """The step a of each cell, from its standard normal number."""
        return self.amplitude * np.exp(self.amplitude_spread * np.asarray(normals, float))

    def sigma(self, g: np.ndarray, g_max: float, seconds: float = 0.0, t_read: float | None = None) -> np.ndarray:
        if t_read is not None:
            self.check(t_read)
        p = self.occupancy
        return np.asarray(g, float) * (self.amplitude * math.exp(self.amplitude_spread**2) * math.sqrt(p * (1 - p)))


def _log_band(seconds: float, t0: float, t_read: float) -> float:
    """ln(f_high / f_low) of a read: RevpathError where the read is longer than the observation (an empty band)."""
    _positive("t_read", t_read)
    if not (math.isfinite(seconds) and seconds >= 0):
        raise RevpathError(f"seconds = {seconds!r} must be finite and not negative")
    if not seconds + t0 >= t_read:
        raise RevpathError(
            f"t_read = {t_read:g} s must not be longer than the {seconds + t0:g} s since the conductance was verified "
            "(t0 and seconds): 1/f noise would have no band to be integrated over"
        )
    return math.log((seconds + t0 + t_read) / (2 * t_read))


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise RevpathError(f"{name} = {value!r} must be a positive and finite number")
