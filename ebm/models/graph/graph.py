"""A graph of units, and colours such that no two neighbours share one: units of one colour can be drawn at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ....devices.base.errors import RevpathError, shown


class Uncolourable(RevpathError):
    """A graph has no colouring with so few colours, or none was found."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Units and couplings.

    Parameters
    ----------
    nodes : tuple
        Names of the units, in order; unit i is the i-th.
    edges : numpy.ndarray
        (m, 2) int64, pairs of units, the smaller first, without repetition.
    """

    nodes: tuple[Hashable, ...]
    edges: np.ndarray

    @property
    def n_units(self) -> int:
        """How many units there are."""
        return len(self.nodes)

    @cached_property
    def neighbours(self) -> list[np.ndarray]:
        """Of each unit, sorted."""
        both = np.concatenate([self.edges, self.edges[:, ::-1]])
        both = both[np.lexsort((both[:, 1], both[:, 0]))]
        return np.split(both[:, 1], np.searchsorted(both[:, 0], np.arange(1, self.n_units)))

    def colours(self, most: int | None = None) -> np.ndarray:
        """A colour for each unit, (n_units,) int64 from 0 on, no two neighbours alike.

        Parameters
        ----------
        most : int, optional
            The largest number of colours; None allows any. With 2 the answer is exact; with more it is that of the
            heuristic DSATUR (Brelaz, Commun. ACM 22, 1979), which can need more than the graph does.

        Raises
        ------
        Uncolourable
            More colours are needed, or were: the message says which.

        Examples
        --------
        >>> graph_of([(0, 1), (1, 2), (2, 3)]).colours().tolist()
        [1, 0, 1, 0]
        >>> graph_of([(0, 1), (1, 2), (0, 2)]).colours(2)
        Traceback (most recent call last):
        revpath.ebm.models.graph.graph.Uncolourable: the graph has a ring of odd length through unit 0: 2 colours cannot do
        """
        if most is not None and (isinstance(most, bool) or not hasattr(most, "__index__") or most < 1):
            raise RevpathError(f"n_colours = {most!r} must be a positive integer or None")
        colours = self._saturated()
        needed = int(colours.max()) + 1
        if most is None or needed <= most:
            return colours
        if most == 1:
            raise Uncolourable("one colour is for units without couplings; this graph has some")
        if most == 2:  # DSATUR is exact for graphs of two colours, so there is a ring of odd length
            odd = self._on_odd_ring()
            raise Uncolourable(
                f"the graph has a ring of odd length through unit {shown(self.nodes[odd])}: 2 colours cannot do"
            )
        raise Uncolourable(
            f"n_colours = {most}, but {needed} were needed (by DSATUR; fewer may be possible, though none were found): "
            "give None, or another graph"
        )

    def _saturated(self) -> np.ndarray:
        """DSATUR: next comes the unit whose neighbours have the most colours, of these the one with the most neighbours."""
        colours = np.full(self.n_units, -1)
        seen: list[set[int]] = [set() for _ in range(self.n_units)]
        degrees = np.array([len(each) for each in self.neighbours])
        saturation = np.zeros(self.n_units, np.int64)
        for _ in range(self.n_units):
            rank = np.where(colours < 0, saturation * (self.n_units + 1) + degrees, -1)
            unit = int(np.argmax(rank))
            colour = next(c for c in range(self.n_units) if c not in seen[unit])
            colours[unit] = colour
            for other in self.neighbours[unit]:
                seen[other].add(colour)
                saturation[other] = len(seen[other])
        return colours

    def _on_odd_ring(self) -> int:
        """A unit from which a walk by breadth meets a neighbour at the same distance."""
        distance = np.full(self.n_units, -1)
        for start in range(self.n_units):
            if distance[start] >= 0:
                continue
            distance[start], border = 0, [start]
            while border:
                unit = border.pop(0)
                for other in self.neighbours[unit]:
                    if distance[other] < 0:
                        distance[other] = distance[unit] + 1
                        border.append(int(other))
                    elif distance[other] == distance[unit]:
                        return start
        raise AssertionError("no ring of odd length")


def graph_of(graph: Any, at_least: int = 0) -> Graph:
    """A graph from what a user has.

    Parameters
    ----------
    graph : networkx.Graph, iterable of pairs, Graph or None
        With networkx the order of the units is that of its nodes; in a list of pairs units are integers from 0 on, and there
        are as many as the largest says. None couples every unit with every other.
    at_least : int
        Units that there are in any case, where pairs or None do not say.

    Raises
    ------
    RevpathError
        Something else, a unit coupled with itself, a directed graph, a unit that is no integer from 0 on.

    Examples
    --------
    >>> graph_of([(0, 1), (1, 2)]).n_units
    3
    """
    if isinstance(graph, Graph):
        return graph
    if graph is None:
        return Graph(tuple(range(at_least)), np.stack(np.triu_indices(at_least, 1), axis=1))
    if hasattr(graph, "nodes") and hasattr(graph, "edges"):
        if getattr(graph, "is_directed", lambda: False)():
            raise RevpathError(
                "graph is directed: couplings of an energy have no direction; pass graph.to_undirected()"
            )
        nodes = tuple(graph.nodes)
        number = {node: i for i, node in enumerate(nodes)}
        return _made(nodes, [(number[edge[0]], number[edge[1]]) for edge in graph.edges])
    if isinstance(graph, str) or not isinstance(graph, Iterable):
        raise RevpathError(f"graph = {shown(graph)} must be a networkx graph, pairs of units, or None for all pairs")
    pairs = [tuple(edge) for edge in np.asarray(graph).tolist()] if isinstance(graph, np.ndarray) else list(graph)
    for edge in pairs:
        whole = isinstance(edge, tuple | list) and len(edge) == 2
        if not whole or any(isinstance(unit, bool) or not hasattr(unit, "__index__") or unit < 0 for unit in edge):
            raise RevpathError(f"graph has {shown(edge)}, which is no pair of units: units are integers from 0 on")
    units = max([at_least, *(int(unit) + 1 for edge in pairs for unit in edge)])
    return _made(tuple(range(units)), [(int(a), int(b)) for a, b in pairs])


def _made(nodes: tuple[Hashable, ...], pairs: list[tuple[int, int]]) -> Graph:
    for a, b in pairs:
        if a == b:
            raise RevpathError(f"graph couples unit {shown(nodes[a])} with itself: that is a bias, not a coupling")
    edges = np.array(sorted({(min(pair), max(pair)) for pair in pairs}), np.int64).reshape(-1, 2)
    return Graph(nodes, edges)
