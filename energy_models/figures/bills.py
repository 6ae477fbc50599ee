"""Bills as stacked bars: one bill at its boundaries, or several side by side; `bills_interactive` moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import PriceError
from ..prices.bill import SCOPES, Bill, Scope
from ..prices.vocabulary import EVENTS, ROLE_OF, ROLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

By = Literal["role", "component"]

# Okabe and Ito, "Color universal design" (2008); neighbours differ in lightness too, and segments are hatched in turn
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#666666")
_HATCHES = ("", "///", "...", "xxx")
SURROUNDINGS = "around the chip"
_CHARACTERS = 40  # that fit below an axis side by side


def parts(bill: Bill, scope: Scope = "chip", by: By = "role") -> dict[str, float]:
    """Nominal joules inside a boundary, by role or component, what node and facility add last; they sum to `up_to`."""
    if by not in ("role", "component"):
        raise PriceError(f"by = {by!r} is not one of role, component")
    total = bill.up_to(scope).nominal
    rank = min(SCOPES.index(scope), SCOPES.index("chip"))
    boundary = {kind.component: SCOPES.index(kind.boundary) for kind in EVENTS.values()}
    names = ROLES if by == "role" else bill.components
    found = dict.fromkeys(names, 0.0)
    for component in bill.components:
        if boundary[component] <= rank:
            found[ROLE_OF[component] if by == "role" else component] += bill.nominal(component)
    found[SURROUNDINGS] = max(total - sum(found.values()), 0.0) if scope in ("node", "facility") else 0.0
    return {name: joules for name, joules in found.items() if joules > 0}


def plot_bill(bill: Bill, ax: Axes, *, by: By = "role") -> Axes:
    """One stacked bar for each boundary (array, macro, chip, node, facility), in joules, with its 90 % interval."""
    stacks = {scope: parts(bill, scope, by) for scope in SCOPES}
    _bars(ax, stacks, {scope: bill.up_to(scope) for scope in SCOPES}, in_order(stacks.values(), by))
    ax.set_title(bill.chip, loc="left")
    return ax


def plot_bills(
    bills: Mapping[str, Bill], ax: Axes, *, scope: Scope = "chip", by: By = "role", relative: bool = False
) -> Axes:
    """One stacked bar for each bill inside the same boundary.

    Parameters
    ----------
    relative : bool
        shares of each bill's total instead of joules, for bills that lie decades apart (bars have no logarithm).
    """
    if not bills:
        raise PriceError("bills is empty: there is nothing to plot")
    stacks = {label: parts(bill, scope, by) for label, bill in bills.items()}
    order = in_order(stacks.values(), by)
    if relative:
        sums = {label: sum(stack.values()) for label, stack in stacks.items()}
        empty = [label for label, total in sums.items() if total <= 0]
        if empty:
            raise PriceError(f"bill {empty[0]!r} has no joules inside boundary {scope!r}: it has no shares")
        stacks = {label: {k: v / sums[label] for k, v in stack.items()} for label, stack in stacks.items()}
        _bars(ax, stacks, None, order)
        ax.set_ylabel(f"share of joules ({scope})")
    else:
        _bars(ax, stacks, {label: bill.up_to(scope) for label, bill in bills.items()}, order)
        ax.set_ylabel(f"joules ({scope})")
    return ax


def in_order(stacks: Any, by: By) -> list[str]:
    """The names that occur, in the order of the vocabulary, surroundings last."""
    seen = {name for stack in stacks for name in stack}
    known = ROLES if by == "role" else tuple(dict.fromkeys(kind.component for kind in EVENTS.values()))
    return [name for name in (*known, SURROUNDINGS) if name in seen]


def _bars(ax: Axes, stacks: Mapping[str, Mapping[str, float]], totals: Any, order: Sequence[str]) -> None:
    places = np.arange(len(stacks))
    below = np.zeros(len(stacks))
    for n, name in enumerate(order):
        heights = np.array([stack.get(name, 0.0) for stack in stacks.values()])
        ax.bar(
            places,
            heights,
            bottom=below,
            label=name,
            color=COLOURS[n % len(COLOURS)],
            hatch=_HATCHES[n // len(COLOURS) % len(_HATCHES)],
            edgecolor="white",
            linewidth=0.5,
        )
        below += heights
    if totals is not None:
        means = list(totals.values())
        low = np.array([min(t.low, t.nominal) for t in means])
        high = np.array([max(t.high, t.nominal) for t in means])
        ax.errorbar(places, below, yerr=[below - low, high - below], fmt="none", ecolor="black", capsize=3, linewidth=1)
        ax.set_ylabel("joules")
    ax.set_xticks(places, list(stacks))
    if max(map(len, stacks)) * len(stacks) > _CHARACTERS:
        ax.tick_params(axis="x", labelrotation=30)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
