"""Reads of a simulated array beside numpy's float32 matrix product of the same shape, in one run, on the same threads.

    python benchmarks/matmat.py [result.json] [--aihwkit-python PATH]

The ratio is the result; times depend on the machine. Contestants alternate within a round, and the best of all rounds
is taken. "ideal" has no non-ideality; "noisy" has an 8-bit DAC and ADC (with half a step of converter noise) and the
same read noise in every cell; "conductance" has the same converters and read noise that grows with the conductance (the
law of the PCM of the library). "aihwkit" is the forward pass of its AnalogTile with the non-idealities of "noisy", in
the interpreter that --aihwkit-python names (aihwkit needs a torch of its own); without one it is skipped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from benchmark_machine import cores, machine
from peer_process import PeerProcess

from revpath.devices import load_device
from revpath.devices.laws import ConstantReadNoise
from revpath.devices.laws.fields import Law
from revpath.simulator import ADC, DAC, ArrayConfig, Crossbar
from revpath.simulator.compile import threads

SHAPES = ((512, 512), (784, 500))
BATCH, ROUNDS = 64, 60
BITS, CONVERTER_NOISE, READ_NOISE = 8, 0.5, 0.01  # bits of both converters, steps of the ADC, part of g_max


def contestants(shape: tuple[int, int]) -> dict[str, Callable[[], np.ndarray]]:
    """Calls that each make (BATCH, rows) @ (rows, columns)."""
    rng = np.random.default_rng(0)
    weights = rng.uniform(-1, 1, shape).astype(np.float32)
    x = rng.uniform(-1, 1, (BATCH, shape[0])).astype(np.float32)
    ideal = Crossbar(shape, ArrayConfig())
    noisy = Crossbar(shape, noisy_config(shape, ConstantReadNoise(relative=READ_NOISE)))
    conductance = Crossbar(shape, noisy_config(shape, load_device("pcm-nandakumar2019").read_noise))
    arrays = {"ideal": ideal, "noisy": noisy, "conductance": conductance}
    for array in arrays.values():
        array.program(weights)
    return {"numpy": lambda: x @ weights} | {name: partial(array.forward, x) for name, array in arrays.items()}


def noisy_config(shape: tuple[int, int], read_noise: Law) -> ArrayConfig:
    """Converters and an ideal device that reads with this noise."""
    device = load_device("ideal").model_copy(update={"read_noise": read_noise})
    adc = ADC(bits=BITS, y_max=adc_range(shape), noise_lsb=CONVERTER_NOISE)
    return ArrayConfig(device=device, dac=DAC(bits=BITS), adc=adc)


def adc_range(shape: tuple[int, int]) -> float:
    """Four standard deviations of an output of uniform inputs and weights."""
    return 4 * float(np.sqrt(shape[0] / 9))


class Aihwkit:
    """aihwkit in another interpreter, asked through its pipes (`aihwkit_peer.py`).

    Raises
    ------
    RuntimeError: the interpreter does not answer, with what it said.
    """

    def __init__(self, python: str | Path, n_threads: int) -> None:
        self._n_threads = n_threads
        self._peer = PeerProcess(python, "aihwkit_peer.py", n_threads)

    def build(self, shape: tuple[int, int]) -> dict:
        """The non-idealities of "noisy"; answers with versions and the rms error against the exact product."""
        mapping = Crossbar((1, 1), noisy_config(shape, ConstantReadNoise(relative=READ_NOISE))).mapping
        g_max = load_device("ideal").window.g_max
        request = {
            "shape": shape,
            "batch": BATCH,
            "seed": 0,
            "threads": self._n_threads,
            "bits": BITS,
            "y_max": adc_range(shape),
            "noise_lsb": CONVERTER_NOISE,
            "weight_noise": float(np.sqrt(2) * READ_NOISE * g_max * mapping.per_siemens),  # two cells a weight
            "law": "constant",
        }
        return self._peer.ask(request)

    def seconds(self) -> float:
        """Of one forward pass."""
        return self._peer.ask({"run": 1})["seconds"]

    def close(self) -> None:
        """Ends the peer's process."""
        self._peer.close()


def measure(shape: tuple[int, int], peer: Aihwkit | None = None) -> dict:
    """Best seconds of each contestant, and their ratios: to numpy's, and of the peer to "noisy"."""
    calls = contestants(shape)
    about_peer = peer.build(shape) if peer else {}
    seconds = dict.fromkeys(calls, np.inf) | ({"aihwkit": np.inf} if peer else {})
    for _ in range(ROUNDS):
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            seconds[name] = min(seconds[name], time.perf_counter() - begin)
        if peer:
            seconds["aihwkit"] = min(seconds["aihwkit"], peer.seconds())
    ratios = {f"{name}_over_numpy": round(seconds[name] / seconds["numpy"], 3) for name in calls if name != "numpy"}
    if peer:
        exact = calls["numpy"]()
        rms = float(np.sqrt(np.mean((calls["noisy"]() - exact) ** 2)))
        ratios |= {"aihwkit_over_noisy": round(seconds["aihwkit"] / seconds["noisy"], 3)}
        about_peer = {"aihwkit": about_peer | {"rms_error_of_noisy": rms}}
    return {"microseconds": {name: round(1e6 * value, 1) for name, value in seconds.items()}, **ratios, **about_peer}


def main(out: str | Path | None = None, aihwkit_python: str | Path | None = None) -> dict:
    """Times and ratios by threads and shape; written to `out` as JSON where it is given."""
    result: dict = {"machine": machine(), "batch": BATCH, "rounds": ROUNDS, "by_threads": {}}
    if aihwkit_python is None:
        result["aihwkit"] = "skipped: no interpreter given (--aihwkit-python)"
        print(f"aihwkit {result['aihwkit']}")
    for n in sorted({1, cores()}):
        peer = Aihwkit(aihwkit_python, n) if aihwkit_python is not None else None
        with threads(n):
            result["by_threads"][n] = {f"{rows}x{columns}": measure((rows, columns), peer) for rows, columns in SHAPES}
        if peer:
            peer.close()
        for shape, row in result["by_threads"][n].items():
            print(f"{n} thread(s), {shape}, batch {BATCH}: {row}")
    if out is not None:
        Path(out).write_text(json.dumps(result, indent=2) + "\n")
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Array reads beside numpy's matrix product, in one run.")
    parser.add_argument("out", nargs="?", help="file for the result, JSON")
    parser.add_argument("--aihwkit-python", metavar="PATH", help="an interpreter that has aihwkit")
    arguments = parser.parse_args()
    main(arguments.out, arguments.aihwkit_python)
