"""Laws of pulse response: against scalar twins, against each other, in law by Monte Carlo, and at the traps of aihwkit."""

import math

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_covariance, p_of_law, p_of_mean, p_of_variance, plausible, relative
from scipy import stats
from twins import pulses as twin

from revpath.devices import RevpathError, load_device
from revpath.devices.response import (
    ConstantStep,
    ExponentialStep,
    LinearStep,
    PowerStep,
    PulsedResponse,
    SoftBounds,
    SoftBoundsReference,
    TableStep,
)

SPREADS = {"step_spread": 0.2, "asymmetry_spread": 0.05, "w_max_spread": 0.1, "w_min_spread": 0.15}
COMMON = {
    "step": 0.004,
    "w_min": -0.8,
    "w_max": 1.2,
    "asymmetry": 0.1,
    "step_noise": 0.3,
    "write_noise": 2.0,
    **SPREADS,
}
BARE = {"step": 0.004, "w_min": -0.8, "w_max": 1.2}
SHAPE = {"a": -0.5, "b": -0.3, "gamma_up": 2.0, "gamma_down": 3.0, "amplitude_up": -0.8, "amplitude_down": 0.05}
NODES = {"up_steps": (1.4, 1.0, 0.9, 0.2), "down_steps": (0.1, 0.7, 1.2, 2.0)}
LAWS: dict[str, PulsedResponse] = {
    "constant": ConstantStep(**COMMON),
    "constant-additive": ConstantStep(noise="additive", spread_law="lognormal", **COMMON),
    "linear": LinearStep(gamma_up=0.4, gamma_down=0.7, gamma_up_spread=0.1, gamma_down_spread=0.2, **COMMON),
    "linear-nominal": LinearStep(gamma_up=0.4, gamma_down=-0.7, slopes_refer_to="nominal", noise="additive", **COMMON),
    "soft-bounds": SoftBounds(step=0.004, w_min=-0.8, w_max=1.2, step_noise=3.0, write_noise=2.0, **SPREADS),
    "soft-bounds-reference": SoftBoundsReference(
        reference_mean=0.05, reference_spread=0.02, slope_up_spread=0.1, slope_down_spread=0.2, **COMMON
    ),
    "soft-bounds-reference-mult": SoftBoundsReference(at_symmetry_point=False, noise="multiplicative", **COMMON),
    "exponential": ExponentialStep(**SHAPE, **COMMON),
    "exponential-floor": ExponentialStep(noise_floor=0.001, noise_slope=0.002, **SHAPE, **COMMON),
    "power": PowerStep(gamma=1.7, gamma_asymmetry=-0.2, gamma_spread=0.1, gamma_tilt_spread=0.05, **COMMON),
    "table": TableStep(**NODES, **COMMON),
}
EVERY = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
INSIDE = np.array([-0.45, -0.2, 0.0, 0.3, 0.6])


def twin_of(law: PulsedResponse, cells, k: int):
    """The scalar twin of `law` for cell k: a function of (w, up, xi)."""
    one = {name: float(np.asarray(value)[k]) for name, value in vars(cells).items()}
    basic = [one.pop(name) for name in ("s_up", "s_down", "b_max", "b_min")]
    c, additive = law.step_noise or 0.0, getattr(law, "noise", "additive") == "additive"
    shape = {
        ConstantStep: (twin.constant, {}),
        LinearStep: (twin.linear, {"additive": additive}),
        SoftBounds: (twin.soft_bounds, {}),
        SoftBoundsReference: (twin.soft_bounds, {"additive": additive}),
        PowerStep: (twin.power, {}),
    }
    if isinstance(law, ExponentialStep):
        function, more = twin.exponential, {
            "a": law.a, "b": law.b, "big_up": law.amplitude_up, "big_down": law.amplitude_down, "gamma_up": law.gamma_up,
            "gamma_down": law.gamma_down, "add": law.noise_floor, "slope": law.noise_slope,
        }  # fmt: skip
    elif isinstance(law, TableStep):
        function, more = twin.table, {"nodes_up": law.up_steps, "nodes_down": law.down_steps}
    else:
        function, more = shape[type(law)]
    return lambda w, up, xi: function(w, up, xi, *basic, c=c, **more, **one)


