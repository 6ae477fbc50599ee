"""Pulsed outer-product updates of an array, beside those of IBM aihwkit, in one run, on the same threads.

    python benchmarks/pulsed_update.py [result.json] [--aihwkit-python PATH] [--rounds N]

512 x 512 weights, batch 64, trains of up to 31 slots, dense lines (uniform on -1 to 1), one moving cell a weight on either
side, with the same numbers of the device: spread over devices 0.3, noise from pulse to pulse 0.3. The ratio is the result;
times depend on the machine. Contestants alternate within a round, the sign of the errors alternates between rounds, and
the best of all rounds is taken. Cell-samples a second are those of 20 updates back to back on a fresh array, best and
median. "summed" (the default) and "stochastic" are the two ways of `ArrayConfig.pulses`; `slots` is how many slots the
trains take (31 is the full train; 1 has four times fewer coincidences than weights). "sparse" is one sample of 8 active
word lines of 216, on 512 bit lines, at about 400 coincidences.
aihwkit needs a torch of its own, in the interpreter that --aihwkit-python names; without one it is skipped.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from benchmark_machine import cores, machine
from peer_process import PeerProcess

from revpath.devices import Device, load_device
from revpath.devices.response import ConstantStep, SoftBounds
from revpath.simulator import ArrayConfig, Crossbar
from revpath.simulator.compile import threads

PAUSE = 0.05  # s between contestants: the threads of the one before spin for some time when they have nothing to do
SHAPE, BATCH, LONGEST, SLOTS = (512, 512), 64, 31, (31, 4, 1)
LAWS = {"constant-step": ConstantStep, "soft-bounds": SoftBounds}
STEP, SPREAD, NOISE, BOUND, TILT = 1e-3, 0.3, 0.3, 0.6, 0.01


def device(law: str) -> Device:
    """The numbers that aihwkit has by default."""
    response = LAWS[law](
        **{"step": STEP, "step_spread": SPREAD, "step_noise": NOISE, "asymmetry_spread": TILT, "write_noise": 0.0},
        **{"w_max": BOUND, "w_min": -BOUND, "w_max_spread": SPREAD, "w_min_spread": SPREAD},
    )
    return load_device("reram-sb-gong2018").model_copy(update={"response": response})


class Peer:
    """aihwkit in another interpreter (`pulsed_update_peer.py`). RuntimeError: it does not answer, with what it said."""

    def __init__(self, python: str, n_threads: int) -> None:
        self.about: dict = {}
        self._peer = PeerProcess(python, "pulsed_update_peer.py", n_threads)

    def build(self, law: str, slots: int, n_threads: int) -> None:
        """A tile with the numbers of `device`, at a rate that takes so many slots."""
        numbers = {
            **{"dw_min": STEP, "dw_min_dtod": SPREAD, "dw_min_std": NOISE, "up_down": 0.0, "up_down_dtod": TILT},
            **{"w_max": BOUND, "w_min": -BOUND, "w_max_dtod": SPREAD, "w_min_dtod": SPREAD},
        }
        about = {"shape": SHAPE, "batch": BATCH, "slots": LONGEST, "seed": 0, "threads": n_threads}
        self._peer.ask({**about, "law": law, "device": numbers, "rate": slots * STEP})

    def seconds(self) -> float:
        """Of one update."""
        self.about = self._peer.ask({"run": 1})
        return self.about["seconds"]

    def close(self) -> None:
        """Ends the peer's process."""
        self._peer.close()


