"""aihwkit as a reference: how to ask it, and what its finite table of normal numbers does to statistics.

`peer.py` in tests/against_aihwkit does the asking, in this interpreter where aihwkit can be imported, else in the one that the
environment variable REVPATH_AIHWKIT_PYTHON names.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import tempfile
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

PEER = Path(__file__).parents[1] / "against_aihwkit" / "peer.py"
TABLE = 32768  # normal numbers that a tile has on a CPU, drawn once (trap T1)
HOW = (
    "aihwkit can neither be imported here (python -m pip install 'revpath[aihwkit]', Python 3.11 on Linux) "
    "nor asked elsewhere (REVPATH_AIHWKIT_PYTHON=/path/to/a/python/that/has/it)"
)


@cache
def _here() -> ModuleType | None:
    """The peer in this interpreter; None where aihwkit cannot be imported."""
    spec = importlib.util.spec_from_file_location("aihwkit_peer", PEER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            spec.loader.exec_module(module)
        except (ImportError, OSError):
            return None
    return module


def ask(jobs: list[dict]) -> list[dict[str, np.ndarray]]:
    """What aihwkit answers to jobs of `peer.py`; skips the test where there is no aihwkit."""
    elsewhere = os.environ.get("REVPATH_AIHWKIT_PYTHON")
    if elsewhere:
        answer = _ask_elsewhere(elsewhere, jobs)
    else:
        peer = _here()
        if peer is None:
            pytest.skip(HOW)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = peer.work(jobs)
    found: list[dict[str, np.ndarray]] = [{} for _ in jobs]
    for name, value in answer.items():
        k, _, key = name.partition("/")
        if key:
            found[int(k)][key] = value
    return found


def _ask_elsewhere(python: str, jobs: list[dict]) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        request, answer = Path(folder) / "request.json", Path(folder) / "answer.npz"
        request.write_text(json.dumps(jobs), encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [python, str(PEER), str(request), str(answer)], capture_output=True, text=True, env=kept, check=False
        )
        if done.returncode:
            raise RuntimeError(f"REVPATH_AIHWKIT_PYTHON = {python}: the peer failed: {done.stderr.strip()[-2000:]}")
        with np.load(answer) as content:
            return {name: content[name] for name in content.files}


def p_of_table_normals(z: np.ndarray) -> float:
    """p-value of "z are standard normals from one finite table": of the mean and of the variance, the smaller doubled.

    The mean of a table of N normals has the variance 1 / N, and its variance 2 / N; n draws from it add 1 / n and 2 / n.
    """
    z = np.asarray(z, float).ravel()
    share = 1 / z.size + 1 / TABLE
    mean, spread = abs(z.mean()) / np.sqrt(share), abs(z.var() - 1) / np.sqrt(2 * share)
    return float(min(1.0, 4 * stats.norm.sf(max(mean, spread))))


def p_of_same_moments(a: np.ndarray, b: np.ndarray, tabled_draws: int = 0) -> tuple[float, float]:
    """p-values of "samples a (n, ...) and b (m, ...) have one mean" and "... one variance", Bonferroni over (...).

    tabled_draws: normals from one table that each sample of `a` is made of, which err together.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    va, vb = a.var(axis=0, ddof=1), b.var(axis=0, ddof=1)
    mean_error = np.sqrt(va / len(a) + vb / len(b) + va * tabled_draws / TABLE)
    variance_error = np.sqrt(_square_error(a) + _square_error(b) + (2 / TABLE * va**2 if tabled_draws else 0.0))
    return _p(a.mean(axis=0) - b.mean(axis=0), mean_error), _p(va - vb, variance_error)


def _square_error(x: np.ndarray) -> np.ndarray:
    """Variance of a sample variance, from the fourth moment of the samples."""
    centred = x - x.mean(axis=0)
    return np.maximum(np.mean(centred**4, axis=0) - np.mean(centred**2, axis=0) ** 2, 0.0) / len(x)


def _p(difference: np.ndarray, error: np.ndarray) -> float:
    z = np.divide(np.abs(difference), error, out=np.where(np.abs(difference) > 1e-9, np.inf, 0.0), where=error > 0)
    return float(min(1.0, 2 * stats.norm.sf(z.max()) * z.size))
