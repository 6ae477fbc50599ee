"""The update rules against aihwkit's: mixed precision, Tiki-Taka v2 with and without choppers, AGAD, and trains without chance.

aihwkit cannot be seeded, so nothing here is left to chance: inputs are -1, 0 or 1, lines with inputs of +-1 fire in every
slot, cells count pulses, and choppers turn at fixed times. Then both must have the same states after every call, in whole
pulses. Chopper turns and rounding by chance are held to their laws in tests/simulator. Where the rules differ from aihwkit's
on purpose, a test shows what aihwkit does.
"""

import json

import numpy as np
import pytest
from twins import aihwkit_laws as theirs

from revpath.devices import load_device
from revpath.devices.response import ConstantStep
from revpath.simulator import ArrayConfig
from revpath.simulator.pulses.plan import train_length
from revpath.simulator.rules import (
    AGADConfig,
    ChoppedTikiTaka2Config,
    DeterministicPulsesConfig,
    MixedPrecisionConfig,
    TikiTaka2Config,
)

STEP = 0.01
ROWS, COLUMNS = 5, 4
CALLS = 200
RATE = 0.047163
START = np.random.default_rng(6).uniform(
    -0.02, 0.02, (ROWS, COLUMNS)
)  # of A: sums of it are no whole numbers by accident
LONGEST = 3
FAST = {"auto_scale": False, "fast_lr": LONGEST * STEP}  # a certain outer product: LONGEST pulses
TRANSFERS = {
    "chopped": ("ChoppedTransferCompound", ChoppedTikiTaka2Config, {"in_chop_prob": 0.25, "in_chop_random": False}),
    "plain": ("ChoppedTransferCompound", TikiTaka2Config, {"in_chop_prob": 0.0}),
    "agad": ("DynamicTransferCompound", AGADConfig, {"in_chop_prob": 0.25, "in_chop_random": False}),
}
VARIANTS = {
    "one by one": {"auto_granularity": 20.0},
    "every third": {"auto_granularity": 20.0, "transfer_every": 3},
    "mini-batches": {"auto_granularity": 20.0, "units_in_mbatch": True},
    "several pulses": {"auto_granularity": 6.0, "max_steps": 5, "forget_buffer": False},
    "momentum": {"auto_granularity": 6.0, "max_steps": 5, "forget_buffer": False, "momentum": 0.25},
    "forgetting less": {"auto_granularity": 20.0, "momentum": 0.25},
    "granularity": {"auto_granularity": 0.0, "buffer_granularity": 2.5},
    "gradient": {"auto_granularity": 0.0, "buffer_granularity": 40.0, "correct_gradient_magnitudes": True},
    "scaled": {"auto_granularity": 20.0, "auto_scale": True, "fast_lr": 1.0},
}
BUFFERED = {
    "forgetting": {"forget_buffer": True, "momentum": 0.0},
    "keeping": {"forget_buffer": False, "momentum": 0.1},
}
MIXED = {"all": ({}, 1), "every other": ({"transfer_every": 2}, 1), "mini-batches": ({}, 3)}
TRAINS = [np.random.default_rng(300 + k).uniform(-1, 1, ROWS + COLUMNS + 1) for k in range(8)]


