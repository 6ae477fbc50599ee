"""One memory cell as data: what a paper says of it, number by number, each with its record."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field, PlainValidator, SerializeAsAny, model_validator

from .base.errors import RevpathError, shown, unknown
from .base.frozen import Frozen
from .base.record import Record, Source
from .laws import Drift, NoDrift, NoProgrammingNoise, NoReadNoise, Programming, ReadNoise, Window
from .laws.sections import Endurance, Leak, Pulse, Retention, Yields
from .laws.switching import Switching
from .response import NoResponse, PulsedResponse, Response

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHOLE: Any = SerializeAsAny  # with the fields of the law, not of the contract alone
NAME = r"^[a-z0-9][a-z0-9-]*$"
_OF_SOME = ("leak", "switching")
"""Sections of some cells only, volatile ones and those whose kinetics were measured: where no file has one, none is missed."""


class Device(Frozen):
    """A memory cell: frozen and validated; numbers are SI floats, `records` says where each comes from.

    Attributes
    ----------
    name, title : str
        how the library calls it, and what it is.
    window, programming, read_noise, drift, response : Window, Programming, ReadNoise, Drift, Response
        its laws. One that is not given is not known, and simulated as none.
    pulse, yields, endurance, retention : Pulse, Yields, Endurance, Retention
        what is known of them; None for what is not.
    leak, switching : Leak, Switching
        how a volatile cell forgets; how fast a cell switches at a voltage, see `driven`.
    records : mapping of str to Record
        record by ``section.field`` (``section.field.k`` for the k-th number of a list); one set by hand has none.
    unknowns : tuple[str, ...]
        what is not known, as ``section`` or ``section.field``.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = Field(pattern=NAME, max_length=100)
    title: str = Field(max_length=500)
    window: Window
    programming: Annotated[Programming, _WHOLE(), PlainValidator(Programming.chosen)] = NoProgrammingNoise()
    read_noise: Annotated[ReadNoise, _WHOLE(), PlainValidator(ReadNoise.chosen)] = NoReadNoise()
    drift: Annotated[Drift, _WHOLE(), PlainValidator(Drift.chosen)] = NoDrift()
    response: Annotated[Response, _WHOLE(), PlainValidator(Response.chosen)] = NoResponse()
    pulse: Pulse = Pulse()
    yields: Yields = Yields()
    endurance: Endurance = Endurance()
    retention: Retention = Retention()
    leak: Leak = Leak()
    switching: Switching = Switching()
    records: Mapping[str, Record] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _programming_was_fitted_here(self) -> Device:
        low, high = self.programming.domain or (self.window.g_min, self.window.g_max)
        if self.window.g_min < low * (1 - 1e-9) or self.window.g_max > high * (1 + 1e-9):
            raise ValueError(
                f"window = {self.window.g_min:g} to {self.window.g_max:g} S must lie in the {low:g} to {high:g} S for which "
                "the programming noise was fitted"
            )
        return self

    @model_validator(mode="after")
    def _numbers_are_plausible(self) -> Device:
        for section in SECTIONS:
            getattr(self, section).refuse_absurd(section)
        return self

    @classmethod
    def from_traces(cls, traces: Any, **options: Any) -> Device:
        """A device fitted to measured pulse traces: `revpath.devices.fit_traces(traces, **options).device`."""
        from .traces.fit import fit_traces

        return fit_traces(traces, **options).device

    @property
    def sources(self) -> dict[str, Source]:
        """The papers that its numbers come from, by citation key."""
        return {r.source.key: r.source for r in self.records.values()}

    @property
    def numbers(self) -> dict[str, float]:
        """Every number that is known, in SI units, by the name of its record."""
        return {
            f"{section}.{name}": value for section in SECTIONS for name, value, _ in getattr(self, section).numbers()
        }

    @property
    def unknowns(self) -> tuple[str, ...]:
        """What is not known of this device: whole sections that nobody gave, and numbers of the others that are None."""
        found: list[str] = []
        for section in SECTIONS:
            law = getattr(self, section)
            if section in _OF_SOME and section not in self.model_fields_set:
                continue
            fields = list(type(law).units())
            missing = [field for field in fields if getattr(law, field) is None]
            if (
                isinstance(law, NoResponse)
                or (not fields and section not in self.model_fields_set)
                or (fields and missing == fields)
            ):
                found.append(section)
            else:
                found.extend(f"{section}.{field}" for field in missing)
        return tuple(found)

    @property
    def pulsed(self) -> PulsedResponse:
        """The response, of a cell that pulses move; RevpathError for any other."""
        if not isinstance(self.response, PulsedResponse):
            raise RevpathError(
                f"device {self.name!r}: no pulse moves it by a known law (response is {self.response.law!r})"
            )
        return self.response

    def unit_of(self, path: str) -> str | None:
        """The SI unit of a number, addressed as ``section.field``; None for a choice, such as ``law``.

        Raises
        ------
        UnknownName
            no such section or field.
        """
        section, _, field = path.partition(".")
        law = getattr(self, section, None) if section in SECTIONS else None
        if law is None or field not in type(law).model_fields:
            laws = {name: type(getattr(self, name)) for name in SECTIONS}
            known = [f"{name}.{number}" for name, kind in laws.items() for number in kind.model_fields]
            raise unknown("device parameter", path, known)
        unit = type(law).units().get(field)
        return unit.name if unit else None

    def plot(self, axes: Axes | None = None) -> Axes:
        """The device on one card: its response, noises, drift and key numbers; what is not known is said so.

        Parameters
        ----------
        axes : Axes, optional
            where to draw (a place for the whole card: it is divided); a new figure if None. `axes.figure` is the
            figure.
        """
        from .figures.card import card

        return card(self, axes)

    def to_toml(self, path: str | PathLike[str] | None = None) -> str:
        """The TOML text of the device, written to `path` where one is given: `load_device(path)` gives an equal device.

        Raises
        ------
        RecordError
            A record says another number than the device has.
        RevpathError
            The file cannot be written.
        """
        from .catalogue import save_device

        return save_device(self, path)

    def replaced(self, *, name: str | None = None, title: str | None = None, **changes: Any) -> Device:
        """A copy with numbers, laws or whole sections changed: the way to sweep a parameter.

        Parameters
        ----------
        name, title : str, optional
            Of the copy, so that two cells of a sweep can be told apart.
        **changes
            ``section__field=value``, or ``section=law`` with a law object or a dictionary of its fields. Values are SI
            numbers or `Record`. All changes of a section are validated together. ``section__law="name"`` changes the law;
            the numbers that it has besides are then given too.

        Returns
        -------
        Device
            Records of what changed are gone (their source does not say the new value), but for `Record` values; a pulse
            energy that is given as a number gets a record as ``assumed``, so that it can be priced.

        Raises
        ------
        RevpathError
            No such section or field, or a value that the law does not allow; names all three.

        Examples
        --------
        >>> from revpath.devices import load_device
        >>> cell = load_device("reram-wan2022")
        >>> cell.replaced(read_noise__law="constant", read_noise__relative=0.01, name="noisier").read_noise.relative
        0.01
        """
        from .variants import replaced

        return replaced(self, {"name": name, "title": title}, changes)

    def driven(self, voltage: float | None = None, duration: float | None = None) -> Device:
        """The cell under pulses of another height or width: its window, steps, asymmetry and energies follow.

        Parameters
        ----------
        voltage, duration : float, optional
            Of a pulse, in V and s; those of the device unless given.

        Returns
        -------
        Device
            With `switching` as it was, and numbers that follow from it; a pulse energy is V^2 G t at the middle of the window.

        Raises
        ------
        RevpathError
            How it switches is not known, or not for such pulses.

        Examples
        --------
        >>> from revpath.devices import load_device
        >>> cell = load_device("reram-tiox-messaris2017")
        >>> weaker = cell.driven(voltage=0.7)
        >>> round(weaker.response.step / cell.response.step, 2), weaker.response.asymmetry > cell.response.asymmetry
        (0.43, True)
        """
        from .variants import driven

        return driven(self, voltage, duration)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Device:
        """Pydantic's copy, but validated, and without the records of what changed."""
        from .variants import updated

        return updated(self, update) if update else super().model_copy(deep=deep)

    def __repr__(self) -> str:
        lines = [f"Device {self.name!r}: {shown(self.title)[1:-1]}"]
        for section in SECTIONS:
            if section not in self.unknowns:
                law = getattr(self, section)
                words = [
                    f"{getattr(law, 'law', '')}".strip(),
                    *(f"{n} = {v:.4g} {u.name}" for n, v, u in law.numbers()),
                ]
                if any(words):
                    shown_words = ", ".join(w.replace(" dimensionless", "") for w in words if w)
                    lines.append(f"  {section:<12}" + shorten(shown_words, 100))
        return "\n".join([*lines, f"  not known: {shorten(', '.join(self.unknowns) or 'nothing', 100)}"])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from .figures.card import html

        return html(self)


SECTIONS = {name: field for name, field in Device.model_fields.items() if name not in ("name", "title", "records")}
