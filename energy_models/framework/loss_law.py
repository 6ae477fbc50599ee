"""How good a model that so much compute trains can be: the loss law of Hoffmann et al. (2022, arXiv:2203.15556).

    L(P, T) = E + A / P^a + B / T^b   (nats a token, on their text)

Two sets of constants. ``hoffmann2022``: their third approach, printed to two digits; its best split has 40 to 90 tokens
a parameter at the sizes they trained, against the 20 of their first two. ``besiroglu2024``, the one to use
(arXiv:2404.10102): the same law fitted anew to data read off their figures, since the printed constants fit them badly; its
best split is about 20. It compares plans with each other; it says nothing of other data, nor of energy-based models.

A scale and its power were fitted together: a draw of the power turns the curve about the middle of what was trained
(``cost_law.pivot.parameters``, ``cost_law.pivot.tokens``), where the term's size is known best. Drawn apart, A / P^a would
spread several times too wide.
"""

from __future__ import annotations

import math

from ...devices.base.errors import unknown
from ..errors import PriceError
from ..records import get
from ..sensitivity import Quantity, Take, Value
from .cost_law import load_law

LOSS_LAWS = ("besiroglu2024", "hoffmann2022")


def loss(parameters: float, tokens: float, constants: str = "besiroglu2024") -> Quantity:
    """Loss of a model of so many parameters after so many tokens, in nats a token.

    Raises
    ------
    PriceError
        parameters or tokens below 1 or infinite.
    UnknownName
        no such constants.
    """
    for field, value in (("parameters", parameters), ("tokens", tokens)):
        if not 1 <= value < math.inf:
            raise PriceError(f"{field} = {value!r} must be at least 1 and finite")
    _known(constants)

    def quantity(take: Take) -> Value:
        of_parameters = _scale(take, constants, "parameters") / parameters ** _power(take, constants, "parameters")
        of_tokens = _scale(take, constants, "tokens") / tokens ** _power(take, constants, "tokens")
        return take(f"cost_law.{constants}.irreducible") + of_parameters + of_tokens

    return quantity


def best_parameters(flops: float, law: str = "hpe2024", constants: str = "besiroglu2024") -> Quantity:
    """The parameters at which so many FLOPs, split as C0 P T, give the least loss.

    Setting the derivative of L(P, C / (C0 P)) to zero gives P^(a + b) = (a A / b B) (C / C0)^b.
    """
    if not 0 < flops < math.inf:
        raise PriceError(f"flops = {flops!r} must be positive and finite")
    pairs = flops / load_law(law).flops(1.0, 1.0)
    _known(constants)

    def quantity(take: Take) -> Value:
        a, b = _power(take, constants, "parameters"), _power(take, constants, "tokens")
        scales = a * _scale(take, constants, "parameters") / (b * _scale(take, constants, "tokens"))
        return (scales * pairs**b) ** (1 / (a + b))

    return quantity


def _power(take: Take, constants: str, of: str) -> Value:
    return take(f"cost_law.{constants}.{of}_power")


def _scale(take: Take, constants: str, of: str) -> Value:
    """A or B that goes with the drawn power: the term keeps its size at the pivot, but for the scale's uncertainty."""
    pivot = take(f"cost_law.pivot.{of}")
    turned = _power(take, constants, of) - get(f"cost_law.{constants}.{of}_power").value
    return take(f"cost_law.{constants}.{of}_scale") * pivot**turned


def _known(constants: str) -> None:
    if constants not in LOSS_LAWS:
        raise unknown("constants", constants, LOSS_LAWS)
