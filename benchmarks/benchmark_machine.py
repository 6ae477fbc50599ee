"""What the times of a benchmark depend on, for its result file."""

from __future__ import annotations

import platform
from pathlib import Path

import numba
import numpy as np
import scipy


def machine() -> dict:
    """Processor, platform, threads and versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    threads = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    return {"cpu": model, "platform": platform.platform(), "threads": threads, **versions, "numba": numba.__version__}
