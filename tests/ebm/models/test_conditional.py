"""The conditional RBM: its rules against enumeration and finite differences, its events by hand, its manners.

Statistical tests draw from fixed seeds; each states how often an honest implementation would fail with a fresh one.
"""

import pickle
from itertools import product

import numpy as np
import pytest
from helpers.statistics import relative
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from revpath.devices import load_device
from revpath.devices.base.errors import RevpathError
from revpath.ebm import ConditionalRBM, DigitalSynapses, crossbar_synapses
from revpath.ebm.models.conditional import one_hot
from revpath.simulator import ADC, DAC, ArrayConfig, Events
from revpath.simulator.compile import threads
from revpath.studies.tasks.text import load_text

RATES = {"learning_rate": 3.0, "label_learning_rate": 0.7, "bias_learning_rate": 1.3}
IDEAL = ArrayConfig(weight_max=50.0)  # ideal cells, ideal converters
RERAM = ArrayConfig(
    device="reram-sb-gong2018", weight_max=2.0, dac=DAC(bits=8), adc=ADC(bits=8, y_max=6.0), longest_train=31
)


def data(rows=40, context=2, symbols=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, symbols, (rows, context)), rng.integers(0, symbols, rows)


def begun(X, y, hidden=4, symbols=3, **parameters):
    """A model with random weights and biases that has learned nothing yet."""
    parameters = {"n_symbols": symbols, "random_state": 7, "batch_size": len(X), "context_spread": 1.0, **parameters}
    model = ConditionalRBM(hidden, **parameters)
    rates = {name: getattr(model, name) for name in RATES}
    model.set_params(**dict.fromkeys(rates, 0.0)).partial_fit(X, y)
    rng = np.random.default_rng(3)
    model.intercept_hidden_ = rng.normal(0, 0.5, hidden).astype(np.float32)
    model.intercept_label_ = rng.normal(0, 0.5, symbols).astype(np.float32)
    return model.set_params(**rates)


def parameters_of(model):
    """W, U, c, b in float64."""
    held = (model.context_synapses_.weights(), model.label_synapses_.weights())
    return [np.array(p, float) for p in (*held, model.intercept_hidden_, model.intercept_label_)]


def log_p_by_enumeration(parameters, x):
    """log p(y | x) of one context from the energy, all hidden states written out."""
    W, U, c, b = parameters
    a = c + x @ W
    weight = [
        sum(np.exp(b[y] + (np.array(h) - 0.5) @ (U[y] + a)) for h in product((0, 1), repeat=len(c)))
        for y in range(len(b))
    ]
    return np.log(np.array(weight) / np.sum(weight))


def moby(n):
    codes = load_text().train[: n + 8].astype(np.int64)
    at = np.arange(8, n + 8)
    return codes[at[:, None] - 1 - np.arange(8)], codes[at]


# --- the model ------------------------------------------------------------------------------------------------------


def test_probabilities_are_those_of_the_energy():
    X, y = data()
    model = begun(X, y)
    x = one_hot(X, 3)
    expected = np.array([log_p_by_enumeration(parameters_of(model), row) for row in x])
    np.testing.assert_allclose(model.predict_log_proba(X), expected, rtol=0, atol=2e-6)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(model.predict(X), expected.argmax(axis=1))
    bits = -expected[np.arange(len(y)), y].mean() / np.log(2)
    assert model.bits_per_symbol(X, y) == pytest.approx(bits, abs=2e-6)
    assert model.bits_per_symbol(X, y, stored=True) == pytest.approx(bits, abs=2e-6)


def test_one_hot_puts_each_symbol_in_its_place():
    rows = one_hot(np.array([[2, 0], [1, 1]]), 3)
    np.testing.assert_array_equal(rows, [[0, 0, 1, 1, 0, 0], [0, 1, 0, 0, 1, 0]])
    assert rows.dtype == np.float32


