"""Arrays without a seed of their own: the same noise, and a word of it where several are in use."""

import warnings

import numpy as np
import pytest

from revpath.simulator import ArrayConfig, Crossbar, TiledCrossbar
from revpath.simulator.arrays.namesakes import SEVERAL, SameNoiseWarning

NOISY = ArrayConfig("reram-sb-gong2018")


def test_several_arrays_alike_without_seed_are_warned_of_once():
    arrays = [Crossbar((2, 7), NOISY) for _ in range(SEVERAL - 1)]
    with pytest.warns(SameNoiseWarning, match=r"3 arrays of shape \(2, 7\).*same noise.*seed=1, array=k"):
        arrays.append(Crossbar((2, 7), NOISY))
    for _ in range(2):  # warnings are errors here
        arrays.append(Crossbar((2, 7), NOISY))
    for array in arrays:
        array.program(np.full((2, 7), 0.3))
        np.testing.assert_array_equal(array.read(), arrays[0].read())


def test_other_arrays_are_not():
    """Of other shapes or settings, with a seed or a number, ideal, gone, or parts of a tiled one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = [Crossbar((3, k), NOISY) for k in range(1, 6)]
        kept += [Crossbar((3, 8), ArrayConfig("reram-sb-gong2018", read_time=k * 1e-7)) for k in range(1, 6)]
        kept += [Crossbar((3, 9), NOISY, seed=0) for _ in range(6)]
        kept += [Crossbar((3, 9), NOISY, array=k) for k in range(6)]
        kept += [Crossbar((3, 9), ArrayConfig("ideal")) for _ in range(6)]
        for _ in range(6):
            Crossbar((3, 10), NOISY)
        TiledCrossbar((8, 8), NOISY, tile=(2, 2))
    assert len(kept) == 28
