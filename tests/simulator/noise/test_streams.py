"""Random numbers: known answers, laws, independence, and bits that depend on nothing but their address."""

import hashlib
import math

import numpy as np
import pytest
from helpers.statistics import p_of_covariance, p_of_law, p_of_mean, p_of_variance, plausible
from scipy import stats
from twins.arrays import box_muller, philox4x32_10, stream_normals, stream_uniforms

from revpath.simulator import Stream
from revpath.simulator.compile import threads
from revpath.simulator.noise import streams as noise_module
from revpath.simulator.noise.streams import normals_from_words, philox_lanes

MAX = 0xFFFFFFFF
KNOWN = [  # Random123, kat_vectors, philox4x32 10 rounds: counter, key, answer
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([MAX] * 4, [MAX] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_known_answers(counter, key, answer):
    assert list(philox4x32_10(counter, key)) == answer
    words = np.empty((4, 3), np.uint32)
    low, high = np.full(3, counter[0], np.uint32), np.full(3, counter[1], np.uint32)
    philox_lanes(words, low, high, np.uint64(counter[2] | counter[3] << 32), np.array(key, np.uint64))
    assert words.T.tolist() == [answer] * 3


def test_philox_agrees_with_its_scalar_twin():
    rng = np.random.default_rng(0)
    low, high = rng.integers(0, 2**32, (2, 37), np.uint32)
    step, key = rng.integers(0, 2**64, dtype=np.uint64), rng.integers(0, 2**32, 2).astype(np.uint64)
    words = np.empty((4, 37), np.uint32)
    philox_lanes(words, low, high, step, key)
    for i in range(37):
        assert tuple(words[:, i]) == philox4x32_10((low[i], high[i], int(step) & MAX, int(step) >> 32), key)


@pytest.mark.slow
def test_box_muller_agrees_with_double_precision():
    rng = np.random.default_rng(1)
    edges = [0, 1, 2**30 - 1, 2**30, 2**31 - 1, 2**31, 3 * 2**30, MAX - 1, MAX]
    pairs = np.array([(a, b) for a in edges for b in edges] + rng.integers(0, 2**32, (300, 2)).tolist(), np.uint32)
    words = np.concatenate([pairs.T, pairs.T])
    normals = np.empty((4, len(pairs)), np.float32)
    normals_from_words(words, np.empty(len(pairs), np.float32), normals)
    exact = np.array([box_muller(int(a), int(b)) for a, b in pairs]).T
    # near u = 1 the word itself is rounded to 24 bits: an absolute error of sqrt(2**-24) in a radius near 0
    well = pairs[:, 0] < 2**32 - 2**12
    for rows in (normals[:2], normals[2:]):
        np.testing.assert_allclose(rows[:, well], exact[:, well], atol=1.5e-6, rtol=0)
        np.testing.assert_allclose(rows, exact, atol=5e-4, rtol=0)
    assert np.isfinite(normals).all()
    assert np.abs(normals).max() < 6.77


@pytest.mark.parametrize("n", [1, 63, 64, 65, 256, 300])
def test_streams_agree_with_their_twin(n):
    stream = Stream(7, "twin", array=2, step=2**33 + 5)
    key = [int(k) for k in stream.key]
    np.testing.assert_array_equal(stream.normals(n), stream_normals(n, 2**33 + 5, key))
    np.testing.assert_array_equal(stream.uniforms(n), stream_uniforms(n, 2**33 + 6, key))


@pytest.fixture(scope="module")
def normals() -> np.ndarray:
    return Stream(2024, "law").normals(40_000)


@pytest.fixture(scope="module")
def uniforms() -> np.ndarray:
    return Stream(2024, "law").uniforms(40_000)


def test_normals_have_their_law(normals):
    plausible(p_of_law(normals, stats.norm.cdf))
    plausible(p_of_mean(normals, 0, 1))
    plausible(p_of_variance(normals, 1))
    plausible(p_of_mean(normals**3, 0, math.sqrt(15)))
    plausible(p_of_mean(normals**4, 3, math.sqrt(105 - 9)))


def test_the_four_normals_of_a_counter_are_independent(normals):
    rows = normals[: len(normals) // 256 * 256].reshape(-1, 4, 64).transpose(1, 0, 2).reshape(4, -1)
    for a in range(4):
        plausible(p_of_law(rows[a], stats.norm.cdf))
        for b in range(a):
            plausible(p_of_covariance(rows[a], rows[b], 0, (0, 0), (1, 1)))
            plausible(p_of_covariance(rows[a] ** 2, rows[b] ** 2, 0, (1, 1), (math.sqrt(2), math.sqrt(2))))


def test_uniforms_have_their_law(uniforms):
    plausible(p_of_law(uniforms, stats.uniform.cdf))
    plausible(p_of_mean(uniforms, 0.5, math.sqrt(1 / 12)))
    plausible(p_of_variance(uniforms, 1 / 12, kurtosis=1.8))


def test_neighbours_are_independent(normals, uniforms):
    for lag in (1, 2, 63, 64, 65, 256):
        plausible(p_of_covariance(normals[:-lag], normals[lag:], 0, (0, 0), (1, 1)))
        plausible(p_of_covariance(uniforms[:-lag], uniforms[lag:], 0, (0.5, 0.5), (0.29, 0.29)))


def test_uniforms_lie_inside_the_open_interval():
    """Word 0 and word 2**32 - 1 are the extremes of the map; an earlier version gave exactly 1 for the latter."""
    assert stream_uniforms(1, 0, [0, 0])[0] > 0
    for word, value in ((0, 2.0**-24), (MAX, 1 - 2.0**-24), (2**31, 0.5 + 2.0**-24)):
        as_drawn = (np.float32(word >> 9) + np.float32(0.5)) * np.float32(2.0**-23)
        assert as_drawn == value
        assert 0 < as_drawn < 1


@pytest.mark.slow
@pytest.mark.jit
def test_extremes_of_many_uniforms():
    u = Stream(5, "extremes").uniforms(30_000_000)
    assert 0 < u.min() < 1e-6
    assert 1 - 1e-6 < u.max() < 1
    assert np.all(u * np.float32(2**24) % 2 == 1)  # odd multiples of 2**-24


@pytest.mark.jit
def test_normals_have_their_law_far_out():
    z = Stream(6, "tail").normals(10_000_000)
    plausible(p_of_mean(z, 0, 1))
    plausible(p_of_variance(z, 1))
    for bound in (3, 4, 5):
        p = 2 * stats.norm.sf(bound)
        plausible(p_of_mean(np.abs(z) > bound, p, math.sqrt(p * (1 - p))))


@pytest.mark.parametrize("change", [{"purpose": "b"}, {"array": 1}, {"seed": 1}, {"step": 1}])
def test_addresses_are_independent(change):
    base = {"seed": 0, "purpose": "a", "array": 0, "step": 0}
    a, b = Stream(**base).normals(20_000), Stream(**{**base, **change}).normals(20_000)
    assert not np.any(a[:200] == b[:200])
    plausible(p_of_covariance(a, b, 0, (0, 0), (1, 1)))


def test_steps_follow_each_other():
    stream = Stream(3, "x")
    first, second = stream.normals(10), stream.normals(10)
    assert stream.step == 2
    np.testing.assert_array_equal(Stream(3, "x", step=1).normals(10), second)
    assert not np.any(first == second)
    assert stream.take_step(5) == 2
    assert stream.step == 7


@pytest.mark.parametrize("kind", ["normals", "uniforms"])
def test_a_shorter_draw_is_the_beginning_of_a_longer_one(kind):
    longer = getattr(Stream(3, "x"), kind)(1500)
    for n in (0, 1, 255, 256, 257, 1023, 1024, 1025, 1500):
        np.testing.assert_array_equal(getattr(Stream(3, "x"), kind)(n), longer[:n])
    np.testing.assert_array_equal(getattr(Stream(3, "x"), kind)((30, 50)), longer.reshape(30, 50))


@pytest.mark.jit
@pytest.mark.parametrize("kind", ["normals", "uniforms"])
def test_bits_do_not_depend_on_threads(kind):
    n = 3 * noise_module._PARALLEL_FROM + 321
    with threads(1):
        one = getattr(Stream(3, "x"), kind)(n)
    with threads(2):
        two = getattr(Stream(3, "x"), kind)(n)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("chunks", [1, 2, 3, 5, 40])
def test_bits_do_not_depend_on_chunks(chunks):
    expected = Stream(3, "x").normals(1500)
    expected_uniforms = Stream(3, "x").uniforms(1500)
    out, uniforms = np.empty((2, 1500), np.float32)
    key = Stream(3, "x").key
    noise_module._normal_blocks_threaded(out, chunks, 6, np.uint64(0), key)
    noise_module._uniform_blocks_threaded(uniforms, chunks, 6, np.uint64(0), key)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(uniforms, expected_uniforms)


def test_bits_are_the_same_compiled_and_interpreted():
    """This digest was made by compiled code; the lane with NUMBA_DISABLE_JIT=1 must find the same."""
    digest = hashlib.sha256()
    digest.update(Stream(2026, "digest", array=3, step=4).normals(3000).astype("<f4").tobytes())
    digest.update(Stream(2026, "digest", array=3, step=5).uniforms(3000).astype("<f4").tobytes())
    assert digest.hexdigest() == "6564dde4ce981c79bf854c9b5e1123a37a0b1d9aff6681263609716b000c3927"


@pytest.mark.parametrize("field", ["seed", "array", "step"])
@pytest.mark.parametrize("value", [-1, 2**64, 1.5, True, "1", None])
def test_streams_refuse(field, value):
    with pytest.raises(ValueError, match=rf"{field} = .* must be an integer from 0 to"):
        Stream(**{"seed": 0, "purpose": "x", field: value})


def test_numpy_integers_are_integers():
    np.testing.assert_array_equal(Stream(np.int64(3), "x").normals(4), Stream(3, "x").normals(4))


def test_large_seeds_differ():
    keys = {tuple(Stream(seed, "x").key) for seed in (0, 1, 2**32, 2**32 + 1, 2**63, 2**64 - 1)}
    assert len(keys) == 6


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((5 + (7 << 32), "read", 9), (5, "read", 7 + (9 << 32))),  # a large seed beside the tile of another run
        ((5, "read", 7 + (0x64616572 << 32)), (5, "readread", 7)),  # high bits of an array that spell a purpose
        ((5 + (7 << 32), "read", 0x64616572), (5, "readread", 7)),
        ((5 + (7 << 32), "x", 9 + (0x78 << 32)), (5 + (7 << 32), "x", 9)),
    ],
)
def test_addresses_whose_words_run_together_have_different_keys(one, other):
    """Joined without their lengths, the first three pairs were the same stream."""
    assert tuple(Stream(*one).key) != tuple(Stream(*other).key)


def test_no_two_addresses_have_the_same_words():
    """All combinations of words that could be mistaken for one another, hashed words included."""
    seeds = [0, 1, 2, 0x64616572, 1 << 32, (1 << 32) + 1, 0x64616572 << 32, (2 << 32) + 1, 2**64 - 1]
    arrays = [*seeds, 0x1F000000 << 32, 0x20202020 << 32, 1 << 60, 1 << 61]
    purposes = ["read", "readread", "x", "xread", "    ", "     read", "yield", "read-yield"]
    addresses = [(s, p, a) for s in seeds for a in arrays for p in purposes]
    keys = {tuple(Stream(*address).key) for address in addresses}
    assert len(keys) == len(addresses)  # by chance two would be equal once in 10**13


@pytest.mark.parametrize("array", [0, 3, (1 << 28) + 2, (5 << 42) + (3 << 28), (15 << 56) + (1 << 42) + 1])
def test_ordinary_keys_are_those_of_earlier_results(array):
    """Seeds below 2**32 and numbered tiles and slices: a hash of the joined words, as stored results were made with."""
    joined = [2026, array, int.from_bytes(b"program", "little")]
    expected = np.random.SeedSequence(joined).generate_state(2, np.uint32)
    np.testing.assert_array_equal(Stream(2026, "program", array).key, expected)


@pytest.mark.parametrize("purpose", ["", "read\0", "\x01", "lecture à", b"read", None])
def test_purposes_are_printable(purpose):
    with pytest.raises(ValueError, match=r"purpose = .* must be text of printable ASCII"):
        Stream(0, purpose)
