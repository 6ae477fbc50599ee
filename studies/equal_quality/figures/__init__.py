"""Figures of the study: pure functions from its tables to matplotlib figures."""
