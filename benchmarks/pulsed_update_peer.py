"""Pulsed updates of aihwkit's AnalogTile, for `pulsed_update.py`: runs in an interpreter that has aihwkit, and no revpath.

    python benchmarks/pulsed_update_peer.py   (a JSON request on each line of standard input, a JSON answer on output)

aihwkit 1.1.0 works with torch 2.10 and 2.11, on Python 3.11.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch
from aihwkit.simulator.configs import ConstantStepDevice, SingleRPUConfig, SoftBoundsDevice, UpdateParameters
from aihwkit.simulator.tiles.analog import AnalogTile
from aihwkit.version import __version__

DEVICES = {"constant-step": ConstantStepDevice, "soft-bounds": SoftBoundsDevice}


def build(request: dict) -> tuple[AnalogTile, torch.Tensor, torch.Tensor]:
    """Tile, inputs (batch, rows) and errors (batch, columns) for a request; the numbers are those of both devices."""
    update = UpdateParameters(desired_bl=request["slots"], update_bl_management=True, update_management=True)
    additive = {"mult_noise": False} if request["law"] == "soft-bounds" else {}
    device = DEVICES[request["law"]](**request["device"], **additive)
    tile = AnalogTile(request["shape"][1], request["shape"][0], SingleRPUConfig(device=device, update=update))
    tile.set_weights(torch.zeros(request["shape"][1], request["shape"][0]))
    tile.set_learning_rate(request["rate"])
    rng = np.random.default_rng(request["seed"])
    x, d = (rng.uniform(-1, 1, (request["batch"], n)).astype(np.float32) for n in request["shape"])
    return tile, torch.from_numpy(x), torch.from_numpy(-d)  # aihwkit descends


def main() -> None:
    """Answers requests: {"shape": ...} builds, {"run": n} times n updates, each alone, with errors of alternating sign."""
    built, sign = None, 1.0
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict = {"aihwkit": __version__, "torch": torch.__version__}
        with torch.no_grad():
            if "shape" in request:
                torch.set_num_threads(request["threads"])
                built = build(request)
            else:
                assert built is not None, "build before run"
                tile, x, d = built
                seconds = []
                for _ in range(request["run"]):
                    errors = sign * d
                    begin = time.perf_counter()
                    tile.update(x, errors)
                    seconds.append(time.perf_counter() - begin)
                    sign = -sign
                weights = tile.get_weights()[0].numpy()
                answer |= {"seconds": min(seconds), "spread": float(weights.std())}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
