"""Forward passes of aihwkit's AnalogTile, for `matmat.py`: runs in an interpreter that has aihwkit, and knows no revpath.

    python benchmarks/aihwkit_peer.py    (a JSON request on each line of standard input, a JSON answer on each of output)

aihwkit 1.1.0 works with torch 2.10 and 2.11, on Python 3.11.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch
from aihwkit.simulator.configs import IdealDevice, IOParameters, SingleRPUConfig
from aihwkit.simulator.parameters.enums import BoundManagementType, NoiseManagementType, WeightNoiseType
from aihwkit.simulator.tiles.analog import AnalogTile
from aihwkit.version import __version__


def build(request: dict) -> tuple[AnalogTile, torch.Tensor, np.ndarray]:
    """Tile, inputs and exact product (batch, columns) for a request.

    bits, y_max, noise_lsb: of the converters, mid-tread with 2**(bits - 1) - 1 levels either side; aihwkit's resolution
    is the step over the whole range. weight_noise: standard deviation of a weight at each read; "law" is "constant", or
    "pcm" for one that grows with the square root of the weight.
    """
    rng = np.random.default_rng(request["seed"])
    weights = rng.uniform(-1, 1, request["shape"]).astype(np.float32)
    x = rng.uniform(-1, 1, (request["batch"], request["shape"][0])).astype(np.float32)
    levels = 2 ** (request["bits"] - 1) - 1
    laws = {"constant": WeightNoiseType.ADDITIVE_CONSTANT, "pcm": WeightNoiseType.PCM_READ}
    forward = IOParameters(
        inp_bound=1.0,
        inp_res=1 / (2 * levels),
        inp_noise=0.0,
        out_bound=request["y_max"],
        out_res=1 / (2 * levels),
        out_noise=request["noise_lsb"] * request["y_max"] / levels,
        w_noise=request["weight_noise"],
        w_noise_type=laws[request["law"]],
        bound_management=BoundManagementType.NONE,
        noise_management=NoiseManagementType.NONE,
    )
    tile = AnalogTile(request["shape"][1], request["shape"][0], SingleRPUConfig(device=IdealDevice(), forward=forward))
    tile.set_weights(torch.from_numpy(np.ascontiguousarray(weights.T)))
    return tile, torch.from_numpy(x), x @ weights


def main() -> None:
    """Answers requests: {"shape": ...} builds, {"run": n} times n forward passes, each alone."""
    built = None
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict = {"aihwkit": __version__, "torch": torch.__version__}
        with torch.no_grad():
            if "shape" in request:
                torch.set_num_threads(request["threads"])
                tile, x, exact = built = build(request)
                answer["rms_error"] = float(np.sqrt(np.mean((tile.forward(x).numpy() - exact) ** 2)))
            else:
                assert built is not None, "build before run"
                tile, x, _ = built
                seconds = []
                for _ in range(request["run"]):
                    begin = time.perf_counter()
                    tile.forward(x)
                    seconds.append(time.perf_counter() - begin)
                answer["seconds"] = min(seconds)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