@EVERY
def test_a_pulse_is_that_of_the_scalar_twin(law):
    rng = np.random.default_rng(5)
    cells = law.draw_cell_parameters(rng.standard_normal((200, law.draws)))
    w = law.bounded(rng.uniform(-1, 1.4, 200), cells)
    up, xi = rng.random(200) < 0.5, rng.standard_normal(200)
    expected = [twin_of(law, cells, k)(w[k], up[k], xi[k]) for k in range(200)]
    np.testing.assert_allclose(law.pulse(w, up, xi, cells), expected, rtol=0, atol=1e-14)


@EVERY
@pytest.mark.parametrize("up", [True, False])
def test_mean_and_variance_of_a_pulse(law, up):
    """Ten comparisons a case: false alarm 1e-7 for each of the two checks."""
    xi = np.random.default_rng(7).standard_normal((40_000, len(INSIDE)))
    change = law.pulse(INSIDE, np.asarray(up), xi, law.nominal) - INSIDE
    mean = law.mean_up(INSIDE) if up else law.mean_down(INSIDE)
    scale = law.nominal.s_up if up else law.nominal.s_down
    sd = np.abs(law.amplitude(mean, scale, INSIDE))
    assert np.all(np.abs(mean) > 0)
    plausible(p_of_mean(change, mean, sd))
    plausible(p_of_variance(change, sd**2))
    implausible(p_of_mean(change, 0.85 * mean, sd))
    implausible(p_of_variance(change, (1.1 * sd) ** 2))


@EVERY
def test_without_noise_a_pulse_is_its_mean(law):
    w = np.tile(INSIDE, (3, 1))
    np.testing.assert_allclose(law.pulse(w, np.True_, np.zeros(w.shape), law.nominal), w + law.mean_up(w), atol=1e-15)
    np.testing.assert_allclose(
        law.pulse(w, np.False_, np.zeros(w.shape), law.nominal), w + law.mean_down(w), atol=1e-15
    )


@EVERY
def test_states_stay_inside_their_bounds(law):
    rng = np.random.default_rng(9)
    cells = law.draw_cell_parameters(rng.standard_normal((50, law.draws)))
    w = law.bounded(np.zeros(50), cells)
    for k in range(300):
        w = law.pulse(w, np.asarray(k < 150), 30 * rng.standard_normal(50), cells)
        assert np.array_equal(w, law.bounded(w, cells))
    assert np.all(cells.b_min <= 0)
    assert np.all(cells.b_max >= 0)


# -- device to device -----------------------------------------------------------------------------------------------------


def test_steps_over_devices():
    """Normal steps with one gain and an opposite tilt: two moments and one covariance, false alarm 1e-7 each."""
    law = ConstantStep(**{**COMMON, "asymmetry": 0.0})
    cells = law.draw_cell_parameters(np.random.default_rng(1).standard_normal((60_000, law.draws)))
    sd = law.step * math.hypot(0.2, 0.05)
    for s in (cells.s_up, cells.s_down):
        plausible(p_of_mean(s, law.step, sd))
        plausible(p_of_variance(s, sd**2))
    shared = law.step**2 * (0.2**2 - 0.05**2)
    plausible(p_of_covariance(cells.s_up, cells.s_down, shared, (law.step, law.step), (sd, sd)))
    implausible(p_of_covariance(cells.s_up, cells.s_down, law.step**2 * 0.2**2, (law.step, law.step), (sd, sd)))
    plausible(p_of_mean(cells.b_max, 1.2, 0.12))
    plausible(p_of_variance(cells.b_min, 0.12**2))


def test_lognormal_steps_over_devices():
    """Kolmogorov and Smirnov, false alarm 1e-7."""
    law = ConstantStep(**{**BARE, "step_spread": 0.7, "spread_law": "lognormal"})
    cells = law.draw_cell_parameters(np.random.default_rng(2).standard_normal((20_000, law.draws)))
    plausible(p_of_law(np.log(cells.s_up / law.step), stats.norm(0, 0.7).cdf))
    implausible(p_of_law(np.log(cells.s_up / law.step), stats.norm(0, 0.6).cdf))
    assert np.array_equal(cells.s_up, cells.s_down)


