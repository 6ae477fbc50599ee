"""What aihwkit does, as arrays of samples: for tests that hold our laws to it. Knows no revpath.

    python tests/against_aihwkit/peer.py request.json answer.npz

The request is a list of jobs, {"job": name, ...}; the answer holds what job k returns as arrays "k/name". aihwkit
1.1.0 works with torch 2.10 and 2.11, on Python 3.11. Its noise is seeded by the clock: nothing here can be repeated.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from aihwkit.inference import GlobalDriftCompensation, PCMLikeNoiseModel, ReRamCMONoiseModel, ReRamWan2022NoiseModel
from aihwkit.inference.compensation.drift import PerColumnDriftCompensation
from aihwkit.inference.noise.custom import StateIndependentNoiseModel
from aihwkit.inference.noise.hermes import HermesNoiseModel
from aihwkit.simulator.configs import (
    DigitalRankUpdateRPUConfig,
    IOParameters,
    SingleRPUConfig,
    UnitCellRPUConfig,
    UpdateParameters,
    compounds,
    devices,
)
from aihwkit.simulator.parameters.enums import (
    BoundManagementType,
    NoiseManagementType,
    PulseType,
    WeightNoiseType,
)
from aihwkit.simulator.presets import devices as presets
from aihwkit.simulator.tiles.analog import AnalogTile
from aihwkit.version import __version__

Answer = dict[str, np.ndarray]


def device(job: dict) -> Any:
    """The device configuration that a job names."""
    kind = getattr(devices, job["device"], None) or getattr(presets, job["device"])
    return kind(**job.get("fields", {}))


def make_tile(job: dict, columns: int, rows: int, update: UpdateParameters | None = None) -> AnalogTile:
    """columns outputs, rows inputs; forward passes without error, hence weights as they are."""
    config = SingleRPUConfig(
        device=device(job),
        forward=IOParameters(is_perfect=True),
        backward=IOParameters(is_perfect=True),
        update=update or UpdateParameters(),
    )
    return AnalogTile(columns, rows, config)


def cells(job: dict) -> Answer:
    """Parameters of `count` cells, as they were drawn."""
    tile = make_tile(job, job["count"] // 64, 64)
    hidden = tile.get_hidden_parameters()
    answer = {name: value.numpy() for name, value in hidden.items()}
    return answer | {"granularity": np.array(granularity(tile))}


def granularity(tile: AnalogTile) -> float:
    """The weight change of one coincidence that aihwkit computes with, as its own printed parameters say."""
    said = str(tile.tile)
    for line in said.splitlines():
        if "granularity" in line:
            return float(line.split(":")[1].split()[0].strip("() ,"))
    return math.nan


def pulses(job: dict) -> Answer:
    """Single pulses on every cell of an array: the states before and after, several times from the same states.

    range: the states before lie anywhere in this part of the range of each cell, or all at `start`. up: the direction.
    length: pulses. Each surely: a train of one slot in which every line fires.
    """
    update = UpdateParameters(
        desired_bl=1,
        fixed_bl=True,
        update_bl_management=False,
        update_management=False,
        pulse_type=PulseType.DETERMINISTIC_IMPLICIT,
    )
    columns, rows = job["count"] // 64, 64
    tile = make_tile(job, columns, rows, update)
    hidden = {name: value.numpy() for name, value in tile.get_hidden_parameters().items()}
    rng = np.random.default_rng(job["seed"])
    low, high = hidden["min_bound"], hidden["max_bound"]
    middle, half = (low + high) / 2, (high - low) / 2
    start = (middle + job["range"] * half * rng.uniform(-1, 1, low.shape)).astype(np.float32)
    if "start" in job:
        start = np.full_like(start, job["start"])
    elif "reference" in hidden:
        start = start - hidden["reference"]
    tile.set_learning_rate(1.0)
    sign = -1.0 if job["up"] else 1.0
    before, after, shown = [], [], []
    for _ in range(job["repeats"]):
        tile.set_weights(torch.from_numpy(start))
        persistent = tile.get_hidden_parameters().get("persistent_weights")
        before.append(tile.get_weights()[0].numpy().copy() if persistent is None else persistent.numpy().copy())
        for _ in range(job.get("length", 1)):
            tile.update(torch.ones(1, rows), sign * torch.ones(1, columns))
        shown.append(tile.get_weights()[0].numpy().copy())
        persistent = tile.get_hidden_parameters().get("persistent_weights")
        after.append(shown[-1] if persistent is None else persistent.numpy().copy())
    return hidden | {"before": np.stack(before), "after": np.stack(after), "shown": np.stack(shown)}


def counter(step: float) -> dict:
    """A cell that every pulse moves by one step: without noise, spread or a bound that matters."""
    still = ("dw_min_dtod", "dw_min_std", "up_down_dtod", "w_max_dtod", "w_min_dtod")
    fields = dict.fromkeys(still, 0.0) | {"dw_min": step, "w_max": 100.0, "w_min": -100.0}
    return {"device": "ConstantStepDevice", "fields": fields}


def learning(job: dict) -> Answer:
    """Update rules: calls with x (calls, batch, rows) and d (calls, batch, columns), and what there is after each.

    rule, fields: the class of a compound, and its fields. longest: slots of every train on the fast array, fixed, in which
    lines with inputs of +-1 fire surely, from `start` (rows, columns) on. steps: most pulses of a transfer, sent without
    chance unless `by_chance`. Every cell is a `counter`.
    """
    cell, perfect = device(counter(job["step"])), IOParameters(is_perfect=True)
    kind = getattr(compounds, job["rule"])
    kinds = PulseType.STOCHASTIC_COMPRESSED if job.get("by_chance") else PulseType.DETERMINISTIC_IMPLICIT
    transfers = UpdateParameters(desired_bl=job["steps"], pulse_type=kinds)
    if job["rule"] == "MixedPrecisionCompound":
        config = DigitalRankUpdateRPUConfig(
            device=kind(device=cell, **job["fields"]), forward=perfect, update=transfers
        )
    else:
        compound = kind(
            unit_cell_devices=[cell, cell], transfer_forward=perfect, transfer_update=transfers, **job["fields"]
        )
        update = UpdateParameters(
            desired_bl=job["longest"], fixed_bl=True, update_bl_management=False, update_management=False
        )
        config = UnitCellRPUConfig(device=compound, forward=perfect, update=update)
    x, d = np.float32(job["x"]), np.float32(job["d"])
    tile = AnalogTile(d.shape[2], x.shape[2], config)
    tile.set_learning_rate(job["rate"])
    tile.set_weights(torch.zeros(d.shape[2], x.shape[2]))
    if "start" in job:
        start = torch.from_numpy(np.ascontiguousarray(np.float32(job["start"]).T))
        if job["rule"] != "MixedPrecisionCompound":
            tile.set_hidden_parameters(tile.get_hidden_parameters() | {"hidden_weights_0": start})
    answer: dict[str, list] = {}
    for one, other in zip(x, d, strict=True):
        tile.update(torch.from_numpy(one), torch.from_numpy(-other))
        now = {"weights": tile.get_weights()[0]} | dict(tile.get_hidden_parameters())
        for name, value in now.items():
            if "weight" in name:
                answer.setdefault(name, []).append(value.numpy().T.copy())
    return {name: np.stack(values) for name, values in answer.items()}


def trains(job: dict) -> Answer:
    """Outer products by stochastic trains on cells that count pulses: (samples, columns, rows) coincidences.

    The cells are `counter`s, so that the change of a weight is a whole number of steps.
    """
    update = UpdateParameters(
        desired_bl=job["longest"],
        update_bl_management=job["management"],
        update_management=job["management"],
        fixed_bl=job.get("fixed", True),
        pulse_type=PulseType[job.get("pulse_type", "STOCHASTIC_COMPRESSED")],
    )
    x, d = np.float32(job["x"]), np.float32(job["d"])
    tile = make_tile(counter(job["step"]), len(d), len(x), update)
    tile.set_learning_rate(job["rate"])
    counts = np.empty((job["samples"], len(d), len(x)), np.int32)
    zero = torch.zeros(len(d), len(x))
    for k in range(job["samples"]):
        tile.set_weights(zero)
        tile.update(torch.from_numpy(x[None]), torch.from_numpy(-d[None]))
        counts[k] = np.rint(tile.get_weights()[0].numpy() / job["step"])
    return {"counts": counts}


def forward(job: dict) -> Answer:
    """Repeated forward passes (repeats, batch, columns) of given inputs and weights; with `back`, backward ones."""
    names = {"noise_management": NoiseManagementType, "bound_management": BoundManagementType}
    names["w_noise_type"] = WeightNoiseType
    io = {k: names[k][v] if k in names else v for k, v in job["io"].items()}
    weights, x = np.float32(job["weights"]), torch.from_numpy(np.float32(job["x"]))
    config = SingleRPUConfig(device=devices.IdealDevice(), forward=IOParameters(**io), backward=IOParameters(**io))
    tile = AnalogTile(weights.shape[1], weights.shape[0], config)
    tile.set_weights(torch.from_numpy(np.ascontiguousarray(weights.T)))
    read = tile.backward if job.get("back") else tile.forward
    return {"y": np.stack([read(x).numpy().copy() for _ in range(job["repeats"])])}


MODELS = {
    "pcm": lambda: PCMLikeNoiseModel(g_max=25.0),
    "hermes": lambda: HermesNoiseModel(num_devices=1),
    "hermes-pair": lambda: HermesNoiseModel(num_devices=2),
    "wan": lambda: ReRamWan2022NoiseModel(g_max=40.0),
    "cmo": lambda: ReRamCMONoiseModel(acceptance_range=0.2),
    "cmo-2": lambda: ReRamCMONoiseModel(acceptance_range=2),
    "state-independent": lambda: StateIndependentNoiseModel(g_max=25.0),
}


def inference(job: dict) -> Answer:
    """Programming, drift coefficients and aged conductances (uS) of `count` cells at each target g (uS) of a model."""
    model = MODELS[job["model"]]()
    found: dict[str, list] = {"programmed": [], "nu": [], "aged": []}
    for g in job["g"]:
        target = torch.full((job["count"],), g)
        found["programmed"].append(model.apply_programming_noise_to_conductance(target.clone()).numpy())
        nu = model.generate_drift_coefficients(target.clone())
        found["nu"].append(nu.numpy())
        found["aged"].append(model.apply_drift_noise_to_conductance(target.clone(), nu, job["seconds"]).numpy())
    return {name: np.stack(parts) for name, parts in found.items()}


def compensation(job: dict) -> Answer:
    """By what outputs are multiplied, after reads of one line after another (rows, columns): then and now."""
    then, now = (torch.tensor(job[name], dtype=torch.float32) for name in ("then", "now"))
    kinds = {"all": GlobalDriftCompensation(), "columns": PerColumnDriftCompensation()}
    return {name: kind.apply(now, kind.readout(then)).numpy() for name, kind in kinds.items()}


def configurations(job: dict) -> Answer:
    """Every device class and preset as JSON: class of its law and fields."""
    answer = {}
    for name in job["names"]:
        config = device({"device": name})
        kinds = [c.__name__ for c in type(config).__mro__ if c.__module__ == devices.__name__]
        answer[name] = np.array(json.dumps([kinds[0], asdict(config)]))
    return answer


def rules(job: dict) -> Answer:
    """Fields of the compounds of whole presets, as JSON."""
    from aihwkit.simulator.presets import configs

    answer = {}
    for name in job["names"]:
        compound = getattr(configs, name)().device
        answer[name] = np.array(json.dumps({k: v for k, v in vars(compound).items() if isinstance(v, int | float)}))
    return answer


def accepts(job: dict) -> Answer:
    """The fields that a device has after it was made from `fields`, as JSON."""
    config = device(job)
    AnalogTile(2, 2, SingleRPUConfig(device=config))
    return {"fields": np.array(json.dumps(asdict(config)))}


def error_of(call: Any) -> np.ndarray:
    try:
        call()
    except Exception as error:
        return np.array(f"{type(error).__name__}: {error}")
    return np.array("")


def clipped_outputs(weights: list[float], test_negative: bool) -> np.ndarray:
    """What two outputs beyond a bound of 1 give, with iterative bound management."""
    io = IOParameters(
        inp_res=0.0,
        out_res=0.0,
        out_noise=0.0,
        out_bound=1.0,
        bound_management=BoundManagementType.ITERATIVE,
        noise_management=NoiseManagementType.NONE,
        bm_test_negative_bound=test_negative,
    )
    tile = AnalogTile(2, 1, SingleRPUConfig(device=devices.IdealDevice(), forward=io))
    tile.set_weights(torch.tensor(weights)[:, None])
    return tile.forward(torch.ones(1, 1)).numpy()


def change_at_resolution(res: float) -> np.ndarray:
    """Mean change by 500 updates of rate x d = 0.004 with pulse probabilities of a given resolution."""
    update = UpdateParameters(desired_bl=10, update_management=False, update_bl_management=False, res=res)
    fields = {"dw_min": 0.001, "w_max": 10.0, "w_min": -10.0, "dw_min_dtod": 0.0, "dw_min_std": 0.0}
    tile = make_tile({"device": "ConstantStepDevice", "fields": fields}, 1, 1, update)
    tile.set_learning_rate(0.01)
    tile.set_weights(torch.zeros(1, 1))
    for _ in range(500):
        tile.update(torch.full((1, 1), 0.632), torch.full((1, 1), -0.632))
    return tile.get_weights()[0].numpy() / 500


def oddities(job: dict) -> Answer:
    """Defects that can be seen without statistics: what aihwkit says, or does, in each case."""
    weights = torch.linspace(-1, 1, 12).reshape(3, 4)
    wan, cmo = ReRamWan2022NoiseModel(g_max=80.0), ReRamCMONoiseModel(acceptance_range=2e-2)
    shift = SingleRPUConfig(forward=IOParameters(bound_management=BoundManagementType.SHIFT))
    tile = make_tile({"device": "ConstantStepDevice"}, 3, 4)
    untiled = SingleRPUConfig()
    untiled.tile_array_class = None
    pcm_model = PCMLikeNoiseModel(g_max=25.0)
    return {
        "wan_reference": np.array(wan.coeff_g_max_reference),
        "wan_stored_elsewhere": np.array(getattr(wan, "prog_coeff_g_max_reference", math.nan)),
        "pcm_own_reference": error_of(
            lambda: PCMLikeNoiseModel(
                prog_coeff=[0.1, 1.0], g_max=25.0, prog_coeff_g_max_reference=25.0
            ).apply_programming_noise_to_conductance(torch.ones(3))
        ),
        "cmo_acceptance": np.array(cmo.acceptance_range),
        "noise_at_zero": error_of(lambda: pcm_model.apply_noise(weights, 0.0)),
        "noise_after": error_of(lambda: pcm_model.apply_noise(weights, 1.0)),
        "shift": error_of(lambda: AnalogTile(3, 4, shift).forward(torch.ones(1, 4))),
        "program_with_own_inputs": error_of(lambda: tile.program_weights(x_values=torch.eye(4), max_iter=1)),
        "no_tile_array": error_of(untiled.get_default_tile_module_class),
        "readout": GlobalDriftCompensation().get_readout_tensor(3).numpy(),
        "clipped_first": clipped_outputs([2.0, -2.0], False),
        "clipped_last": clipped_outputs([-2.0, 2.0], False),
        "clipped_both": clipped_outputs([2.0, -2.0], True),
        "change_tenth": change_at_resolution(0.1),
        "change_ten": change_at_resolution(10.0),
    }


def normals(job: dict) -> Answer:
    """The noise of many outputs of one tile."""
    io = IOParameters(
        inp_res=0.0,
        out_res=0.0,
        out_noise=1.0,
        out_bound=0.0,
        bound_management=BoundManagementType.NONE,
        noise_management=NoiseManagementType.NONE,
    )
    tile = AnalogTile(1000, 1, SingleRPUConfig(device=devices.IdealDevice(), forward=io))
    tile.set_weights(torch.zeros(1000, 1))
    return {"z": np.concatenate([tile.forward(torch.ones(1, 1)).numpy().ravel() for _ in range(job["thousands"])])}


def pair(job: dict) -> Answer:
    """Weights of zero programmed, and how the two calls that age them split the result into two devices again."""
    model = PCMLikeNoiseModel(g_max=25.0)
    zeros = torch.zeros(64, 64)
    programmed = [model.apply_programming_noise_to_conductance(zeros.clone()) for _ in range(2)]
    weights, _ = model.apply_programming_noise(torch.cat([torch.ones(1, 64), zeros[1:]]))
    split, scale = model.g_converter.convert_to_conductances(weights)
    return {
        "programmed": np.stack([g.numpy() for g in programmed]),
        "split": np.stack([g.numpy() for g in split]),
        "largest": np.array(float(weights.abs().max())),
        "scale": np.array(str(scale)),
    }


_JOBS = (
    cells,
    pulses,
    trains,
    learning,
    forward,
    inference,
    compensation,
    configurations,
    rules,
    accepts,
    oddities,
    normals,
    pair,
)
JOBS = {job.__name__: job for job in _JOBS}


def work(request: list[dict]) -> Answer:
    """What all jobs return, "k/name": array."""
    answer: Answer = {"version": np.array(__version__), "torch": np.array(torch.__version__)}
    with torch.no_grad():
        for k, job in enumerate(request):
            answer |= {f"{k}/{name}": np.asarray(value) for name, value in JOBS[job["job"]](job).items()}
    return answer


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        np.savez(sys.argv[2], **work(json.load(file)))
