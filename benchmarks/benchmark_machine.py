"""What the times of a benchmark depend on, for its result file."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import numba
import numpy as np
import scipy
from numba.core import config


def cores() -> int:
    """Threads that a kernel can have at most."""
    settings: Any = config
    return settings.NUMBA_NUM_THREADS


def machine() -> dict:
    """Processor, platform, threads and versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    return {"cpu": model, "platform": platform.platform(), "threads": cores(), **versions, "numba": numba.__version__}
