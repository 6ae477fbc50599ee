"""The protocol: what it plans, that nothing of it is lost, and what it refuses."""

import tomllib
from importlib.resources import files

import pytest

from revpath.devices.base.errors import RevpathError
from revpath.studies.equal_quality.plan import jobs
from revpath.studies.equal_quality.protocol import Protocol, ProtocolError, read_protocol
from tests.studies.equal_quality.conftest import TINY


def test_every_contender_has_every_seed_and_runs_are_different(tiny):
    made = jobs(tiny)
    names = {
        (job.task, job.name): [j.run.seed for j in made if (j.task, j.name) == (job.task, job.name)] for job in made
    }
    assert all(seeds == [1, 2] for seeds in names.values())
    assert len(names) == 2 * 2 + 2 + 1
    assert len({job.run.id for job in made}) == len(made)
    assert [job.late for job in made] == sorted(job.late for job in made)
    assert {job.task for job in jobs(tiny, ["digits"])} == {"digits"}


def test_a_place_has_its_own_settings(tiny):
    recipes = {job.name: job.recipe for job in jobs(tiny) if job.recipe}
    assert {r.model.learning_rate for r in recipes.values() if r.hardware} == {0.2}
    assert {r.model.learning_rate for r in recipes.values() if not r.hardware} == {0.3}


def test_the_digest_changes_with_whatever_is_changed(tiny):
    other = [{**TINY, "seeds": [1, 3]}, {**TINY, "chip": "isaac-32nm"}, {**TINY, "tuning": {}}]
    assert len({tiny.digest, *(Protocol(**each).digest for each in other)}) == 4


def test_the_shipped_protocol_asks_for_five_seeds_and_states_what_was_tuned():
    protocol = read_protocol()
    assert len(protocol.seeds) >= 5
    families = {plan.model.family for plan in protocol.contenders}
    assert {*families, "MLP", "transformer"} <= {*protocol.tuning, "layers by transposed error"}
    content = tomllib.loads((files("revpath.studies.equal_quality") / "protocol.toml").read_text())
    assert all(task["qualities"] == sorted(task["qualities"], reverse=True) for task in content["tasks"].values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seeds": []}, "seeds"),
        ({"schema": 2}, "schema must be 1"),
        (
            {"mlps": [{"tasks": ["nowhere"], "examples": 5, "hidden": [[]]}]},
            "task 'nowhere' must be one of digits, whale",
        ),
        ({"cells": {}}, "cell 'ecram' must be one of digital"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(tmp_path, change, words):
    import tomli_w

    path = tmp_path / "mine.toml"
    path.write_text(tomli_w.dumps({"schema": 1, **TINY, **change}))
    with pytest.raises(ProtocolError, match=words) as caught:
        read_protocol(path)
    assert isinstance(caught.value, RevpathError)
    assert "mine.toml" in str(caught.value)
