"""Energy-based models and how they learn, on any synapses: an ideal matrix or an analog array."""

from .models.base import EnergyModel
from .models.boltzmann_machine import BoltzmannMachine
from .models.conditional import ConditionalRBM
from .models.conditional_boltzmann import ConditionalBoltzmann
from .models.deep_boltzmann import DeepBoltzmannMachine
from .models.deep_resistive import DeepResistiveNetwork
from .models.denoising_chain import DenoisingChain
from .models.discriminative_rbm import DiscriminativeRBM
from .models.layered.network import LayeredNetwork
from .models.rbm import RBM
from .synapses.analog import CrossbarSynapses, crossbar_synapses, crossbar_synapses_by_array
from .synapses.contract import DigitalSynapses, Synapses, SynapsesFactory

__all__ = [
    "RBM",
    "BoltzmannMachine",
    "ConditionalBoltzmann",
    "ConditionalRBM",
    "CrossbarSynapses",
    "DeepBoltzmannMachine",
    "DeepResistiveNetwork",
    "DenoisingChain",
    "DigitalSynapses",
    "DiscriminativeRBM",
    "EnergyModel",
    "LayeredNetwork",
    "Synapses",
    "SynapsesFactory",
    "crossbar_synapses",
    "crossbar_synapses_by_array",
]
