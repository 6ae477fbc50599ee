"""Where the arrays of a rule stand, for a rule to lay them out: what they are made of, their largest size, their address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..arrays.crossbar import Crossbar
from ..arrays.parts import part_number
from ..arrays.tiles import TiledCrossbar, arranged
from ..config import ArrayConfig


@dataclass(frozen=True)
class Site:
    """What `RuleConfig.on` was asked for, all but the shape.

    Attributes
    ----------
    config : ArrayConfig
        What the array is made of.
    seed, array : int
        As of a `Crossbar`.
    tile : (int, int), optional
        The largest array that can be had; None where any size can.
    """

    config: ArrayConfig
    seed: int = 0
    array: int = 0
    tile: tuple[int, int] | None = None

    def arranged(self, shape: tuple[int, int], *, weight_slice: int = 0) -> Crossbar | TiledCrossbar:
        """An array that holds W; a rule with several arrays numbers them as slices of W.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of W.
        weight_slice : int
            0 is the array itself.
        """
        number = part_number(self.array, weight_slice=weight_slice)
        return arranged(shape, self.config, tile=self.tile, seed=self.seed, array=number)


Ruled = TypeVar("Ruled", covariant=True)


class Lays(Protocol[Ruled]):
    """What makes arrays of one kind: by it `RuleConfig.on` is typed as what the rule makes."""

    def ruled(self, shape: tuple[int, int], site: Site) -> Ruled: ...
