"""What an array is made of: one frozen, validated description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..devices import Device, RecordError, load_device
from ..devices.base.errors import RevpathError, explain, shown
from ..devices.base.plausible import READ_LENGTH, READ_VOLTAGE, refuse_absurd
from .checks import check_positive, is_whole
from .converters.adc_dac import ADC, DAC
from .converters.contract import Converter
from .errors import ArrayError
from .mapping import Side, WeightMapping
from .noise.circuit import CircuitNoise
from .pulses.trains import LONGEST_TRAIN
from .settings import KnownFields

if TYPE_CHECKING:
    from .updates.refresh import Refresh
    from .wires import CellLaw, Wires

CellNoise = Literal["auto", "sampled", "collapsed"]
Layout = Literal["separate", "interleaved", "paired"]
Subtraction = Literal["analog", "digital"]
Inputs = Literal["amplitude", "duration"]
Pulses = Literal["stochastic", "summed", "mean-field"]
Directions = Literal["both", "up"]
OnWorn = Literal["warn", "error", "ignore"]


_HINT = {DAC: ", such as DAC(bits=8)", ADC: ", such as ADC(bits=8)"}


@dataclass(frozen=True, repr=False)
class ArrayConfig(KnownFields):
    """Everything that describes an array besides its size; frozen, validated on construction.

    Attributes
    ----------
    device : str or Device
        a name of the library, a path to a device file, or a `Device`.
    weight_max : float
        weight of a full conductance difference.
    dac, adc : DAC, ADC
        converters of the driven and of the sensed lines.
    transposed_adc : ADC, optional
        those of the word lines, which a transposed read senses; None for more of `adc`. They, `wires`, `circuit_noise`
        and `refresh` may be tables: ``adc={"bits": 8}``.
    read_voltage : float
        volts on a line whose input is dac.x_max.
    read_time : float
        seconds that a read integrates.
    mapping : Side
        "two-sided", "one-sided" or "offset", see `WeightMapping`.
    cell_noise : CellNoise
        how read noise of the cells is drawn: "sampled" cell by cell, "collapsed" output by output (an error where that
        is not exact), or "auto": collapsed where it is exact, else sampled.
    circuit_noise : CircuitNoise, optional
        thermal and shot noise of the currents, see `CircuitNoise`; None for neither.
    cell_law : CellLaw, optional
        current of a cell over its voltage, see `revpath.simulator.wires`; None for Ohm's law.
    wires : Wires, optional
        resistances of the lines, see `revpath.simulator.wires.Wires`; None for lines without.
    layout : Layout
        where G+ and G- are: "separate" arrays; neighbouring bit lines of one array, "interleaved"; or neighbours on one
        bit line, "paired", each on a word line of its own, driven at +V and -V, so that the bit line carries their
        difference (2T2R). With wires, every other pair is mirrored (+ - - +), and every cell has a segment of the bit
        line, which is twice as long as with "separate": the currents of equal cells meet a segment apart, and leave an
        error. In CrossSim's "interleaved" the cells of a pair share a node.
    subtraction : Subtraction
        "analog", of currents, in front of one converter; or "digital": G+ and G- are read one after the other, each is
        converted, see `reads.phases`.
    inputs : Inputs
        what carries an input: the "amplitude" of the voltage, or the "duration" of a pulse of read_voltage, of which
        x_max lasts for read_time, see `reads.durations`; the one counts ``dac.conversion``, the other ``dac.pulse``.
    longest_train : int
        largest number of slots of a stochastic-pulse outer product, 1 to 63.
    pulses : Pulses
        how an outer product moves pulsed cells: "stochastic", each pulse on its own; "summed", the same in law, but one
        random number for all the pulses that a cell takes in some samples where that is exact and saves time (so that
        its numbers, unlike those of "stochastic", depend on which samples are given in one update); "mean-field", by
        exactly rate x d along the mean of the law, as with infinitely many infinitely small pulses.
    pulse_directions : Directions
        "both", where the two cells of a weight take pulses in opposite directions; "up" for cells that pulses can only
        raise (phase-change memory): G+ takes those that raise the weight, G- those that lower it. The mapping must then
        be "one-sided", and cells fill up unless there is a `refresh`.
    refresh : Refresh, optional
        when pairs that have filled up are written anew, see `revpath.simulator.Refresh`; None for never.
    on_worn : OnWorn
        what to do once training has worn cells beyond the endurance of the device, see `Wear`: "warn" with
        `EnduranceWarning` the first time, "error", or "ignore".
    """

    device: str | Device = "ideal"
    weight_max: float = 1.0
    dac: DAC = field(default_factory=lambda: DAC(bits=None))
    adc: ADC = field(default_factory=lambda: ADC(bits=None))
    read_voltage: float = 0.2
    read_time: float = 100e-9
    transposed_adc: ADC | None = None
    mapping: Side = "two-sided"
    cell_noise: CellNoise = "auto"
    circuit_noise: CircuitNoise | None = None
    cell_law: CellLaw | None = None
    wires: Wires | None = None
    layout: Layout = "separate"
    subtraction: Subtraction = "analog"
    inputs: Inputs = "amplitude"
    longest_train: int = 31
    pulses: Pulses = "summed"
    pulse_directions: Directions = "both"
    refresh: Refresh | None = None
    on_worn: OnWorn = "warn"

    def __post_init__(self) -> None:
        if not isinstance(self.device, Device):
            object.__setattr__(self, "device", load_device(self.device))
        for name, unit, plausible in (("read_voltage", "V", READ_VOLTAGE), ("read_time", "s", READ_LENGTH)):
            check_positive(name, getattr(self, name))
            try:
                refuse_absurd(float(getattr(self, name)), unit, name, plausible)
            except RecordError as error:
                raise ArrayError(str(error)) from None
        for name, kind in (("dac", DAC), ("adc", ADC), ("transposed_adc", ADC), ("circuit_noise", CircuitNoise)):
            if isinstance(getattr(self, name), Mapping):
                object.__setattr__(self, name, _part(name, kind, getattr(self, name)))
        for name, kind, optional in (
            ("dac", DAC, False),
            ("adc", ADC, False),
            ("transposed_adc", ADC, True),
            ("circuit_noise", CircuitNoise, True),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind) and not (optional and value is None):
                raise ArrayError(
                    f"{name} = {value!r} must be a {kind.__name__}{' or None' if optional else ''}{_HINT.get(kind, '')}"
                )
        for name, allowed in (
            ("cell_noise", get_args(CellNoise)),
            ("layout", get_args(Layout)),
            ("subtraction", get_args(Subtraction)),
            ("inputs", get_args(Inputs)),
            ("pulses", get_args(Pulses)),
            ("pulse_directions", get_args(Directions)),
            ("on_worn", get_args(OnWorn)),
        ):
            if getattr(self, name) not in allowed:
                raise ArrayError(f"{name} = {getattr(self, name)!r} must be one of {', '.join(map(repr, allowed))}")
        if not is_whole(self.longest_train) or not 1 <= self.longest_train <= LONGEST_TRAIN:
            raise ArrayError(f"longest_train = {self.longest_train!r} must be an integer from 1 to {LONGEST_TRAIN}")
        if self.wires is not None or self.cell_law is not None:
            from .wires import CellLaw, Wires

            if isinstance(self.wires, Mapping):
                object.__setattr__(self, "wires", _part("wires", Wires, self.wires))
            for name, value, kind in (("wires", self.wires, Wires), ("cell_law", self.cell_law, CellLaw)):
                if value is not None and not isinstance(value, kind):
                    raise ArrayError(f"{name} = {value!r} must be a {kind.__name__} or None")
        WeightMapping.of(self.cell, self.weight_max, self.mapping)
        self._check_together()
        self._check_refresh()

    @property
    def cell(self) -> Device:
        """The device, which a name or a path has become."""
        assert isinstance(self.device, Device)
        return self.device

    def _check_together(self) -> None:
        """Refuse what no hardware is, or what has no known law."""
        noise = self.cell.read_noise
        if self.mapping == "offset" and (self.layout == "paired" or self.subtraction == "digital"):
            name = "layout" if self.layout == "paired" else "subtraction"
            raise ArrayError(
                f"{name} = {getattr(self, name)!r} needs two cells for each weight: mapping = 'offset' has one and a shared "
                "reference; use 'two-sided' or 'one-sided'"
            )
        if self.subtraction == "digital":
            if self.layout != "separate":
                raise ArrayError(
                    f"subtraction = 'digital' reads G+ and G- apart: layout = {self.layout!r} must be 'separate'"
                )
            if not noise.gaussian:
                raise ArrayError(
                    f"subtraction = 'digital' with the {noise.law} noise of device {self.cell.name!r} is not known: its cells "
                    "remember from read to read; use subtraction = 'analog'"
                )
        for name, adc in (("adc", self.adc), ("transposed_adc", self.transposed_adc)):
            if adc is not None and adc.repeats and not noise.gaussian:
                raise ArrayError(
                    f"{name}.repeats = {adc.repeats} must be 0 with the {noise.law} noise of device {self.cell.name!r}: its cells "
                    "remember from read to read, in an order that is not known"
                )
        if self.inputs == "duration":
            if self.circuit_noise is not None and self.circuit_noise.shot:
                raise ArrayError(
                    "inputs = 'duration' with shot noise has no known law here: use circuit_noise with shot = False"
                )
            if not noise.gaussian:
                raise ArrayError(
                    f"inputs = 'duration' with the {noise.law} noise of device {self.cell.name!r} is not known: use 'amplitude'"
                )

    def _check_refresh(self) -> None:
        """ArrayError where pulses that only raise cells, or their refresh, go with something that they cannot go with."""
        if self.refresh is not None:
            from .updates.refresh import Refresh

            if isinstance(self.refresh, Mapping):
                object.__setattr__(self, "refresh", _part("refresh", Refresh, self.refresh))
            if not isinstance(self.refresh, Refresh):
                raise ArrayError(f"refresh = {self.refresh!r} must be a Refresh or None")
            if self.pulse_directions != "up":
                raise ArrayError(
                    f"refresh needs cells that pulses only raise: pulse_directions = {self.pulse_directions!r} must be 'up'"
                )
        if self.pulse_directions == "up" and self.mapping != "one-sided":
            raise ArrayError(f"mapping = {self.mapping!r} must be 'one-sided' where pulse_directions is 'up'")

    @classmethod
    def of(cls, config: ConfigOrDevice | None) -> ArrayConfig:
        """Settings from themselves, or the default ones of a device, its name or file; of the ideal device for None.

        Raises
        ------
        ArrayError
            Anything else.

        Examples
        --------
        >>> ArrayConfig.of("reram-sb-gong2018").device.name
        'reram-sb-gong2018'
        """
        if config is None or isinstance(config, ArrayConfig):
            return config or cls()
        if isinstance(config, str | Path | Device):
            return cls(device=load_device(config))
        raise ArrayError(f"config = {shown(config)} must be an ArrayConfig, or a device or its name")

    def __repr__(self) -> str:
        assert isinstance(self.device, Device)
        said = [f"device={self.device.name!r}"]
        for entry in fields(self):
            default = entry.default_factory() if entry.default_factory is not MISSING else entry.default
            value = getattr(self, entry.name)
            if entry.name != "device" and value != default:
                said.append(f"{entry.name}={value!r}")
        return f"ArrayConfig({', '.join(said)})"

    def self_ranging(self) -> ArrayConfig:
        """The same with "auto" in place of "calibrated" ranges: for arrays whose user has no moment to calibrate them.

        Examples
        --------
        >>> from revpath.simulator import ADC, ArrayConfig
        >>> ArrayConfig(adc=ADC(bits=8, range="calibrated")).self_ranging().adc.range
        'auto'
        """
        waiting = {
            name: adc.model_copy(update={"range": "auto"})
            for name, adc in (("adc", self.adc), ("transposed_adc", self.transposed_adc))
            if adc is not None and adc.range == "calibrated"
        }
        return replace(self, **waiting) if waiting else self


def _part(name: str, kind: Any, table: Mapping[str, object]) -> object:
    """A part of an array from a table of its fields; an error names the part."""
    try:
        return kind.of(table) if issubclass(kind, Converter) else kind(**table)
    except RevpathError as error:
        raise type(error)(f"{name}: {explain(error)}") from error


ConfigOrDevice = ArrayConfig | Device | str | Path
"""What is taken wherever an array is made: its settings, or the device alone."""
