"""Energy-based models, one a file, on any synapses; the digital work that they count."""
