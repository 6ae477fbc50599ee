"""How good a model is: likelihoods by enumeration. It trains nothing."""
