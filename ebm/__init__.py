"""Energy-based models and how they learn, on any synapses: an ideal matrix or an analog array."""

from .analog import CrossbarSynapses, crossbar_synapses, crossbar_synapses_by_array
from .conditional import ConditionalRBM
from .rbm import RBM
from .synapses import DigitalSynapses, Synapses, SynapsesFactory

__all__ = [
    "RBM",
    "ConditionalRBM",
    "CrossbarSynapses",
    "DigitalSynapses",
    "Synapses",
    "SynapsesFactory",
    "crossbar_synapses",
    "crossbar_synapses_by_array",
]
