"""The revolutionary path read from a comparison."""

import json

import pytest

from revpath.devices.base.errors import RecordError
from revpath.studies.compare.revolution import revolution

RATIO = {"nominal": 0.8, "mean": 0.9, "low": 0.3, "high": 1.7}
VERDICT = {"ratio": RATIO, "quality": 3.25, "sentence": "It needs more.", "not_reached": [3.2], "warnings": ["w"]}


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
        "hardware": {**RATIO, "nominal": 2.0},
        "limit_hardware": "at least",
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
    verdict = Verdict(
        "It needs less.",
        quality=3.25,
        ratio=ratio,
        ratio_bound=ratio,
        hardware=ratio,
        coarser=(3.45, ratio),
        not_reached=(3.2,),
    )
    found = revolution(write(tmp_path, asdict(verdict)))
    assert found.factor.times == ratio
    assert [one.quality for one in found.others] == [3.25, 3.25, 3.45]


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        ({**VERDICT, "ratio": None}, "no quality that both sides reach"),
        ({**VERDICT, "ratio": {**RATIO, "low": -1}}, "must hold positive numbers"),
        ({"quality": 1}, "not a result.json"),
    ],
)
def test_bad_results(tmp_path, verdict, message):
    with pytest.raises(RecordError, match=message):
        revolution(write(tmp_path, verdict))


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(RecordError, match="no such file"):
        revolution(tmp_path / "none.json")
    (tmp_path / "x.json").write_text("{", encoding="utf-8")
    with pytest.raises(RecordError, match=r"x\.json"):
        revolution(tmp_path / "x.json")
    (tmp_path / "x.json").write_text('{"verdict": 3}', encoding="utf-8")
    with pytest.raises(RecordError, match="not a result.json"):
        revolution(tmp_path / "x.json")


def test_the_old_places_lead_here():
    import revpath.energy_models
    from revpath.energy_models.framework import road

    assert road.revolution is revpath.energy_models.revolution is revolution
