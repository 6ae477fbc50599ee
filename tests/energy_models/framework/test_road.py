"""The evolutionary road lever by lever, and the revolutionary path read from a comparison."""

import json

import pytest

from revpath.devices.base.errors import RecordError, UnknownName
from revpath.energy_models.framework.road import ITEMS, lever, levers, levers_table, revolution, road, saving
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


RATIO = {"nominal": 0.8, "mean": 0.9, "low": 0.3, "high": 1.7}
VERDICT = {"ratio": RATIO, "bits": 3.25, "sentence": "It needs more.", "not_reached": [3.2], "warnings": ["w"]}


def write(tmp_path, verdict):
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"verdict": verdict}), encoding="utf-8")
    return path


def test_revolution_is_the_measured_ratio(tmp_path):
    found = revolution(write(tmp_path, VERDICT))
    times = found.factor.times
    assert (times.nominal, times.low, times.high) == (0.8, 0.3, 1.7)
    assert (found.factor.quality, found.factor.limit, found.not_reached) == (3.25, None, (3.2,))
    assert found.others == ()


def test_every_factor_of_a_comparison_is_read(tmp_path):
    more = {
        "limit": "about",
        "ratio_bound": {**RATIO, "nominal": 0.4},
        "ratio_gpu_ebm": {**RATIO, "nominal": 2.0},
        "limit_gpu_ebm": "at least",
        "coarser": [3.45, {**RATIO, "nominal": 37.0}],
        "limit_coarser": "at most",
    }
    found = revolution(write(tmp_path, {**VERDICT, **more}))
    assert found.factor.limit == "about"
    assert [(one.quality, one.times.nominal, one.limit) for one in found.others] == [
        (3.25, 0.4, None), (3.25, 2.0, "at least"), (3.45, 37.0, "at most")
    ]  # fmt: skip
    with pytest.raises(RecordError, match=r"verdict\.coarser"):
        revolution(write(tmp_path, {**VERDICT, **more, "coarser": [3.45, {**RATIO, "low": -1}]}))


def test_a_real_verdict_is_read(tmp_path):
    # the keys that `revpath compare` writes, not those that we think it writes
    from dataclasses import asdict

    from revpath.energy_models.prices.bill import Interval
    from revpath.studies.compare.verdict import Verdict

    ratio = Interval(**RATIO)
    verdict = Verdict("It needs less.", 3.25, ratio, ratio, ratio, coarser=(3.45, ratio), not_reached=(3.2,))
    found = revolution(write(tmp_path, asdict(verdict)))
    assert found.factor.times == ratio
    assert [one.quality for one in found.others] == [3.25, 3.25, 3.45]


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        ({**VERDICT, "ratio": None}, "no quality that both sides reach"),
        ({**VERDICT, "ratio": {**RATIO, "low": -1}}, "must hold positive numbers"),
        ({"bits": 1}, "not a result.json"),
    ],
)
def test_bad_results(tmp_path, verdict, message):
    with pytest.raises(RecordError, match=message):
        revolution(write(tmp_path, verdict))


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(RecordError, match="cannot be read"):
        revolution(tmp_path / "none.json")
    (tmp_path / "x.json").write_text("{", encoding="utf-8")
    with pytest.raises(RecordError, match="not a result.json"):
        revolution(tmp_path / "x.json")
