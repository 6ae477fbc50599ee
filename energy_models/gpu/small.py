"""Small models on a GPU: how long one of them takes alone, and how long one of many at once does.

Alone, a model of 1e5 parameters is done before the processor has launched the next kernel, so that time is launches. Many at
once fill the GPU, and time is the slower of its operations and its memory: the optimizer's traffic, as a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ..errors import PriceError
from ..prices.chip import load_chip
from ..prices.pricing import unit_prices
from ..prices.vocabulary import parse_event
from ..records import get
from .price import BASES, Basis

Way = Literal["alone", "many"]
WAYS: Mapping[Way, str] = {"alone": "h100-alone", "many": "h100-many"}
"""The chip that prices each way."""
BUSY = "gpu.busy_s"


def flop_equivalents(events: Mapping[str, int | float]) -> float:
    """FLOP of BF16 products that take an H100 as long as the events do, by the records ``gpu.vector.*``; bytes take none."""
    work = {full: amount for full, amount in events.items() if not parse_event(full)[0].startswith("hbm.")}
    each = unit_prices({"matmul.flop": 1, **work}, load_chip(BASES["run"]))
    return sum(amount * each[full] for full, amount in work.items()) / each["matmul.flop"]


def many_seconds(events: Mapping[str, int | float]) -> float:
    """Seconds of one model's share of an H100 that trains many: its operations, or its bytes at the memory's rate, the longer.

    Operations go at the share of the best rate that metered trainings of large models reached (``gpu.utilisation``).

    Examples
    --------
    >>> many_seconds({"hbm.byte_read": 3.35e12})
    1.0
    """
    moved = sum(float(amount) for full, amount in events.items() if parse_event(full)[0].startswith("hbm."))
    computing = flop_equivalents(events) / (get("gpu.utilisation").value * get("gpu.h100.matmul_bf16").to("flop/s"))
    return max(computing, moved / get("gpu.h100.hbm").to("byte_moved/s"))


def run_seconds(events: Mapping[str, int | float], basis: Basis) -> float:
    """Seconds that the price of a FLOP stands for: it is GPU time at rated power, so joules without those of bytes over that power."""
    each = unit_prices({"matmul.flop": 1}, load_chip(BASES[basis]))["matmul.flop"]
    return flop_equivalents(events) * each / get("gpu.h100.power").to("W")


def alone_seconds(steps: float, kernels: float) -> float:
    """Seconds of so many steps of so many kernels each, launched one after the other.

    Raises
    ------
    PriceError
        one of them is negative or not finite.
    """
    for field, value in (("steps", steps), ("kernels", kernels)):
        if not 0 <= value < float("inf"):
            raise PriceError(f"{field} = {value!r} must be finite and not negative")
    return steps * kernels * get("gpu.small.launch").to("s")


def transformer_kernels(layers: int) -> float:
    """Kernels of one training step of the transformer of this bench."""
    return layers * get("gpu.small.kernels_per_layer").value + get("gpu.small.kernels_per_step").value
