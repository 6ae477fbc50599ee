"""Bills against hand calculation, the Monte Carlo against analytic quantiles, and everything that must be refused."""

import pickle

import numpy as np
import pytest
from helpers.statistics import relative
from scipy import stats

from revpath.devices import load_device
from revpath.devices.base.errors import RevpathError, UnitError, UnknownName
from revpath.energy_models import PriceError, UnpricedEvent, component, get, load_chip, price, pulse_prices, ratio
from revpath.energy_models.draws import draw_key, quantile, uniforms
from revpath.simulator.events import Events

AROUND = "node.assumed.power_over_analog_chip"  # behind the joules of node and facility of every analog bill
RERAM = load_chip("reram-32nm")
EVENTS = Events(
    {
        "array.read": 10,
        "line.drive": 1000,
        "dac.conversion{bits=8}": 1000,
        "adc.conversion{enob=7.0}": 300,
        "adc.conversion{enob=7.5}": 200,
        "update.slot": 31,
        "line.pulse": 40,
        "pulse.up": 7,
        "pulse.down": 5,
        "random.bit": 64,
        "digital.softplus": 11,
        "digital.compare": 3,
        "sram.byte_read": 100,
        "sram.byte_written": 20,
    },
    {"array.read_energy_J": 1e-9, "array.busy_s": 1e-6, "array.snr_sum": 1e6, "adc.snr_sum": 500 * 1.5 * 4**7.5},
)


def _of_8_kb(way):
    """What an event is priced at that does not say how much is kept."""
    return component(f"memory.sram_{way}").estimate(bytes=8192, port_bits=256, node_nm=32).value


def test_bill_of_a_run_by_hand():
    bill = price(EVENTS, RERAM)
    adc_7, adc_8 = get("adc.andrulis2024.32nm_7b").value, get("adc.andrulis2024.32nm_8b").value
    by_hand = {
        "array read": 1e-9,
        "static": 1e-6 * (4e-5 + 4e-5),
        "line drive": 1000 * 4.1667e-13,
        "dac": 1000 * 2.909e-13,
        "adc": 300 * adc_7 + 200 * (adc_7 * adc_8) ** 0.5,
        "programming lines": 40 * 1.024e-13,
        "programming pulses": 12 * 6e-13,
        "random bits": 64 * (9e-15 + 3 * 6.5625e-15),
        "digital.softplus": 11 * (2.34e-13 + 5.653e-13 + 2.652e-13),
        "digital.compare": 3 * 2.652e-13,
        "sram": 100 * _of_8_kb("read") + 20 * _of_8_kb("written"),
    }
    assert {name: bill.nominal(name) for name in bill.components} == relative(by_hand)
    assert bill.joules == relative(sum(by_hand.values()))
    assert bill.interval().nominal == relative(bill.joules)


def test_every_joule_traces_to_an_event_and_to_records():
    bill = price(EVENTS, RERAM)
    frame = bill.to_frame("event")
    assert frame["joules"].sum() == relative(bill.joules)
    assert set(frame["event"]) == set(EVENTS) - {"array.read", "update.slot", "array.snr_sum", "adc.snr_sum"}
    assert {id for line in bill.lines for id in line.records} == set(bill.records)
    assert "adc.andrulis2024.32nm_9b" not in bill.records
    assert all(any(text.startswith(f"{id}: ") for text in bill.citations()) for id in bill.records)


def test_below_four_bits_the_converter_keeps_its_price_and_the_bill_says_so():
    bill = price({"adc.conversion{enob=2.58}": 1}, RERAM)
    assert bill.joules == relative(get("adc.andrulis2024.32nm_4b").value, rel=1e-3)
    assert bill.shaky == ("adc.assumed.32nm_below_4b", AROUND)
    assert price({"adc.conversion{enob=4.0}": 1}, RERAM).shaky == (AROUND,)


def test_shaky_records_and_assumed_prices_are_listed():
    bill = price(EVENTS, RERAM)
    memories = [id for id in bill.shaky if id.startswith("model.memory.sram_")]
    assert len(memories) == 2  # of unknown flavour, read and written
    assert set(bill.shaky) - set(memories) == {"line.nvsim2012.pulse_256", AROUND}
    assert [text.split(":")[0] for text in bill.assumptions] == ["dac.conversion", "digital.softplus", "random.bit"]
    assert price({"digital.add": 1}, RERAM).shaky == (AROUND,)


