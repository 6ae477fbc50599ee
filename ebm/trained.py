"""The path of revpath 0.1 to synapses that are trained by a rule of choice; they stand in `revpath.ebm.synapses.analog`."""

from .synapses.analog import TrainedFactory as TrainedFactory
from .synapses.analog import trained_synapses as trained_synapses
