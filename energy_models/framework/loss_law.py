"""How good a model that so much compute trains can be: the loss law of Hoffmann et al. (2022, arXiv:2203.15556).

    L(P, T) = E + A / P^a + B / T^b   (nats a token, on their text)

With C = C0 P T it has a best split of compute. With the constants of their third approach, printed to two digits, that
split has 40 to 90 tokens a parameter at the sizes they trained, not the 20 of their first two approaches on which the
cost law's T = 20 P rests. It compares plans with each other; it says nothing of other data, and nothing of energy-based
models.
"""

from __future__ import annotations

import math

from ..errors import PriceError
from ..sensitivity import Quantity, Take, Value
from .cost_law import load_law

_ID = "cost_law.hoffmann2022."


def loss(parameters: float, tokens: float) -> Quantity:
    """Loss of a model of so many parameters after so many tokens, in nats a token."""
    for field, value in (("parameters", parameters), ("tokens", tokens)):
        if not 1 <= value < math.inf:
            raise PriceError(f"{field} = {value!r} must be at least 1 and finite")

    def quantity(take: Take) -> Value:
        of_parameters = take(_ID + "parameters_scale") / parameters ** take(_ID + "parameters_power")
        return (
            take(_ID + "irreducible")
            + of_parameters
            + take(_ID + "tokens_scale") / tokens ** take(_ID + "tokens_power")
        )

    return quantity


def best_parameters(flops: float, law: str = "hpe2024") -> Quantity:
    """The parameters at which so many FLOPs, split as C0 P T, give the least loss.

    Setting the derivative of L(P, C / (C0 P)) to zero gives P^(a + b) = (a A / b B) (C / C0)^b.
    """
    if not 0 < flops < math.inf:
        raise PriceError(f"flops = {flops!r} must be positive and finite")
    pairs = flops / load_law(law).flops(1.0, 1.0)

    def quantity(take: Take) -> Value:
        a, b = take(_ID + "parameters_power"), take(_ID + "tokens_power")
        scales = a * take(_ID + "parameters_scale") / (b * take(_ID + "tokens_scale"))
        return (scales * pairs**b) ** (1 / (a + b))

    return quantity
