"""Joules on a GPU: hand-computed, two bases, and analog events refused."""

import pytest
from helpers.statistics import relative

from revpath.energy_models import PriceError, UnpricedEvent, get, gpu_energy, load_law, price_on_gpu, ratio

RUN, GEMM = get("gpu.run.llama31_405b").value, get("gpu.gemm.h100_bf16").value
VECTOR, SPECIAL = get("gpu.vector.h100_flop_per_op").value, get("gpu.vector.special_slots").value


def test_run_level_and_best_gemm():
    assert gpu_energy(1e18).joules == relative(1e18 * RUN)
    assert gpu_energy(1e18, "gemm").joules == relative(1e18 * GEMM)
    run = gpu_energy(1e18).interval()
    assert run.low < run.nominal < run.high
    assert ratio(gpu_energy(1e18), gpu_energy(1e18, "gemm")).nominal == relative(2.05 / 0.88, rel=0.01)


def test_energy_of_the_cost_law_with_todays_gpus():
    # energy.md section 1.1: P = 1e9 -> 68 kWh, 7e9 -> 3.3 MWh, 405e9 -> 11 GWh
    for parameters, kWh in ((1e9, 68), (7e9, 3.3e3), (405e9, 11.2e6)):
        assert gpu_energy(load_law().flops(parameters)).joules / 3.6e6 == relative(kWh, rel=0.02)


def test_digital_functions_cost_their_chip_time():
    events = {"matmul.flop": 1000, "digital.add": 2, "digital.exp": 3, "random.bit": 128, "sram.byte_read": 50}
    bill = price_on_gpu(events)
    by_hand = 1000 + 2 * VECTOR + 3 * VECTOR * (SPECIAL + 1) + 100 * VECTOR
    assert bill.joules == relative(by_hand * RUN)
    assert "gpu.vector.special_slots" in bill.records


def test_softplus_and_logistic_at_the_cheapest_way_known():
    # shared exponentials: 1 + e^a e^u is a multiply and an add, its product another multiply, its inverse a reciprocal
    assert price_on_gpu({"digital.softplus": 7}).joules == relative(7 * 3 * VECTOR * RUN)
    assert price_on_gpu({"digital.sigmoid": 7}).joules == relative(7 * (SPECIAL + 2) * VECTOR * RUN)


def test_analog_events_are_refused():
    with pytest.raises(UnpricedEvent, match=r"adc.conversion.*no price.*DigitalSynapses"):
        price_on_gpu({"matmul.flop": 10, "adc.conversion{enob=8}": 1})


def test_on_chip_traffic_needs_the_matrix_products_that_carry_it():
    with pytest.raises(PriceError, match=r"priced inside matmul.flop"):
        price_on_gpu({"sram.byte_read": 1})


def test_unknown_basis():
    with pytest.raises(PriceError, match="basis = 'tpu' is not one of run, gemm"):
        price_on_gpu({"matmul.flop": 1}, "tpu")
