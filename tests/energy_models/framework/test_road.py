"""The evolutionary road lever by lever."""

import pytest

from revpath.devices.base.errors import UnknownName
from revpath.energy_models.framework.road import ITEMS, lever, levers, levers_table, road, saving
from revpath.energy_models.sensitivity import nominal, propagate


def test_the_road_is_the_papers_seven_items_in_order():
    assert [step.item for step in road()] == list(ITEMS)
    assert len(ITEMS) == 7


def test_every_lever_of_the_list_has_a_step():
    names = " ".join(step.name for step in levers())
    for wanted in (
        "mixed precision", "8-bit", "FlashAttention", "gradient accumulation", "recompute", "data parallelism",
        "tensor parallelism", "pipeline parallelism", "expert parallelism", "experts", "LoRA", "quantization",
        "pruning", "distillation", "custom accelerator",
    ):  # fmt: skip
        assert wanted in names


def test_saving_is_the_product_by_hand():
    value, used = nominal(saving(road()))
    assert value == pytest.approx(1.287 * 2 * 3 * 2 * 1.75 * 1.674 * 2.32, rel=0.01)
    assert len(used) == 7
    left = [step for step in road() if not step.in_baseline]
    assert nominal(saving(left))[0] == pytest.approx(2 * 3 * 2 * 1.75 * 2.32)


def test_best_cases_lie_above_the_middle_of_their_draws():
    found = propagate(saving(road()), n_draws=2000)
    assert found.interval.low < found.interval.mean < found.interval.nominal


def test_levers_of_memory_and_of_other_stages_do_not_make_training_cheaper():
    for name in ("gradient accumulation", "tensor parallelism", "adapters (LoRA), memory", "quantization", "pruning"):
        assert nominal(saving([lever(name)]))[0] == 1.0


def test_full_recompute_costs_what_the_transformer_counts():
    from revpath.energy_models.gpu.transformer import published_shape

    shape = published_shape("llama3.1-405b")
    counted = shape.training_flops(1000) / shape.training_flops(1000, recompute="full")
    assert lever("full activation recompute").factor().value == pytest.approx(counted, rel=0.01)


def test_table_and_names():
    frame = levers_table()
    assert len(frame) == len(levers())
    assert frame["source"].str.len().min() > 10
    assert ((frame["low"].isna()) | (frame["low"] <= frame["factor"])).all()
    with pytest.raises(UnknownName, match="lever = 'magic'"):
        lever("magic")
