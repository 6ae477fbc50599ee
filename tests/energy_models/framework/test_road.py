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
        "pruning", "distillation", "custom accelerator", "4-bit", "FPGA", "sparse attention", "state-space hybrid",
        "speculative decoding", "data pipeline", "prefetch", "algorithmic progress",
    ):  # fmt: skip
        assert wanted in names


def test_saving_is_the_product_by_hand():
    value, used = nominal(saving(road()))
    # A100 to TPU v4 is one change of machine: 2.32, and not 1.674 x 2.32
    assert value == pytest.approx(1.287 * 1.351 * 4 * 2 * 1.75 * 2.32, rel=0.01)
    assert set(used) == {f"lever.{step.record}" for step in road() if not step.machine} | {"lever.accelerator"}
    left = [step for step in road() if not step.in_baseline]
    assert nominal(saving(left))[0] == pytest.approx(1.351 * 4 * 2 * 1.75 * 2.32 / 1.674, rel=1e-3)


@pytest.mark.parametrize(
    ("names", "factor"),
    [
        (["custom accelerator, training"], 2.32 / 1.674),  # from today's H100; the record is over an A100
        (["newer GPU, A100 to H100"], 1.674),
        (["newest GPU, H100 to B200"], 1.537),
        (["newer GPU, A100 to H100", "custom accelerator, training"], 2.32),
        (["newer GPU, A100 to H100", "newest GPU, H100 to B200"], 1.674 * 1.537),
        (["newest GPU, H100 to B200", "custom accelerator, training"], 1.537),  # a B200 is the better of the two
        (["newer GPU, A100 to H100", "newest GPU, H100 to B200", "custom accelerator, training"], 1.674 * 1.537),
    ],
)
def test_hardware_is_counted_once_in_a_product(names, factor):
    steps = [lever(name) for name in names]
    for chosen in (steps, steps[::-1], [*steps, *steps]):
        assert nominal(saving(chosen))[0] == pytest.approx(factor, rel=1e-3)


def test_a_lever_counts_once():
    step = lever("second-order optimizer")
    assert nominal(saving([step, step]))[0] == 2.0


def test_a_run_that_holds_its_machine_multiplies_nothing():
    for name in ("experts, a whole run's energy", "algorithmic progress, a year"):
        assert lever(name).enters == "whole run"
        assert nominal(saving([lever(name), lever("experts")]))[0] == 4.0


def test_every_change_of_machine_says_over_which():
    for step in levers():
        assert bool(step.machine) == ("over" in step.factor().conditions)


def test_best_cases_lie_above_the_middle_of_their_draws():
    found = propagate(saving(road()), n_draws=2000)
    assert found.interval.low < found.interval.mean < found.interval.nominal


def test_levers_of_memory_and_of_other_stages_do_not_make_training_cheaper():
    for name in ("gradient accumulation", "tensor parallelism", "adapters (LoRA), memory", "quantization", "pruning"):
        assert nominal(saving([lever(name)]))[0] == 1.0


def test_no_low_end_is_over_another_baseline():
    """The 37 % that FP8-LM gives over the vendor's 8 bits is no low end of 8 bits over BF16."""
    assert lever("8-bit formats").factor().uncertainty.low == lever("8-bit formats, the vendor's").factor().value
    assert lever("8-bit formats, the vendor's").factor().value == pytest.approx(39.5 * 1979 / (54 * 989), rel=1e-3)


def test_only_text_counts_for_a_language_model():
    assert "LAION" not in lever("deduplication of text").factor().source.citation
    assert nominal(saving([lever("deduplication of images")]))[0] == 1.0


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