def test_boundaries_nest_and_end_at_the_facility():
    bill = price(EVENTS, RERAM)
    table = bill.to_frame("boundary").set_index("boundary")["nominal"]
    assert table["array"] == relative(1e-9 + 12 * 6e-13)
    assert table["macro"] - table["array"] == relative(
        bill.nominal("line drive") + bill.nominal("dac") + bill.nominal("adc") + bill.nominal("programming lines")
    )
    assert table["chip"] == relative(bill.joules)
    assert table["facility"] == relative(table["chip"] * 1.3843 * 1.10)
    spread = bill.samples_up_to("facility") / bill.samples_up_to("chip")  # two uniform factors: 1.1 to 2, 1.05 to 1.2
    assert (spread.min(), spread.max()) == relative((1.1 * 1.05, 2.0 * 1.2), rel=0.05)
    with pytest.raises(PriceError, match="boundary = 'rack'"):
        bill.up_to("rack")


def test_frame_by_component():
    frame = price(EVENTS, RERAM).to_frame()
    assert frame["share"].sum() == relative(1)
    inside = (frame["low"] <= frame["nominal"]) & (frame["nominal"] <= frame["high"])
    assert inside.all()


def test_pricing_is_additive():
    both = price(EVENTS + EVENTS, RERAM)
    np.testing.assert_allclose(both.samples_up_to("chip"), 2 * price(EVENTS, RERAM).samples_up_to("chip"), rtol=1e-12)


def test_no_events_cost_nothing():
    bill = price({}, RERAM)
    assert (bill.joules, bill.components, bill.floors) == (0, (), ())
    assert bill.to_frame().empty


# --- Monte Carlo ---


def test_draws_are_reproducible_and_addressed():
    once, again = price(EVENTS, RERAM, seed=3), price(EVENTS, RERAM, seed=3)
    for row in once.components:
        np.testing.assert_array_equal(once.samples[row], again.samples[row])
    alone = price({"line.drive": 1000}, RERAM, seed=3)
    np.testing.assert_array_equal(alone.samples["line drive"], once.samples["line drive"])
    assert not np.array_equal(price(EVENTS, RERAM, seed=4).samples["adc"], once.samples["adc"])


def test_one_record_draws_one_value_wherever_it_is_used():
    bill = price({"digital.add": 5, "digital.compare": 2, "digital.log": 1}, RERAM)
    np.testing.assert_allclose(bill.samples["digital.add"] / 5, bill.samples["digital.compare"] / 2, rtol=1e-13)
    table, product = (
        quantile(get(id), uniforms(0, draw_key(get(id)), 10_000))
        for id in ("digital.puma2019.function_table", "digital.puma2019.multiply")
    )
    np.testing.assert_allclose(
        bill.samples["digital.log"], table + product + bill.samples["digital.add"] / 5, rtol=1e-13
    )


def test_records_of_one_source_move_together_and_guesses_do_not():
    bill = price({"digital.add": 1, "digital.multiply": 1, "register.bit": 1, "random.bit": 1}, RERAM)
    add, multiply, latch = (np.log(bill.samples[row]) for row in ("digital.add", "digital.multiply", "registers"))
    assert np.corrcoef(add, multiply)[0, 1] == pytest.approx(1)  # PUMA's file, one synthesis
    assert abs(np.corrcoef(add, latch)[0, 1]) < 5.3 / np.sqrt(len(add))  # Aladdin's: false alarms 1e-7
    assert draw_key(get("gpu.small.kernels_per_layer")) != draw_key(get("gpu.small.kernels_per_step"))
    # all that CACTI says of a memory errs alike: reads, writes and leakage
    kept = "{kept=65536}"
    memory = price({f"sram.byte_read{kept}": 1, f"sram.byte_written{kept}": 1}, RERAM)
    read = price({f"sram.byte_read{kept}": 1}, RERAM).samples["sram"]
    assert np.corrcoef(np.log(read), np.log(memory.samples["sram"] - read))[0, 1] == pytest.approx(1)


def test_the_points_of_a_table_err_together():
    bill = price({"adc.conversion{enob=6.5}": 1}, RERAM)
    spread = np.log(bill.samples["adc"]).std()
    # sigma_ln = 0.7 as at the points, not 0.7 / sqrt 2; five standard errors, false-alarm rate 6e-7
    assert abs(spread - 0.7) < 5 * 0.7 / np.sqrt(2 * bill.n_draws)


