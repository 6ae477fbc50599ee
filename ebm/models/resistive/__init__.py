"""Networks of resistors, diodes and sources that settle: conductances in arrays, and the state of least dissipation."""
