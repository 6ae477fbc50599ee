"""What a run cost: joules by component and boundary, with intervals, records and floors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...devices.base.html import html_table
from ...devices.base.record import Record
from ..errors import PriceError
from .floors import Floor, why_no_floor
from .vocabulary import EVENTS, ROLE_OF, ROLES, Boundary, Role

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Scope = Literal["array", "macro", "chip", "node", "facility"]
SCOPES: tuple[Scope, ...] = ("array", "macro", "chip", "node", "facility")

UNSCHEDULED = "no schedule"


@dataclass(frozen=True)
class Interval:
    """A quantity at the records' stated values (``nominal``), and its mean and central 90 % over their draws."""

    nominal: float
    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, nominal: float, samples: np.ndarray) -> Interval:
        low, high = np.quantile(samples, (0.05, 0.95))
        return cls(float(nominal), float(np.mean(samples)), float(low), float(high))


@dataclass(frozen=True)
class Line:
    """One event on the bill: how many (or how much), at how many joules in all, by which records."""

    event: str
    component: str
    boundary: Boundary
    amount: float
    joules: float
    records: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Bill:
    """Joules of some events on a chip.

    Attributes
    ----------
    lines : tuple[Line, ...]
        one per event that has a price of its own.
    samples : mapping of str to ndarray
        component -> (n_draws,) joules over the records' uncertainties.
    records : mapping of str to Record
        the records behind the lines, by id.
    surroundings : Mapping[str, tuple[Record, ndarray]]
        the factors chip to node and node to facility, each with its draws.
    assumptions : tuple[str, ...]
        prices whose structure is a guess, as ``event: why``.
    floors : tuple[Floor, ...]
        energy over the floor of the simulated noise, see `revpath.energy_models.check_floor`.
    bounds : tuple[Floor, ...]
        energy over other physical floors (k T ln 2 a bit), see `revpath.energy_models.check_bounds`. Every row of the
        bill is in one of the two, or `why_no_floor` says why not.
    schedule : str
        of the chip's digital part, in words; "" where the events were priced as they were counted.
    """

    chip: str
    temperature_K: float
    lines: tuple[Line, ...]
    samples: Mapping[str, np.ndarray]
    records: Mapping[str, Record]
    surroundings: Mapping[str, tuple[Record, np.ndarray]]
    assumptions: tuple[str, ...]
    n_draws: int
    seed: int
    floors: tuple[Floor, ...] = ()
    bounds: tuple[Floor, ...] = ()
    schedule: str = ""

    def __repr__(self) -> str:
        total = self.interval()
        return (
            f"Bill({self.chip}: {total.nominal:.3g} J, {total.low:.2g} to {total.high:.2g} (90 %), "
            f"{len(self.components)} components, {len(self.shaky)} shaky records, "
            f"{self.schedule.partition(':')[0] or UNSCHEDULED})"
        )

    def _repr_html_(self) -> str:
        """Joules, share and 90 % of each component, the largest first."""
        rows = [
            (
                name,
                f"{i.nominal:.3g}",
                f"{i.nominal / self.joules:.1%}" if self.joules else "",
                f"{i.low:.2g} to {i.high:.2g}",
            )
            for name in sorted(self.components, key=self.nominal, reverse=True)
            for i in (self.interval(name),)
        ]
        return html_table(repr(self), ("component", "J", "share", "90 %"), rows)

    @property
    def components(self) -> tuple[str, ...]:
        """The rows of the bill, in the order of the vocabulary."""
        order = dict.fromkeys(kind.component for kind in EVENTS.values())
        return tuple(name for name in order if name in self.samples)

    @property
    def joules(self) -> float:
        """Nominal joules of the chip: all lines."""
        return sum(line.joules for line in self.lines)

    @property
    def shaky(self) -> tuple[str, ...]:
        """Ids of the records that are assumed, or that were read nowhere we can point at, those around the chip included."""
        return tuple(id for id, record in self.all_records.items() if record.shaky)

    @property
    def all_records(self) -> dict[str, Record]:
        """The records behind the bill by id, those around the chip included."""
        around = {record.id: record for record, _ in self.surroundings.values()}
        return dict(sorted({**self.records, **around}.items()))

    def nominal(self, component: str) -> float:
        """Nominal joules of one component; 0 where the bill has no such row."""
        return sum(line.joules for line in self.lines if line.component == component)

    def interval(self, component: str | None = None) -> Interval:
        """Joules of one component, or of the whole chip."""
        if component is None:
            return self.up_to("chip")
        if component not in self.samples:
            raise PriceError(f"component = {component!r} is not one of {', '.join(self.components) or 'none'}")
        return Interval.of(self.nominal(component), self.samples[component])

    def eta(self, component: str) -> float:
        """Energy of a component over the least that physics allows for it; nan where there is no floor (`why_no_floor`)."""
        return next((f.eta for f in (*self.floors, *self.bounds) if f.component == component), float("nan"))

    def attributed(self, role: Role) -> Interval:
        """Joules of the chip that went into one role: compute, conversion, movement, writes, digital, idle."""
        if role not in ROLES:
            raise PriceError(f"role = {role!r} is not one of {', '.join(ROLES)}")
        total, nominal = np.zeros(self.n_draws), 0.0
        for component in self.components:
            if ROLE_OF[component] == role:
                total += self.samples[component]
                nominal += self.nominal(component)
        return Interval.of(nominal, total)

    def plot(self, ax: Axes, by: Literal["role", "component"] = "role") -> Axes:
        """One stacked bar for each boundary, see `revpath.energy_models.plot_bill`."""
        from ..figures.bills import plot_bill

        return plot_bill(self, ax, by=by)

    def up_to(self, scope: Scope) -> Interval:
        """Joules inside a boundary: array, macro, chip, node (with its host, fans and network), facility (x PUE)."""
        return Interval.of(self._nominal_up_to(scope), self.samples_up_to(scope))

    def samples_up_to(self, scope: Scope) -> np.ndarray:
        """(n_draws,) joules inside a boundary."""
        total = np.zeros(self.n_draws)
        for component in self._inside(scope):
            total += self.samples[component]
        for _, draws in self._factors(scope):
            total *= draws
        return total

    def _nominal_up_to(self, scope: Scope) -> float:
        inside = self._inside(scope)
        total = sum(line.joules for line in self.lines if line.component in inside)
        for record, _ in self._factors(scope):
            total *= record.value
        return total

    def _inside(self, scope: Scope) -> tuple[str, ...]:
        if scope not in SCOPES:
            raise PriceError(f"boundary = {scope!r} is not one of {', '.join(SCOPES)}")
        rank = min(SCOPES.index(scope), SCOPES.index("chip"))
        smallest = {kind.component: SCOPES.index(kind.boundary) for kind in EVENTS.values()}
        return tuple(component for component in self.components if smallest[component] <= rank)

    def _factors(self, scope: Scope) -> list[tuple[Record, np.ndarray]]:
        names = {"node": ("node",), "facility": ("node", "facility")}.get(scope, ())
        return [self.surroundings[name] for name in names]

    def to_frame(self, by: Literal["component", "event", "boundary", "floor", "role"] = "component") -> pd.DataFrame:
        """A table: joules with intervals by component, role or boundary, by event (nominal), or distances to floors."""
        import pandas as pd

        if by == "event":
            rows = [{**vars(line), "records": ", ".join(line.records)} for line in self.lines]
            return pd.DataFrame(rows, columns=["event", "component", "boundary", "amount", "joules", "records"])
        if by == "floor":
            rows = [{**vars(floor), "eta": floor.eta, "none_because": ""} for floor in (*self.floors, *self.bounds)]
            known = {floor.component for floor in (*self.floors, *self.bounds)}
            rows += [
                {"component": name, "energy_J": self.nominal(name), "none_because": why_no_floor(name)}
                for name in self.components
                if name not in known
            ]
            return pd.DataFrame(rows, columns=["component", "energy_J", "floor_J", "eta", "none_because"])
        if by == "boundary":
            pairs = [(scope, self.up_to(scope)) for scope in SCOPES]
        elif by == "role":
            pairs = [(role, self.attributed(role)) for role in ROLES]
        elif by == "component":
            pairs = [(name, self.interval(name)) for name in self.components]
        else:
            raise PriceError(f"by = {by!r} is not one of component, event, boundary, floor, role")
        rows = [{by: name, **vars(interval)} for name, interval in pairs]
        frame = pd.DataFrame(rows, columns=[by, "nominal", "mean", "low", "high"])
        if by == "component":
            frame["eta"] = [self.eta(name) for name in self.components]
        if by in ("component", "role"):
            frame["share"] = frame["nominal"] / self.joules if self.joules else 0.0
        return frame

    def citations(self) -> tuple[str, ...]:
        """``id: citation [read in, evidence] url`` of every record behind the bill, its surroundings included."""
        return tuple(
            f"{id}: {r.source.citation} [{r.evidence}, read in {r.read_in}] {r.source.url}".rstrip()
            for id, r in self.all_records.items()
        )