def test_lognormal_interval_against_the_analytic_quantiles():
    n = 20_000
    interval = price({"line.drive": 1}, RERAM, n_draws=n, seed=1).interval("line drive")
    median, sigma = 4.1667e-13, 0.7
    z = stats.norm.ppf(0.95)
    # standard error of a normal sample's 5 % quantile, in units of sigma; five of them, false-alarm rate 6e-7 a side
    error = np.sqrt(0.05 * 0.95 / n) / stats.norm.pdf(z)
    assert abs(np.log(interval.low / median) + sigma * z) < 5 * sigma * error
    assert abs(np.log(interval.high / median) - sigma * z) < 5 * sigma * error
    mean, variance = median * np.exp(sigma**2 / 2), median**2 * np.exp(sigma**2) * np.expm1(sigma**2)
    assert abs(interval.mean - mean) < 5 * np.sqrt(variance / n)


@pytest.mark.parametrize("key", ["record:a", "record:b", "table:x:y"])
def test_uniforms_are_uniform(key):
    # Kolmogorov-Smirnov at 1e-6 a key
    assert stats.kstest(uniforms(5, key, 50_000), "uniform").pvalue > 1e-6


def test_uniforms_of_different_keys_are_uncorrelated():
    a, b = uniforms(5, "record:a", 50_000), uniforms(5, "record:b", 50_000)
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(50_000)  # false-alarm rate 6e-7


def test_quantiles_of_every_kind():
    u = np.array([0.05, 0.5, 0.95])
    exact = get("constants.boltzmann")
    np.testing.assert_array_equal(quantile(exact, u), [exact.value] * 3)
    np.testing.assert_allclose(quantile(get("constants.temperature"), u), 290 + 70 * u)
    normal = get("line.nvsim2012.pulse_256").model_copy(update={"uncertainty": _normal(1e-15)})
    np.testing.assert_allclose(quantile(normal, u), stats.norm.ppf(u, 1.024e-13, 1e-15))


def _normal(sigma):
    from revpath.devices.base.record import Normal

    return Normal(sigma=sigma)


@pytest.mark.parametrize(("field", "value"), [("seed", -1), ("seed", 1.5), ("n_draws", 99), ("n_draws", True)])
def test_bad_monte_carlo_arguments(field, value):
    with pytest.raises(PriceError, match=f"{field} = "):
        price({"digital.add": 1}, RERAM, **{field: value})


def test_ratio_cancels_what_is_shared():
    two = ratio(price({"digital.add": 6}, RERAM), price({"digital.add": 2}, RERAM), "facility")
    assert (two.nominal, two.low, two.high) == relative((3, 3, 3))
    with pytest.raises(PriceError, match="same seed"):
        ratio(price({"digital.add": 6}, RERAM), price({"digital.add": 2}, RERAM, seed=1))
    with pytest.raises(PriceError, match="no joules"):
        ratio(price({"digital.add": 6}, RERAM), price({"digital.add": 2}, RERAM), "array")


def test_bills_travel_between_processes():
    bill = price(EVENTS, RERAM)
    assert pickle.loads(pickle.dumps(bill)).interval() == bill.interval()


# --- devices bring their own pulse energies ---


def test_a_device_overrides_its_pulse_energies():
    bill = price(
        {"pulse.up": 3, "pulse.down": 4},
        RERAM,
        overrides={"pulse.up": get("pulse.lee2009.pcm_set"), "pulse.down": get("pulse.lee2009.pcm_reset")},
    )
    assert bill.joules == relative(3 * 3.375e-12 + 4 * 3.6e-12)
    assert list(bill.records) == ["pulse.lee2009.pcm_reset", "pulse.lee2009.pcm_set"]
    assert price({"pulse.up": 3}, RERAM).joules == relative(3 * 6e-13)  # the chip itself is untouched


def test_a_device_of_the_library_prices_its_own_pulses():
    device = load_device("reram-sb-gong2018")
    bill = price({"pulse.up": 2, "pulse.down": 5}, RERAM, overrides=pulse_prices(device))
    assert bill.joules == relative(2 * device.pulse.energy_up + 5 * device.pulse.energy_down)
    assert set(bill.records) == {device.records[f"pulse.energy_{way}"].id for way in ("up", "down")}


