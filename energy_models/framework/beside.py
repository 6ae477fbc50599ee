"""What stands beside the compute of a training: annotation, owning or renting, public machines, manufacture, power.

No lever divides the cost of compute by these; each says what it does to who can train what, by one published figure.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..records import get
from ..sensitivity import Propagated, Quantity, Take, Value, propagate
from .cost_law import load_law

_RENT = "price.h100_2026"
_RUN = "gpu.run.llama31_405b"


@dataclass(frozen=True)
class Beside:
    """One cost or limit beside compute: its name, what the number is, and the number with its interval."""

    name: str
    what: str
    found: Propagated


def annotated_size(take: Take) -> Value:
    """The largest model over what it would be, if annotation takes so many times what compute does: sqrt(1 / (1 + r))."""
    return (1 / (1 + take("beside.annotation_over_compute"))) ** 0.5


def owned_size(take: Take) -> Value:
    """The same, if the GPU-hours are of one's own machines: the square root of rent over owning."""
    return (take(_RENT) / take("beside.owned_h100")) ** 0.5


def public_size(take: Take) -> Value:
    """The largest model that all machines of the NAIRR pilot would train in a year under C = 120 P^2."""
    year = get("anchor.schooling").factor("s")
    flops = take("beside.nairr_pilot", "flop/s") * take("cost_law.round_mfu") * year
    return (flops / load_law().flops(1.0)) ** 0.5


def embodied_share(take: Take) -> Value:
    """Carbon of manufacture over that of the electricity, a FLOP, on the US grid."""
    return take("beside.embodied_h100", "g/flop") / (take(_RUN, "J/flop") * take("carbon.us", "g/J"))


def racks(take: Take) -> Value:
    """Usual racks whose power one rack of 72 GPUs takes."""
    return take("beside.rack", "kW") / take("beside.usual_rack", "kW")


_ROWS: tuple[tuple[str, str, Quantity], ...] = (
    ("human annotation, RLHF", "largest model over that without it", annotated_size),
    ("owning instead of the cloud", "largest model over that of rented hours, if never idle", owned_size),
    ("public compute (NAIRR pilot)", "parameters that all of it trains in a year", public_size),
    ("manufacture of the GPU", "carbon over that of its electricity", embodied_share),
    ("power density", "usual racks in one of 72 GPUs", racks),
    ("energy", "share of the amortised cost of a run", lambda take: take("beside.energy_share")),
)


def beside(*, n_draws: int = 10_000, seed: int = 0) -> list[Beside]:
    """Every cost and limit beside compute, with intervals."""
    return [Beside(name, what, propagate(quantity, n_draws=n_draws, seed=seed)) for name, what, quantity in _ROWS]


def anchors() -> list[tuple[str, int, float]]:
    """(name, year, parameters) of the models that the seeds name and no run of record stands for."""
    found = (get(f"anchor.{name}") for name in ("bert_large", "switch", "palm", "gpt4"))
    return [(str(r.conditions["name"]), int(r.conditions["year"]), r.value) for r in found]
