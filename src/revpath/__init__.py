"""revpath: does training energy-based models on analog in-memory computing beat a GPU-trained transformer?

Devices, arrays, models, joules. Here are the names of a first hour; each room has more: `revpath.devices`,
`revpath.simulator`, `revpath.ebm`, `revpath.energy_models`, `revpath.studies`. Names are loaded when first used.

>>> import revpath
>>> cell = revpath.load_device("reram-sb-gong2018")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _moved
from .devices.base.lazy import lazily

if TYPE_CHECKING:
    from .devices import Device, device_names, fit_traces, load_device, read_traces
    from .devices.base.style import save_figure, style
    from .ebm import RBM, ConditionalBoltzmann, ConditionalRBM, crossbar_synapses
    from .energy_models import load_chip, price
    from .simulator import ADC, DAC, ArrayConfig, Crossbar, TiledCrossbar

    __version__: str

_HOME = {
    ".devices": ("Device", "device_names", "fit_traces", "load_device", "read_traces"),
    ".devices.base.style": ("save_figure", "style"),
    ".ebm": ("RBM", "ConditionalBoltzmann", "ConditionalRBM", "crossbar_synapses"),
    ".energy_models": ("load_chip", "price"),
    ".simulator": ("ADC", "DAC", "ArrayConfig", "Crossbar", "TiledCrossbar"),
}

__all__ = [
    "ADC",
    "DAC",
    "RBM",
    "ArrayConfig",
    "ConditionalBoltzmann",
    "ConditionalRBM",
    "Crossbar",
    "Device",
    "TiledCrossbar",
    "__version__",
    "crossbar_synapses",
    "device_names",
    "fit_traces",
    "load_chip",
    "load_device",
    "price",
    "read_traces",
    "save_figure",
    "style",
]

_moved.install()
_lazy, _names = lazily(__name__, _HOME)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("revpath")
    return _lazy(name)


def __dir__() -> list[str]:
    return [*_names(), "__version__", "devices", "ebm", "energy_models", "simulator", "studies"]