def test_exact_rule_steps_along_the_gradient_of_the_mean_log_likelihood():
    """Central differences in float64 of the enumerated likelihood; every parameter, each with its own rate."""
    X, y = data(rows=6)
    model = begun(X, y, **RATES)
    x, before = one_hot(X, 3), parameters_of(model)

    def likelihood(parameters):
        return np.mean([log_p_by_enumeration(parameters, row)[symbol] for row, symbol in zip(x, y, strict=True)])

    model.partial_fit(X, y)
    after = parameters_of(model)
    rates = (*RATES.values(), RATES["bias_learning_rate"])
    for which, rate in enumerate(rates):
        for place in np.ndindex(before[which].shape):
            slopes = []
            for sign in (1, -1):
                moved = [p.copy() for p in before]
                moved[which][place] += sign * 1e-5
                slopes.append(sign * likelihood(moved) / 2e-5)
            assert after[which][place] - before[which][place] == pytest.approx(rate * sum(slopes), abs=3e-6), which


def test_slowdown_divides_every_rate():
    X, y = data(rows=6)
    steps = []
    for slowdown in (1.0, 4.0):
        model = begun(X, y, **RATES)
        before = parameters_of(model)
        model.partial_fit(X, y, slowdown=slowdown)
        steps.append([after - b for after, b in zip(parameters_of(model), before, strict=True)])
    for whole, quarter in zip(*steps, strict=True):
        np.testing.assert_allclose(quarter, whole / 4, rtol=0, atol=1e-6)


def test_a_last_smaller_batch_takes_a_whole_step():
    """Rates are for the mean of a mini-batch, whatever its size: three rows in batches of two are two steps."""
    X, y = data(rows=3)
    together, apart = (begun(X, y, **RATES).set_params(batch_size=2) for _ in range(2))
    together.partial_fit(X, y)
    apart.partial_fit(X[:2], y[:2]).set_params(batch_size=1).partial_fit(X[2:], y[2:])
    for a, b in zip(parameters_of(together), parameters_of(apart), strict=True):
        np.testing.assert_array_equal(a, b)


def test_cd_rule_has_the_expectation_of_one_gibbs_step():
    """One update of N = 20,000 equal rows against enumeration of every (h, y').

    Mean and variance of each of the 25 numbers of a row's update are enumerated, so that z is a standard normal:
    false-alarm rate 25 * 2 * Phi(-5.5) = 1e-6. Rounding in float32 adds at most 1e-5, a five-hundredth of sigma.
    """
    n, X, y = 20_000, np.array([[0, 2]]), 1
    many = np.tile(X, (n, 1)), np.full(n, y)
    rates = dict.fromkeys(RATES, 1.0)
    model = begun(*many, hidden=3, rule="cd", label_spread=3.0, **rates)
    before = parameters_of(model)
    model.partial_fit(*many)
    found = [after - b for after, b in zip(parameters_of(model), before, strict=True)]
    mean, variance = cd_by_enumeration(before, one_hot(X, 3)[0].astype(float), y)
    for update, m, v in zip(found, mean, variance, strict=True):
        np.testing.assert_array_less(np.abs(update - m), 5.5 * np.sqrt(v / n) + 1e-5)
    # the test can tell laws apart: this is not the gradient of the likelihood
    exact = begun(*many, hidden=3, label_spread=3.0, **rates).partial_fit(*many)
    gap = np.abs(parameters_of(exact)[0] - before[0] - mean[0])
    assert np.max(gap / np.sqrt(variance[0] / n + 1e-12)) > 20


def cd_by_enumeration(parameters, x, y):
    """Mean and variance of the update of (W, U, c, b) by one row at rate 1."""
    W, U, c, b = parameters
    a = c + x @ W
    on = 1 / (1 + np.exp(-(a + U)))  # (symbols, hidden)
    mean, square = [0.0] * 4, [0.0] * 4
    for h in product((0, 1), repeat=len(c)):
        h = np.array(h)
        p_h = np.prod(np.where(h, on[y], 1 - on[y]))
        p_y = np.exp(b + (h - 0.5) @ U.T)
        p_y /= p_y.sum()
        for other in range(len(b)):
            d_labels = np.zeros_like(U)
            d_labels[y] += on[y] - 0.5
            d_labels[other] -= on[other] - 0.5
            d_bias = np.eye(len(b))[y] - np.eye(len(b))[other]
            update = (np.outer(x, on[y] - on[other]), d_labels, on[y] - on[other], d_bias)
            for i, u in enumerate(update):
                mean[i] = mean[i] + p_h * p_y[other] * u
                square[i] = square[i] + p_h * p_y[other] * u**2
    return mean, [s - m**2 for m, s in zip(mean, square, strict=True)]


