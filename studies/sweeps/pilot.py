"""How long a study will take, foretold from one run that is cut short and not kept."""

from __future__ import annotations

from dataclasses import dataclass

from .attempt import attempt
from .registry import task_kind
from .study import Planned

PILOT_S = 30.0
"""How long a pilot may take, all told."""


@dataclass(frozen=True)
class Pilot:
    """What a pilot says of one run.

    Parameters
    ----------
    seconds : float
        Of a whole run, or a bound from below.
    spent : float
        Seconds of the pilot itself.
    share : float or None
        How much of a run was done where it was cut and the task says so.
    cut : bool
    error : str
        Why a run that failed did; empty for one that did not.
    """

    seconds: float
    spent: float
    share: float | None = None
    cut: bool = False
    error: str = ""

    @property
    def at_least(self) -> bool:
        """Whether nothing but a bound is known."""
        return self.cut and not self.share


def pilot(planned: Planned, limit_s: float = PILOT_S) -> Pilot:
    """Try one run for `limit_s` seconds; a short one twice, since the first compiles kernels.

    Parameters
    ----------
    planned : Planned
    limit_s : float
        Seconds of both runs together, positive.
    """
    first = _tried(planned, limit_s)
    if first.cut or first.error or first.spent > limit_s / 2:
        return first
    second = _tried(planned, limit_s - first.spent)
    spent = first.spent + second.spent
    return Pilot(first.seconds if second.cut else second.seconds, spent, error=second.error)


def _tried(planned: Planned, limit_s: float) -> Pilot:
    answer = attempt(task_kind(planned.task), planned.config, planned.seed, timeout_s=limit_s)
    seconds, share = float(answer["seconds"]), answer.get("share")
    whole = seconds / share if share else seconds
    error = answer["error"] if answer["state"] == "failed" else ""
    return Pilot(whole, seconds, share, answer["state"] == "timeout", error)
