"""The command line in this process, on a text and a job that take no time."""

import sys

import pytest

from revpath.studies.commands import cli
from revpath.studies.compare import job, learn
from revpath.studies.compare.models import ConditionalBoltzmannSpec
from revpath.studies.compare.recipes import Hardware, Recipe
from revpath.studies.sweeps.engine import make
from revpath.studies.tasks.text import load_text


@pytest.fixture(scope="module")
def text_path(tmp_path_factory):
    moby = load_text()
    path = tmp_path_factory.mktemp("text") / "whale.txt"
    path.write_text(moby.decode(moby.codes[:30_000]))
    return path


@pytest.fixture
def revpath(monkeypatch, capsys):
    """``revpath ARGUMENTS`` through its entry point, in this process: exit code, standard output, standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["revpath", *map(str, arguments)])
        monkeypatch.delenv("COLUMNS", raising=False)  # readline sets it in the workers of xdist
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def tiny(monkeypatch):
    """The job with two tiny recipes, trained in this process."""

    def recipes(characters, seeds):
        common = {"model": ConditionalBoltzmannSpec(context=2, max_rows=64), "examples": characters, "seed": seeds[0]}
        return [
            Recipe(name="digital", title="Tiny, ideal", kind="digital", **common),
            Recipe(name="analog", title="Tiny, ReRAM [of Gong]", kind="analog", hardware=Hardware(), **common),
        ]

    monkeypatch.setattr(job, "text_recipes", recipes)
    here = lambda runs, store, **options: make(runs, store, **{**options, "workers": 1})  # noqa: E731
    monkeypatch.setattr("revpath.studies.compare.comparison.make", here)
    monkeypatch.setattr(learn, "CHECKPOINTS", 2)
