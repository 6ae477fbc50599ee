"""House rules of compiled code, imports and threads, checked on the sources and on a fresh interpreter."""

import ast
import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numba
import pytest
from helpers.lanes import representatives

import revpath.devices.base.compile as compile_module
from revpath.devices import RevpathError
from revpath.simulator.compile import RELAXED, kernel, threads

ROOT = Path(__file__).parents[1]
SOURCES = sorted(p for room in ("devices", "simulator", "ebm") for p in (ROOT / room).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def is_kernel(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(d, ast.Call) and isinstance(d.func, ast.Name) and d.func.id == "kernel" for d in node.decorator_list
    )


def kernels(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef) and is_kernel(node)]


KERNELS = {path: kernels(path) for path in SOURCES}


def test_there_are_kernels_to_check():
    assert sum(map(len, KERNELS.values())) > 20
    assert {p.name for p, found in KERNELS.items() if found} >= {"streams.py", "kernels.py", "readout.py"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_only_compile_py_touches_the_compiler(path):
    """Every compiled function goes through `kernel`: no other file names njit, jit, vectorize or guvectorize."""
    if path == ROOT / "devices" / "base" / "compile.py":
        return
    named = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute | ast.Name)
    }
    if any(isinstance(n, ast.ImportFrom) and n.module == "typing" for n in ast.walk(parsed(path))):
        named -= {"overload"}  # that of typing
    assert not named & {"njit", "jit", "vectorize", "guvectorize", "stencil", "cfunc", "overload"}


