"""Where what stands in the arrays that kernels of pulses are given: one name for each position."""

from __future__ import annotations

# of `traits`, (cells, ..., n) float32, for every law; after them what some laws need beside
S_UP, S_DOWN, B_MAX, B_MIN = range(4)
COMMON = 4  # how many all laws have
GAMMA_UP = COMMON  # of a power law; that of down pulses follows
SLOPE_UP, STEP_UP = COMMON, COMMON + 2  # of an affine law, s + slope w; those of down pulses follow
TARGET, SPREAD = 0, 1  # of a cell that is written in one go: where it is to land, and how far from it it may

# of `numbers`, (NUMBERS,) float32
STEP_NOISE, WRITE_NOISE, FLOOR, MULTIPLICATIVE = range(4)
AMPLITUDE, EXPONENT = 4, 6  # of an exponential, of up pulses; those of down pulses follow
TWICE_A, OFFSET, NOISE_FLOOR, NOISE_SLOPE = range(8, 12)
NUMBERS = 12

PLUS, MINUS = 0, 1  # the cells of a pair

# which cells of a pair a pulse moves: G+ alone; both, in opposite directions; or, raising it, the one that is to grow
ALONE, BOTH, RISING = 1, 2, 3