def test_bounds_drawn_crossed_are_exchanged():
    law = ConstantStep(**{**BARE, "w_max_spread": 1.0, "w_min_spread": 1.0})
    z = np.array([[0, 0, 0, 0], [0, 0, -0.9, -1.5], [0, 0, -1.5, 0], [0, 0, -1.5, -1.25]], float)
    cells = law.draw_cell_parameters(z)
    # drawn (max, min): (1.2, -0.8); (0.12, 0.4), crossed; (-0.6, -0.8); (-0.6, 0.2), crossed
    np.testing.assert_allclose(cells.b_max, [1.2, 0.4, 0.6, 0.2], rtol=1e-12)
    np.testing.assert_allclose(cells.b_min, [-0.8, -0.12, -0.8, -0.6], rtol=1e-12)


def test_slopes_keep_their_sign_and_exponents_theirs():
    z = np.random.default_rng(3).standard_normal((500, 6))
    linear = LinearStep(**BARE, gamma_up=0.1, gamma_down=-0.1, gamma_up_spread=0.5, gamma_down_spread=0.5)
    cells = linear.draw_cell_parameters(z)
    assert np.all(cells.slope_up <= 0)
    assert np.all(cells.slope_down <= 0)  # gamma_down is negative: down steps grow towards w_min
    powers = PowerStep(**BARE, gamma=1.0, gamma_spread=2.0).draw_cell_parameters(z)
    assert np.all(powers.gamma_up >= 0)


def test_asymmetry_lowers_one_side():
    """T2: not half on either side."""
    lower_down = ConstantStep(**BARE, asymmetry=0.25).nominal
    assert (float(lower_down.s_up), float(lower_down.s_down)) == relative((0.004, 0.003))
    lower_up = ConstantStep(**BARE, asymmetry=-0.25).nominal
    assert (float(lower_up.s_up), float(lower_up.s_down)) == relative((0.003, 0.004))


def test_normals_of_the_wrong_shape():
    with pytest.raises(RevpathError, match=r"z has shape \(5, 4\); its last axis must hold 6"):
        LinearStep(**BARE, gamma_up=0, gamma_down=0).draw_cell_parameters(np.zeros((5, 4)))


# -- laws against each other ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "other"),
    [
        (LinearStep(gamma_up=1, gamma_down=1, **COMMON), SoftBoundsReference(at_symmetry_point=False, **COMMON)),
        (LinearStep(gamma_up=0, gamma_down=0, **COMMON), ConstantStep(**COMMON)),
        (ExponentialStep(**{**SHAPE, "amplitude_up": 0, "amplitude_down": 0}, **COMMON), ConstantStep(**COMMON)),
        (PowerStep(gamma=0, **COMMON), ConstantStep(**COMMON)),
        (TableStep(up_steps=(1, 1), down_steps=(1, 1), **COMMON), ConstantStep(**COMMON)),
        (TableStep(up_steps=(1, 0), down_steps=(0, 1), **COMMON), PowerStep(gamma=1, **COMMON)),
    ],
)  # fmt: skip
def test_special_cases_agree(law, other):
    z = np.random.default_rng(4).standard_normal((300, 7))
    a, b = law.draw_cell_parameters(z[:, : law.draws]), other.draw_cell_parameters(z[:, : other.draws])
    w = np.clip(np.linspace(-0.7, 1.1, 300), a.b_min, a.b_max)
    for up in (True, False):
        np.testing.assert_allclose(law.pulse(w, up, np.zeros(300), a), other.pulse(w, up, np.zeros(300), b), atol=1e-14)


def test_a_reference_at_the_symmetry_point_balances_every_cell():
    law = SoftBoundsReference(**{**COMMON, "asymmetry": -0.3}, slope_up_spread=0.2, slope_down_spread=0.2)
    cells = law.draw_cell_parameters(np.random.default_rng(6).standard_normal((400, law.draws)))
    zero = np.zeros(400)
    np.testing.assert_allclose(law.up(zero, cells), law.down(zero, cells), atol=1e-15)
    plain = law.model_copy(update={"at_symmetry_point": False})
    assert np.abs(plain.up(zero, cells) - plain.down(zero, cells)).max() < 1e-15  # it is the cells that carry it
    loose = plain.draw_cell_parameters(np.random.default_rng(6).standard_normal((400, law.draws)))
    assert np.abs(plain.up(zero, loose) - plain.down(zero, loose)).min() > 1e-5