def ternary(batch: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """x (calls, batch, rows) and d (calls, batch, columns) of -1, 0 and 1, with a 1 or -1 in every row (for auto_scale)."""
    rng = np.random.default_rng(seed)
    x, d = rng.integers(-1, 2, (CALLS, batch, ROWS)), rng.integers(-1, 2, (CALLS, batch, COLUMNS))
    x[..., 0] += x[..., 0] == 0
    d[..., 0] += d[..., 0] == 0
    return x.astype(np.float32), d.astype(np.float32)


def continuous(batch: int) -> tuple[np.ndarray, np.ndarray]:
    """x (calls, batch, rows) and d (calls, batch, columns) between -1 and 1."""
    rng = np.random.default_rng(8)
    x, d = (rng.uniform(-1, 1, (CALLS, batch, n)).astype(np.float32) for n in (ROWS, COLUMNS))
    return x, d


def counters(**config) -> ArrayConfig:
    """Cells that every pulse moves by one step; a weight moves by `STEP`, and its bounds are far."""
    response = ConstantStep(step=STEP / 100, w_min=-1.0, w_max=1.0)
    device = load_device("ideal").model_copy(update={"response": response})
    return ArrayConfig(device, weight_max=100.0, longest_train=LONGEST, **config)


def batch_of(variant: dict) -> int:
    return 3 if variant.get("units_in_mbatch") else 1


@pytest.fixture(scope="module")
def answers():
    jobs = {}
    for name, (compound, _, choppers) in TRANSFERS.items():
        for variant, changes in VARIANTS.items():
            x, d = ternary(batch_of(changes), 7)
            fields = {"units_in_mbatch": False} | FAST | choppers | changes
            steps = fields.pop("max_steps", 1)
            if not fields["auto_scale"]:
                fields["fast_lr"] *= 1.001  # no line may miss its slot by rounding
            jobs[name, variant] = {
                "rule": compound,
                "fields": fields,
                "longest": LONGEST,
                "steps": steps,
                "x": x,
                "d": d,
            }
    for name, changes in BUFFERED.items():
        fields = {"units_in_mbatch": False, "transfer_every": 1, "fast_lr": FAST["fast_lr"] * 1.001, "thres_scale": 4.0}
        x, d = ternary(1, 7)
        common = {"rule": "BufferedTransferCompound", "longest": LONGEST, "steps": 5, "x": x, "d": d}
        jobs["buffered", name] = common | {"fields": fields | changes}
    chopped = jobs["chopped", "one by one"]
    jobs["chopped", "shown"] = chopped | {"fields": chopped["fields"] | {"gamma": 0.5}}
    for name, (fields, batch) in MIXED.items():
        x, d = continuous(batch)
        jobs["mixed", name] = {
            "rule": "MixedPrecisionCompound",
            "fields": fields | {"granularity": STEP},
            "x": x,
            "d": d,
        }
    x, d = continuous(1)
    common = {"rule": "MixedPrecisionCompound", "x": x, "d": d}
    jobs["mixed", "turns"] = common | {"fields": {"granularity": STEP, "n_rows_per_transfer": 2}}
    jobs["mixed", "by chance"] = common | {"fields": {"granularity": STEP}, "by_chance": True}
    full = [
        {"job": "learning", "step": STEP, "rate": RATE, "steps": 31, "start": START.tolist()}
        | job
        | {"x": job["x"].tolist(), "d": job["d"].tolist()}
        for job in jobs.values()
    ]
    counts = [
        {"job": "trains", "longest": 31, "management": True, "step": STEP, "fixed": False, "samples": 1,
         "rate": abs(values[0]) / 4, "x": values[1 : 1 + ROWS].tolist(), "d": values[1 + ROWS :].tolist(),
         "pulse_type": "MEAN_COUNT"}
        for values in TRAINS
    ]  # fmt: skip
    found = theirs.ask(full + counts)
    return dict(zip(jobs, found, strict=False)), [answer["counts"][0] for answer in found[len(full) :]]


def test_defaults_are_those_of_the_presets():
    """Every number that a rule and aihwkit's preset for the exponential ReRAM share by name."""
    presets = {
        "TTv2ReRamESPreset": TikiTaka2Config(),
        "ChoppedTTv2ReRamESPreset": ChoppedTikiTaka2Config(),
        "AGADReRamESPreset": AGADConfig(),
        "MixedPrecisionReRamESPreset": MixedPrecisionConfig(),
    }
    (found,) = theirs.ask([{"job": "rules", "names": list(presets)}])
    for name, options in presets.items():
        fields = json.loads(str(found[name]))
        shared = set(fields) & set(type(options).model_fields)
        ours = {key: getattr(options, key) for key in shared}
        # all rows of a transfer, and the granularity of the device, have other names
        unset = {"n_rows_per_transfer": -1, "granularity": 0.0}
        assert {k: unset.get(k) if v is None else v for k, v in ours.items()} == {k: fields[k] for k in shared}
        assert len(shared) >= (9 if "transfer_lr" in ours else 4), sorted(shared)


@pytest.mark.jit
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", TRANSFERS)
def test_two_arrays_learn_alike(answers, name, variant):
    """Fast array, buffer, slow array, and for AGAD the running and the past means, after each of 200 calls."""
    found = answers[0][name, variant]
    _, rule, choppers = TRANSFERS[name]
    options = FAST | VARIANTS[variant] | (choppers if name != "plain" else {})
    if not options["auto_scale"]:
        options["fast_lr"] *= 1 - 1e-6  # our trains are as long as they must be: three slots, not four
    array = rule(**options).on((ROWS, COLUMNS), counters(), seed=2)
    array.fast.program(START)
    buffer = next(v for k, v in found.items() if k.startswith("buffered"))
    x, d = ternary(batch_of(VARIANTS[variant]), 7)
    for call in range(CALLS):
        array.update(x[call], d[call], RATE)
        np.testing.assert_allclose(array.fast.read(), found["hidden_weights_0"][call], atol=0.3 * STEP)
        np.testing.assert_allclose(array.read(), found["hidden_weights_1"][call], atol=0.3 * STEP)
        np.testing.assert_allclose(array.buffer, buffer[call], atol=0.02)
        if name == "agad":
            np.testing.assert_allclose(array.mean, found["running_mean_weight"][call], atol=0.3 * STEP)
            np.testing.assert_allclose(array.reference, found["past_mean_weight"][call], atol=0.3 * STEP)
    assert np.abs(array.read()).max() >= 2 * STEP  # something was learned
    assert np.abs(array.buffer).max() > 0.1


@pytest.mark.jit
@pytest.mark.parametrize("name", BUFFERED)
def test_the_older_compound_is_the_same_rule(answers, name):
    """BufferedTransferCompound, aihwkit's first Tiki-Taka v2: its buffer counts in weights, ours in pulses."""
    found = answers[0]["buffered", name]
    options = {"auto_scale": False, "auto_granularity": 0.0, "buffer_granularity": 4.0, "max_steps": 5}
    options |= BUFFERED[name] | {"fast_lr": FAST["fast_lr"] * (1 - 1e-6)}
    array = TikiTaka2Config(**options).on((ROWS, COLUMNS), counters(), seed=2)
    array.fast.program(START)
    x, d = ternary(1, 7)
    for call in range(CALLS):
        array.update(x[call], d[call], RATE)
        np.testing.assert_allclose(array.fast.read(), found["hidden_weights_0"][call], atol=0.1 * STEP)
        np.testing.assert_allclose(array.read(), found["hidden_weights_1"][call], atol=0.1 * STEP)
        np.testing.assert_allclose(array.buffer, found["buffered_FP_weight_0"][call] / (4 * STEP), atol=0.01)
    assert np.abs(array.read()).max() > 5 * STEP


@pytest.mark.jit
def test_trap_T12_signs_of_choppers_are_not_taken_off_what_is_shown(answers):
    """With gamma above 0, W is C + gamma A with the choppers' signs taken off; aihwkit 1.1.0 adds A as it stands, and takes
    what it reads of A into the buffer by gamma too. Ours fills the buffer alike for any gamma."""
    found = answers[0]["chopped", "shown"]
    _, rule, choppers = TRANSFERS["chopped"]
    options = FAST | VARIANTS["one by one"] | choppers | {"gamma": 0.5, "fast_lr": FAST["fast_lr"] * (1 - 1e-6)}
    array = rule(**options).on((ROWS, COLUMNS), counters(), seed=2)
    array.fast.program(START)
    x, d = ternary(1, 7)
    turned = 0
    for call in range(CALLS):
        array.update(x[call], d[call], RATE)
        a, c, shown = (found[name][call] for name in ("hidden_weights_0", "hidden_weights_1", "weights"))
        np.testing.assert_allclose(shown, c + 0.5 * a, atol=0.01 * STEP)
        np.testing.assert_allclose(array.fast.read(), a, atol=0.1 * STEP)
        expected = array.array.read() + 0.5 * array.in_chopper[:, None] * a
        np.testing.assert_allclose(array.read(), expected, atol=0.1 * STEP)
        turned += np.any(array.in_chopper < 0)
        if call == ROWS - 1:  # every word line was read once
            np.testing.assert_allclose(found["buffered_FP_weight_0"][call], 0.5 * array.buffer, atol=1e-3)
    assert turned > CALLS / 3


@pytest.mark.jit
@pytest.mark.parametrize("name", MIXED)
def test_mixed_precision_sends_the_same_pulses_one_product_earlier(answers, name):
    """aihwkit sends after the first outer product of the *next* mini-batch, and never after the last one; we send when a
    mini-batch is complete. Cut where aihwkit sends, both have the same memory and the same weights."""
    fields, batch = MIXED[name]
    found = answers[0]["mixed", name]
    x, d = (v.reshape(CALLS * batch, -1) for v in continuous(batch))
    array = MixedPrecisionConfig(granularity=STEP).on((ROWS, COLUMNS), counters())
    period = fields.get("transfer_every", 1) * batch
    sent = 0
    for call in range(1, CALLS):
        products = (call + 1) * batch
        while sent + (1 if sent == 0 else 0) + period <= products:
            upto = period + 1 if sent == 0 else sent + period
            array.update(x[sent:upto], d[sent:upto], RATE)
            sent = upto
        rest = (RATE * x[sent:products].T @ d[sent:products]) / STEP
        # chi counts in granularities here, in weights and against the gradient there
        np.testing.assert_allclose(array.chi + rest, -found["hidden_weights_chi"][call] / STEP, atol=2e-3)
        np.testing.assert_allclose(array.read(), found["weights"][call], atol=0.3 * STEP)
    assert np.abs(array.read()).max() > 5 * STEP
    assert not np.any(found["weights"][0])


@pytest.mark.jit
def test_mixed_precision_takes_off_what_it_sends(answers):
    """aihwkit sends its n pulses by stochastic trains unless told otherwise, and takes n off its memory whatever came of them;
    ours are n pulses. Memory and weights together are then what was learned, but for the pulses by chance."""
    x, d = (v[:, 0] for v in continuous(1))
    learned = RATE * np.einsum("cr,ck->rk", x, d)

    def lost(case: str) -> float:
        found = answers[0]["mixed", case]
        return float(np.abs(found["weights"][-1] - found["hidden_weights_chi"][-1] - learned).max())

    assert lost("all") < 0.1 * STEP
    assert lost("by chance") > 0.9 * STEP


@pytest.mark.jit
def test_mixed_precision_in_turns_serves_word_lines_not_bit_lines(answers):
    """n_rows_per_transfer: aihwkit serves rows of its matrix, which are our bit lines; we serve word lines, which one driver
    selects. The weights of one transfer lie side by side in either."""
    changed = np.diff(answers[0]["mixed", "turns"]["weights"], axis=0) != 0  # (calls, rows, columns)
    assert all(np.count_nonzero(call.any(axis=0)) <= 2 for call in changed)
    assert changed.any(axis=(0, 1)).all()
    assert max(np.count_nonzero(call.any(axis=1)) for call in changed) > 2
    array = MixedPrecisionConfig(granularity=STEP, n_rows_per_transfer=2).on((ROWS, COLUMNS), counters())
    x, d = continuous(1)
    before = array.read()
    for call in range(20):
        array.update(x[call], d[call], RATE)
        after = array.read()
        assert np.count_nonzero((after != before).any(axis=1)) <= 2
        before = after


@pytest.mark.jit
@pytest.mark.parametrize("k", range(len(TRAINS)))
def test_trains_without_chance_have_the_same_coincidences(answers, k):
    """MeanCount: n = round(round(BL p_x) round(BL p_d) / BL), but for values that float32 rounds to the other side."""
    values = TRAINS[k]
    x, d, rate = values[1 : 1 + ROWS], values[1 + ROWS :], abs(values[0]) / 4
    response = ConstantStep(step=STEP / 200, w_min=-1.0, w_max=1.0)
    device = load_device("ideal").model_copy(update={"response": response})
    array = DeterministicPulsesConfig().on((ROWS, COLUMNS), ArrayConfig(device, weight_max=200.0, longest_train=31))
    array.update(np.float32(x[None]), np.float32(d[None]), rate)
    ours = np.rint(array.read() / STEP).T
    slots, x_gain, d_gain = train_length(rate, [np.abs(x).max()], [np.abs(d).max()], STEP, 31)
    fires = [np.minimum(gain[0] * np.abs(v), 1) * slots[0] for v, gain in ((x, x_gain), (d, d_gain))]
    doubtful = [np.abs(v - np.floor(v) - 0.5) < 1e-4 for v in fires]
    products = np.floor(fires[1] + 0.5)[:, None] * np.floor(fires[0] + 0.5) / slots[0]
    sure = ~(doubtful[1][:, None] | doubtful[0] | (np.abs(products - np.floor(products) - 0.5) < 1e-4))
    assert sure.mean() > 0.7
    np.testing.assert_array_equal(ours[sure], answers[1][k][sure])
    assert np.abs(ours).max() >= 1
