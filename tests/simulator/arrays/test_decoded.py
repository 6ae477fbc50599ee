"""Tiles behind a decoder: listed rows are those of the tiles that hold them, and the others leak."""

import numpy as np
from helpers.statistics import relative

from revpath.ebm import crossbar_synapses
from revpath.energy_models import get, price
from revpath.simulator import ADC, DAC, ArrayConfig
from revpath.simulator.arrays.decoded import DecodedCrossbar


def test_a_decoder_powers_the_tiles_of_the_rows_that_are_listed():
    """Three tiles down, two across: reads and updates of listed rows are those of the tiles that hold them, bit for bit."""
    config = ArrayConfig("reram-sb-gong2018", weight_max=2.0, dac=DAC(8), adc=ADC(8, y_max=2.0))
    W = np.random.default_rng(0).uniform(-1, 1, (10, 5)).astype(np.float32)
    tiled, twin = (DecodedCrossbar(W.shape, config, tile=(4, 3), seed=3, array=1) for _ in range(2))
    tiled.program(W)
    twin.program(W)
    rows = np.array([9, 0, 3, 8, 0])
    d = np.random.default_rng(1).normal(0, 0.3, (5, 5)).astype(np.float32)
    y = tiled.forward_rows(rows)
    tiled.update_rows(rows, d, 0.4)
    want, before = np.empty((5, 5), np.float32), twin.events
    for i, entries in ((0, [1, 2, 4]), (2, [0, 3])):  # no row of the middle tiles is listed
        for tile, across in zip(twin.tiles[i], (slice(0, 3), slice(3, 5)), strict=True):
            want[entries, across] = tile.forward_rows(rows[entries] - 4 * i)
    for i, entries in ((0, [1, 2, 4]), (2, [0, 3])):
        for tile, across in zip(twin.tiles[i], (slice(0, 3), slice(3, 5)), strict=True):
            tile.update_rows(rows[entries] - 4 * i, np.ascontiguousarray(d[entries, across]), 0.4)
    np.testing.assert_array_equal(y, want)
    np.testing.assert_array_equal(tiled.read(), twin.read())
    done, of_twin = tiled.events - before, twin.events - before
    busy = of_twin["array.busy_s"]
    assert done["array.gated_s"] == relative(2 * busy)  # the two tiles above and below each that works
    assert dict(done.counts) == dict(of_twin.counts)
    assert {n: v for n, v in done.integrals.items() if n != "array.gated_s"} == relative(dict(of_twin.integrals))
    with tiled.aside():
        tiled.forward_rows(rows)
    assert tiled.events - before == done


def test_gated_tiles_are_in_the_bill():
    config = ArrayConfig("reram-sb-gong2018", weight_max=2.0, dac=DAC(8), adc=ADC(8, y_max=2.0))
    array = DecodedCrossbar((64, 4), config, tile=(8, 4), seed=3)
    before = array.events
    array.forward_rows(np.arange(64))
    bill = price(array.events - before, "reram-32nm", n_draws=100)
    share = get("static.assumed.gated_share").value
    assert bill.nominal("gated arrays") == relative(7 * share * bill.nominal("static"))


def test_a_model_has_a_decoder_by_one_argument():
    config = ArrayConfig("reram-sb-gong2018", weight_max=2.0, dac=DAC(8), adc=ADC(8, y_max=2.0))
    synapses = crossbar_synapses(config, seed=1, tile=(4, 4), decoder=True)((16, 3), 0)
    assert isinstance(synapses.array, DecodedCrossbar)
    synapses.forward_rows(np.array([7, 7]))
    assert synapses.events["array.read"] == 2
    assert synapses.events["array.gated_s"] == relative(3 * synapses.events["array.busy_s"])
