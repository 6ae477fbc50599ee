"""How good a model is: likelihoods by enumeration or annealed and gated, of noisy matrices; how fast chains mix. It trains nothing."""
