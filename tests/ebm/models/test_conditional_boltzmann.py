"""The conditional Boltzmann machine: its energy by enumeration, its rule by differences, its events by hand, its manners."""

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.ebm import ConditionalBoltzmann, DigitalSynapses, crossbar_synapses
from revpath.ebm.models.context_rows import context_rows
from revpath.ebm.synapses.contract import Synapses
from revpath.ebm.synapses.rows import RowSynapses, read_rows, update_rows
from revpath.simulator import ADC, DAC, ArrayConfig, Events
from revpath.studies.tasks.text import load_text, scored

IDEAL = ArrayConfig(weight_max=50.0)
RERAM = ArrayConfig("reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=2.0), longest_train=31)


class WrittenOut:
    """Digital synapses that know no rows: every input is written out."""

    def __init__(self, shape, array=0):
        self.inside = DigitalSynapses(shape, array)

    def __getattr__(self, name):
        if name in ("forward_rows", "update_rows"):
            raise AttributeError(name)
        return getattr(self.inside, name)


class ByBatch(DigitalSynapses):
    """Digital synapses that are not `DigitalSynapses` by type, so that the model goes mini-batch by mini-batch."""


def data(rows=40, context=3, symbols=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, symbols, (rows, context)), rng.integers(0, symbols, rows)


def begun(X, y, orders=3, seed=5, **parameters):
    """A model with random couplings and bias."""
    model = ConditionalBoltzmann(orders, **{"n_symbols": 4, "max_rows": 16, "batch_size": len(y), **parameters})
    rates = model.learning_rate, model.bias_learning_rate
    model.set_params(learning_rate=0.0, bias_learning_rate=0.0).partial_fit(X, y)
    rng = np.random.default_rng(seed)
    for synapses in model.synapses_:
        synapses.program(rng.normal(0, 0.5, synapses.shape).astype(np.float32))
    model.intercept_ = rng.normal(0, 0.5, 4).astype(np.float32)
    return model.set_params(learning_rate=rates[0], bias_learning_rate=rates[1])


def log_p_by_hand(tables, bias, rows):
    """log p (n, symbols) from the energy, one context and one symbol after another."""
    energies = np.array(
        [
            [-bias[y] - sum(table[r][y] for table, r in zip(tables, row, strict=True)) for y in range(len(bias))]
            for row in rows
        ]
    )
    return -energies - np.log(np.exp(-energies).sum(axis=1, keepdims=True))


def parameters_of(model):
    return [np.array(s.weights(), float) for s in model.synapses_], np.array(model.intercept_, float)


def moby(n, orders, seed=0):
    """n characters of the training split in a random order: contexts and next symbols."""
    codes = load_text().train.astype(np.int64)
    places = np.random.default_rng(seed).permutation(np.arange(64, len(codes)))[:n]
    return codes[places[:, None] - 1 - np.arange(orders)], codes[places]


# --- the model ------------------------------------------------------------------------------------------------------


def test_probabilities_are_those_of_the_energy():
    X, y = data()
    model = begun(X, y)
    tables, bias = parameters_of(model)
    expected = log_p_by_hand(tables, bias, context_rows(X, 3, 4, 16))
    for stored in (False, True):
        np.testing.assert_allclose(model.predict_log_proba(X, stored=stored), expected, rtol=0, atol=1e-6)
        bits = -expected[np.arange(len(y)), y].mean() / np.log(2)
        assert model.bits_per_symbol(X, y, stored=stored) == pytest.approx(bits, abs=1e-6)


@pytest.mark.parametrize("synapses", [None, ByBatch, WrittenOut])
def test_the_rule_steps_along_the_gradient_of_the_mean_log_likelihood(synapses):
    X, y = data(rows=9)
    model = begun(X, y, learning_rate=0.7, bias_learning_rate=1.3, synapses=synapses)
    rows = context_rows(X, 3, 4, 16)
    tables, bias = parameters_of(model)
    model.partial_fit(X, y)
    after_tables, after_bias = parameters_of(model)

    def likelihood():
        return log_p_by_hand(tables, bias, rows)[np.arange(len(y)), y].mean()

    for before, after, rate in [*zip(tables, after_tables, [0.7] * 3, strict=True), (bias, after_bias, 1.3)]:
        for place in np.ndindex(before.shape):
            kept, slopes = before[place], []
            for sign in (1, -1):
                before[place] = kept + sign * 1e-5
                slopes.append(sign * likelihood() / 2e-5)
            before[place] = kept
            assert after[place] - kept == pytest.approx(rate * sum(slopes), abs=1e-6)


def test_slowdown_divides_both_rates_and_a_fit_slows_down_to_the_last_rate():
    X, y = data(rows=9)
    steps = []
    for slowdown in (1.0, 4.0):
        model = begun(X, y)
        before = parameters_of(model)
        model.partial_fit(X, y, slowdown=slowdown)
        after = parameters_of(model)
        steps.append([after[0][2] - before[0][2], after[1] - before[1]])
    for fast, slow in zip(*steps, strict=True):
        np.testing.assert_allclose(fast, 4 * slow, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(ConditionalBoltzmann(last_rate=0.2)._schedule(4), [1, 0.8, 0.6, 0.4])


@pytest.mark.parametrize("rows", [100, 96, 5])
def test_a_pass_in_one_kernel_has_the_bits_and_the_events_of_batches(rows):
    X, y = moby(rows, 4)
    models = [
        ConditionalBoltzmann(4, max_rows=256, batch_size=32, n_iter=2, synapses=synapses, random_state=3).fit(X, y)
        for synapses in (None, ByBatch)
    ]
    for one, other in zip(*(model.synapses_ for model in models), strict=True):
        assert np.array_equal(one.weights(), other.weights())
    assert np.array_equal(models[0].intercept_, models[1].intercept_)
    assert models[0].events_ == models[1].events_


def test_rows_are_one_hot_inputs():
    rng = np.random.default_rng(0)
    weights, d = rng.normal(size=(9, 4)).astype(np.float32), rng.normal(size=(6, 4)).astype(np.float32)
    rows = np.array([3, 0, 3, 8, 3, 1])
    short, long = DigitalSynapses((9, 4)), WrittenOut((9, 4))
    assert isinstance(short, RowSynapses)
    assert not isinstance(long, RowSynapses)
    for synapses in (short, long):
        synapses.program(weights)
    assert np.array_equal(read_rows(short, rows), read_rows(long, rows))
    for synapses in (short, long):
        update_rows(synapses, rows, d, 0.3)
    expected = weights.astype(float)
    np.add.at(expected, rows, 0.3 * d.astype(float))
    for synapses in (short, long):
        np.testing.assert_allclose(synapses.weights(), expected, rtol=1e-6, atol=1e-6)
    assert short.events == long.events


def test_on_ideal_arrays_it_learns_what_it_learns_ideally():
    X, y = moby(640, 3)
    ideal, array = (
        ConditionalBoltzmann(3, max_rows=256, synapses=synapses, random_state=0).fit(X, y)
        for synapses in (None, crossbar_synapses(IDEAL, seed=1))
    )
    for one, other in zip(ideal.synapses_, array.synapses_, strict=True):
        np.testing.assert_allclose(one.weights(), other.weights(), rtol=0, atol=2e-5)


def test_events_of_a_step_and_of_a_prediction_by_hand():
    X, y = data(rows=10)
    model = ConditionalBoltzmann(3, n_symbols=4, max_rows=16, batch_size=4, random_state=0).partial_fit(X, y)
    symbols, reads = 40, 3 * 10 * 4
    expected = {
        "matmul.flop": 2 * 2 * reads,  # reads and updates
        "digital.add": 5 * symbols + 10 + symbols + 3 * 4,
        "digital.compare": symbols,
        "digital.exp": symbols,
        "digital.divide": symbols,
        "digital.multiply": 4 * 3 * 10 + 3 * 4,
        "sram.byte_written": 2 * symbols,
        "sram.byte_read": 2 * symbols,
        "sram.byte_written{reuse=fused}": 2 * symbols,
        "sram.byte_read{reuse=fused}": 2 * symbols,
    }
    assert model.events_ == Events(expected)
    before = model.events_
    model.predict(X)
    assert model.events_ == before + Events(
        {
            "matmul.flop": 2 * reads,
            "digital.add": 5 * symbols + symbols,
            "digital.compare": symbols,
            "digital.exp": symbols,
            "digital.log": 10,
            "digital.multiply": 4 * 3 * 10,
            "sram.byte_written{reuse=fused}": 2 * symbols,
            "sram.byte_read{reuse=fused}": 2 * symbols,
        }
    )


def test_an_evaluation_leaves_no_trace():
    X, y = moby(128, 2)
    model = ConditionalBoltzmann(2, max_rows=1024, synapses=crossbar_synapses(RERAM, seed=0), random_state=0).fit(X, y)
    other = ConditionalBoltzmann(2, max_rows=1024, synapses=crossbar_synapses(RERAM, seed=0), random_state=0).fit(X, y)
    events = model.events_
    model.bits_per_symbol(X, y)
    assert model.events_ == events
    assert np.array_equal(model.predict_proba(X), other.predict_proba(X))


def test_reads_on_arrays_are_counted_one_line_a_symbol_and_an_order():
    X, y = moby(64, 2)
    model = ConditionalBoltzmann(2, max_rows=1024, synapses=crossbar_synapses(RERAM, seed=0), random_state=0)
    model.partial_fit(X, y)
    events = model.events_
    assert events["array.read"] == 2 * 64
    assert events["line.drive"] == 2 * 64  # one word line a read: the others rest
    assert isinstance(model.synapses_[0], Synapses)


@pytest.mark.slow
def test_generated_text_follows_the_posterior():
    """A text of two symbols in which 0 follows 1 always, and 1 follows 0 in a quarter: 4,000 draws, five spreads."""
    rng = np.random.default_rng(0)
    text = [0]
    for u in rng.random(6000):
        text.append(0 if text[-1] == 1 else int(u < 0.25))
    text = np.array(text)
    model = ConditionalBoltzmann(1, n_symbols=2, learning_rate=5.0, random_state=0).fit(text[:-1, None], text[1:])
    drawn = model.generate(4000, start=[0], random_state=1)
    after = drawn[1:][drawn[:-1] == 0]
    p = model.predict_proba([[0]])[0, 1]
    assert abs(after.mean() - p) < 5 * np.sqrt(p * (1 - p) / len(after))
    assert drawn[1:][drawn[:-1] == 1].mean() < 0.05
    assert np.array_equal(drawn, model.generate(4000, start=[0], random_state=1))


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"orders": 0}, "orders = 0 must be an integer of at least 1"),
        ({"orders": 4}, r"X has 3 columns; couplings of order 4 need as many \(orders\)"),
        ({"max_rows": 100}, "max_rows = 100 must be a power of two"),
        ({"max_rows": 1}, "max_rows = 1 must be an integer of at least 2"),
        ({"last_rate": 1.5}, r"last_rate = 1.5 must lie in \[0, 1\]"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0 must be finite"),
        ({"n_symbols": 3}, "X holds 0 to 3; symbols are 0 to 2"),
        ({"max_rows": 2**45, "n_symbols": 2**16}, "GB of couplings"),
    ],
)
def test_what_cannot_be_is_refused(parameters, message):
    X, y = data()
    with pytest.raises(RevpathError, match=message):
        ConditionalBoltzmann(**{"orders": 3, "n_symbols": 4, "max_rows": 16, **parameters}).fit(X, y)