def ratio(numerator: Bill, denominator: Bill, scope: Scope = "chip") -> Interval:
    """Joules of one bill over another's inside the same boundary, draw by draw, so that shared records cancel.

    Raises
    ------
    PriceError
        the bills were drawn with different seeds or numbers of draws, or the denominator is zero.
    """
    return pooled_ratio([numerator], [denominator], scope)


def pooled_ratio(numerators: Sequence[Bill], denominators: Sequence[Bill], scope: Scope = "chip") -> Interval:
    """The same of repeated trainings: every repetition of one side over every one of the other, their draws together.

    Parameters
    ----------
    numerators, denominators : sequence of Bill
        One a repetition, all drawn alike.
    scope : str
        The boundary.

    Returns
    -------
    Interval
        Nominal: the geometric mean of the nominal ratios. Mean and quantiles: of all draws, so that they hold the spread of
        the repetitions beside that of the records.

    Raises
    ------
    PriceError
        As `ratio`; no repetition.
    """
    if not numerators or not denominators:
        raise PriceError("a ratio needs at least one bill on either side")
    nominals, draws = [], []
    for above, below in product(numerators, denominators):
        if (above.seed, above.n_draws) != (below.seed, below.n_draws):
            raise PriceError(
                "a ratio needs two bills of the same seed and n_draws: their shared records must draw alike"
            )
        joules = below.up_to(scope).nominal
        if joules <= 0:
            raise PriceError(f"the bill of {below.chip} has no joules inside boundary {scope!r}")
        nominals.append(above.up_to(scope).nominal / joules)
        draws.append(above.samples_up_to(scope) / below.samples_up_to(scope))
    nominal = nominals[0] if len(nominals) == 1 else float(np.prod(nominals) ** (1 / len(nominals)))
    return Interval.of(nominal, np.concatenate(draws))
