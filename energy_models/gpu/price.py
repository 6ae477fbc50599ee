"""The other side: the same work on a GPU, so that savings of algorithm and of hardware are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ..errors import PriceError, UnpricedEvent
from ..prices.bill import Bill
from ..prices.chip import load_chip
from ..prices.pricing import price

Basis = Literal["run", "gemm"]
BASES: Mapping[Basis, str] = {"run": "h100-run", "gemm": "h100-gemm"}


def gpu_energy(flops: int | float, basis: Basis = "run", *, n_draws: int = 10_000, seed: int = 0) -> Bill:
    """The bill of so many FLOPs of matrix products (1 multiply-accumulate = 2 FLOP) on an H100.

    Parameters
    ----------
    basis : Basis
        ``run``, per model FLOP of a whole published training run (Llama-3.1-405B), or ``gemm``, the best dense BF16
        matrix product: a lower bound that no real workload reaches.
    """
    return price_on_gpu({"matmul.flop": flops}, basis, n_draws=n_draws, seed=seed)


def price_on_gpu(
    events: Mapping[str, int | float], basis: Basis = "run", *, n_draws: int = 10_000, seed: int = 0
) -> Bill:
    """The bill of events counted on ideal digital synapses, on an H100.

    Matrix products count as they are; digital functions and random bits cost the chip time they take, in
    FLOP-equivalents (records ``gpu.vector.*``).

    Raises
    ------
    UnpricedEvent
        an event of an analog array is among them.
    """
    if basis not in BASES:
        raise PriceError(f"basis = {basis!r} is not one of {', '.join(BASES)}")
    try:
        return price(events, load_chip(BASES[basis]), n_draws=n_draws, seed=seed)
    except UnpricedEvent as error:
        raise UnpricedEvent(f"{error}. On a GPU, count the events of DigitalSynapses") from None
