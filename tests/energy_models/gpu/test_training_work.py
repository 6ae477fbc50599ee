"""From a configuration to the work of GPUs: counted by hand, and what the parts of a large training's energy are."""

import pytest
from helpers.statistics import relative

from revpath.energy_models import PriceError, TransformerShape, get
from revpath.energy_models.gpu.model import gpu_bill
from revpath.energy_models.gpu.runs import load_run
from revpath.energy_models.gpu.training_work import Split, link_traffic, training_work
from revpath.energy_models.gpu.transformer import published_shape
from revpath.energy_models.gpu.transformer_memory import training_traffic

SMALL = TransformerShape(3, 4, 2, 8, 16, 5)


def walk_links(shape, split):
    """Bytes sent, device by device and reduction by reduction."""
    sent = 0.0
    for _ in range(split.data):  # a replica's share of the gradients, all its GPUs together
        sent += 2 * shape.parameters() * 2 * (split.data - 1) / split.data
        for _ in range(split.micro_batches):
            activations = split.batch * shape.context * shape.d_model * 2
            for _ in range(shape.layers):
                for _ in range(split.tensor):
                    sent += 4 * 2 * activations * (split.tensor - 1) / split.tensor
            sent += 2 * (split.pipeline - 1) * activations
    return sent


@pytest.mark.parametrize("split", [Split(), Split(4), Split(1, 8), Split(2, 4, 3, 2, 5)])
def test_links_by_walking(split):
    assert link_traffic(SMALL, split) == relative(walk_links(SMALL, split))
    assert (link_traffic(SMALL, split) == 0) == (split.gpus == 1)


def test_work_by_hand():
    split = Split(data=2, tensor=2, batch=3, micro_batches=4)
    work = training_work(SMALL, 3840, "h100", split, utilisation=0.5)  # 10 steps of 2 x 4 x 3 windows of 16
    assert work.flops == SMALL.training_flops(3840)
    assert work.hours == relative(work.flops / (0.5 * 794.5e12) * 1.05 / 3600)
    assert work.bytes == relative(10 * 2 * training_traffic(SMALL, 3, 4, dropout=False))
    assert work.link_bytes == relative(10 * link_traffic(SMALL, split))


def test_recompute_costs_flops_and_bytes_but_is_no_model_flop():
    split = Split(batch=2)
    plain, full = (training_work(SMALL, 320, "h100", split, recompute=r) for r in ("none", "full"))
    assert full.flops > 1.2 * plain.flops
    assert full.hours == plain.hours  # the utilisation is of model FLOPs
    assert full.bytes > plain.bytes


def test_a_large_training_spends_on_being_busy_not_on_memory():
    # Llama 3.1 405B at the split its paper gives about: 8-way tensor, 16-way pipeline, 128 replicas
    split = Split(data=128, tensor=8, pipeline=16, batch=1, micro_batches=16)
    run = load_run("llama31_405b")
    work = training_work(
        published_shape("llama3.1-405b"), int(15.6e12), "h100", split, utilisation=1.05 * run.utilisation
    )
    bill = gpu_bill("h100", work, n_draws=200)
    share = {name: part.interval.nominal / bill.totals["system"].interval.nominal for name, part in bill.parts.items()}
    assert share["busy"] > 0.4
    assert share["bytes"] < 0.03
    assert share["links"] < 0.03
    assert work.hours == relative(run.hours, rel=0.1)  # more by attention, which 6 P T does not count
    # its GPUs then draw close to their rated power, which is what the model card counts
    assert bill.totals["gpu"].interval.nominal == relative(work.hours * 3600 * 700, rel=0.15)


@pytest.mark.parametrize("field", ["data", "tensor", "pipeline", "batch", "micro_batches"])
def test_bad_splits(field):
    with pytest.raises(PriceError, match=f"{field} = 0"):
        Split(**{field: 0})


def test_the_default_utilisation_is_the_record():
    work = training_work(SMALL, 320, "a100", Split())
    rate = get("gpu.a100.matmul_bf16").value
    assert work.hours == relative(work.flops / (get("gpu.utilisation").value * rate) * 1.05 / 3600)
