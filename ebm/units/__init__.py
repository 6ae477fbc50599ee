"""What stands at the lines of an array and makes states of what they carry: lanes, or circuits. It knows no model."""

from .comparator import ComparatorUnits
from .contract import Response, Units, unit_kind
from .digital import DigitalUnits
from .nonlinear_adc import NonlinearADC
from .synapses import UnitSynapses, with_units
from .winner_take_all import WinnerTakeAll

__all__ = [
    "ComparatorUnits",
    "DigitalUnits",
    "NonlinearADC",
    "Response",
    "UnitSynapses",
    "Units",
    "WinnerTakeAll",
    "unit_kind",
    "with_units",
]
