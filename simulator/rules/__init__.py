"""Update rules: how an array that cannot add W <- W + rate x^T d exactly is trained all the same.

Each rule is an array that reads as any other and updates in its own way, and a frozen configuration that makes one:

>>> from revpath.simulator import ArrayConfig
>>> from revpath.simulator.rules import MixedPrecisionConfig
>>> array = MixedPrecisionConfig(transfer_every=2).on((64, 32), ArrayConfig("reram-sb-gong2018"), seed=1)
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .agad import AGAD, AGADConfig
from .chopped import ChoppedTikiTaka2, ChoppedTikiTaka2Config
from .contract import PulsedArray, RuleConfig, RuledArray, weight_granularity
from .deterministic import DeterministicPulses, DeterministicPulsesConfig
from .mixed_precision import MixedPrecision, MixedPrecisionConfig
from .stochastic import StochasticPulses, StochasticPulsesConfig
from .tiki_taka2 import TikiTaka2, TikiTaka2Config
from .verified_copy import WriteVerifiedCopy, WriteVerifiedCopyConfig

__all__ = [
    "AGAD",
    "RULES",
    "AGADConfig",
    "AnyRule",
    "ChoppedTikiTaka2",
    "ChoppedTikiTaka2Config",
    "DeterministicPulses",
    "DeterministicPulsesConfig",
    "MixedPrecision",
    "MixedPrecisionConfig",
    "PulsedArray",
    "RuleConfig",
    "RuledArray",
    "StochasticPulses",
    "StochasticPulsesConfig",
    "TikiTaka2",
    "TikiTaka2Config",
    "WriteVerifiedCopy",
    "WriteVerifiedCopyConfig",
    "weight_granularity",
]

RULES: tuple[type[RuleConfig], ...] = (
    StochasticPulsesConfig,
    DeterministicPulsesConfig,
    MixedPrecisionConfig,
    TikiTaka2Config,
    ChoppedTikiTaka2Config,
    AGADConfig,
    WriteVerifiedCopyConfig,
)
"""The configurations of all rules, in the order of the literature."""

AnyRule = Annotated[
    StochasticPulsesConfig
    | DeterministicPulsesConfig
    | MixedPrecisionConfig
    | TikiTaka2Config
    | ChoppedTikiTaka2Config
    | AGADConfig
    | WriteVerifiedCopyConfig,
    Field(discriminator="rule"),
]
"""Any of them, for pydantic to tell apart by its field `rule`."""
