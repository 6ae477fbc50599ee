"""Devices of IBM aihwkit as ours, and ours as its, by the name of a class and a dictionary: needs no aihwkit.

aihwkit describes a device by the class of its law and by numbers in units of the weight. What has no counterpart is never
dropped in silence: a field that would be lost is an error, unless `lossy` is set.

What maps to what: `_COMMON` and, for each law, its `translate`. What belongs to the handling of a tile rather than to a
device is in `_HANDLING`, and is not converted; the documentation of ``aihwkit.simulator.configs.devices`` says what each
field means. The tests hold these tables, and the laws themselves, to aihwkit 1.1.0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base.errors import RevpathError, explain, unknown
from ..device import Device
from ..laws import Window
from ..laws.sections import Yields
from ..response import (
    ConstantStep,
    ExponentialStep,
    IdealResponse,
    LinearStep,
    PowerStep,
    PulsedResponse,
    SoftBounds,
    SoftBoundsReference,
    TableStep,
)

if TYPE_CHECKING:
    from ..response import Response

# aihwkit's name: (ours, aihwkit's default)
_COMMON: dict[str, tuple[str, Any]] = {
    "dw_min": ("step", 1e-3),
    "w_max": ("w_max", 0.6),
    "w_min": ("w_min", -0.6),
    "up_down": ("asymmetry", 0.0),
    "up_down_dtod": ("asymmetry_spread", 0.01),
    "dw_min_dtod": ("step_spread", 0.3),
    "dw_min_std": ("step_noise", 0.3),
    "w_max_dtod": ("w_max_spread", 0.3),
    "w_min_dtod": ("w_min_spread", 0.3),
}
_WRITE = {"write_noise_std": ("write_noise", 0.0)}


@dataclass(frozen=True)
class Counterpart:
    """What a class of aihwkit is here.

    Attributes
    ----------
    law : type of PulsedResponse
        That has its steps.
    fields : mapping
        Beside those that all have: aihwkit's name to ours and to aihwkit's default.
    multiplicative : bool, optional
        aihwkit's default of ``mult_noise``; None where the class has no such field, and its noise is multiplicative.
    choices : mapping
        Fields that are read by more than their name, with aihwkit's defaults.
    """

    law: type[PulsedResponse]
    fields: Mapping[str, tuple[str, Any]]
    multiplicative: bool | None = None
    choices: Mapping[str, Any] = field(default_factory=dict)


LAWS: dict[str, Counterpart] = {}
"""By the names of aihwkit's classes, see `translate`."""


def translate(kind: str, law: type[PulsedResponse], fields: Mapping[str, tuple[str, Any]], **more: Any) -> None:
    """Make a class of aihwkit and a law known to each other, in both directions.

    Parameters
    ----------
    kind : str
        The name of aihwkit's class.
    law, fields, more
        As of a `Counterpart`.

    Raises
    ------
    RevpathError
        A class or a law that is translated already.
    """
    if kind in LAWS or any(other.law is law for other in LAWS.values()):
        raise RevpathError(f"aihwkit {kind} or the law {law.__name__} is translated already")
    LAWS[kind] = Counterpart(law, fields, **more)


translate("ConstantStepDevice", ConstantStep, {})
translate(
    "LinearStepDevice",
    LinearStep,
    _WRITE
    | {
        "gamma_up": ("gamma_up", 0.0),
        "gamma_down": ("gamma_down", 0.0),
        "gamma_up_dtod": ("gamma_up_spread", 0.05),
        "gamma_down_dtod": ("gamma_down_spread", 0.05),
    },
    multiplicative=True,
    choices={"allow_increasing": False, "mean_bound_reference": True},
)
translate("SoftBoundsDevice", SoftBounds, _WRITE, multiplicative=True)
translate(
    "SoftBoundsReferenceDevice",
    SoftBoundsReference,
    _WRITE
    | {
        "slope_up_dtod": ("slope_up_spread", 0.0),
        "slope_down_dtod": ("slope_down_spread", 0.0),
        "reference_mean": ("reference_mean", 0.0),
        "reference_std": ("reference_spread", 0.0),
        "subtract_symmetry_point": ("at_symmetry_point", False),
    },
    multiplicative=False,
)
translate(
    "ExpStepDevice",
    ExponentialStep,
    _WRITE
    | {
        "A_up": ("amplitude_up", 0.00081),
        "A_down": ("amplitude_down", 0.36833),
        "gamma_up": ("gamma_up", 12.44625),
        "gamma_down": ("gamma_down", 12.78785),
        "a": ("a", 0.244),
        "b": ("b", 0.2425),
        "dw_min_std_add": ("noise_floor", 0.0),
        "dw_min_std_slope": ("noise_slope", 0.0),
    },
)
translate(
    "PowStepDevice",
    PowerStep,
    _WRITE
    | {
        "pow_gamma": ("gamma", 1.0),
        "pow_gamma_dtod": ("gamma_spread", 0.1),
        "pow_up_down": ("gamma_asymmetry", 0.0),
        "pow_up_down_dtod": ("gamma_tilt_spread", 0.0),
    },
)
translate(
    "PiecewiseStepDevice",
    TableStep,
    _WRITE | {"piecewise_up": ("up_steps", [1.0]), "piecewise_down": ("down_steps", [1.0])},
)
# Not of the device but of how a tile is handled: no loss.
_HANDLING = ("construction_seed", "count_pulses", "apply_write_noise_on_set", "reset_std", "perfect_bias")
# No counterpart here: a loss where it differs from what means "none of it".
_LOST: dict[str, Any] = {
    "diffusion": 0.0,
    "lifetime": 0.0,
    "reset": 0.0,
    "reset_dtod": 0.0,
    "enforce_consistency": True,
    "reverse_up": False,
    "reverse_down": False,
}
# These matter only where something else is not zero.
_RIDERS = {"diffusion_dtod": "diffusion", "lifetime_dtod": "lifetime", "reverse_offset": "reverse_up"}
_PMAX = {"p_max": 1000, "alpha": 0.0005, "range_min": -1.0, "range_max": 1.0}


