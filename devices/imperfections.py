"""A cell without one of its imperfections, all else equal: what a training fails by is found by taking them away one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .base.errors import unknown
from .device import Device
from .response.pulsed import PulsedResponse
from .response.step_laws import ConstantStep

FINER = 4
"""Times that a step is divided by where granularity is taken away: as far as trains of 31 pulses still reach."""


ALL_BUT = "all but "
"""What a list of imperfections begins with that names those that stay."""


def without(device: Device, imperfections: str | Iterable[str]) -> Device:
    """The cell without some of its imperfections.

    Parameters
    ----------
    device : Device
        One that pulses move.
    imperfections : str or iterable of str
        Keys of `IMPERFECTIONS`, taken away in its order; as text with commas between them, or as ``"all but"`` those that stay.

    Returns
    -------
    Device
        Records of what changed are gone.

    Raises
    ------
    UnknownName
        No such imperfection.
    RevpathError
        No pulse moves the device.

    Examples
    --------
    >>> from revpath.devices import load_device
    >>> from revpath.devices.imperfections import without
    >>> without(load_device("reram-sb-gong2018"), ["write noise"]).response.write_noise
    0.0
    """
    taken = _named(imperfections) if isinstance(imperfections, str) else list(imperfections)
    for name in taken:
        if name not in IMPERFECTIONS:
            raise unknown("imperfection", name, IMPERFECTIONS)
    for name, changes_of in IMPERFECTIONS.items():
        changes = changes_of(device.pulsed) if name in taken else {}
        if changes:
            device = device.replaced(**changes)
    return device


def _named(text: str) -> list[str]:
    """What a text takes away."""
    stay = text.startswith(ALL_BUT)
    names = [name.strip() for name in text.removeprefix(ALL_BUT).split(",") if name.strip()]
    if not stay:
        return names
    for name in names:
        if name not in IMPERFECTIONS:
            raise unknown("imperfection", name, IMPERFECTIONS)
    return [name for name in IMPERFECTIONS if name not in names]


def _zeros(response: PulsedResponse, *names: str) -> Mapping[str, Any]:
    return {f"response__{name}": 0.0 for name in names if getattr(response, name, None)}


def _granularity(response: PulsedResponse) -> Mapping[str, Any]:
    """Steps a part as large, with the same noise of a whole change: as many pulses more, each with its share of the variance."""
    changes = {"response__step": response.step / FINER}
    factors = {"step_noise": FINER**0.5, "write_noise": FINER, "noise_floor": 1 / FINER, "noise_slope": 1 / FINER}
    for name, factor in factors.items():
        value = getattr(response, name, None)
        if value:
            changes[f"response__{name}"] = value * factor
    return changes


def _asymmetry(response: PulsedResponse) -> Mapping[str, Any]:
    """Steps of the typical size at every state, up and down alike, between the same bounds and with the same noises."""
    step = response.granularity
    names = ("step_spread", "w_max_spread", "w_min_spread", "step_noise", "write_noise")
    numbers: dict[str, Any] = {name: getattr(response, name, None) for name in names}
    if numbers["write_noise"]:  # which is in steps
        numbers["write_noise"] *= response.step / step
    numbers |= {"w_min": response.w_min, "w_max": response.w_max, "noise": response.noise_kind}
    return {"response": ConstantStep(step=step, spread_law=getattr(response, "spread_law", "normal"), **numbers)}


def _variation(response: PulsedResponse) -> Mapping[str, Any]:
    """All cells as the one at the centre of the spreads."""
    spreads = [name for name in type(response).model_fields if name.endswith("_spread")]
    return _zeros(response, *spreads)


IMPERFECTIONS: Mapping[str, Callable[[PulsedResponse], Mapping[str, Any]]] = {
    "granularity": _granularity,
    "asymmetry": _asymmetry,
    "cycle noise": lambda response: _zeros(response, "step_noise"),
    "write noise": lambda response: _zeros(response, "write_noise"),
    "variation": _variation,
    "read noise": lambda response: {"read_noise": {"law": "none"}},
}
"""What a pulsed cell can be without, by name: the changes that take it away from a response.

``granularity`` is taken away by steps `FINER` times smaller with the same noise of a whole change; ``asymmetry`` is that of up and
down pulses and every dependence of a step on the state.
"""
