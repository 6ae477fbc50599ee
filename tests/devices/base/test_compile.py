"""Kernels where nothing can be written: a temporary cache, or none, with one warning and the same numbers."""

import os
import subprocess
import sys
import warnings

import pytest

import revpath.devices.base.compile as compile_module
from revpath.devices.base.compile import kernel

PROGRAM = """
import warnings
import numba.core.caching as caching

def refuse(self):
    raise OSError("read-only file system")

for locator in {refusing}:
    getattr(caching, locator).ensure_cache_path = refuse
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    from revpath.devices.base.compile import kernel

    @kernel()
    def twice(x):
        return 2 * x

    @kernel()
    def four_times(x):
        return 2 * twice(x)

    print(four_times(3))
for warning in seen:
    print(warning.category.__name__, warning.message)
import os
print(os.path.isdir(os.environ.get("NUMBA_CACHE_DIR", "")), os.environ.get("NUMBA_CACHE_DIR"))
"""
NO_USUAL_PLACE = (
    "InTreeCacheLocator",
    "InTreeCacheLocatorFsAgnostic",
    "UserWideCacheLocator",
    "IPythonCacheLocator",
)


def run(tmp_path, refusing) -> list[str]:
    (tmp_path / "program.py").write_text(PROGRAM.format(refusing=refusing))
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, tmp_path / "program.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.jit
def test_without_a_writable_place_the_cache_is_temporary(tmp_path):
    value, warning, place = run(tmp_path, NO_USUAL_PLACE)
    assert value == "12"
    assert warning.startswith("RuntimeWarning neither beside revpath nor in the home")
    there, folder = place.split()
    assert there == "True"
    assert folder in warning
    assert not os.path.exists(folder)  # gone with the process


@pytest.mark.slow
@pytest.mark.jit
def test_without_any_place_kernels_are_compiled_anew(tmp_path):
    value, warning, _ = run(tmp_path, ("_CacheLocator", *NO_USUAL_PLACE, "UserProvidedCacheLocator"))
    assert value == "12"
    assert "is compiled anew in every process. Set NUMBA_CACHE_DIR" in warning


@pytest.mark.jit
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), EOFError("torn")])
def test_a_cache_that_fails_in_use_costs_a_compilation_and_one_warning(monkeypatch, error):
    monkeypatch.setattr(compile_module, "_said", [])

    @kernel()
    def thrice(x):
        return 3 * x

    def fail(*_):
        raise error

    monkeypatch.setattr(thrice._cache._cache_file, "save", fail)
    monkeypatch.setattr(thrice._cache._cache_file, "load", fail)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert (thrice(2), thrice(2.0)) == (6, 6.0)
    assert [w.category for w in seen] == [RuntimeWarning]
    assert "cannot be used" in str(seen[0].message)


@pytest.mark.jit
def test_other_errors_of_numba_are_not_taken_for_it(monkeypatch):
    def fail(**_):
        raise RuntimeError("something else")

    monkeypatch.setattr(compile_module.numba, "njit", fail)
    with pytest.raises(RuntimeError, match="something else"):
        compile_module._compiled(lambda: 1, cache=True)
