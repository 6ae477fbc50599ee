"""What a published workload does on a chip, so that the chip's prices can be held against the published joules.

A workload stands in its chip's file as a ``[[workload]]`` table: the events of one matrix-vector product, its operations
(1 multiply-accumulate = 2 operations), and the ids of the published figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from ...devices.base.errors import RevpathError, explain, shown, unknown
from ...devices.base.lazy import lazily
from ...devices.base.record import Record
from ..components.model import component, estimated
from ..errors import PriceError
from ..fields import Described, table
from ..records import get
from .vocabulary import check_amount

if TYPE_CHECKING:
    from .bill import Bill

# Rows of the bill that publications lump together. Whatever is in none of these is `digital`.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "array": ("array read", "line drive", "dac"),
    "converters": ("adc", "sample and hold", "column regulator", "integrator", "analog shift-add"),
}
REST = "digital"


class Part(Described):
    """So many of one component, or of what one record gives the area of, for the chip's area."""

    component: str = ""
    record: str = ""
    drivers: Mapping[str, float] = Field(default_factory=dict)
    count: float = Field(gt=0)

    @model_validator(mode="after")
    def _one_of_both(self) -> Part:
        if bool(self.component) == bool(self.record) or (self.record and self.drivers):
            raise ValueError("a part has a component (with its drivers) or a record of an area, one of both")
        return self

    def area_mm2(self) -> float:
        """Area of all of them; PriceError where the component's area is not known."""
        if self.record:
            return self.count * get(self.record).to("mm^2")
        estimate = component(self.component).estimate(**self.drivers)
        if estimate.area_mm2 is None:
            raise PriceError(f"component {self.component!r} has no published area")
        return self.count * estimate.area_mm2


class WorkloadStep(Described):
    """`count` uses of one component after another."""

    component: str
    drivers: Mapping[str, float] = Field(default_factory=dict)
    count: float = Field(default=1, gt=0)

    def seconds(self) -> float:
        """Time of all uses; PriceError where the component's time is not known."""
        estimate = component(self.component).estimate(**self.drivers)
        if estimate.seconds is None:
            raise PriceError(f"component {self.component!r} has no published time")
        return self.count * estimate.seconds


class Workload(Described):
    """Events of one unit of published work.

    Attributes
    ----------
    name, why : str
        what it is, and how the events follow from the publication.
    ops : float
        operations of these events.
    events : mapping of str to float
        amounts.
    models : mapping of str to Record
        event -> record that prices it at this operating point instead of the chip's price.
    fitted : mapping of str to Record
        event -> record of a model that was fitted to this very chip: for its calibrated residual, never a prediction.
    steps : tuple[WorkloadStep, ...]
        what happens one after the other, for the time; what runs beside it is left out.
    copies : int
        units that do this at once (cores on the chip).
    efficiency : str
        id of the published figure, in op/J.
    throughput : str
        id of the published figure of all copies, in op/s.
    groups : mapping of str to str
        group of `GROUPS` -> id of the published J/op of that group.
    leave_out : tuple[str, ...]
        groups that the published efficiency does not contain.
    """

    name: str
    why: str = Field(min_length=10)
    ops: float = Field(gt=0)
    events: Mapping[str, float] = Field(min_length=1)
    models: Mapping[str, Record] = Field(default_factory=dict)
    fitted: Mapping[str, Record] = Field(default_factory=dict)
    steps: tuple[WorkloadStep, ...] = ()
    copies: int = Field(default=1, ge=1)
    efficiency: str = ""
    throughput: str = ""
    groups: Mapping[str, str] = Field(default_factory=dict)
    leave_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _groups_are_known(self) -> Workload:
        for group in (*self.groups, *self.leave_out):
            if group not in (*GROUPS, REST):
                raise unknown(f"workload {self.name!r}: group", group, (*GROUPS, REST))
        return self


_GROUP_OF = {row: group for group, rows in GROUPS.items() for row in rows}


def group_of(row: str) -> str:
    """The group of `GROUPS` that a row of a bill belongs to, or `digital`."""
    return _GROUP_OF.get(row, REST)


def grouped(bill: Bill) -> dict[str, float]:
    """Nominal joules of a bill by group of `GROUPS`, the rest as `digital`."""
    joules = dict.fromkeys((*GROUPS, REST), 0.0)
    for line in bill.lines:
        joules[group_of(line.component)] += line.joules
    return joules


def read_workload(content: Mapping[str, Any], where: str) -> Workload:
    """A workload from its TOML table. An amount may be a table: an integral in joules that a component estimates."""
    content = dict(content)
    where = f"{where}: workload {shown(content.get('name', '(no name)'))}"
    events = {}
    for event, amount in table(content.pop("events", {}), f"{where}: events").items():
        if isinstance(amount, Mapping):
            record, times = estimated(amount, f"{where}: event {event!r}")
            events[event] = times * record.to("J/op")
        else:
            events[event] = check_amount(event, amount)
    models: dict[str, Any] = {}
    for kind in ("models", "fitted"):
        models[kind] = {
            event: estimated(model, f"{where}: {kind} of {event!r}")[0]
            for event, model in table(content.pop(kind, {}), f"{where}: {kind}").items()
        }
    try:
        return Workload(**content, events=events, **models)
    except (RevpathError, TypeError) as error:
        raise PriceError(f"{where}: {explain(error)}") from error


# Where these names were until 0.2.
__getattr__, __dir__ = lazily(__name__, {"..performance": ("Performance", "find", "performance")})