@pytest.mark.jit
@pytest.mark.parametrize(
    ("rule", "bits"), [("exact", 3.0), ("cd", 3.3)]
)  # 2.89 and 3.10 at random_state=0; other seeds stay within 0.1
def test_it_learns_english(rule, bits):
    X, y = moby(20_000)
    p = np.bincount(y, minlength=27) / len(y)
    unigram = -np.sum(p * np.log2(p, out=np.zeros_like(p), where=p > 0))
    assert unigram == pytest.approx(4.08, abs=0.01)
    model = ConditionalRBM(64, rule=rule, learning_rate=40.0 if rule == "exact" else 20.0, random_state=0).fit(X, y)
    assert model.bits_per_symbol(*moby(5_000)) < bits


def test_more_passes_learn_more():
    X, _ = data(rows=64)
    y = X[:, 1]  # 1.58 bits to be learned
    once, often = (
        ConditionalRBM(8, n_symbols=3, n_iter=n, batch_size=8, learning_rate=2.0, random_state=0).fit(X, y)
        for n in (1, 20)
    )
    assert often.bits_per_symbol(X, y) < 0.1 < once.bits_per_symbol(X, y)


# --- on arrays ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["exact", "cd"])
def test_off_is_exact(rule):
    """The same code on an array with every non-ideality off: the same model, to float32 rounding."""
    X, y = data(rows=48, context=3, symbols=5)
    parameters = {**RATES, "n_symbols": 5, "rule": rule, "batch_size": 8, "random_state": 3}
    digital = ConditionalRBM(6, **parameters).fit(X, y)
    analog = ConditionalRBM(6, synapses=crossbar_synapses(IDEAL), **parameters).fit(X, y)
    for a, b in zip(parameters_of(digital), parameters_of(analog), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5)
    np.testing.assert_allclose(digital.predict_log_proba(X), analog.predict_log_proba(X), rtol=0, atol=1e-4)


@pytest.mark.jit
@pytest.mark.parametrize("rule", ["exact", "cd"])
def test_it_learns_in_a_noisy_array(rule):
    X, y = moby(6_000)
    model = ConditionalRBM(
        32, rule=rule, learning_rate=10.0, synapses=crossbar_synapses(RERAM, seed=1), random_state=0
    ).fit(X[:, :3], y)
    assert model.bits_per_symbol(X[:, :3], y) < 4.0  # the unigram has 4.08; 3.7 at this seed
    done = model.events_
    assert done["pulse.up"] == done["pulse.down"] > 1000
    assert "matmul.flop" not in done


def test_a_device_that_cannot_learn_is_refused():
    X, y = data()
    config = ArrayConfig(device="pcm-nandakumar2019", dac=DAC(), adc=ADC())
    assert load_device("pcm-nandakumar2019").response.law == "unknown"
    with pytest.raises(RevpathError, match="pcm-nandakumar2019"):
        ConditionalRBM(4, n_symbols=3, synapses=crossbar_synapses(config)).fit(X, y)


# --- events ---------------------------------------------------------------------------------------------------------

