"""No random number of a read depends on how reads are cut into batches, whatever is switched on."""

import numpy as np
import pytest
from twins.arrays import address_of, normals_at

from revpath.devices import load_device
from revpath.devices.laws.read_noise import ConstantReadNoise, ProportionalReadNoise, TelegraphReadNoise
from revpath.simulator import ADC, DAC, ArrayConfig, CircuitNoise, Crossbar, SlicedCrossbar, Stream, TiledCrossbar
from revpath.simulator.wires import Wires

RNG = np.random.default_rng(5)
SHAPE = (12, 7)
W = (np.round(RNG.uniform(-1, 1, SHAPE) * 32) / 32).astype(np.float32)
X = (np.round(RNG.uniform(-1, 1, (23, 12)) * 7) / 7).astype(np.float32)
D = (np.round(RNG.uniform(-1, 1, (23, 7)) * 7) / 7).astype(np.float32)
ALL = {"noise_lsb": 0.3, "offset_lsb": 0.2, "inl_lsb": 0.2, "stochastic_rounding": True}


def config(law=None, **fields) -> ArrayConfig:
    device = load_device("ideal").model_copy(update={"read_noise": law or ConstantReadNoise(relative=0.05)})
    return ArrayConfig(device=device, **{"adc": ADC(bits=8, y_max=4.0), **fields})


CONFIGS = {
    "collapsed": config(cell_noise="collapsed"),
    "sampled": config(cell_noise="sampled"),
    "ideal converters": config(adc=ADC(bits=None)),
    "grows with the conductance": config(ProportionalReadNoise(relative=0.05)),
    "shared reference": config(mapping="offset"),
    "sampled with a shared reference": config(mapping="offset", cell_noise="sampled"),
    "every error of the converters": config(dac=DAC(bits=6, **ALL), adc=ADC(bits=8, y_max=4.0, **ALL)),
    "slices added digitally": config(dac=DAC(bits=6, slice_bits=2, stochastic_rounding=True)),
    "slices added as charge": config(dac=DAC(bits=6, slice_bits=2, shift_add="analog")),
    "drawn slices": config(dac=DAC(bits=6, slice_bits=2), cell_noise="sampled"),
    "thermal and shot noise": config(circuit_noise=CircuitNoise(thermal=True, shot=True), read_time=1e-9),
    "traps": config(TelegraphReadNoise(amplitude=0.2, switching_time=1e-6), read_time=1e-7),
    "wires": config(wires=Wires(word_resistance=1.0, bit_resistance=1.0)),
    "heat in wires": config(
        load_device("ideal").read_noise,
        wires=Wires(word_resistance=1.0, bit_resistance=1.0),
        circuit_noise=CircuitNoise(thermal=True),
    ),
    "scaled inputs": config(dac=DAC(bits=6, range="scale")),
}


def made(kind: str, fields: ArrayConfig):
    array = {
        "crossbar": lambda: Crossbar(SHAPE, fields, seed=3),
        "tiles": lambda: TiledCrossbar(SHAPE, fields, tile=(5, 4), seed=3),
        "slices": lambda: SlicedCrossbar(SHAPE, fields, slices=2, bits_per_slice=2, seed=3),
    }[kind]()
    array.program(W)
    return array


def cut_and_whole(kind, fields, cuts, *, transposed):
    whole, cut = made(kind, fields), made(kind, fields)
    x = D if transposed else X
    read = [array.backward if transposed else array.forward for array in (whole, cut)]
    parts = [read[1](part) for part in np.split(x, cuts)]
    return read[0](x), np.concatenate(parts), whole, cut


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_batch_is_its_rows(name, transposed):
    """To float32 rounding of the products, which BLAS rounds by the size of a batch; numbers drawn anew would show."""
    cuts = [1, 2, 9]
    whole, cut, a, b = cut_and_whole("crossbar", CONFIGS[name], cuts, transposed=transposed)
    np.testing.assert_allclose(cut, whole, rtol=0, atol=3e-6)
    assert a.events.counts == b.events.counts
    assert not np.allclose(whole[:5], made("crossbar", CONFIGS[name]).forward(X[::-1])[:5] if not transposed else 0)


@pytest.mark.parametrize("kind", ["tiles", "slices"])
def test_a_batch_of_several_arrays_is_its_rows(kind):
    whole, cut, *_ = cut_and_whole(kind, CONFIGS["every error of the converters"], [4, 5, 20], transposed=False)
    np.testing.assert_allclose(cut, whole, rtol=0, atol=3e-6)


@pytest.mark.parametrize("cell_noise", ["sampled", "collapsed"])
def test_bits_are_the_same_where_products_are_exact(cell_noise):
    fields = config(cell_noise=cell_noise, adc=ADC(bits=None))
    x = np.round(RNG.uniform(-1, 1, (300, 64)) * 8) / 8
    weights = np.round(RNG.uniform(-1, 1, (64, 70)) * 32) / 32
    outcomes = []
    for cuts in ([], [30], [1, 2, 3, 150]):
        array = Crossbar(weights.shape, fields, seed=1)
        array.program(weights)
        outcomes.append(np.concatenate([array.forward(part) for part in np.split(x, cuts)]))
    for other in outcomes[1:]:
        np.testing.assert_array_equal(other, outcomes[0])


def test_directions_take_no_numbers_from_each_other():
    """Reads in between of the other direction, or aside, change nothing."""
    quiet, busy = (made("crossbar", CONFIGS["collapsed"]) for _ in range(2))
    busy.backward(D)
    with busy.aside():
        busy.forward(X[:3])
    np.testing.assert_array_equal(busy.forward(X), quiet.forward(X))
    noise = [made("crossbar", config(weight_max=1.0, adc=ADC(bits=None))) for _ in range(2)]
    a, b = noise[0].forward(X) - X @ W, noise[1].backward(D) - D @ W.T
    assert not np.any(np.isclose(a[:, :7].ravel()[:84], b.ravel()[:84], rtol=1e-3))


@pytest.mark.parametrize("cuts", [(9,), (1, 8), (3, 3, 3), (2, 0, 7)])
def test_numbers_of_reads_are_at_their_addresses(cuts):
    """Number j of read r in draw k: position r width + j of step k, one number at a time."""
    stream, width = Stream(2, "read", 5, step=70), 101
    batches = [stream.reads(n) for n in cuts]
    first = np.concatenate([batch.uniforms((n, width)) for n, batch in zip(cuts, batches, strict=True)])
    drawn = np.concatenate([batch.normals((n, width)) for n, batch in zip(cuts, batches, strict=True)])
    assert stream.step == 79
    key = [int(k) for k in stream.key]
    for r, j in ((0, 0), (0, 100), (3, 7), (8, 100)):
        position, row = address_of((70 + r) * width + j)
        assert drawn[r, j] == normals_at(position, 0, 1, key)[row]
    assert len(np.unique(first)) > 0.99 * first.size
    assert 0 < first.min() < first.max() < 1
