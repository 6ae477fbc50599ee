"""The paper's framework: from parameters, tokens and experts to FLOPs, GPU-hours, joules, dollars, carbon and days.

Faraboschi et al. (2024, arXiv:2404.08811) set the cost of training to C = C0 P T, with T = 20 P, hence 120 P^2, over K
for a mixture of K experts. Here P, T and K are independent; the law's choice is one preset (see `cost_law`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import PriceError
from ..gpu.model import Gpu, Work, energy, hours_needed, waiting_power
from ..records import get
from ..sensitivity import Propagated, Take, Value, propagate
from .cost_law import CostLaw, load_law

_DAY = 24.0
_HOUR = 3600.0
_KILO = 1e3


@dataclass(frozen=True)
class Plan:
    """A training run that may be.

    Attributes
    ----------
    parameters : float
        P, all of them.
    tokens : float, optional
        T; the law's own 20 P unless given.
    experts : float
        K, all parameters over those that a token meets.
    gpu, format : str
        on what.
    utilisation : float, optional
        of the best matrix product while it runs; the record ``gpu.utilisation``, with its uncertainty, unless given.
    gpus : int
        how many at once, for the days.
    price, carbon, pue : str
        ids of records: dollars a GPU-hour, grams of CO2 a kWh, and the facility's factor.
    saving : float
        how many times cheaper by levers that these numbers do not hold yet, see `road`.
    """

    parameters: float
    tokens: float | None = None
    experts: float = 1.0
    gpu: str = "h100"
    format: str = "bf16"
    utilisation: float | None = None
    gpus: int = 8
    price: str = "price.h100_2026"
    carbon: str = "carbon.us"
    pue: str = "pue.google2021"
    saving: float = 1.0
    law: str = "hpe2024"

    def __post_init__(self) -> None:
        if isinstance(self.gpus, bool) or not isinstance(self.gpus, int) or self.gpus < 1:
            raise PriceError(f"gpus = {self.gpus!r} must be a positive integer")
        if not 0 < self.saving < math.inf:
            raise PriceError(f"saving = {self.saving!r} must be positive and finite")
        self.flops()  # refuses bad P, T and K
        hours_needed(Gpu(self.gpu), 1.0, self._utilisation, self.format)

    @property
    def _utilisation(self) -> float:
        return get("gpu.utilisation").value if self.utilisation is None else self.utilisation

    @property
    def cost_law(self) -> CostLaw:
        return load_law(self.law)

    def flops(self) -> float:
        """C0 P T / K over the levers' saving, in FLOP."""
        return self.cost_law.flops(self.parameters, self.tokens, self.experts) / self.saving

    def hours(self) -> float:
        """GPU-hours, restarts included."""
        return hours_needed(Gpu(self.gpu), self.flops(), self._utilisation, self.format)

    def hours_of(self, take: Take) -> Value:
        """GPU-hours as a quantity: restarts, and the utilisation where it is a record, with their uncertainty."""
        u = take("gpu.utilisation") if self.utilisation is None else self.utilisation
        rate = take(Gpu(self.gpu).id(f"matmul_{self.format}"), "flop/s")
        return self.flops() / (u * rate) / _HOUR * (1 + take("gpu.restarts"))

    def days(self) -> float:
        """Days on `gpus` GPUs."""
        return self.hours() / self.gpus / _DAY


@dataclass(frozen=True)
class PlanCost:
    """What a plan costs: FLOP, GPU-hours, days as numbers; joules, dollars and kilograms of CO2 with intervals."""

    plan: Plan
    flops: float
    hours: float
    days: float
    joules: Propagated
    dollars: Propagated
    carbon_kg: Propagated

    @property
    def shaky(self) -> tuple[str, ...]:
        """Ids of the records behind it that are assumed or were read nowhere we can point at."""
        return tuple(sorted({*self.joules.shaky, *self.dollars.shaky, *self.carbon_kg.shaky}))


def cost(plan: Plan, *, n_draws: int = 10_000, seed: int = 0) -> PlanCost:
    """All costs of a plan."""
    hours, gpu = plan.hours(), Gpu(plan.gpu)
    at_these_hours = energy(gpu, Work(plan.flops(), hours, plan.format), "facility", pue=plan.pue)

    def joules(take: Take) -> Value:
        more = (plan.hours_of(take) - hours) * _HOUR
        return at_these_hours(take) + more * waiting_power(gpu, take) * take(plan.pue)

    def dollars(take: Take) -> Value:
        return plan.hours_of(take) * take(plan.price, "1/hour")

    def carbon(take: Take) -> Value:
        return joules(take) * take(plan.carbon, "g/J") / _KILO

    found = {
        name: propagate(quantity, n_draws=n_draws, seed=seed)
        for name, quantity in (("joules", joules), ("dollars", dollars), ("carbon_kg", carbon))
    }
    return PlanCost(plan, plan.flops(), hours, plan.days(), **found)


def affordable_parameters(
    dollars: float, dollars_per_flop: float, law: str = "hpe2024", experts: float = 1.0, saving: float = 1.0
) -> float:
    """The largest P that a budget trains under the law's own T = 20 P: sqrt(budget saving K / (120 x price))."""
    for field, value in (("dollars", dollars), ("dollars_per_flop", dollars_per_flop), ("saving", saving)):
        if not 0 < value < math.inf:
            raise PriceError(f"{field} = {value!r} must be positive and finite")
    unit = load_law(law).flops(1.0, experts=experts)  # the law is quadratic in P: its value at P = 1
    return math.sqrt(dollars * saving / dollars_per_flop / unit)


def dollars_per_flop(price: str, utilisation: float | None = None) -> float:
    """Dollars of one useful FLOP on the GPU that a price is for, in the best format it had, restarts included.

    Parameters
    ----------
    utilisation : float, optional
        of the best matrix product; the record ``gpu.utilisation`` unless given.
    """
    record = get(price)
    gpu = Gpu(str(record.conditions["gpu"]))
    u = get("gpu.utilisation").value if utilisation is None else utilisation
    return record.to("1/hour") * hours_needed(gpu, 1.0, u, FORMATS[gpu.name])


# what a price's GPU trained in, in its year: the best format whose product was measured
FORMATS: Mapping[str, str] = {
    "p100": "fp32",
    "v100": "fp16",
    "a100": "bf16",
    "h100": "bf16",
    "h200": "bf16",
    "b200": "bf16",
}


def law_table(parameters: tuple[float, ...] = (1e9, 7e9, 70e9, 405e9, 1e12, 1e13)) -> list[dict[str, float]]:
    """The law at several sizes on today's H100: joules of the best run of record, GPU-hours at 40 % of the peak, dollars.

    The two figures are of different runs, as in the project's notes: the run of record for joules, a round 40 % for time.
    """
    per_flop = get("gpu.run.llama31_405b").to("J/flop")
    peak, price = get("gpu.h100.bf16").to("flop/s"), get("price.law").to("1/hour")
    mfu = get("cost_law.round_mfu").to("dimensionless")
    rows = []
    for p in parameters:
        flops = load_law().flops(p)
        hours = flops / (mfu * peak) / _HOUR
        rows.append(
            {"parameters": p, "flops": flops, "joules": flops * per_flop, "hours": hours, "dollars": hours * price}
        )
    return rows
