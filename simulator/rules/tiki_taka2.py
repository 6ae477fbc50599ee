"""Tiki-Taka, second version."""

from __future__ import annotations

from typing import ClassVar, Literal

from .site import Site
from .transfer import TransferArray, TransferConfig


class TikiTaka2Config(TransferConfig):
    """Parameters of `TikiTaka2`: those of the family."""

    title: ClassVar[str] = "Tiki-Taka v2"
    rank: ClassVar[int] = 40
    rule: Literal["tiki-taka-2"] = "tiki-taka-2"

    def ruled(self, shape: tuple[int, int], site: Site) -> TikiTaka2:
        return TikiTaka2(shape, site.config, self, seed=site.seed, array=site.array, tile=site.tile)


class TikiTaka2(TransferArray):
    """TTv2: the family without choppers; see `TransferArray`.

    Gokmen, "Enabling training of neural networks on noisy hardware", Front. Artif. Intell. 4:699148 (2021). The zero of A
    must be where its up and down pulses balance: what it rests at otherwise is taken for a gradient for ever.
    """

    defaults: ClassVar[type[TransferConfig]] = TikiTaka2Config
