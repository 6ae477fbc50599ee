"""Sensed lines of an array whose wires have resistance: solved, not multiplied.

G+ and G- are two arrays with word lines of their own ("separate"), or one array whose bit lines ("interleaved") or word lines
("paired": + - - + + -) alternate between them; a shared reference is the last bit line of one array, and at rest in a transposed read.
While the contents stay, and the cells are ohmic and without read noise, the circuit is linear in the voltages: once enough
reads have been made to pay for it, the currents for a unit voltage on each line are solved for, and a read is a product
again, exactly. With read noise every read sees other conductances, so every read is solved, with the noise of every cell
drawn for it.

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
from ..config import ArrayConfig, Layout
from ..converters.readout import DRIVEN, POWER
from ..errors import ArrayError
from ..noise.cells import is_exact
from ..noise.circuit import read_bandwidth
from ..noise.outputs import NO_VARIANCE, Noise, summed
from ..noise.streams import Numbers
from ..wires import EffectiveMatrix, WireSolution, effective_matrix, solve
from .durations import mean_power, stretches
from .lines import Lines, ReadCells, Signal

_WORTH_A_MATRIX = 0.5  # vectors per driven line from which it pays: see benchmarks/wires.py


class Circuit(NamedTuple):
    """One array of cells and how its lines serve the weights.

    siemens (word lines, bit lines). words (rows, word lines): what the word lines are driven with for an input of 1 at a row,
    and in a transposed read what they add to each output; None where each row is a word line. joins (bit lines, columns): the
    share of each bit line in each output: 1 for a line of G+ cells, -1 for one of G-; a shared reference has -1 in all outputs.
    drives (columns, bit lines): what each bit line is driven with in a transposed read.
    """

    siemens: np.ndarray
    words: np.ndarray | None
    joins: np.ndarray
    drives: np.ndarray

    def driven(self, volts: np.ndarray, transposed: bool) -> np.ndarray:
        """Voltages of the lines for those of the inputs (batch, driven)."""
        if transposed:
            return product(volts, self.drives)
        return volts if self.words is None else product(volts, self.words)

    def outputs(self, currents: np.ndarray, transposed: bool) -> np.ndarray:
        """Currents of the outputs (batch, sensed) for those of the lines."""
        if not transposed:
            return product(currents, self.joins)
        return currents if self.words is None else product(currents, self.words.T)

    def joined(self, covariance: np.ndarray, transposed: bool) -> np.ndarray:
        """Covariance (sensed, sensed) of the outputs for that of the lines."""
        return self.outputs(self.outputs(covariance, transposed).T, transposed).T


def circuits(plus: np.ndarray, minus: np.ndarray, layout: Layout) -> list[Circuit]:
    """The arrays that hold G+ (rows, columns) and G- (rows, columns), or (rows, 1) where it is shared; not those without a cell."""
    each = np.eye(plus.shape[1])
    if minus.shape[1] != plus.shape[1]:
        joins = np.concatenate([each, -np.ones((1, len(each)))])
        at_rest = np.concatenate([each, np.zeros((len(each), 1))], axis=1)
        return [Circuit(np.concatenate([plus, minus], axis=1), None, joins, at_rest)]
    if layout == "separate":
        both = [Circuit(plus, None, each, each), Circuit(minus, None, -each, -each)]
        return [circuit for circuit in both if circuit.siemens.any()] or both[:1]
    if layout == "paired":
        # Every other pair is mirrored: else each would shift its bit line the same way, and the shifts would add up.
        words = _alternating(np.eye(len(plus)))
        words[1::2] *= -1
        pairs = np.stack([plus, minus], axis=1)
        pairs[1::2] = pairs[1::2, ::-1]
        return [Circuit(pairs.reshape(-1, len(each)), words, each, each)]
    joins = _alternating(each).T
    return [Circuit(np.stack([plus, minus], axis=-1).reshape(len(plus), -1), None, joins, joins.T)]


def _alternating(each: np.ndarray) -> np.ndarray:
    """(n, 2 n): 1 and -1 side by side for each row of the identity."""
    return np.stack([each, -each], axis=-1).reshape(len(each), -1)


class WiredLines(Lines):
    """The lines of an array with `config.wires`.

    Attributes
    ----------
    residual
        the largest of all solves so far, see `WireSolution`.
    iterations
        the most that one took.
    """

    def __init__(self, cells: ReadCells, config: ArrayConfig, *, seed: int, array: int) -> None:
        super().__init__(cells, config, seed=seed, array=array)
        assert config.wires is not None
        self._wires = config.wires
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
        self.residual, self.iterations = 0.0, 0
        self._version = -1
        self._forget()

    @classmethod
    def serves(cls, config: ArrayConfig) -> bool:
        """Wires that resist."""
        return config.wires is not None and not config.wires.ideal

    @contextmanager
    def aside(self) -> Iterator[None]:
        """As `Lines.aside`; what was solved in it is kept."""
        residual, iterations = self.residual, self.iterations
        with super().aside():
            yield
        self.residual, self.iterations = residual, iterations

    def read(self, x: np.ndarray, totals: np.ndarray, noise: Numbers, *, transposed: bool) -> Signal:
        """As `Lines.read`."""
        config, mapping = self._config, self._cells.mapping
        if self._version != self._cells.version:
            self._forget()
        volt = config.read_voltage / config.dac.x_max
        volts = x.astype(np.float64) * volt
        of_cells, held = NO_VARIANCE, 0
        if not isinstance(self._law, NoReadNoise):
            amperes, watts, held = self._draw(volts, noise, transposed)
            of_cells = self._nominal_variance(x, transposed)
        elif self._as_matrix(len(x), transposed):
            amperes, watts = self._product(volts, transposed)
        else:
            amperes, watts = self._carried(self._circuits(), volts, transposed)
        y = amperes * (mapping.per_siemens / volt)
        heat, of_heat = self._thermal_noise(len(x), noise, transposed)
        y += heat * (mapping.per_siemens / volt)
        drawn = Noise(summed(of_cells, of_heat * (mapping.per_siemens / volt) ** 2))
        signal = np.abs(y).sum(axis=1) / mapping.per_siemens
        totals = np.stack([totals[:, POWER], watts / volt**2, signal, totals[:, DRIVEN]], axis=1)
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

    def _carried(self, arrays: list[Circuit], volts: np.ndarray, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
        """Averages over the read, stretch by stretch where inputs are durations."""
        if self._config.inputs == "amplitude":
            return self._solved(arrays, volts, transposed)
        full = self._config.read_voltage
        sensed = self._cells.shape[0 if transposed else 1]
        amperes, watts = np.zeros((len(volts), sensed)), np.zeros(len(volts))
        for k, vector in enumerate(volts):
            patterns, shares = stretches(vector / full)
            if len(shares):
                each, power = self._solved(arrays, full * patterns, transposed)
                amperes[k], watts[k] = shares @ each, shares @ power
        return amperes, watts

    def _solved(self, arrays: list[Circuit], volts: np.ndarray, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
        amperes, watts = np.zeros(1), np.zeros(1)
        for circuit in arrays:
            driven = circuit.driven(volts, transposed)
            found = solve(circuit.siemens, driven, self._wires, transposed=transposed, cells=self._config.cell_law)
            self._note(found)
            amperes = amperes + circuit.outputs(found.currents, transposed)
            watts = watts + found.power_in
        return amperes, watts

    def _as_matrix(self, vectors: int, transposed: bool) -> bool:
        """Whether unit responses are at hand, or worth making for so many vectors more."""
        if self._config.cell_law is not None or self._wires.budget is not None:
            return False
        if self._config.inputs == "duration":
            return True  # else every stretch of every read is solved
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
        amperes, watts = np.zeros(1), np.zeros(1)
        for circuit, (sensed, delivered) in zip(self._circuits(), self._unit_responses(transposed), strict=True):
            driven = circuit.driven(volts, transposed)
            amperes = amperes + circuit.outputs(product(driven, sensed), transposed)
            if self._config.inputs == "duration":
                full = self._config.read_voltage
                watts = watts + full**2 * mean_power(driven / full, delivered)
            else:
                watts = watts + (product(driven, delivered) * driven).sum(axis=1)
        return amperes, watts

    def _draw(self, volts: np.ndarray, noise: Numbers, transposed: bool) -> tuple[np.ndarray, np.ndarray, int]:
        """Every read by itself, with the noise of every cell; and how many cells were held at zero conductance."""
        held = 0
        outcomes = []
        for vector, (plus, minus, cut) in zip(volts, self._noisy_planes(len(volts), noise), strict=True):
            outcomes.append(self._carried(circuits(plus, minus, self._config.layout), vector[None], transposed))
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
                assert source is not None
                z = source.normals(plus.size + minus.size)
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

    def _thermal_noise(self, reads: int, noise: Numbers, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
        """Thermal noise of outputs, amperes (reads, sensed), and variances (reads, sensed), which has no rows where it is off.

        The current noise of a network in equilibrium has the covariance 4 k T B Re(Y), with Y its admittance matrix at
        the sensed terminals (Twiss, J. Appl. Phys. 26:599, 1955: Nyquist's theorem of multi-terminal networks).
        """
        config = self._config
        if config.circuit_noise is None or not config.circuit_noise.thermal:
            return np.zeros((1, 1)), NO_VARIANCE
        sensed = self._cells.shape[0 if transposed else 1]
        covariance = np.zeros((sensed, sensed))
        for circuit, (_, admittance) in zip(self._circuits(), self._unit_responses(not transposed), strict=True):
            covariance = covariance + (circuit.joined(admittance, transposed))
        covariance = covariance * (4 * BOLTZMANN * config.circuit_noise.temperature * read_bandwidth(config.read_time))
        values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        variances = np.broadcast_to(np.diag(covariance), (reads, sensed))
        return product(noise.normals((reads, len(values))), root.T), variances

    def _note(self, solution: WireSolution | EffectiveMatrix) -> None:
        self.residual = max(self.residual, float(np.max(solution.residual, initial=0.0)))
        self.iterations = max(self.iterations, int(np.max(solution.iterations, initial=0)))
