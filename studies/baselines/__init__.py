"""Rivals that are not analog: the transformer and its curves, counting n-grams."""