# -- symmetry, granularity, mean field --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "point"),
    [
        (SoftBounds(step=0.01, w_min=-0.8, w_max=1.2, step_noise=0, write_noise=0, **dict.fromkeys(SPREADS, 0.0)), 0.0),
        (
            SoftBoundsReference(**BARE, asymmetry=0.2, at_symmetry_point=False),
            (1 - 0.8) / (1 / 1.2 + 0.8 / 0.8),
        ),
        (SoftBoundsReference(**BARE, asymmetry=0.2), 0.0),
        (PowerStep(**BARE, gamma=2.0), 0.2),
        (TableStep(**BARE, up_steps=(2, 1), down_steps=(0, 2)), -0.8 + 2.0 * 2 / 3),
        (ConstantStep(**BARE), None),  # everywhere
        (ConstantStep(**BARE, asymmetry=0.2), None),  # nowhere
    ],
)
def test_symmetry_points(law, point):
    assert law.symmetry_point() == (None if point is None else pytest.approx(point, abs=1e-12))


@pytest.mark.parametrize(
    ("name", "granularity", "of_aihwkit"),
    [("reram-es-gong2018", 1.736e-3, 1.991e-3), ("pcm-nandakumar2020", 0.157, 0.0324)],
)
def test_granularity_of_exponential_steps(name, granularity, of_aihwkit):
    """T3: aihwkit averages the down step with itself."""
    law = load_device(name).response
    assert isinstance(law, ExponentialStep)
    assert law.granularity == pytest.approx(granularity, rel=3e-3)
    assert -float(law.mean_down(np.zeros(()))) == pytest.approx(of_aihwkit, rel=2e-3)


def test_granularity_of_the_other_laws():
    assert ConstantStep(**BARE, asymmetry=0.5).granularity == 0.004
    assert LAWS["linear"].granularity == LAWS["soft-bounds"].granularity == 0.004
    assert PowerStep(**BARE, gamma=2).granularity == relative(0.001)
    assert TableStep(**BARE, up_steps=(1, 3, 5), down_steps=(1, 1, 1)).granularity == relative(0.008)
    assert ExponentialStep(**BARE, **{**SHAPE, "amplitude_up": 99, "amplitude_down": 99}).granularity == 0.004  # dead
    assert ConstantStep(**BARE).states == relative(500)


@EVERY
def test_mean_field_does_not_know_the_step(law):
    finer = law.model_copy(update={"step": law.step / 1000})
    for up in (True, False):
        np.testing.assert_allclose(law.mean_field(INSIDE, up), finer.mean_field(INSIDE, up), rtol=1e-12)
    np.testing.assert_allclose(law.mean_field(INSIDE, np.True_) * law.step, law.mean_up(INSIDE), rtol=1e-12)


@pytest.mark.parametrize("name", ["linear", "soft-bounds", "exponential", "power", "table"])
def test_many_small_pulses_follow_the_flow(name):
    """The difference between pulses and their mean field falls with the step: granularity is what is left out."""
    law = LAWS[name]
    amount, start = 0.4, np.array([-0.5, 0.0, 0.4])
    limit = law.flow(start, np.asarray(amount))
    errors = []
    for pulses in (50, 100, 200):
        finer = law.model_copy(update={"step": amount / pulses})
        w = start
        for _ in range(pulses):
            w = finer.pulse(w, np.True_, np.zeros(3), finer.nominal)
        errors.append(np.abs(w - limit).max())
    assert errors[0] < 0.01
    assert errors[1] / errors[0] == pytest.approx(0.5, abs=0.05)
    assert errors[2] / errors[1] == pytest.approx(0.5, abs=0.05)


def test_flow_of_soft_bounds_in_closed_form():
    law = SoftBoundsReference(**BARE)
    assert float(law.flow(np.asarray(0.0), np.asarray(1.0))) == pytest.approx(1.2 * (1 - math.exp(-1 / 1.2)), abs=3e-5)
    assert float(law.flow(np.asarray(0.0), np.asarray(-1.0))) == pytest.approx(
        -0.8 * (1 - math.exp(-1 / 0.8)), abs=6e-5
    )
    assert float(law.flow(np.asarray(0.0), np.asarray(0.0))) == 0


