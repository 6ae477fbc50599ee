"""No kernel of the wires reads past the end of an array: arrays taller and wider than square, compiled with bounds checked."""

import os
import subprocess
import sys

import pytest

CODE = """
import numpy as np
from revpath.simulator.wires import Wires, solve
rng = np.random.default_rng(1)
for shape in ((6, 5), (5, 6), (9, 1), (1, 9)):
    g = 10 ** -rng.uniform(0, 9, shape)
    g.flat[-1] = 1e3  # a short: refined
    for transposed in (False, True):
        volts = rng.uniform(-1, 1, (2, shape[1] if transposed else shape[0]))
        found = solve(g, volts, Wires(word_resistance=300.0, bit_resistance=200.0), transposed=transposed)
        assert np.isfinite(found.currents).all()
print("within")
"""


@pytest.mark.jit
def test_refinement_stays_within_its_arrays(tmp_path):
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "within", ran.stderr[-2000:]
