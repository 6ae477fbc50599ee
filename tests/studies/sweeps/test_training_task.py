"""The training tasks: a run that is cut goes on after the last rate that was tried, to the same result."""

from types import SimpleNamespace

import pytest

from revpath.simulator import Events
from revpath.studies.sweeps import running
from revpath.studies.sweeps.running import Run, RunStopped
from revpath.studies.sweeps.tasks import training

QUALITY = {0.1: 3.0, 0.2: 2.5, 0.3: float("nan"), 0.4: 2.8}


@pytest.fixture
def tried(monkeypatch):
    """The rates of all trainings, of which none takes any time."""
    rates = []

    def learn(device, rule, rate, seed, size):
        rates.append(rate)
        return QUALITY[rate], QUALITY[rate] + 0.1, 10, Events({"pulse.up": 20})

    task = SimpleNamespace(higher_is_better=False, learn=learn)
    monkeypatch.setitem(training.TASKS, "text", task)
    monkeypatch.setattr(running, "CHECKPOINT_EVERY_S", 0.0)
    return rates


def config():
    return training.TextTask.model_construct(
        device=SimpleNamespace(load=lambda: None), rule="digital", rates=tuple(QUALITY), size="fast"
    )


def test_a_run_that_is_cut_goes_on(tried, tmp_path):
    whole = training.train(config(), Run(3), "text")
    assert tried == [*QUALITY, 0.2]  # the best on validation data, once more
    assert whole.values["rate"] == 0.2
    assert whole.values["quality"] == pytest.approx(2.6)
    tried.clear()
    stop = tmp_path / "stop"
    stop.touch()
    for _ in range(2):
        with pytest.raises(RunStopped):
            training.train(config(), Run(3, tmp_path / "run", stop), "text")
    assert tried == [0.1, 0.2]
    stop.unlink()
    assert training.train(config(), Run(3, tmp_path / "run", stop), "text") == whole
    assert tried == [*QUALITY, 0.2]


def test_one_rate_is_taken_as_it_is(tried):
    one = config().model_copy(update={"rates": (0.4,)})
    assert training.train(one, Run(3), "text").values["rate"] == 0.4
    assert tried == [0.4]