def measure(law: str, slots: int, n_threads: int, rounds: int, peer: Peer | None) -> dict:
    """Best nanoseconds for one weight and sample of each contestant, ratios, and the spread of the states at the end."""
    rng = np.random.default_rng(0)
    x, d = (rng.uniform(-1, 1, (BATCH, n)).astype(np.float32) for n in SHAPE)
    arrays = {}
    for pulses in ("summed", "stochastic"):
        config = ArrayConfig(device=device(law), mapping="offset", pulses=pulses, longest_train=LONGEST)
        arrays[pulses] = Crossbar(SHAPE, config, seed=1)
    if peer:
        peer.build(law, slots, n_threads)
    took: dict[str, list[float]] = {name: [] for name in ((*arrays, "aihwkit") if peer else arrays)}
    for k in range(rounds + 1):  # the first one compiles
        for name, array in arrays.items():
            errors = d if k % 2 == 0 else -d
            time.sleep(PAUSE)
            begin = time.perf_counter()
            array.update(x, errors, slots * STEP * array.mapping.scale)
            took[name].append(time.perf_counter() - begin)
        if peer:
            time.sleep(PAUSE)
            took["aihwkit"].append(peer.seconds())
    best = {name: min(seconds[1:]) for name, seconds in took.items()}
    samples = BATCH * SHAPE[0] * SHAPE[1]
    result = {
        "ns_per_cell_sample": {name: round(1e9 * value / samples, 3) for name, value in best.items()},
        "billion_cell_samples_per_s": rates(law, slots, x, d),
        "spread": {name: round(float(array.cells.state[:, 0].std()), 5) for name, array in arrays.items()},
    }
    if peer:
        result["aihwkit_over_summed"] = round(best["aihwkit"] / best["summed"], 2)
        result["aihwkit_over_stochastic"] = round(best["aihwkit"] / best["stochastic"], 2)
        result["spread"]["aihwkit"] = round(peer.about["spread"], 5)
    return result


def rates(law: str, slots: int, x: np.ndarray, d: np.ndarray) -> dict[str, float]:
    """Best and median billions of cell-samples a second of updates back to back, by the default way."""
    array = Crossbar(SHAPE, ArrayConfig(device=device(law), mapping="offset", longest_train=LONGEST), seed=2)
    time.sleep(PAUSE)
    took = []
    for k in range(20):
        begin = time.perf_counter()
        array.update(x, d if k % 2 == 0 else -d, slots * STEP * array.mapping.scale)
        took.append(time.perf_counter() - begin)
    samples = BATCH * SHAPE[0] * SHAPE[1] / 1e9
    return {"best": round(samples / min(took), 3), "median": round(samples / float(np.median(took)), 3)}


def sparse(rounds: int) -> float:
    """Best microseconds for one sample of few coincidences."""
    rng = np.random.default_rng(0)
    x, d = np.zeros((1, 216), np.float32), rng.uniform(-1, 1, (1, 512)).astype(np.float32)
    x[0, ::27] = 1
    array = Crossbar((216, 512), ArrayConfig(device="reram-sb-gong2018"), seed=1)
    best = np.inf
    for _ in range(40 * rounds):
        begin = time.perf_counter()
        array.update(x, d, 0.0016)
        best = min(best, time.perf_counter() - begin)
    return round(1e6 * best, 1)


def main(out: str | Path | None = None, aihwkit_python: str | None = None, rounds: int = 6) -> dict:
    """Everything by threads, law and slots; written to `out` as JSON where it is given."""
    result: dict = {"machine": machine(), "shape": SHAPE, "batch": BATCH, "by_threads": {}}
    if aihwkit_python is None:
        result["aihwkit"] = "skipped: no interpreter given (--aihwkit-python)"
        print(f"aihwkit {result['aihwkit']}")
    for n in sorted({1, cores()}):
        peer = Peer(aihwkit_python, n) if aihwkit_python else None
        rows: dict = {}
        with threads(n):
            for law in LAWS:
                for slots in SLOTS:
                    rows[f"{law}, {slots} slots"] = measure(law, slots, n, rounds, peer)
                    print(f"{n} thread(s), {law}, {slots} slots: {rows[f'{law}, {slots} slots']}")
            rows["sparse_us"] = sparse(rounds)
            print(f"{n} thread(s), sparse: {rows['sparse_us']} us a sample")
        if peer:
            result["aihwkit"] = {key: peer.about[key] for key in ("aihwkit", "torch")}
            peer.close()
        result["by_threads"][n] = rows
    if out is not None:
        Path(out).write_text(json.dumps(result, indent=2) + "\n")
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pulsed updates beside those of aihwkit, in one run.")
    parser.add_argument("out", nargs="?", help="file for the result, JSON")
    parser.add_argument("--aihwkit-python", metavar="PATH", help="an interpreter that has aihwkit")
    parser.add_argument("--rounds", type=int, default=6, help="updates of each contestant")
    arguments = parser.parse_args()
    main(arguments.out, arguments.aihwkit_python, arguments.rounds)