class Imported(NamedTuple):
    """The law, the yield (of corrupt devices), and the fields that have no counterpart here, with their values."""

    response: Response
    yields: Yields
    lost: dict[str, Any]


def read_parameters(kind: str, fields: Mapping[str, Any]) -> Imported:
    """A law from the name of an aihwkit class and its fields; fields that are not given have aihwkit's defaults.

    Raises
    ------
    UnknownName
        no such class, or it has no counterpart, or a field that it does not have.
    RevpathError
        numbers that our law refuses.
    """
    fields = dict(fields)
    if kind == "IdealDevice":
        return Imported(IdealResponse(), Yields(), _left_over(fields, {"diffusion", "lifetime", *_HANDLING}))
    if kind == "SoftBoundsPmaxDevice":
        kind, fields = "SoftBoundsDevice", _without_pmax(fields)
    if kind not in LAWS:
        raise unknown("aihwkit device", kind, [*LAWS, "SoftBoundsPmaxDevice", "IdealDevice"])
    counterpart = LAWS[kind]
    law, names = counterpart.law, _COMMON | dict(counterpart.fields)
    known = {
        *names, *_HANDLING, *_LOST, *_RIDERS, *counterpart.choices, "mult_noise", "drift",
        "corrupt_devices_prob", "corrupt_devices_range", "dw_min_dtod_log_normal",
    }  # fmt: skip
    lost = _left_over(fields, known)
    values: dict[str, Any] = {ours: fields.get(theirs, default) for theirs, (ours, default) in names.items()}
    choices = {**counterpart.choices, "mult_noise": counterpart.multiplicative is not False}
    choices |= {name: fields[name] for name in choices if name in fields}
    values["spread_law"] = "lognormal" if fields.get("dw_min_dtod_log_normal", False) else "normal"
    values["noise"] = "multiplicative" if choices["mult_noise"] else "additive"
    if law is LinearStep:
        values["slopes_refer_to"] = "nominal" if choices["mean_bound_reference"] else "own"
        for side in ("up", "down"):
            if not choices["allow_increasing"]:  # aihwkit takes the magnitude
                values[f"gamma_{side}"] = abs(values[f"gamma_{side}"])
            elif values[f"gamma_{side}_spread"]:
                lost["allow_increasing"] = True  # gammas of either sign: ours keep that of the mean
    if law is TableStep:
        for side in ("up_steps", "down_steps"):
            nodes = [float(node) for node in values[side]]
            values[side] = tuple(nodes * 2 if len(nodes) == 1 else nodes)
    if law is SoftBounds:
        law, values = _plain_soft_bounds(values)
    probability = fields.get("corrupt_devices_prob", 0.0)
    stuck = {"stuck_between": probability, "stuck_range": fields.get("corrupt_devices_range", 0.1)}
    try:
        return Imported(law(**values), Yields(**stuck) if probability else Yields(), lost)
    except RevpathError as error:
        raise RevpathError(f"aihwkit {kind}: {explain(error)}") from error


def from_parameters(
    kind: str, fields: Mapping[str, Any], *, window: Window, name: str = "aihwkit-device", lossy: bool = False
) -> Device:
    """A device from the name of an aihwkit class and its fields; its numbers have no records.

    window: conductances of the cell, of which aihwkit knows nothing. lossy: give up what has no counterpart. Raises as
    `read_parameters`, and RevpathError where something would be lost.
    """
    found = read_parameters(kind, fields)
    refuse_loss(f"aihwkit {kind}", found.lost, lossy)
    given: dict[str, Any] = {"yields": found.yields} if found.yields != Yields() else {}
    try:
        return Device(name=name, title=f"{kind} of aihwkit", window=window, response=found.response, **given)
    except RevpathError as error:
        raise RevpathError(f"aihwkit {kind}: {explain(error)}") from error


