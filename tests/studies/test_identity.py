"""What a result is of: one value that is hashed, and the code that made it."""

import importlib.resources
import runpy

import pytest

from revpath.studies import identity
from revpath.studies.compare.learn import planned
from revpath.studies.compare.recipes import CODE, Recipe
from revpath.studies.identity import ROOMS, code_digest, source_digest, strong_id
from revpath.studies.rules.trial import Trial, TrialConfig
from revpath.studies.sweeps import study as sweeps
from revpath.studies.tasks.loading import Source
from revpath.studies.tasks.next_character import NextCharacter
from revpath.studies.tasks.text import load_text


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with the rooms and a study, whose sources can be edited."""
    for place in (*ROOMS, "devices/base", "simulator/figures", "studies/tasks", "energy_models"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "a.py").write_text(f"# {place}\n")
    (tmp_path / "devices" / "numbers.toml").write_text("x = 1\n")
    monkeypatch.setattr(identity, "files", lambda _: tmp_path)
    identity.code_digest.cache_clear()
    yield tmp_path
    identity.code_digest.cache_clear()


@pytest.mark.parametrize(
    "part", ["devices/a.py", "devices/base/a.py", "simulator/a.py", "ebm/a.py", "studies/tasks/a.py"]
)
@pytest.mark.parametrize("edit", ["edited", "added", "renamed", "removed"])
def test_the_digest_sees_every_source_that_can_change_a_result(package, part, edit):
    before, path = code_digest("studies/tasks"), package / part
    path.with_name("kept.py").write_text("")
    identity.code_digest.cache_clear()
    kept = code_digest("studies/tasks")
    if edit == "edited":
        path.write_text("# another\n")
    elif edit == "added":
        path.with_name("new.py").write_text("")
    elif edit == "renamed":
        path.rename(path.with_name("other.py"))
    else:
        path.unlink()
    identity.code_digest.cache_clear()
    assert len({before, kept, code_digest("studies/tasks")}) == 3


def test_what_computes_nothing_is_left_out(package):
    before = code_digest("studies/tasks")
    for part in ("simulator/figures/a.py", "energy_models/a.py", "devices/numbers.toml"):
        (package / part).write_text("changed")
    (package / "devices" / "a.py").write_bytes(b"# devices\r\n")
    identity.code_digest.cache_clear()
    assert code_digest("studies/tasks") == before


@pytest.mark.parametrize("missing", ["ebm", "studies/tasks"])
def test_a_part_that_is_not_there_is_an_error(package, missing):
    (package / missing / "a.py").unlink()
    with pytest.raises(FileNotFoundError, match=f"{missing}.*holds no source"):
        code_digest("studies/tasks")


def test_the_code_is_found_where_the_package_is():
    assert len(code_digest()) == 16
    trials = (*sweeps.CODE, *TrialConfig.code)
    assert len({code_digest(), code_digest(*CODE), code_digest(*sweeps.CODE), code_digest(*trials)}) == 4
    root = importlib.resources.files("revpath")
    for part in (*ROOMS, *CODE, *trials):
        place = root.joinpath(*part.split("/"))
        assert place.is_dir() or place.is_file()


def test_runs_and_trials_are_named_by_a_value_that_can_be_printed(monkeypatch):
    recipe = Recipe(name="a", title="a", kind="digital", examples=640)
    run = planned(NextCharacter(load_text()), Source(), recipe)
    assert run.id == strong_id(run.identity)
    assert run.identity["code"] == code_digest(*sweeps.CODE, *CODE)
    trial = Trial(task="text", device="digital", rule=None, rate=0.1, seed=0, size="fast")
    assert trial.key == strong_id(trial.identity())
    before = trial.key
    monkeypatch.setattr(sweeps, "code_digest", lambda *_: "edited")
    assert trial.key != before


def test_a_task_that_is_not_of_the_house_is_named_by_its_file(tmp_path):
    def digest_of(text):
        (tmp_path / "mine.py").write_text(text)
        return source_digest(runpy.run_path(str(tmp_path / "mine.py"))["task"])

    first = "def task(config, run):\n    return 1\n"
    assert digest_of(first) == digest_of(first)
    assert digest_of(first) != digest_of("helper = 2\n" + first)
    scope: dict = {}
    exec(first, scope)  # typed in by hand: no file, no source
    typed = source_digest(scope["task"])
    exec(first.replace("1", "2"), scope)
    assert source_digest(scope["task"]) != typed
