"""Parts of the restricted Boltzmann machine: kinds of visible units, the pair of layers and what it does, replicas."""
