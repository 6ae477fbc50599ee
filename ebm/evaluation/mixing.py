r"""How fast chains forget: integrated autocorrelation time and effective samples, so that energy is counted for each independent one.

:math:`\tau = 1 + 2 \sum_{t \ge 1} \rho(t)`, summed up to the first window :math:`M \ge 5 \tau(M)` (Sokal, "Monte Carlo methods in
statistical mechanics", 1997); N draws say as much of a mean as :math:`N / \tau` independent ones.
"""

from __future__ import annotations

import numpy as np

from ...devices.base.errors import RevpathError

_WINDOW = 5.0  # Sokal's c
_LEAST = 50.0  # lengths of a chain, in autocorrelation times, from which on the estimate holds (Sokal asks for many)


class TooShort(RevpathError):
    """Chains are too short beside the time in which they forget."""


def autocorrelation_time(series: np.ndarray) -> float:
    """tau in steps.

    Parameters
    ----------
    series : numpy.ndarray
        (steps,) or (steps, chains): one observable along chains that are at equilibrium.

    Raises
    ------
    RevpathError
        Something else, or an observable that does not change.
    TooShort
        All chains together are less than 50 tau long.

    Examples
    --------
    >>> import numpy as np
    >>> from revpath.ebm.evaluation.mixing import autocorrelation_time
    >>> bool(abs(autocorrelation_time(np.random.default_rng(0).normal(size=20000)) - 1) < 0.1)
    True
    """
    values = np.asarray(series, np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) < 2 or not np.isfinite(values).all():
        raise RevpathError(
            f"series has shape {np.shape(series)}; it must be finite, (steps,) or (steps, chains), of 2 steps or more"
        )
    rho = _autocorrelation(values)
    tau = 1.0
    for window in range(1, len(rho)):
        tau += 2 * rho[window]
        if window >= _WINDOW * tau:
            break
    if values.size < _LEAST * tau:
        raise TooShort(
            f"{values.size} steps are {values.size / tau:.3g} autocorrelation times; at least {_LEAST:g} are needed"
        )
    return float(tau)


def effective_samples(series: np.ndarray) -> float:
    """How many independent draws say as much of the mean of the observable; for the rest as `autocorrelation_time`."""
    return np.size(series) / autocorrelation_time(series)


def _autocorrelation(values: np.ndarray) -> np.ndarray:
    """rho(t) for t = 0, 1, ..., averaged over the chains (columns), by Fourier transform."""
    steps = len(values)
    less = values - values.mean()
    power = np.abs(np.fft.rfft(less, n=2 * steps, axis=0)) ** 2
    covariance = np.fft.irfft(power, axis=0)[:steps].sum(axis=1) / np.arange(steps, 0, -1)
    if covariance[0] <= 1e-300:
        raise RevpathError("series does not change: it has no autocorrelation time")
    return covariance / covariance[0]
