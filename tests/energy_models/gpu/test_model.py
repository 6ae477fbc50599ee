"""The energy of work on GPUs: by hand, inside its boundaries, and refused where no GPU could do it."""

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.devices.base.errors import UnknownName
from revpath.energy_models import PriceError, get
from revpath.energy_models.gpu.model import PARTS, Gpu, Work, energy, gpu_bill, gpu_names, hours_needed, parts
from revpath.energy_models.sensitivity import nominal, propagate

H100 = Gpu("h100")
WORK = Work(flops=1e21, hours=1000, bytes=1e17, link_bytes=1e16)


def value(id, unit=None):
    record = get(id)
    return record.value if unit is None else record.to(unit)


def test_parts_by_hand():
    found = parts(H100, WORK, value)
    seconds, s = 3.6e6, get("gpu.busy_fraction").value
    assert found["idle"] == relative(seconds * 100)
    assert found["busy"] == relative(seconds * s * 600)
    assert found["flops"] == relative(1e21 * (1 - s) * 600 / 794.5e12)
    assert found["bytes"] == relative(1e17 * 8 * 3.9e-12)
    assert found["links"] == relative(1e16 * 8 * 8e-12)
    assert found["host"] == relative(seconds * get("gpu.h100.host").value)
    assert found["facility"] == relative(0.10 * sum(found[part] for part in PARTS[:-1]))


def test_the_best_matrix_product_draws_the_rated_power():
    hour = Work(flops=794.5e12 * 3600, hours=1)
    assert nominal(energy(H100, hour, "gpu"))[0] == relative(700 * 3600)


def test_boundaries_grow_and_are_the_parts():
    bill = gpu_bill("h100", WORK, n_draws=200)
    sizes = [bill.totals[e].interval.nominal for e in ("gpu", "system", "facility")]
    assert sizes == sorted(sizes)
    assert sizes[-1] == relative(sum(bill.parts[name].interval.nominal for name in PARTS))
    np.testing.assert_allclose(
        bill.totals["facility"].samples, sum(bill.parts[name].samples for name in PARTS), rtol=1e-12
    )
    assert "gpu.link.energy" in bill.shaky


def test_every_gpu_prices_every_format_it_has():
    assert {"p100", "v100", "a100", "h100", "h200", "b200"} <= set(gpu_names())
    for name in gpu_names():
        gpu = Gpu(name)
        assert gpu.formats
        for fmt in gpu.formats:
            bill = nominal(energy(gpu, Work(1e17, 10, fmt)))[0]
            assert 0 < bill < 10 * 3600 * 4 * get(gpu.id("power")).value


def test_best_products_get_cheaper_with_every_generation():
    each = [
        nominal(energy(Gpu(n), Work(1e18, 1e18 / get(Gpu(n).id(f"matmul_{f}")).value / 3600, f), "gpu"))[0]
        for n, f in (("p100", "fp32"), ("v100", "fp16"), ("a100", "bf16"), ("h100", "bf16"), ("b200", "bf16"))
    ]
    assert each == sorted(each, reverse=True)
    assert each[2] / 1e18 == relative(1.47e-12, rel=0.01)  # the best product on an A100, at rated power


def test_hours_needed():
    got = hours_needed(H100, 794.5e12 * 3600, 0.5)
    assert got == relative(2 * 1.05)
    with pytest.raises(PriceError, match=r"utilisation = 1.5"):
        hours_needed(H100, 1e18, 1.5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Gpu("gtx"), UnknownName, "gpu = 'gtx'"),
        (lambda: H100.id("matmul_fp4"), UnknownName, "matmul_fp8"),
        (lambda: Work(-1, 1), PriceError, "flops = -1"),
        (lambda: Work(1, float("nan")), PriceError, "hours = nan"),
        (lambda: nominal(energy(H100, Work(1e21, 1))), PriceError, "need at least 350 GPU-hours"),
        (lambda: nominal(energy(H100, Work(1, 1, bytes=1e18))), PriceError, "bytes need at least 82.9"),
        (lambda: energy(H100, WORK, "chip"), PriceError, "encloses = 'chip'"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_pue_below_one_is_refused():
    def take(id, unit=None):
        return 0.9 if id == "pue.google2021" else value(id, unit)

    with pytest.raises(PriceError, match=r"pue = 'pue.google2021' reaches 0.9"):
        parts(H100, WORK, take)


def test_intervals_are_seeded():
    quantity = energy(H100, WORK)
    one, two = propagate(quantity, n_draws=500), propagate(quantity, n_draws=500)
    assert one.interval == two.interval
    assert one.interval.low < one.interval.nominal < one.interval.high


def test_each_boundary_is_the_sum_of_what_it_encloses():
    from revpath.energy_models import gpu_bill
    from revpath.energy_models.gpu.model import Work

    bill = gpu_bill("h100", Work(flops=1e18, hours=2.0, bytes=1e12, link_bytes=1e10), n_draws=100)
    joules = {name: part.interval.nominal for name, part in bill.parts.items()}
    board = joules["idle"] + joules["busy"] + joules["flops"] + joules["bytes"]
    totals = {name: total.interval.nominal for name, total in bill.totals.items()}
    assert totals["gpu"] == pytest.approx(board)
    assert totals["system"] == pytest.approx(board + joules["links"] + joules["host"])
    assert totals["facility"] == pytest.approx(totals["system"] + joules["facility"])
    assert min(joules.values()) > 0
