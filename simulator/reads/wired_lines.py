"""Sensed lines of an array whose wires have resistance: solved, not multiplied.

G+ and G- are two arrays with word lines of their own ("separate"), or one array whose bit lines alternate between them
("interleaved"); a shared reference is the last bit line of one array, and at rest in a transposed read. While the contents
stay, and the cells are ohmic and without read noise, the circuit is linear in the voltages: once enough reads have been
made to pay for it, the currents for a unit voltage on each line are solved for, and a read is a product again, exactly.
With read noise every read sees other conductances, so every read is solved, with the noise of every cell drawn for it.

What the drivers deliver (to cells, wires and terminals together) is the dissipated energy of a read. The signal of its
signal-to-noise ratio is taken as the sum of |outputs|, and the noise as that of cells that see the full voltage: both
err towards a lower ratio, so that the thermal limit is never said to be broken where it is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from scipy.constants import Boltzmann as BOLTZMANN  # J/K, exact in SI since 2019

from ...devices.base.product import product
from ...devices.laws.read_noise import NoReadNoise
from ..cells.cells import Cells
from ..config import ArrayConfig, Layout
from ..errors import ArrayError
from ..noise.cells import is_exact
from ..noise.circuit import read_bandwidth
from ..noise.streams import Numbers
from ..wires import EffectiveMatrix, WireSolution, effective_matrix, solve
from .ohmic_lines import Signal, traps_aside, traps_of

_WORTH_A_MATRIX = 0.5  # vectors per driven line from which it pays (../shared/references/crossbars.md, section 4)


class Circuit(NamedTuple):
    """One array of cells: siemens (rows, lines), and joins (lines, columns): the share of each bit line in each output.

    It is 1 for a line of G+ cells, -1 for one of G-; a shared reference has -1 in all outputs. In a transposed read
    `drives` (columns, lines) says what each bit line is driven with.
    """

    siemens: np.ndarray
    joins: np.ndarray
    drives: np.ndarray


def circuits(plus: np.ndarray, minus: np.ndarray, layout: Layout) -> list[Circuit]:
    """The arrays that hold G+ (rows, columns) and G- (rows, columns), or (rows, 1) where it is shared."""
    each = np.eye(plus.shape[1])
    if minus.shape[1] != plus.shape[1]:
        joins = np.concatenate([each, -np.ones((1, len(each)))])
        at_rest = np.concatenate([each, np.zeros((len(each), 1))], axis=1)
        return [Circuit(np.concatenate([plus, minus], axis=1), joins, at_rest)]
    if layout == "separate":
        return [Circuit(plus, each, each), Circuit(minus, -each, -each)]
    joins = np.stack([each, -each], axis=1).reshape(-1, len(each))
    return [Circuit(np.stack([plus, minus], axis=-1).reshape(len(plus), -1), joins, joins.T)]


class WiredLines:
    """The lines of an array with `config.wires`.

    Attributes
    ----------
    residual: the largest of all solves so far, see `WireSolution`. iterations: the most that one took.
    """

    def __init__(self, cells: Cells, config: ArrayConfig, *, seed: int, array: int) -> None:
        assert config.wires is not None
        self._cells, self._config, self._wires = cells, config, config.wires
        self._law = cells.device.read_noise
        if config.cell_noise == "collapsed":
            exact, why_not = is_exact(self._law, wires=True, linear=config.cell_law is None)
            if not exact:
                raise ArrayError(f"cell_noise = 'collapsed' is not exact with wires: {why_not}")
        if config.circuit_noise is not None and config.circuit_noise.shot:
            raise ArrayError("circuit_noise with shot = True has no known law under wire resistance: thermal noise has")
        if config.circuit_noise is not None and config.circuit_noise.thermal and config.cell_law is not None:
            raise ArrayError(
                "circuit_noise of cells with a cell_law is not known under wire resistance: use ohmic cells"
            )
        self._traps = traps_of(cells, config, seed, array)
        self.residual, self.iterations = 0.0, 0
        self._version = -1
        self._forget()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """As `Lines.aside`; what was solved in it is kept."""
        residual, iterations = self.residual, self.iterations
        with traps_aside(self._traps):
            yield
        self.residual, self.iterations = residual, iterations

    def rest(self, seconds: float) -> None:
        """As `Lines.rest`."""
        if self._traps is not None:
            self._traps.advance(seconds)

    def read(self, x: np.ndarray, totals: np.ndarray, noise: Numbers, *, transposed: bool) -> Signal:
        """As `Lines.read`."""
        config, mapping = self._config, self._cells.mapping
        if self._version != self._cells.version:
            self._forget()
        volt = config.read_voltage / config.dac.x_max
        volts = x.astype(np.float64) * volt
        drawn, held = None, 0
        if not isinstance(self._law, NoReadNoise):
            amperes, watts, held = self._draw(volts, noise, transposed)
            drawn = self._nominal_variance(x, transposed)
        elif self._as_matrix(len(x), transposed):
            amperes, watts = self._product(volts, transposed)
        else:
            amperes, watts = self._solved(self._circuits(), volts, transposed)
        y = amperes * (mapping.per_siemens / volt)
        heat = self._thermal_noise(len(x), noise, transposed)
        if heat is not None:
            y += heat[0] * (mapping.per_siemens / volt)
            variance = np.broadcast_to(heat[1] * (mapping.per_siemens / volt) ** 2, y.shape)
            drawn = variance if drawn is None else drawn + variance
        signal = np.abs(y).sum(axis=1) / mapping.per_siemens
        totals = np.stack([totals[:, 0], watts / volt**2, signal, totals[:, 3]], axis=1)
        return Signal(y.astype(np.float32), totals, drawn=drawn, held=held)

    def _forget(self) -> None:
        """Drop what was known of the circuit: its cells have changed."""
        self._version = self._cells.version
        self._known: list[Circuit] | None = None
        self._responses: dict[bool, list[tuple[np.ndarray, np.ndarray]]] = {}
        self._vectors = {False: 0, True: 0}
        self._spread: np.ndarray | None = None

    def _circuits(self) -> list[Circuit]:
        if self._known is None:
            self._known = circuits(*self._cells.planes(), self._config.layout)
        return self._known

    # -- currents of outputs, amperes (batch, sensed), and power of the drivers, watts (batch,) ----------------------

    def _solved(self, arrays: list[Circuit], volts: np.ndarray, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
        amperes, watts = 0.0, 0.0
        for circuit in arrays:
            driven = product(volts, circuit.drives) if transposed else volts
            found = solve(circuit.siemens, driven, self._wires, transposed=transposed, cells=self._config.cell_law)
            self._note(found)
            amperes = amperes + (found.currents if transposed else product(found.currents, circuit.joins))
            watts = watts + found.power_in
        return amperes, watts  # type: ignore[return-value]

    def _as_matrix(self, vectors: int, transposed: bool) -> bool:
        """Whether unit responses are at hand, or worth making for so many vectors more."""
        if self._config.cell_law is not None or self._wires.budget is not None:
            return False
        self._vectors[transposed] += vectors
        lines = self._cells.shape[1 if transposed else 0]
        return transposed in self._responses or self._vectors[transposed] >= _WORTH_A_MATRIX * lines

    def _unit_responses(self, transposed: bool) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each array: currents sensed (driven, sensed) and delivered (driven, driven) at a volt on each driven line."""
        if transposed not in self._responses:
            found = []
            for circuit in self._circuits():
                seen = effective_matrix(
                    circuit.siemens.T if transposed else circuit.siemens,
                    self._wires.swapped if transposed else self._wires,
                )
                self._note(seen)
                found.append((seen.matrix, seen.drive_admittance))
            self._responses[transposed] = found
        return self._responses[transposed]

    def _product(self, volts: np.ndarray, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
        amperes, watts = 0.0, 0.0
        for circuit, (sensed, delivered) in zip(self._circuits(), self._unit_responses(transposed), strict=True):
            driven = product(volts, circuit.drives) if transposed else volts
            currents = product(driven, sensed)
            amperes = amperes + (currents if transposed else product(currents, circuit.joins))
            watts = watts + (product(driven, delivered) * driven).sum(axis=1)
        return amperes, watts  # type: ignore[return-value]

    def _draw(self, volts: np.ndarray, noise: Numbers, transposed: bool) -> tuple[np.ndarray, np.ndarray, int]:
        """Every read by itself, with the noise of every cell; and how many cells were held at zero conductance."""
        held = 0
        outcomes = []
        for vector, (plus, minus, cut) in zip(volts, self._noisy_planes(len(volts), noise), strict=True):
            outcomes.append(self._solved(circuits(plus, minus, self._config.layout), vector[None], transposed))
            held += cut
        sensed = self._cells.shape[0 if transposed else 1]
        amperes = np.concatenate([np.empty((0, sensed)), *(a for a, _ in outcomes)])
        return amperes, np.concatenate([np.empty(0), *(w for _, w in outcomes)]), held

    def _noisy_planes(self, reads: int, noise: Numbers) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        plus, minus = self._cells.planes()
        shared = self._cells.mapping.shared
        source = None if self._traps is not None else noise.cells()
        for _ in range(reads):
            if self._traps is not None:
                self._traps.advance(self._config.read_time)
                factors = self._traps.factors()
                seen = plus * factors[..., 0], minus * (factors[:, :1, 1] if shared else factors[..., 1])
            else:
                sigma = self._sigma()
                z = source.normals(plus.size + minus.size)  # type: ignore[union-attr]  # without traps there is one
                seen = (
                    plus + sigma[..., 0] * z[: plus.size].reshape(plus.shape),
                    minus + (sigma[:, :1, 1] if shared else sigma[..., 1]) * z[plus.size :].reshape(minus.shape),
                )
            yield (
                np.maximum(seen[0], 0.0),
                np.maximum(seen[1], 0.0),
                sum(int(np.count_nonzero(g < 0)) for g in seen),
            )

    def _sigma(self) -> np.ndarray:
        if self._spread is None:
            self._spread = self._cells.read_sigma(self._config.read_time)
        return self._spread

    def _nominal_variance(self, x: np.ndarray, transposed: bool) -> np.ndarray:
        """Variance of outputs by cells that see the full voltage."""
        each = np.square(self._sigma() * self._cells.mapping.per_siemens).sum(axis=-1)
        return product(np.square(x), each.T if transposed else each)

    def _thermal_noise(self, reads: int, noise: Numbers, transposed: bool) -> tuple[np.ndarray, np.ndarray] | None:
        """Thermal noise of outputs, amperes (reads, sensed), and its variance (sensed,); None where it is off.

        The current noise of a network in equilibrium has the covariance 4 k T B Re(Y), with Y its admittance matrix at
        the sensed terminals (Twiss, J. Appl. Phys. 26:599, 1955: Nyquist's theorem of multi-terminal networks).
        """
        config = self._config
        if config.circuit_noise is None or not config.circuit_noise.thermal:
            return None
        sensed = self._cells.shape[0 if transposed else 1]
        covariance = np.zeros((sensed, sensed))
        for circuit, (_, admittance) in zip(self._circuits(), self._unit_responses(not transposed), strict=True):
            covariance = covariance + (
                admittance if transposed else product(product(circuit.joins.T, admittance), circuit.joins)
            )
        covariance = covariance * (4 * BOLTZMANN * config.circuit_noise.temperature * read_bandwidth(config.read_time))
        values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        return product(noise.normals((reads, len(values))), root.T), np.diag(covariance)

    def _note(self, solution: WireSolution | EffectiveMatrix) -> None:
        self.residual = max(self.residual, float(np.max(solution.residual, initial=0.0)))
        self.iterations = max(self.iterations, int(np.max(solution.iterations, initial=0)))
