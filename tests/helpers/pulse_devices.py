"""A device of each pulse law, all spreads and noises on, for tests of pulses in the array."""

from __future__ import annotations

from revpath.devices import Device, load_device
from revpath.devices.laws.sections import Yields
from revpath.devices.response import (
    ConstantStep,
    ExponentialStep,
    LinearStep,
    PowerStep,
    PulsedResponse,
    SoftBounds,
    SoftBoundsReference,
    TableStep,
)

_RANGE = {"step": 0.02, "w_min": -0.75, "w_max": 1.25}
_NOISE = {"step_noise": 0.5, "write_noise": 0.8}
_SPREADS = {"step_spread": 0.2, "asymmetry_spread": 0.05, "w_max_spread": 0.2, "w_min_spread": 0.2}
_SLOPES = {"gamma_up_spread": 0.1, "gamma_down_spread": 0.1}
_EXPONENTIAL = {
    "amplitude_up": -1.18,
    "amplitude_down": -0.081,
    "gamma_up": 2.0,
    "gamma_down": 3.0,
    "a": -0.5,
    "b": -0.5,
}
_TABLE = {"up_steps": (1.5, 1.2, 0.9, 0.8, 0.2), "down_steps": (0.1, 0.7, 0.8, 1.3, 1.9)}
LAWS = (
    "constant-step",
    "linear-step",
    "linear-step-additive",
    "soft-bounds",
    "soft-bounds-reference",
    "soft-bounds-reference-multiplicative",
    "exponential-step",
    "exponential-step-floor",
    "power-step",
    "power-step-additive",
    "table-step",
)


def response_of(law: str, *, spreads: bool = True, noise: bool = True) -> PulsedResponse:
    """A response by the name of its law, and of the kind of noise where there are two."""
    spread = _SPREADS if spreads else dict.fromkeys(_SPREADS, 0.0)
    base = {**_RANGE, **(_NOISE if noise else dict.fromkeys(_NOISE, 0.0)), **spread}
    own = {} if law == "soft-bounds" else {"asymmetry": 0.1}
    slopes = _SLOPES if spreads else {}
    match law:
        case "constant-step":
            return ConstantStep(**base, **(own if spreads else {}))
        case "linear-step":
            return LinearStep(**base, **own, **slopes, gamma_up=0.4, gamma_down=-0.3)
        case "linear-step-additive":
            return LinearStep(
                **base, **slopes, gamma_up=0.9, gamma_down=0.5, noise="additive", slopes_refer_to="nominal"
            )
        case "soft-bounds":
            return SoftBounds(**base)
        case "soft-bounds-reference":
            return SoftBoundsReference(**base, **own, reference_mean=0.1, reference_spread=0.1, slope_up_spread=0.1)
        case "soft-bounds-reference-multiplicative":
            return SoftBoundsReference(**base, noise="multiplicative", at_symmetry_point=False, slope_down_spread=0.1)
        case "exponential-step":
            return ExponentialStep(**base, **own, **_EXPONENTIAL)
        case "exponential-step-floor":
            return ExponentialStep(**base, **_EXPONENTIAL, noise_floor=0.01, noise_slope=0.02)
        case "power-step":
            return PowerStep(**base, **own, gamma=1.5, gamma_spread=0.1, gamma_tilt_spread=0.1, gamma_asymmetry=-0.1)
        case "power-step-additive":
            return PowerStep(**base, gamma=0.7, noise="additive")
        case "table-step":
            return TableStep(**base, **own, **_TABLE)
    raise ValueError(law)


def with_law(law: str, *, spreads: bool = True, noise: bool = True, **yields: float) -> Device:
    """A ReRAM with another response, whose shares of stuck cells are `yields`."""
    device = load_device("reram-sb-gong2018")
    changes = {"response": response_of(law, spreads=spreads, noise=noise), "yields": Yields(**yields)}
    return device.model_copy(update=changes)
