"""Update rules: how an array that cannot add W <- W + rate x^T d exactly is trained all the same.

Each rule is an array that reads as any other and updates in its own way, and a frozen configuration that makes one:

>>> from revpath.simulator import ArrayConfig
>>> from revpath.simulator.rules import MixedPrecisionConfig
>>> array = MixedPrecisionConfig(transfer_every=2).on((64, 32), ArrayConfig("reram-sb-gong2018"), seed=1)

`RULES` holds all of them, those defined elsewhere included: the contract is in `contract.py`.
"""

from __future__ import annotations

from .agad import AGAD, AGADConfig
from .chopped import ChoppedTikiTaka2, ChoppedTikiTaka2Config
from .contract import AnyRule, PulsedArray, RuleConfig, RuledArray, Training, weight_granularity
from .deterministic import DeterministicPulses, DeterministicPulsesConfig
from .error_aware import ErrorAwareUpdates, ErrorAwareUpdatesConfig
from .mean_field import MeanField, MeanFieldConfig
from .mixed_precision import MixedPrecision, MixedPrecisionConfig
from .registry import RULES, Rules
from .residual import ResidualLearning, ResidualLearningConfig
from .sign import SignPulses, SignPulsesConfig
from .stochastic import StochasticPulses, StochasticPulsesConfig
from .tiki_taka2 import TikiTaka2, TikiTaka2Config
from .touched import TouchedMixedPrecision, TouchedMixedPrecisionConfig
from .tracked import TrackedTikiTaka, TrackedTikiTakaConfig
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
    "ErrorAwareUpdates",
    "ErrorAwareUpdatesConfig",
    "MeanField",
    "MeanFieldConfig",
    "MixedPrecision",
    "MixedPrecisionConfig",
    "PulsedArray",
    "ResidualLearning",
    "ResidualLearningConfig",
    "RuleConfig",
    "RuledArray",
    "Rules",
    "SignPulses",
    "SignPulsesConfig",
    "StochasticPulses",
    "StochasticPulsesConfig",
    "TikiTaka2",
    "TikiTaka2Config",
    "TouchedMixedPrecision",
    "TouchedMixedPrecisionConfig",
    "TrackedTikiTaka",
    "TrackedTikiTakaConfig",
    "Training",
    "WriteVerifiedCopy",
    "WriteVerifiedCopyConfig",
    "weight_granularity",
]
