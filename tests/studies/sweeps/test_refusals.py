"""Descriptions of studies, tasks and trials refuse by errors of the house, in one line that names class, field and value."""

import pytest

from revpath.devices import RevpathError
from revpath.studies.rules.trial import Outcome, Trial
from revpath.studies.sweeps import Study
from revpath.studies.sweeps.paths import DeviceChoice
from revpath.studies.sweeps.study import StudyError
from revpath.studies.sweeps.tasks.arrays import ArrayTask

TRIAL = Trial(task="digits", device="digital", rule=None, rate=0.1, seed=1, size="fast")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ArrayTask(rows="many"), r"ArrayTask: rows = 'many'"),
        (lambda: ArrayTask(row=3), r"ArrayTask: row = 3: Extra"),
        (lambda: ArrayTask(device={"name": "nothing"}), r"ArrayTask: .*device = 'nothing' is not known"),
        (lambda: DeviceChoice(name="ideal", response=3), r"device.response = 3"),
        (lambda: Trial(task="digits", rate=-1), r"Trial: device: Field required.*rate = -1"),
        (lambda: TRIAL.model_validate({**TRIAL.model_dump(), "rate": 0}), r"Trial: rate = 0"),
        (lambda: Outcome(trial=3), r"Outcome: trial = 3"),
        (lambda: setattr(TRIAL, "rate", 3), r"Trial: rate cannot be set"),
        (lambda: setattr(Study(name="a", task="array-error"), "seed", 3), r"Study: seed cannot be set"),
        (
            lambda: Study(name="a", task="array-error", axes={"row": [3]}),
            r"study 'a': .*path of ArrayTask = 'row'.*did you mean 'rows'",
        ),
        (lambda: Study(name="a", task="array-error", axes={"rows": ["x"]}), r"study 'a': .*rows = 'x'"),
    ],
)
def test_a_refusal_is_one_line_of_the_house(make, said):
    with pytest.raises(RevpathError, match=said) as refused:
        make()
    assert "\n" not in str(refused.value)
    assert "errors.pydantic.dev" not in str(refused.value)


def test_a_study_refuses_as_a_study():
    with pytest.raises(StudyError, match="study '': name: Field required"):
        Study(task="array-error")


def test_a_training_that_broke_down_is_an_outcome():
    assert Outcome(trial=TRIAL, validation=float("nan")).badness == float("inf")
