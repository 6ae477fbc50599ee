"""Boltzmann machines on any graph: graphs and their colours, arrays between colours, samplers. The estimator is `BoltzmannMachine`."""
