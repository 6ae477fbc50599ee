"""Models that a comparison trains: each says what it is made of, and what its training moves to and from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....devices.base.lazy import lazily

if TYPE_CHECKING:
    from .conditional_boltzmann import ConditionalBoltzmannSpec as ConditionalBoltzmannSpec
    from .conditional_rbm import ConditionalRBMSpec as ConditionalRBMSpec
    from .contract import ComparedModel as ComparedModel
    from .layered import LayeredSpec as LayeredSpec

__getattr__, __dir__ = lazily(
    __name__,
    {
        ".conditional_boltzmann": ("ConditionalBoltzmannSpec",),
        ".conditional_rbm": ("ConditionalRBMSpec",),
        ".contract": ("ComparedModel",),
        ".layered": ("LayeredSpec",),
    },
)
