"""What the sensed lines of an array carry: the product with the cells, and the law of the noise that comes with it."""

from __future__ import annotations

import numpy as np

from ...devices.base.product import product
from ...devices.laws.read_noise import NoReadNoise
from ..config import ArrayConfig
from ..converters.readout import CARRIED, DISSIPATED, DRIVEN, POWER
from ..errors import ArrayError
from ..noise.cells import is_exact, pair_variance, read_variance, sampled_read
from ..noise.circuit import circuit_variance
from ..noise.outputs import NO_COMMON, NO_VARIANCE, Noise, variance_of
from ..noise.streams import Numbers
from .durations import full_factor
from .lines import Lines, ReadCells, Signal


class OhmicLines(Lines):
    """Lines without resistance: a matrix product.

    The noise of a line is the sum of that of its cells. Where the noise of each cell is normal, so is the sum, and it
    is drawn once for each output instead of once for each cell: the same law, exactly. Where it is not, or where the
    configuration asks for it, every cell is drawn in every read.

    Cells of the law I = G f(V) without wire resistance see the voltage that drives them, so that f acts on the inputs.
    """

    def __init__(self, cells: ReadCells, config: ArrayConfig, *, seed: int, array: int) -> None:
        super().__init__(cells, config, seed=seed, array=array)
        exact, why_not = is_exact(self._law, wires=False, linear=True)
        if config.cell_noise == "collapsed" and not exact:
            raise ArrayError(f"cell_noise = 'collapsed' is not exact for device {cells.device.name!r}: {why_not}")
        self._sampled = not isinstance(self._law, NoReadNoise) and (config.cell_noise == "sampled" or not exact)
        if self._traps is not None and cells.mapping.shared:
            raise ArrayError("mapping = 'offset' has no telegraph noise yet: use a differential mapping")
        self._variances = NO_VARIANCE, NO_VARIANCE
        self._version = -1

    @classmethod
    def serves(cls, config: ArrayConfig) -> bool:
        """Lines without wires, or with wires that resist nothing."""
        return config.wires is None or config.wires.ideal

    def read(self, x: np.ndarray, totals: np.ndarray, noise: Numbers, *, transposed: bool) -> Signal:
        """As `Lines.read`."""
        cells, config = self._cells, self._config
        of_circuit = self._circuit_noise(x, transposed)
        if config.inputs == "duration":
            x, totals = self._pulsed(x, totals)
        elif config.cell_law is not None:
            volt = config.read_voltage / config.dac.x_max
            seen = (config.cell_law.current(np.ones(1), x.astype(np.float64) * volt) / volt).astype(np.float32)
            totals = _nonlinear_totals(totals, x, seen, cells.line_siemens(transposed=transposed))
            x = seen
        of_cells = self._cell_noise(x, totals[:, POWER], transposed)
        if self._sampled:
            y, held = self._draw(x, noise, transposed)
            return Signal(y, totals, of_circuit, Noise(variance_of(len(y), of_cells)), held)
        y = product(x, cells.backward_weights.T if transposed else cells.weights)
        return Signal(y, totals, of_cells + of_circuit)

    def _pulsed(self, x: np.ndarray, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and totals as of ohmic cells, where inputs are lengths of pulses of the full voltage; see `durations`."""
        config = self._config
        factor = full_factor(config)
        totals = totals.copy()
        totals[:, CARRIED] *= factor
        totals[:, POWER] *= factor**2
        totals[:, DISSIPATED] = config.dac.x_max * totals[:, CARRIED]
        return (x if factor == 1 else x * np.float32(factor)), totals

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

    def _circuit_noise(self, x: np.ndarray, transposed: bool) -> Noise:
        """Thermal and shot noise."""
        config, cells, physics = self._config, self._cells, self._config.circuit_noise
        if physics is None or physics.off:
            return Noise()
        per_ampere = cells.mapping.per_siemens * config.dac.x_max / config.read_voltage
        volts = x * np.float32(config.read_voltage / config.dac.x_max)

        def variance(siemens: np.ndarray) -> np.ndarray:
            amperes = circuit_variance(volts, siemens, physics, config.read_time, transposed=transposed)
            return np.broadcast_to((amperes * per_ampere**2).astype(np.float32), (len(volts), amperes.shape[1]))

        plus, minus = cells.planes()
        if not cells.mapping.shared:
            return Noise(variance(plus + minus))
        return Noise(variance(plus)) if transposed else Noise(variance(plus), variance(minus)[:, 0])

    def _cell_noise(self, x: np.ndarray, power: np.ndarray, transposed: bool) -> Noise:
        """Read noise of the cells: sums over driven ones of sigma^2 x^2. A shared reference is sensed where bit lines are."""
        paired, reference = self._cell_variances()
        independent = read_variance(x, paired, transposed=transposed, power=power)
        return Noise(independent, NO_COMMON if transposed else read_variance(x, reference, power=power)[:, 0])

    def _cell_variances(self) -> tuple[np.ndarray, np.ndarray]:
        """Of `pair_variance`: of both cells, or of G+ and of the shared reference."""
        if self._version != self._cells.version:
            cells, config = self._cells, self._config
            planes = [cells.conductances()]
            if not isinstance(self._law, NoReadNoise) and not self._law.uniform:
                planes.append(cells.read_sigma(config.read_time))
            used = 1 if cells.single else 2
            both = (
                [[p[..., :used]] for p in planes]
                if not cells.mapping.shared
                else [[p[..., :1], p[:, :1, 1:]] for p in planes]
            )
            each = [
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
            self._variances = each[0], each[1] if cells.mapping.shared else NO_VARIANCE
            self._version = cells.version
        return self._variances


def _nonlinear_totals(totals: np.ndarray, x: np.ndarray, seen: np.ndarray, siemens: np.ndarray) -> np.ndarray:
    """Totals of `readout.drive` where a cell driven with x carries the current of an ohmic one driven with `seen`."""
    x, seen = np.abs(x.astype(np.float64)), np.abs(seen.astype(np.float64))
    return np.stack(
        [np.square(seen).sum(axis=1), product(x * seen, siemens), product(seen, siemens), totals[:, DRIVEN]], axis=1
    )