def test_curve_goes_up_and_comes_back():
    curve = ConstantStep(**BARE).curve(500)
    assert curve[0] == curve[-1] == -0.8
    assert curve[500] == relative(1.2)
    assert curve[250] == relative(0.2)
    assert len(curve) == 1001


def test_what_is_shown_carries_write_noise_and_the_state_does_not():
    law = LAWS["linear"]
    np.testing.assert_allclose(law.shown(np.array([0.1, 0.1]), np.array([0.0, 1.0])), [0.1, 0.1 + 2.0 * 0.004])
    assert ConstantStep(**BARE).shown(np.array(0.1), np.array(5.0)) == 0.1


def test_unknown_numbers_count_as_zero():
    silent, zero = (
        ConstantStep(**BARE),
        ConstantStep(**BARE, **dict.fromkeys([*SPREADS, "step_noise", "write_noise"], 0.0)),
    )
    z, w = np.random.default_rng(8).standard_normal((20, 4)), np.linspace(-0.7, 1.1, 20)
    ours, theirs = silent.draw_cell_parameters(z), zero.draw_cell_parameters(z)
    assert np.array_equal(silent.pulse(w, True, z[:, 0], ours), zero.pulse(w, True, z[:, 0], theirs))


def test_cells_without_a_range_do_not_move():
    z = np.array([[0.0, 0.0, -1.0, -1.0]])
    for law in (PowerStep(**BARE, gamma=1), TableStep(**BARE, **NODES), ExponentialStep(**BARE, **SHAPE)):
        dead = law.model_copy(update={"w_max_spread": 1.0, "w_min_spread": 1.0})
        cells = dead.draw_cell_parameters(np.pad(z, ((0, 0), (0, law.draws - 4))))
        assert float(cells.span[0]) == 0
        assert float(dead.pulse(np.zeros(1), np.True_, np.zeros(1), cells)[0]) == 0


@pytest.mark.parametrize(
    ("law", "fields", "said"),
    [
        (ConstantStep, {"step": 0.1, "w_min": 0.2, "w_max": 1}, "less than or equal to 0"),
        (ConstantStep, {"step": 0.1, "w_min": -1, "w_max": -0.5}, "greater than or equal to 0"),
        (ConstantStep, {"step": 0.1, "w_min": 0, "w_max": 0}, "w_min = 0.0 must be below w_max = 0.0"),
        (ConstantStep, {"step": -0.1, "w_min": -1, "w_max": 1}, "greater than 0"),
        (ConstantStep, {**BARE, "asymmetry": 1.0}, "less than 1"),
        (ConstantStep, {**BARE, "step_spread": -0.1}, "greater than or equal to 0"),
        (ConstantStep, {**BARE, "noise": "pink"}, "'multiplicative' or 'additive'"),
        (ConstantStep, {**BARE, "spread_law": "cauchy"}, "'normal' or 'lognormal'"),
        (ConstantStep, {**BARE, "step_noise": float("nan")}, "finite"),
        (LinearStep, {**BARE, "gamma_up": 1}, "gamma_down"),
        (PowerStep, {**BARE, "gamma": -1}, "greater than or equal to 0"),
        (ExponentialStep, {**BARE, **SHAPE, "noise": "additive"}, "multiplicative"),
        (TableStep, {**BARE, "up_steps": (1, 2), "down_steps": (1,)}, "up_steps has 2 nodes and down_steps 1; both must"),
        (TableStep, {**BARE, "up_steps": (1,), "down_steps": (1,)}, "2 to 64"),
        (TableStep, {**BARE, "up_steps": (1,) * 65, "down_steps": (1,) * 65}, "2 to 64"),
        (TableStep, {**BARE, "up_steps": (1, -2), "down_steps": (1, 1)}, "must not be negative"),
        (TableStep, {**BARE, "up_steps": (0, 0), "down_steps": (1, 1)}, "must not be all zero"),
        (SoftBounds, {"step": 0.1, "w_min": 0, "w_max": 1}, "less than 0"),
    ],
)  # fmt: skip
def test_responses_refuse(law, fields, said):
    with pytest.raises(RevpathError, match=said):
        law(**fields)