# One step, B = 2 rows of context 2, K = 3 symbols, H = 4 hidden units; F = B K H = 24 (row, symbol, unit) triples.
EXACT_STEP = {
    # BH hidden bias, 2F sums, K(H + 1) centred label bias, 3BK logits and softmax;
    # B true less model, 2F gradients, KH centring, B(H + K) biases
    "digital.add": (8 + 48 + 15 + 18) + (2 + 48 + 12 + 14),
    "digital.softplus": 24,
    "digital.sigmoid": 24,
    "digital.compare": 6,
    "digital.exp": 6,
    "digital.divide": 6,
    "digital.multiply": 24 + 7,
    # labels as read, a byte each; forward label and sum, backward label, probability and gradient; fields and theirs, twice
    "sram.byte_written": 12,
    "sram.byte_read{reuse=rows}": 24 + 24 * (1 + 2),
    "sram.byte_written{reuse=rows}": 2 * 24,
    "sram.byte_read{reuse=units}": 2 * 24 + 2 * 24,
    "sram.byte_written{reuse=units}": 2 * 24,
    "sram.byte_read{reuse=column}": 2 * 8 + 2 * 8,
    "sram.byte_written{reuse=column}": 2 * 8 + 2 * 8,
}
CD_STEP = {
    "digital.add": 7 * 8 + 3 * 6 + 2 * 2,
    "digital.sigmoid": 2 * 8,
    "digital.compare": 8 + 2 * 6,
    "digital.exp": 6,
    "digital.multiply": 2 + 7,
    "random.bit": 16 * (8 + 2),
    "sram.byte_read{reuse=column}": 2 * 2 * 8,
    "sram.byte_written{reuse=column}": 2 * 2 * 8,
    "sram.byte_read{reuse=fused}": 2 * 8,
    "sram.byte_written{reuse=fused}": 2 * 8,
}
X2, Y2 = np.array([[0, 1], [2, 2]]), np.array([1, 0])


@pytest.mark.parametrize(
    ("rule", "digital", "flops"),
    [
        # context and labels forward (a non-zero input meets 4 columns, 2 flop each), then both updates
        ("exact", EXACT_STEP, 2 * 4 * (4 + 3 + 4 + 3)),
        # context forward; labels forward twice, backward once (8 inputs, 3 rows); updates: context, labels twice
        ("cd", CD_STEP, 2 * 4 * (4 + 2 + 2 + 4 + 2 + 2) + 2 * 3 * 8),
    ],
)
def test_events_of_a_digital_step(rule, digital, flops):
    model = begun(X2, Y2, rule=rule, **RATES)
    before = model.events_
    model.partial_fit(X2, Y2)
    assert model.events_ - before == Events({**digital, "matmul.flop": flops})


def test_events_of_an_array_step():
    """At learning rates of zero no pulse fires: what is left are the reads, and the programming at the start."""
    model = begun(X2, Y2, synapses=crossbar_synapses(RERAM, seed=2))
    assert model.events_["cell.programmed"] == 2 * (6 * 4 + 3 * 4)  # two cells a weight
    before = model.events_
    model.set_params(**dict.fromkeys(RATES, 0.0)).partial_fit(X2, Y2)
    done = model.events_ - before
    expected = {
        **EXACT_STEP,
        "array.read": 2 + 3,  # contexts, symbols
        "line.drive": 4 + 3,
        "dac.conversion{bits=8}": 4 + 3,
        f"adc.conversion{{enob={RERAM.adc.enob:.2f}}}": (2 + 3) * 4,
        "column.regulate": 2 * (2 + 3) * 4,
    }
    assert dict(done.counts) == expected
    assert done["array.busy_s"] == relative(5 * RERAM.read_time)
    assert done["adc.snr_sum"] == relative(20 * RERAM.adc.snr)
    # the energy of the reads: V^2 t over all cells of the driven lines (8-bit DAC: full scale is a level of it)
    G = [s.array.conductances().sum(axis=(1, 2)) for s in (model.context_synapses_, model.label_synapses_)]
    driven = one_hot(X2, 3).sum(axis=0) @ G[0] + G[1].sum()
    assert done["array.read_energy_J"] == relative(driven * RERAM.read_voltage**2 * RERAM.read_time, rel=1e-6)