@pytest.mark.parametrize(
    "path", [p for p, found in KERNELS.items() if found], ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_kernels_draw_nothing_raise_nothing_and_read_no_physics(path):
    module = parsed(path)
    whole_numbers = {
        target.id
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for function in KERNELS[path]:
        where = f"{path.name}:{function.name}"
        arguments = {a.arg for a in function.args.args}
        local = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for node in ast.walk(function):
            if isinstance(node, ast.Attribute):
                assert node.attr != "random", f"{where} draws from np.random"
            assert not isinstance(node, ast.Raise | ast.Assert), f"{where} raises: prange would run serially"
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in whole_numbers:
                assert node.id not in arguments | local
                value = getattr(
                    import_module(".".join(["revpath", *path.relative_to(ROOT).with_suffix("").parts])), node.id
                )
                is_shape = isinstance(value, int) and not isinstance(value, bool)
                assert is_shape or isinstance(value, type), (
                    f"{where} reads the global {node.id}: pass it as an argument"
                )


@pytest.mark.slow
@pytest.mark.jit
def test_the_cache_sees_that_a_callee_in_another_file_has_changed(tmp_path):
    """Which Numba's own cache does not; and without a change nothing is compiled again."""
    (tmp_path / "caller.py").write_text(
        "from callee import number\nfrom revpath.simulator.compile import kernel\n\n\n"
        "@kernel()\ndef ask():\n    return number()\n"
    )
    code = "import caller; print(caller.ask(), sum(caller.ask.stats.cache_hits.values()))"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}
    printed = []
    for number in (1, 1, 2):
        source = f"from revpath.simulator.compile import kernel\n\n\n@kernel()\ndef number():\n    return {number}\n"
        if not (tmp_path / "callee.py").exists() or (tmp_path / "callee.py").read_text() != source:
            (tmp_path / "callee.py").write_text(source)
        ran = subprocess.run(
            [sys.executable, "-B", "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        printed.append(ran.stdout.split())
    assert printed == [["1", "0"], ["1", "1"], ["2", "0"]]


def test_every_room_with_kernels_is_seen_by_the_cache():
    """A kernel in a room that the stamp does not count would be served stale after a change of what it calls."""
    rooms = {path.relative_to(ROOT).parts[0] for path, found in KERNELS.items() if found}
    assert {f"revpath.{room}" for room in rooms} == set(compile_module._ROOMS)
    for room in compile_module._ROOMS:
        folder = ROOT / room.removeprefix("revpath.")
        sources = [path.stat() for path in folder.rglob("*.py")]
        newest, size = compile_module._stamp(compile_module._folder_of(room))
        assert (newest, size) == (max(s.st_mtime_ns for s in sources), sum(s.st_size for s in sources))


def test_a_folder_that_is_missing_is_an_error_and_not_an_old_kernel(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no Python source"):
        compile_module._stamp(tmp_path / "gone")
    with pytest.raises((FileNotFoundError, ModuleNotFoundError), match=r"revpath\.nowhere"):
        compile_module._folder_of("revpath.nowhere")


def test_a_kernel_in_a_room_that_the_cache_does_not_watch_is_refused():
    def lost():
        return 1

    lost.__module__ = "revpath.studies.lost"
    with pytest.raises(RuntimeError, match=r"revpath\.studies\.lost: kernels stand in"):
        compile_module._folders_of(lost)


@pytest.mark.jit
@pytest.mark.parametrize("room", representatives(["devices", "simulator", "ebm"], quick=["simulator"]))
@pytest.mark.parametrize("sub", representatives(["", "inner"], quick=["inner"]))
def test_a_change_in_any_room_recompiles(tmp_path, room, sub):
    """On a copy of the package: a new line in a file of a room, or of a folder in it, and the kernel is compiled anew."""
    for name in ("devices", "simulator", "ebm"):
        shutil.copytree(ROOT / name, tmp_path / "revpath" / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "revpath" / room / "inner").mkdir(exist_ok=True)
    changed = tmp_path / "revpath" / room / sub / "changed.py"
    changed.write_text('"""Before."""\n')
    (tmp_path / "caller.py").write_text(
        "from revpath.devices.base.compile import kernel\n\n\n@kernel()\ndef ask():\n    return 1\n"
    )
    for name in ("__init__.py", "_moved.py"):
        shutil.copy(ROOT / "src" / "revpath" / name, tmp_path / "revpath" / name)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
        "import caller; caller.ask(); print(sum(caller.ask.stats.cache_hits.values())); "
        f"import revpath.devices; assert revpath.devices.__file__.startswith({str(tmp_path)!r})"
    )
    hits = []
    for text in ('"""Before."""\n', '"""Before."""\n', '"""After it."""\n'):
        if changed.read_text() != text:
            changed.write_text(text)
        hits.append(fresh(code, NUMBA_CACHE_DIR=str(tmp_path / "cache"), PYTHONDONTWRITEBYTECODE="1").strip())
    assert hits == ["0", "1", "0"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_files_are_small(path):
    assert len(path.read_text().splitlines()) <= 400


def marks(function: ast.FunctionDef) -> set[str]:
    return {k.arg for d in function.decorator_list if isinstance(d, ast.Call) for k in d.keywords if k.arg}


def called(function: ast.FunctionDef) -> set[str]:
    return {n.func.id for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def test_every_kernel_that_draws_says_so():
    """`draws` is handed up from callee to caller, so that no kernel on the way to a random number can be relaxed.

    Fused or reassociated arithmetic would make bits depend on the compiler.
    """
    every = [(path, function) for path, found in KERNELS.items() for function in found]
    draw = {function.name for path, function in every if "draws" in marks(function)}
    assert {"philox", "normal_pair"} & draw or len(draw) > 10
    for path, function in every:
        if "draws" not in marks(function):
            assert not called(function) & draw, f"{path.name}:{function.name} calls what draws: mark it draws=True"


def test_a_kernel_that_draws_is_never_relaxed():
    with pytest.raises(ValueError, match="cannot be relaxed"):
        kernel(draws=True, relaxed=True)


def test_relaxed_keeps_nan_and_infinity():
    assert not RELAXED & {"nnan", "ninf", "fast"}


@pytest.mark.jit
def test_kernel_sets_the_flags():
    made = kernel()(_identity)
    relaxed = kernel(relaxed=True, parallel=True)(_identity)
    assert made.targetoptions["error_model"] == "numpy"
    assert made.targetoptions["fastmath"] is False
    assert set(relaxed.targetoptions["fastmath"]) == RELAXED
    assert relaxed.targetoptions["parallel"] is True
    assert made._cache.__class__.__name__ == "FunctionCache"


def _identity(x):
    return x


# -- imports ---------------------------------------------------------------------------------------------------------


def fresh(code: str, **environment) -> str:
    """Output of a fresh interpreter that runs `code`."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


HEAVY = ["pint", "torch", "matplotlib", "pandas", "scipy.stats", "sklearn", "xarray"]


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import revpath.simulator", [*HEAVY, "numba", "scipy", "pydantic", "numpy"]),
        ("from revpath.simulator import Events, event, split_event", [*HEAVY, "numba", "scipy", "pydantic", "numpy"]),
        ("import revpath.devices", [*HEAVY, "numba", "scipy", "pydantic", "numpy"]),
        ("from revpath.simulator import Crossbar, ArrayConfig; Crossbar", HEAVY[1:]),
        ("from revpath.devices import Device", [*HEAVY, "numba", "scipy"]),
    ],
)
def test_imports_are_light(code, absent):
    loaded = json.loads(fresh(f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"))
    assert not set(absent) & set(loaded)


def test_lazy_names_are_all_there():
    import revpath.devices
    import revpath.simulator

    for room in (revpath.devices, revpath.simulator):
        assert sorted(room.__all__) == dir(room)
        for name in room.__all__:
            assert getattr(room, name) is not None
            assert name in dir(room)
        with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
            room.Nothing  # noqa: B018


# -- threads ---------------------------------------------------------------------------------------------------------


def test_openmp_threads_are_told_to_sleep():
    code = "import revpath.simulator.compile, os; print(os.environ['OMP_WAIT_POLICY'])"
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "PASSIVE"
    assert fresh(code, OMP_WAIT_POLICY="ACTIVE").strip() == "ACTIVE"  # who sets it, decides


def pools() -> tuple[int, set[int]]:
    from threadpoolctl import threadpool_info

    blas = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    return numba.get_num_threads(), blas


def test_threads_sets_and_restores_both_pools():
    import numpy as np

    np.ones((2, 2)) @ np.ones((2, 2))
    before = pools()
    with threads(1):
        assert pools() == (1, {1})
        with pytest.raises(ZeroDivisionError), threads(1):
            1 / 0  # noqa: B018
        assert pools() == (1, {1})
    assert pools() == before


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two threads")
def test_two_threads():
    before = pools()
    with threads(1), threads(2):
        assert pools()[0] == 2
        assert max(pools()[1]) <= 2
    assert pools() == before


@pytest.mark.parametrize("n", [0, -1, 10_000, 1.5, "two", None])
def test_threads_refuses(n):
    before = pools()
    with pytest.raises(RevpathError, match=r"n = .* threads: "), threads(n):
        pass
    assert pools() == before


def test_compile_py_is_the_only_one_that_imports_numba_first():
    """The wait policy is in the environment before Numba loads: the assignment stands above the import."""
    lines = Path(compile_module.__file__).read_text().splitlines()
    policy = next(i for i, line in enumerate(lines) if "OMP_WAIT_POLICY" in line and "setdefault" in line)
    imported = next(i for i, line in enumerate(lines) if line.startswith("import numba"))
    assert policy < imported