@pytest.mark.parametrize(
    ("length", "start", "message"),
    [
        (0, [0, 1, 2], "length = 0 must be a positive integer"),
        (5, [0, 1], "start has 2 symbols; the context is 3 long"),
        (5, [0, 1, 9], "start holds 0 to 9; symbols are 0 to 3"),
    ],
)
def test_text_from_nothing_is_refused(length, start, message):
    X, y = data()
    model = ConditionalBoltzmann(3, n_symbols=4, max_rows=16, random_state=0).fit(X, y)
    with pytest.raises(RevpathError, match=message):
        model.generate(length, start)


@pytest.mark.parametrize(
    ("rows", "message"),
    [([0, 9], "rows holds 0 to 9; the array has rows 0 to 8"), ([0.5], "of float64"), ([[1]], "has 2 dimensions")],
)
def test_rows_that_are_none_are_refused(rows, message):
    synapses = DigitalSynapses((9, 4))
    with pytest.raises(RevpathError, match=message):
        synapses.forward_rows(np.array(rows))
    with pytest.raises(RevpathError, match=message):
        synapses.update_rows(np.array(rows), np.zeros((2, 4), np.float32), 0.1)


# --- what it reaches ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_six_orders_learn_moby_dick_far_beyond_a_bigram():
    """20,032 characters: 2.75 bits or less (an independent prototype: 2.722; a bigram of the whole text: 3.29)."""
    model = ConditionalBoltzmann(6, max_rows=2**14, random_state=0).fit(*moby(20_032, 6))
    codes = load_text().validation.astype(np.int64)
    places = np.array(scored(codes, 6))
    assert model.bits_per_symbol(codes[places[:, None] - 1 - np.arange(6)], codes[places]) <= 2.75