def test_events_of_a_prediction():
    model = begun(X2, Y2)
    before = model.events_
    model.predict(X2)
    expected = {
        "digital.add": 8 + 48 + 15 + 18 + 6,  # as in the exact step, and the normalisation
        "digital.softplus": 24,
        "digital.compare": 6,
        "digital.exp": 6,
        "digital.log": 2,
        "sram.byte_written": 12,
        "sram.byte_read{reuse=rows}": 24,
        "sram.byte_read{reuse=units}": 2 * 24,
        "sram.byte_written{reuse=units}": 2 * 24,
        "sram.byte_read{reuse=column}": 2 * 8,
        "sram.byte_written{reuse=column}": 2 * 8,
        "matmul.flop": 2 * 4 * (4 + 3),
    }
    assert model.events_ - before == Events(expected)


@pytest.mark.jit
@pytest.mark.parametrize("config", [None, RERAM], ids=["digital", "reram"])
def test_evaluation_leaves_no_trace(config):
    """Trained with and without evaluations in between: the same weights and events to the last bit."""
    X, y = moby(1_500)
    finals = []
    for looks in (0, 3):
        model = ConditionalRBM(16, synapses=config and crossbar_synapses(config, seed=4), random_state=1)
        for part in range(3):
            rows = slice(500 * part, 500 * (part + 1))
            model.partial_fit(X[rows], y[rows])
            for _ in range(looks):
                model.bits_per_symbol(X[:50], y[:50])
        finals.append((*(p.tobytes() for p in parameters_of(model)), model.events_))
    assert finals[0] == finals[1]


@pytest.mark.jit
def test_reads_are_noisy_and_stored_weights_are_not():
    X, y = moby(300)
    model = ConditionalRBM(16, synapses=crossbar_synapses(RERAM, seed=4), random_state=1).fit(X, y)
    assert model.bits_per_symbol(X, y) != model.bits_per_symbol(X, y)
    assert model.bits_per_symbol(X, y, stored=True) == model.bits_per_symbol(X, y, stored=True)


# --- manners --------------------------------------------------------------------------------------------------------


