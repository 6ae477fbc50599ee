"""What the sensed lines of an array carry: the product with the cells, and the law of the noise that comes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple, Protocol

import numpy as np

from ...devices.base.product import product
from ...devices.laws.read_noise import NoReadNoise, TelegraphReadNoise
from ..cells.cells import Cells
from ..config import ArrayConfig
from ..errors import ArrayError
from ..noise.cells import is_exact, pair_variance, read_variance, sampled_read
from ..noise.circuit import circuit_variance
from ..noise.streams import Numbers
from ..noise.telegraph import Traps


class Signal(NamedTuple):
    """The sensed lines before their converters, in units of input times weight.

    Attributes
    ----------
    y: (batch, sensed) float32, without the noise that `variance` and `common` describe.
    totals: of `readout.drive`, with what the lines changed in it.
    variance: of the noise to be added to each output, independent between outputs: (batch, 1) where all have the same,
        else (batch, sensed); None where there is nothing to add.
    common: (batch,), variance of the noise to be added that all outputs of a read share; None where there is none.
    drawn: variance of the noise that is in y already, like `variance`.
    held: cells that noise would have taken below zero conductance and that were held there, over all reads.
    """

    y: np.ndarray
    totals: np.ndarray
    variance: np.ndarray | None = None
    common: np.ndarray | None = None
    drawn: np.ndarray | None = None
    held: int = 0

    @property
    def noise(self) -> np.ndarray | None:
        """Variance of each output by all noise together, (batch, 1) or (batch, sensed); None without noise."""
        parts = [v for v in (self.variance, self.drawn) if v is not None]
        if self.common is not None:
            parts.append(self.common[:, None])
        return sum(parts[1:], parts[0]) if parts else None


class Lines(Protocol):
    """How driven lines make sensed lines carry something."""

    def read(self, x: np.ndarray, totals: np.ndarray, noise: Numbers, *, transposed: bool) -> Signal:
        """Drive lines with x (batch, driven) float32; totals: of `readout.drive`. `noise`: for cells that are drawn."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """A block whose reads leave no trace in the cells."""
        ...

    def rest(self, seconds: float) -> None:
        """Let time pass without reads."""
        ...


def traps_of(cells: Cells, config: ArrayConfig, seed: int, array: int) -> Traps | None:
    """The traps of an array with telegraph noise, which remember; None for other laws.

    Raises
    ------
    RevpathError: a read is as long as a switching time.
    """
    law = cells.device.read_noise
    if not isinstance(law, TelegraphReadNoise):
        return None
    law.check(config.read_time)
    return Traps(law, cells.shape, seed=seed, array=array)


@contextmanager
def traps_aside(traps: Traps | None) -> Iterator[None]:
    """A block after which the traps are what they were."""
    if traps is None:
        yield
        return
    with traps.aside():
        yield


class OhmicLines:
    """Lines without resistance: a matrix product.

    The noise of a line is the sum of that of its cells. Where the noise of each cell is normal, so is the sum, and it
    is drawn once for each output instead of once for each cell: the same law, exactly. Where it is not, or where the
    configuration asks for it, every cell is drawn in every read.

    Cells of the law I = G f(V) without wire resistance see the voltage that drives them, so that f acts on the inputs.
    """

    def __init__(self, cells: Cells, config: ArrayConfig, *, seed: int, array: int) -> None:
        self._cells, self._config = cells, config
        self._law = cells.device.read_noise
        exact, why_not = is_exact(self._law, wires=False, linear=True)
        if config.cell_noise == "collapsed" and not exact:
            raise ArrayError(f"cell_noise = 'collapsed' is not exact for device {cells.device.name!r}: {why_not}")
        self._sampled = not isinstance(self._law, NoReadNoise) and (config.cell_noise == "sampled" or not exact)
        self._traps = traps_of(cells, config, seed, array)
        if self._traps is not None and cells.mapping.shared:
            raise ArrayError("mapping = 'offset' has no telegraph noise yet: use a differential mapping")
        self._variances: tuple[np.ndarray | None, np.ndarray | None] = None, None
        self._version = -1

    def aside(self) -> AbstractContextManager[None]:
        return traps_aside(self._traps)

    def rest(self, seconds: float) -> None:
        if self._traps is not None:
            self._traps.advance(seconds)

    def read(self, x: np.ndarray, totals: np.ndarray, noise: Numbers, *, transposed: bool) -> Signal:
        cells, config = self._cells, self._config
        volt = config.read_voltage / config.dac.x_max
        volts = x * np.float32(volt)
        if config.cell_law is not None:
            seen = (config.cell_law.current(np.ones(1), x.astype(np.float64) * volt) / volt).astype(np.float32)
            totals = _nonlinear_totals(totals, x, seen, cells.line_siemens(transposed=transposed))
            x = seen
        circuit, shared_circuit = self._circuit_noise(volts, transposed)
        independent, common = self._cell_noise(x, totals[:, 0], transposed)
        if self._sampled:
            y, held = self._draw(x, noise, transposed)
            drawn = independent if common is None or independent is None else independent + common[:, None]
            return Signal(y, totals, circuit, shared_circuit, drawn, held)
        y = product(x, cells.backward_weights.T if transposed else cells.weights)
        return Signal(y, totals, _sum(independent, circuit), _sum(common, shared_circuit))

    def _draw(self, x: np.ndarray, noise: Numbers, transposed: bool) -> tuple[np.ndarray, int]:
        """Reads with every cell drawn: y, and cells that were held at zero."""
        cells, per_siemens = self._cells, np.float32(self._cells.mapping.per_siemens)
        g = cells.conductances()
        if self._traps is not None:
            y, held = self._traps.sampled_read(x, g, self._config.read_time, transposed=transposed)
            return y * per_siemens, held
        sigma = cells.read_sigma(self._config.read_time)
        if not cells.mapping.shared:
            return sampled_read(x, g, sigma, noise.cells(), transposed=transposed)[0] * per_siemens, 0
        # one array of single cells, whose last bit line is the reference
        lone = np.zeros((*g.shape[:1], g.shape[1] + 1, 2))
        spread = np.zeros_like(lone)
        for target, source in ((lone, g), (spread, sigma)):
            target[:, :-1, 0], target[:, -1, 0] = source[..., 0], source[:, 0, 1]
        if not transposed:
            y = sampled_read(x, lone, spread, noise.cells())[0]
            return (y[:, :-1] - y[:, -1:]) * per_siemens, 0
        undriven = np.concatenate([x, np.zeros((len(x), 1), np.float32)], axis=1)
        return sampled_read(undriven, lone, spread, noise.cells(), transposed=True)[0] * per_siemens, 0

    def _circuit_noise(self, volts: np.ndarray, transposed: bool) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Variances by thermal and shot noise, independent (batch, sensed) and common (batch,); None where there is none."""
        config, cells = self._config, self._cells
        if config.circuit_noise is None or config.circuit_noise.off:
            return None, None
        per_ampere = cells.mapping.per_siemens * config.dac.x_max / config.read_voltage

        def variance(siemens: np.ndarray) -> np.ndarray:
            assert config.circuit_noise is not None
            amperes = circuit_variance(volts, siemens, config.circuit_noise, config.read_time, transposed=transposed)
            assert amperes is not None
            return np.broadcast_to((amperes * per_ampere**2).astype(np.float32), (len(volts), amperes.shape[1]))

        plus, minus = cells.planes()
        if not cells.mapping.shared:
            return variance(plus + minus), None
        return variance(plus), None if transposed else variance(minus)[:, 0]

    def _cell_noise(
        self, x: np.ndarray, power: np.ndarray, transposed: bool
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Variances of independent and of common noise: sums over driven cells of sigma^2 x^2."""
        own, reference = self._cell_variances()
        if own is None:
            return None, None
        independent = read_variance(x, own, transposed=transposed, power=power)
        common = None if reference is None or transposed else read_variance(x, reference, power=power)
        return independent, None if common is None else common[:, 0]

    def _cell_variances(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Of `pair_variance`: of both cells, or of G+ and of the shared reference."""
        if self._version != self._cells.version:
            cells, config = self._cells, self._config
            planes = [cells.conductances()]
            if not isinstance(self._law, NoReadNoise) and not self._law.uniform:
                planes.append(cells.read_sigma(config.read_time))
            both = [[p] for p in planes] if not cells.mapping.shared else [[p[..., :1], p[:, :1, 1:]] for p in planes]
            found = [
                pair_variance(
                    self._law,
                    part[0],
                    cells.device.window.g_max,
                    t_read=config.read_time,
                    per_siemens=cells.mapping.per_siemens,
                    sigma=part[1] if len(part) > 1 else None,
                )
                for part in zip(*both, strict=True)
            ]
            self._variances = found[0], found[1] if len(found) > 1 else None
            self._version = cells.version
        return self._variances


def _sum(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    if a is None or b is None:
        return b if a is None else a
    return (a + b).astype(np.float32)


def _nonlinear_totals(totals: np.ndarray, x: np.ndarray, seen: np.ndarray, siemens: np.ndarray) -> np.ndarray:
    """Totals of `readout.drive` where a cell driven with x carries the current of an ohmic one driven with `seen`."""
    x, seen = np.abs(x.astype(np.float64)), np.abs(seen.astype(np.float64))
    return np.stack(
        [np.square(seen).sum(axis=1), product(x * seen, siemens), product(seen, siemens), totals[:, 3]], axis=1
    )
