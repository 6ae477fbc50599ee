"""The task of images: a run that is cut goes on to the same result, rates are chosen apart, and what cannot be is refused."""

import pytest

from revpath.devices.base.errors import RevpathError
from revpath.simulator import Events
from revpath.studies.sweeps import running
from revpath.studies.sweeps.paths import resolve
from revpath.studies.sweeps.registry import task_kinds
from revpath.studies.sweeps.running import Run, RunStopped
from revpath.studies.sweeps.tasks import images

SMALL = {"hidden": (8,), "passes": 2, "rows": 64, "batch": 16}
ECRAM = {"name": "ecram-li-tang2018"}


def test_it_is_a_task_of_the_house():
    kind = task_kinds()["train-images"]
    assert kind.config is images.ImagesTask
    result = kind(images.ImagesTask(rule="digital", **SMALL), Run(1))
    assert result.values["samples"] == 128
    assert [point["samples"] for point in result.detail] == [64, 128]
    assert Events.from_json(result.detail[-1]["events"]) == result.events
    assert result.detail[-1]["test"] == result.values["test"] == result.values["stored"]


@pytest.mark.parametrize("learning", ["transposed-error", "equilibrium-propagation"])
def test_a_run_that_is_cut_goes_on_bit_for_bit(learning, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(images, "_SLICE", 32)
    config = images.ImagesTask(device=ECRAM, learning=learning, reach=4.0, back_reach=4.0, **SMALL)
    whole = images.train_images(config, Run(3))
    assert whole.values["pulses_per_weight"] > 0
    stop = tmp_path / "stop"
    stop.touch()
    for _ in range(3):  # cut within the first pass, at its end, within the second
        with pytest.raises(RunStopped):
            images.train_images(config, Run(3, tmp_path / "run", stop))
    stop.unlink()
    run = Run(3, tmp_path / "run", stop)
    assert images.train_images(config, run) == whole
    assert not run.notes


def test_of_several_rates_the_best_on_validation_is_taken(monkeypatch):
    tried = []
    real = images._trained

    def watched(config, data, run):
        tried.append((config.rates, config.passes, run.seed))
        return real(config, data, run)

    monkeypatch.setattr(images, "_trained", watched)
    config = images.ImagesTask(rule="digital", rates=(1e-6, 0.5), **{**SMALL, "rows": 256})
    assert images.train_images(config, Run(1)).values["rate"] == 0.5
    assert tried == [((1e-6, 0.5), 2, 1), ((1e-6,), 1, 1 + 2**20), ((0.5,), 1, 1 + 2**20)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rule": "nothing"}, "rule = 'nothing' must be one of digital, stochastic"),
        ({"rates": [0.0]}, r"rates = \(0.0,\) must be above 0"),
        ({"hidden": [0]}, r"hidden = \(0,\) must be positive"),
        ({"images": "cifar"}, "images"),
        ({"learning": "guess"}, "learning"),
        ({"nudging": 1.5}, "nudging"),
    ],
)
def test_what_cannot_be_is_refused(values, message):
    with pytest.raises(RevpathError, match=message):
        resolve(images.ImagesTask, values)


def test_identity_holds_the_numbers_of_the_device_and_of_the_images():
    one = images.ImagesTask(device=ECRAM).numbers()
    other = images.ImagesTask(device=ECRAM, images="mnist").numbers()
    assert one[0] == other[0]
    assert one[1] != other[1]
    assert images.ImagesTask(rule="digital", device=ECRAM).numbers()[0] == ""
