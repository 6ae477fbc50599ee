"""Arrays of cells that act as matrices: one crossbar, tiles, slices, and what they share."""