def to_parameters(device: Device, *, lossy: bool = False) -> tuple[str, dict[str, Any]]:
    """The aihwkit class that has the pulse response of a device, and its fields; what is not known is 0.

    Only the response (and cells stuck between the ends) is a device's in aihwkit; noise and drift are in its other
    objects, and the window in none: `untranslated` lists them.

    Raises
    ------
    RevpathError
        aihwkit has no such law, or has it without something that the device has.
    """
    response = device.response
    if isinstance(response, IdealResponse):
        return "IdealDevice", {}
    kind = next((kind for kind, other in LAWS.items() if other.law is type(response)), None)
    if kind is None:
        raise RevpathError(f"device {device.name!r}: aihwkit has no device with response law = {response.law!r}")
    names = _COMMON | dict(LAWS[kind].fields)
    fields = {theirs: _plain(getattr(response, ours, None)) for theirs, (ours, _) in names.items()}
    lost: dict[str, Any] = {}
    fields["dw_min_dtod_log_normal"] = getattr(response, "spread_law", "normal") == "lognormal"
    multiplicative = getattr(response, "noise", "additive") == "multiplicative"
    if LAWS[kind].multiplicative is not None:
        fields["mult_noise"] = multiplicative
    elif not multiplicative and fields["dw_min_std"]:
        lost["response.noise"] = "additive"
    if isinstance(response, ConstantStep) and response.write_noise:
        lost["response.write_noise"] = response.write_noise
    if isinstance(response, LinearStep):
        fields["mean_bound_reference"] = response.slopes_refer_to == "nominal"
        fields["allow_increasing"] = min(response.gamma_up, response.gamma_down) < 0
        if fields["allow_increasing"] and (response.gamma_up_spread or response.gamma_down_spread):
            lost["response.gamma_up_spread"] = response.gamma_up_spread
    yields = device.yields
    if yields.stuck_between:
        fields["corrupt_devices_prob"] = yields.stuck_between
        if yields.stuck_range is None:
            lost["yields.stuck_range"] = None  # stuck anywhere: aihwkit wants a number
        else:
            fields["corrupt_devices_range"] = yields.stuck_range
    lost |= {f"yields.{end}": getattr(yields, end) for end in ("stuck_on", "stuck_off") if getattr(yields, end)}
    refuse_loss(f"device {device.name!r}", lost, lossy)
    return kind, fields


def untranslated(device: Device) -> tuple[str, ...]:
    """Sections of a device that say something and have no place in an aihwkit device."""
    held = {path.split(".")[0] for path in device.numbers} - {"response", "yields"}
    return tuple(sorted(held))


# -- inside -----------------------------------------------------------------------------------------------------------


def _plain_soft_bounds(values: dict[str, Any]) -> tuple[type[PulsedResponse], dict[str, Any]]:
    """Soft bounds in the narrow sense where they are that, else the linear steps that they are an instance of."""
    narrow = values["noise"] == "additive" and values["spread_law"] == "normal" and not values["asymmetry"]
    if narrow and values["w_min"] < 0 < values["w_max"]:
        return SoftBounds, {k: v for k, v in values.items() if k not in ("noise", "spread_law", "asymmetry")}
    return LinearStep, values | {"gamma_up": 1.0, "gamma_down": 1.0, "slopes_refer_to": "own"}


def _without_pmax(fields: dict[str, Any]) -> dict[str, Any]:
    """Soft bounds that are given by a number of pulses and a curvature, as soft bounds that are given by a step."""
    p_max, alpha, low, high = (fields.pop(name, default) for name, default in _PMAX.items())
    if not (p_max > 0 and alpha > 0 and low < high):
        raise RevpathError(f"p_max = {p_max}, alpha = {alpha}, range = {low} to {high}: must be positive, and in order")
    scale = (high - low) / -math.expm1(-p_max * alpha)
    derived = {"w_min": low, "w_max": low + scale, "dw_min": scale * alpha, "up_down": 1 + 2 * low / scale}
    return fields | derived


def _left_over(fields: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
    """What would be lost. UnknownName: a field that no aihwkit device has."""
    for name in fields:
        if name not in known:
            raise unknown("field of an aihwkit device", name, known)
    lost = {name: fields[name] for name, nothing in _LOST.items() if fields.get(name, nothing) != nothing}
    lost |= {name: fields[name] for name, other in _RIDERS.items() if other in lost and fields.get(name)}
    drift = fields.get("drift") or {}
    return lost | {"drift": drift} if any(drift.get(name) for name in ("nu", "nu_k", "w_noise_std")) else lost


def refuse_loss(what: str, lost: Mapping[str, Any], lossy: bool) -> None:
    if lost and not lossy:
        said = ", ".join(f"{name} = {value}" for name, value in lost.items())
        raise RevpathError(f"{what}: {said} cannot be converted; convert with lossy=True to give it up")


def _plain(value: Any) -> Any:
    """A number as aihwkit wants it: 0 for what is not known, a list for a table."""
    return 0.0 if value is None else list(value) if isinstance(value, tuple) else value
