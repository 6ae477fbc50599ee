"""Pictures of an array: conductances, node voltages, cell currents, output errors. Each takes and returns matplotlib axes.

Maps draw the word lines from top to bottom and the bit lines from left to right, as they lie. Arrays of at most
`ANNOTATED` lines on a side are drawn as a circuit, line by line, with a number at every cell; larger ones as a heat map,
which scales to thousands of lines. Colours are viridis for sizes and a blue-orange scale for signs: both can be told
apart without colour vision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from ..arrays.crossbar import Crossbar
from ..errors import ArrayError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

    from ..wires import CellLaw, Wires, WireSolution

ANNOTATED = 12
_SHIFT = 0.3  # of bit lines in a circuit, so that they do not hide the cells
_BLUE, _ORANGE, _GREY = "#0072B2", "#E69F00", "#666666"  # Okabe and Ito, "Color universal design" (2008)
_SIZES, _SIGNS = "viridis", "PuOr"
_PREFIXES = {0: "", -3: "m", -6: "µ", -9: "n", -12: "p", -15: "f"}

Plane = Literal["plus", "minus", "weights"]
Layer = Literal["word", "bit", "cell"]


def plot_conductances(array: Crossbar, ax: Axes | None = None, *, plane: Plane = "plus") -> Axes:
    """The cells of an array: conductances of G+ or G-, or the weights that both make.

    Raises
    ------
    ArrayError
        `plane` is none of "plus", "minus", "weights".
    """
    if plane == "weights":
        return _map(array.read(), ax, "weight", "", signed=True)
    if plane not in ("plus", "minus"):
        raise ArrayError(f"plane = {plane!r} must be 'plus', 'minus' or 'weights'")
    plus, minus = array.cells.planes()
    return _map(plus if plane == "plus" else minus, ax, "conductance of " + ("G+" if plane == "plus" else "G-"), "S")


def plot_voltages(solution: WireSolution, ax: Axes | None = None, *, layer: Layer = "cell", vector: int = 0) -> Axes:
    """Node voltages of the word lines or of the bit lines, or what is left of them across each cell.

    Parameters
    ----------
    solution : WireSolution
        solved with ``keep_nodes=True``.
    vector : int
        which of its inputs.

    Raises
    ------
    ArrayError
        no node voltages were kept, or there is no such vector or layer.
    """
    word, bit = _nodes(solution, vector)
    volts = {"word": word, "bit": bit, "cell": word - bit}
    if layer not in volts:
        raise ArrayError(f"layer = {layer!r} must be one of {sorted(volts)}")
    what = {"word": "word-line voltage", "bit": "bit-line voltage", "cell": "voltage across the cell"}[layer]
    return _map(volts[layer], ax, what, "V", signed=bool((volts[layer] < 0).any()))


def plot_currents(
    solution: WireSolution,
    conductances: np.ndarray,
    wires: Wires,
    ax: Axes | None = None,
    *,
    law: CellLaw | None = None,
    vector: int = 0,
) -> Axes:
    """Current through every cell, and for a small array along every piece of wire: the wider, the more.

    Parameters
    ----------
    solution : WireSolution
        solved with ``keep_nodes=True`` from conductances (rows, columns), siemens, `wires` and `law`.
    vector : int
        which of its inputs.
    """
    word, bit = _nodes(solution, vector)
    conductances = np.asarray(conductances, float)
    if conductances.shape != word.shape:
        raise ArrayError(f"conductances has shape {conductances.shape}; the solution is of {word.shape}")
    drop = word - bit
    cells = conductances * drop if law is None else law.current(conductances, drop)
    signed = bool((cells < 0).any())
    if max(cells.shape) > ANNOTATED:
        return _map(cells, ax, "current through the cell", "A", signed=signed)
    along = _wire_currents(cells, word, wires.word_resistance, {"left": "start", "right": "end"}.get(wires.drive_side))
    down = _wire_currents(
        -cells.T, bit.T, wires.bit_resistance, {"top": "start", "bottom": "end"}.get(wires.sense_side)
    ).T
    return _circuit(cells, along, down, _axes(ax), signed=signed)


def plot_output_error(array: Crossbar, x: np.ndarray, ax: Axes | None = None, *, transposed: bool = False) -> Axes:
    """Error of every output against the ideal product with the weights that the array shows, over that product.

    Parameters
    ----------
    x : ndarray
        (batch, rows), or (batch, columns) if transposed. The reads are aside: they are not counted.
    """
    ax = _axes(ax)
    with array.aside():
        y = array.backward(x) if transposed else array.forward(x)
    weights = array.read().astype(float)
    ideal = np.asarray(x, float) @ (weights.T if transposed else weights)
    error = y - ideal
    rms = float(np.sqrt(np.mean(error**2)))
    ax.plot(ideal.ravel(), error.ravel(), ".", color=_BLUE, markersize=3, alpha=0.5, rasterized=error.size > 20_000)
    ax.axhline(0, color=_GREY, linewidth=0.8)
    for sign in (-1, 1):
        ax.axhline(sign * rms, color=_ORANGE, linewidth=1, linestyle="--", label=f"rms {rms:.3g}" if sign > 0 else None)
    ax.set_xlabel("ideal output (input x weight)")
    ax.set_ylabel("error of the output (input x weight)")
    ax.legend(frameon=False, fontsize="small")
    return ax


def _nodes(solution: WireSolution, vector: int) -> tuple[np.ndarray, np.ndarray]:
    if solution.word_voltages is None or solution.bit_voltages is None:
        raise ArrayError("the solution has no node voltages: solve with keep_nodes=True")
    word, bit = (nodes.reshape(-1, *nodes.shape[-2:]) for nodes in (solution.word_voltages, solution.bit_voltages))
    if not 0 <= vector < len(word):
        raise ArrayError(f"vector = {vector} must be from 0 to {len(word) - 1}")
    return word[vector], bit[vector]


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def _prefix(values: np.ndarray, unit: str) -> tuple[float, str]:
    """What to multiply values by, and the unit that they then have: 25e-6 S reads 25 µS."""
    largest = float(np.max(np.abs(values), initial=0.0))
    if not unit or largest == 0:
        return 1.0, unit
    power = int(np.clip(3 * np.floor(np.log10(largest * 1.0001) / 3), min(_PREFIXES), 0))
    return 10.0**-power, _PREFIXES[power] + unit


def _scale(values: np.ndarray, signed: bool) -> tuple[str, Normalize]:
    from matplotlib.colors import Normalize

    largest = float(np.max(np.abs(values), initial=0.0)) or 1.0
    if signed:
        return _SIGNS, Normalize(-largest, largest)
    low, high = float(values.min()), float(values.max())
    return _SIZES, Normalize(low, high) if high > low else Normalize(0.0, largest)


def _map(values: np.ndarray, ax: Axes | None, what: str, unit: str, *, signed: bool = False) -> Axes:
    """A heat map with its colour bar, and for a small array the number in each cell."""
    ax = _axes(ax)
    factor, unit = _prefix(values, unit)
    shown = np.asarray(values, float) * factor
    colours, norm = _scale(shown, signed)
    image = ax.imshow(shown, cmap=colours, norm=norm, interpolation="nearest", aspect="auto")
    ax.figure.colorbar(image, ax=ax, label=f"{what} ({unit})" if unit else what)
    if max(values.shape) <= ANNOTATED:
        for (i, j), value in np.ndenumerate(shown):
            ink = _ink(image.to_rgba(shown[i : i + 1, j])[0])
            ax.text(j, i, f"{value:.3g}", ha="center", va="center", fontsize="x-small", color=ink)
    _name_lines(ax, shown.shape)
    return ax


def _ink(background) -> str:
    """Black or white, whichever reads better on a colour (luma of ITU-R BT.601)."""
    red, green, blue = background[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def _name_lines(ax: Axes, shape: tuple[int, ...]) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("bit line")
    ax.set_ylabel("word line")
    for axis, lines in ((ax.xaxis, shape[1]), (ax.yaxis, shape[0])):
        if lines <= ANNOTATED:
            axis.set_ticks(range(lines))
        else:
            axis.set_major_locator(MaxNLocator(6, integer=True))


def _wire_currents(drawn: np.ndarray, nodes: np.ndarray, resistance: float, terminal: str | None) -> np.ndarray:
    """Currents (lines, cells + 1) along lines, towards higher numbers, in the pieces before, between and after cells.

    drawn: (lines, cells), what the cells take off each line. terminal: the end that feeds it; None for both, where the
    node voltages say how it is shared (and nothing does on an ideal wire: half and half).
    """
    total = drawn.sum(axis=1)
    if terminal == "start":
        first = total
    elif terminal == "end":
        first = np.zeros_like(total)
    elif resistance > 0 and drawn.shape[1] > 1:
        first = (nodes[:, 0] - nodes[:, 1]) / resistance + drawn[:, 0]
    else:
        first = total / 2
    return first[:, None] - np.concatenate([np.zeros((len(drawn), 1)), np.cumsum(drawn, axis=1)], axis=1)


def _circuit(cells: np.ndarray, along: np.ndarray, down: np.ndarray, ax: Axes, *, signed: bool) -> Axes:
    """Word lines (blue) above bit lines (orange), joined by a dot for each cell: widths follow the current.

    Parameters
    ----------
    cells : ndarray
        (rows, columns) A.
    along : ndarray
        (rows, columns + 1), in the pieces of the word lines.
    down : ndarray
        (rows + 1, columns).
    """
    factor, unit = _prefix(cells, "A")
    shown = cells * factor
    rows, columns = cells.shape
    widest = max(float(np.abs(along).max()), float(np.abs(down).max())) or 1.0
    for (i, j), current in np.ndenumerate(along):
        ax.plot([j - 1, j], [i, i], color=_BLUE, linewidth=0.4 + 5 * abs(current) / widest, zorder=1)
    for (i, j), current in np.ndenumerate(down):
        x, y = j + _SHIFT, i + _SHIFT
        ax.plot([x, x], [y - 1, y], color=_ORANGE, linewidth=0.4 + 5 * abs(current) / widest, zorder=2)
    y, x = np.mgrid[:rows, :columns]
    ax.plot([x.ravel(), x.ravel() + _SHIFT], [y.ravel(), y.ravel() + _SHIFT], color=_GREY, linewidth=1, zorder=3)
    colours, norm = _scale(shown, signed)
    dots = ax.scatter(
        x + _SHIFT / 2, y + _SHIFT / 2, c=shown, cmap=colours, norm=norm, s=60, edgecolors=_GREY, zorder=4
    )
    for (i, j), value in np.ndenumerate(shown):
        ax.annotate(f"{value:.3g}", (j + _SHIFT + 0.06, i - 0.08), fontsize="x-small", zorder=5)
    ax.figure.colorbar(dots, ax=ax, label=f"current through the cell ({unit})")
    ax.set_xlim(-1.1, columns + 0.4)
    ax.set_ylim(rows + 0.5, -1.0)
    most, most_unit = _prefix(np.array([widest]), "A")
    ax.set_title(f"word lines blue, bit lines orange; widest wire {widest * most:.3g} {most_unit}", fontsize="small")
    _name_lines(ax, cells.shape)
    ax.spines[["top", "right", "bottom", "left"]].set_visible(False)
    return ax