def test_a_pulse_without_a_record_is_refused():
    reram = load_device("reram-sb-gong2018")
    by_hand = reram.model_copy(update={"pulse": reram.pulse.model_copy(update={"energy_up": 1e-12})})
    with pytest.raises(PriceError, match=r"energy_up = 1e-12 J was set by hand"):
        pulse_prices(by_hand)
    with pytest.raises(PriceError, match=r"'ideal': pulse.energy_up is not known"):
        pulse_prices(load_device("ideal"))


def test_a_swept_pulse_is_priced_as_assumed():
    swept = load_device("ideal").replaced(pulse={"energy_up": 1e-12, "energy_down": 2e-12}, name="swept")
    bill = price({"pulse.up": 2, "pulse.down": 5}, RERAM, overrides=pulse_prices(swept))
    assert bill.joules == relative(12e-12)
    assert {swept.records[f"pulse.energy_{way}"].evidence for way in ("up", "down")} == {"assumed"}
    assert set(bill.records) == {"swept.pulse.energy_up", "swept.pulse.energy_down"}


def test_overrides_are_checked():
    with pytest.raises(UnitError, match=r"digital.puma2019.add.*J/pulse"):
        price({"pulse.up": 1}, RERAM, overrides={"pulse.up": get("digital.puma2019.add")})
    with pytest.raises(UnknownName, match=r"pulse.upp.*did you mean 'pulse.up'"):
        price({"pulse.up": 1}, RERAM, overrides={"pulse.upp": get("pulse.lee2009.pcm_set")})
    changed = get("pulse.nvsim2012.reram_set").model_copy(update={"value": 1e-12})
    with pytest.raises(PriceError, match="another id"):
        price({"pulse.up": 1}, RERAM, overrides={"pulse.up": changed})


# --- refusals ---


@pytest.mark.parametrize(
    ("events", "error", "message"),
    [
        ({"teleport": 1}, UnpricedEvent, "'teleport' has no price on chip 'reram-32nm'.*never zero"),
        ({"teleport": 0}, UnpricedEvent, "has no price"),
        ({"matmul.flop": 100}, UnpricedEvent, "matrix product on this chip is an array read"),
        ({"digital.add": -1}, PriceError, "'digital.add': -1 must be finite and not negative"),
        ({"digital.add": float("nan")}, PriceError, "must be finite"),
        ({"array.snr_sum": float("inf"), "array.read_energy_J": 1.0}, PriceError, "must be finite"),
        ({"digital.add": "3"}, PriceError, "not a number"),
        ({"digital.add": True}, PriceError, "not a number"),
        ({"adc.conversion": 1}, PriceError, "enob = None must be a number, 1 to 12"),
        ({"adc.conversion{enob=0.9}": 1}, PriceError, "enob = 0.9 is outside the priced range, 1 to 12"),
        ({"adc.conversion{enob=12.5}": 1}, PriceError, "outside the priced range"),
        ({"adc.conversion{enob=inf}": 1}, UnpricedEvent, "ideal converter has no price"),
        ({"array.noiseless_read": 1, "array.busy_s": 1.0}, UnpricedEvent, "no finite energy.*read noise"),
        ({"update.slot_of_unknown_duration": 1}, UnpricedEvent, "pulse duration"),
        ({"ideal.update": 1}, UnpricedEvent, "no device does"),
        ({"adc.conversion{enob=nan}": 1}, PriceError, "outside the priced range"),
        ({"adc.conversion{enob=many}": 1}, PriceError, "'many' must be a number"),
        ({"adc.conversion{enob=8,mux=4}": 1}, PriceError, "parameter 'mux' is not used"),
        ({"digital.add{bits=32}": 1}, PriceError, "parameter 'bits' is not used"),
        ({"adc.conversion{enob}": 1}, PriceError, "must look like"),
        ({"array.read": 1}, PriceError, "priced inside array.busy_s.*would be lost"),
    ],
)
def test_what_cannot_be_priced_is_an_error(events, error, message):
    with pytest.raises(error, match=rf"(?s){message}"):
        price(events, RERAM)
    assert issubclass(error, RevpathError)


def test_unknown_component_and_table():
    bill = price({"digital.add": 1}, RERAM)
    with pytest.raises(PriceError, match=r"component = 'adc' is not one of digital.add"):
        bill.interval("adc")
    with pytest.raises(PriceError, match="by = 'day'"):
        bill.to_frame("day")
