"""Small, physically meaningful faults (a sign, a factor, a forgotten count, a choice that sees test data), each killed.

A mutant is a table of a TOML file beside this one: `file` (from the top of the checkout), `old` and `new` text, `why` it
matters, and the `tests` that must fail when it is there. The package is copied once, a mutant is written into the copy, and
the named tests run against it in a process of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(Path(__file__).parent.glob("*.toml"))
MUTANTS = {
    f"{path.stem}-{mutant['name']}": mutant
    for path in FILES
    for mutant in tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
}


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, links resolved, in a folder of its own."""
    folder = tmp_path_factory.mktemp("mutants") / "site"
    shutil.copytree(ROOT / "src" / "revpath", folder / "revpath", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest in a process that imports revpath from `site`; kernels are kept between mutants that do not touch them."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(site),
        "NUMBA_CACHE_DIR": str(site.parent / "numba"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-m", "slow or not slow", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900
    )


def test_the_copy_is_what_the_tests_import(copy):
    code = "import revpath.ebm, revpath.studies; print(revpath.ebm.__file__, revpath.studies.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    where = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert all(path.startswith(str(copy)) for path in where.stdout.split())


@pytest.mark.jit
@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_no_mutant_survives(name, copy):
    mutant = MUTANTS[name]
    assert mutant["why"]
    path = copy / "revpath" / mutant["file"]
    sound, status = path.read_text(encoding="utf-8"), path.stat()
    assert sound.count(mutant["old"]) == 1, (
        f"{mutant['file']} holds {mutant['old']!r} {sound.count(mutant['old'])} times"
    )
    try:
        path.write_text(sound.replace(mutant["old"], mutant["new"]), encoding="utf-8")
        ran = run(copy, *mutant["tests"])
    finally:
        path.write_text(sound, encoding="utf-8")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # so that cached kernels count as those of before
    assert ran.returncode == 1, f"{name} survives {mutant['tests']}, or these could not run:\n{ran.stdout[-3000:]}"