@pytest.mark.jit
@pytest.mark.parametrize("rule", ["exact", "cd"])
@pytest.mark.parametrize("config", [None, RERAM], ids=["digital", "reram"])
def test_a_pickled_model_goes_on_as_if_nothing_had_happened(config, rule):
    X, y = moby(1_000)
    model = ConditionalRBM(16, rule=rule, synapses=config and crossbar_synapses(config, seed=4), random_state=1)
    model.partial_fit(X[:500], y[:500])
    model.bits_per_symbol(X[:50], y[:50])
    twin = pickle.loads(pickle.dumps(model))
    for m in (model, twin):
        m.partial_fit(X[500:], y[500:])
    assert model.events_ == twin.events_
    assert model.bits_per_symbol(X, y) == twin.bits_per_symbol(X, y)
    for a, b in zip(parameters_of(model), parameters_of(twin), strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.jit
@pytest.mark.parametrize("config", [None, RERAM], ids=["digital", "reram"])
def test_training_does_not_depend_on_threads(config):
    X, y = moby(700)
    found = []
    for n in (1, 2):
        try:
            with threads(n):
                model = ConditionalRBM(96, synapses=config and crossbar_synapses(config), random_state=1).fit(X, y)
        except ValueError:
            pytest.skip("one thread only")
        found.append([p.tobytes() for p in parameters_of(model)])
    assert found[0] == found[1]


def test_scikit_learn_conventions():
    X, y = data()
    model = ConditionalRBM(5, n_symbols=3, synapses=crossbar_synapses(IDEAL), random_state=2, batch_size=4)
    again = clone(model)
    assert again.get_params() == model.get_params()
    assert again is not model
    assert model.fit(X, y) is model
    assert model.n_features_in_ == 2
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    np.testing.assert_array_equal(model.predict(X), again.fit(X, y).predict(X))
    assert 0 <= model.score(X, y) <= 1
    before = set(vars(model))
    model.predict_proba(X)
    assert set(vars(model)) == before


def test_fit_begins_anew_and_partial_fit_goes_on():
    X, y = data()
    model = ConditionalRBM(5, n_symbols=3, random_state=2).fit(X, y)
    first = parameters_of(model)
    assert [a.tobytes() for a in parameters_of(model.fit(X, y))] == [a.tobytes() for a in first]
    model.partial_fit(X, y)
    assert parameters_of(model)[0].tobytes() != first[0].tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_components": 0}, "n_components = 0 must be an integer of at least 1"),
        ({"n_components": 2.5}, "n_components = 2.5"),
        ({"n_components": True}, "n_components = True"),
        ({"n_symbols": 1}, "n_symbols = 1 must be an integer of at least 2"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"n_iter": 0}, "n_iter = 0"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0 must be finite and not negative"),
        ({"learning_rate": float("nan")}, "learning_rate = nan"),
        ({"learning_rate": "fast"}, "learning_rate = 'fast'"),
        ({"label_learning_rate": float("inf")}, "label_learning_rate = inf"),
        ({"bias_learning_rate": None}, "bias_learning_rate = None"),
        ({"context_spread": -0.1}, "context_spread = -0.1"),
        ({"rule": "pcd"}, "rule = 'pcd' must be one of"),
    ],
)
def test_bad_parameters_are_named(change, message):
    X, y = data()
    with pytest.raises(RevpathError, match=message):
        ConditionalRBM(**{"n_components": 4, "n_symbols": 3, **change}).fit(X, y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.array([[0, 3]]), np.array([0]), "X holds 0 to 3; symbols are 0 to 2"),
        (np.array([[0, -1]]), np.array([0]), "X holds -1 to 0"),
        (np.array([[0, 1]]), np.array([7]), "y holds 7 to 7"),
        (np.array([[0.0, 1.0]]), np.array([0]), "2 dimensions of float64; it must have 2 of integers"),
        (np.array([[np.nan, 1.0]]), np.array([0]), "float64"),
        (np.array([0, 1]), np.array([0]), "X has 1 dimensions"),
        (np.array([[0, 1]]), np.array([[0]]), "y has 2 dimensions"),
        (np.array([[0, 1]]), np.array([0, 1]), "X has 1 rows and y has 2"),
        (np.empty((0, 2), int), np.empty(0, int), "at least one"),
        (np.empty((2, 0), int), np.array([0, 1]), "X has no columns"),
    ],
)
def test_bad_data_are_named(X, y, message):
    with pytest.raises(RevpathError, match=message):
        ConditionalRBM(4, n_symbols=3).fit(X, y)


@pytest.mark.parametrize("slowdown", [0.5, 0, -1, float("nan"), float("inf")])
def test_slowdown_only_slows(slowdown):
    X, y = data()
    model = ConditionalRBM(4, n_symbols=3)
    with pytest.raises(RevpathError, match=r"slowdown = .* must be finite and at least 1"):
        model.partial_fit(X, y, slowdown=slowdown)
    assert not hasattr(model, "context_synapses_")  # nothing was begun


def test_a_begun_model_keeps_its_context():
    X, y = data()
    model = ConditionalRBM(4, n_symbols=3).fit(X, y)
    for call in (lambda: model.partial_fit(X[:, :1], y), lambda: model.predict(X[:, :1])):
        with pytest.raises(RevpathError, match="X has 1 columns; this model was begun with 2"):
            call()


def test_nothing_is_predicted_before_learning():
    for call in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(NotFittedError):
            getattr(ConditionalRBM(4), call)(np.array([[0]]))


def test_weights_that_do_not_fit_the_array_are_refused():
    X, y = data()
    small = crossbar_synapses(ArrayConfig(weight_max=0.05))
    with pytest.raises(RevpathError, match=r"beyond weight_max = 0\.05"):
        ConditionalRBM(4, n_symbols=3, synapses=small).fit(X, y)


def test_synapses_are_asked_for_by_shape_and_number():
    asked = []

    def make(shape, array):
        asked.append((shape, array))
        return DigitalSynapses(shape, array)

    X, y = data()
    ConditionalRBM(4, n_symbols=3, synapses=make).fit(X, y)
    assert asked == [((6, 4), 0), ((3, 4), 1)]
