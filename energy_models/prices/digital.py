"""The digital part of a chip: how many lanes work beside its arrays, how fast, and on words of how many bits."""

from __future__ import annotations

from pydantic import Field

from ..fields import Described


class Digital(Described):
    """Lanes that perform the digital events of a bill, one step of a function a cycle each.

    Attributes
    ----------
    lanes : int
        That work at once, on one instruction.
    word_bits : int
        Of every result, which is latched.
    cycle : str
        Id of the record of a cycle, in seconds.
    matmul : bool
        Matrix products are done by the lanes too: a multiply and an add for two FLOP. Otherwise the chip must price
        ``matmul.flop`` itself, or refuse it.
    why : str
        The reason of the choice.
    """

    lanes: int = Field(ge=1, le=1_000_000)
    word_bits: int = Field(ge=1, le=64)
    cycle: str
    matmul: bool = False
    why: str = Field(min_length=10)
