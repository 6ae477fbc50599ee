"""The headline from events and records, by plain arithmetic: nothing of revpath is imported, only its TOML files are read.

The analog EBM on reram-32nm and the transformer on an H100 by the run-level price of a FLOP, both by the schedule of a register
tile. Every price is written down here again, from the records' values in SI units.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2] / "energy_models"
SI = {"pJ": 1e-12, "fJ": 1e-15, "nJ": 1e-9, "uW": 1e-6, "mW": 1e-3}


def _records() -> dict[str, float]:
    """Every record of the library by id, its energies and powers in J and W."""
    out = {}
    for file in (ROOT / "library").glob("*.toml"):
        for record in tomllib.loads(file.read_text(encoding="utf-8")).get("record", []):
            head = record["unit"].partition("/")[0]
            out[record["id"]] = record["value"] * SI.get(head, 1.0)
    return out


R = _records()
SWEEPS = tomllib.loads((ROOT / "components" / "memories_cacti7.toml").read_text(encoding="utf-8"))["sweep"]


def _memory(quantity: str, kept: float) -> float:
    """A memory of `kept` bytes at 32 nm with a port of 256 bits, half way between the flavours; priced between powers of two."""

    def at(size: int) -> float:
        values = []
        for sweep in SWEEPS:
            if (sweep["node_nm"], sweep["port_bits"]) != (32, 256) or sweep["flavour"] not in ("hp", "lop"):
                continue
            sizes, joules = sweep["bytes"], sweep[quantity]
            k = max(i for i in range(len(sizes) - 1) if sizes[i] <= size)
            share = math.log(size / sizes[k]) / math.log(sizes[k + 1] / sizes[k])
            values.append(joules[k] ** (1 - share) * joules[k + 1] ** share)
        assert len(values) == 2
        return math.sqrt(values[0] * values[1])

    below = 2 ** math.floor(math.log2(kept))
    weight = (kept - below) / below
    return at(below) ** (1 - weight) * at(2 * below) ** weight


def analog_joules(
    events: dict[str, float], characters: int, hidden: int, batch: int, pulse_J: float
) -> tuple[float, float]:
    """Joules and seconds of the analog EBM with 27 symbols."""
    symbols, tile = 27, 8
    functions = characters * symbols * hidden
    fields = 2 * characters * hidden
    # bytes: labels of 1, the rest of 2; each moved once for 8 rows or for 8 units of a tile, in both passes
    read = 2 * (functions / tile + fields + 2 * functions / tile) + 2 * functions / tile
    written = characters / batch * symbols * hidden + 2 * functions / tile + 2 * functions / tile + 2 * fields
    kept = symbols * hidden * 3 + 4 * batch * hidden + 2 * (batch * symbols + hidden + symbols)
    e = {name: float(events.get(f"digital.{name}", 0)) for name in
         ("add", "compare", "multiply", "divide", "exp", "log", "softplus", "sigmoid")}  # fmt: skip
    steps = sum(e.values()) + 2 * (e["exp"] + e["log"] + e["softplus"])
    seconds = events["array.busy_s"] + steps / 16 * 1e-9
    add, multiply, table = (R[f"digital.puma2019.{n}"] for n in ("add", "multiply", "function_table"))
    interpolated = add + multiply + table
    lane = R["static.puma2019.alu"] + R["static.puma2019.function_table"]
    shared = R["static.puma2019.instruction_memory"] + R["static.puma2019.control"] + _memory("leakage_W", kept)
    clock = 768 * (R["register.assumed.clock_pin"] + R["wire.kogge2008.capacitance"] * 1e3 * 2.5e-6) * 0.9**2
    farad = 256 * (R["line.nvsim2012.cell"] + R["transistor.assumed.junction"] * 1e-4)
    farad += 256 * R["wire.kogge2008.capacitance"] * 1e3 * 1e-6
    bias = R["amplifier.assumed.branches"] * farad * 9 * math.log(2) / 1e-8 / R["amplifier.assumed.gm_over_id"]
    seven, eight = (R[f"adc.andrulis2024.32nm_{n}b"] for n in (7, 8))
    prices = {
        "adc.conversion{enob=7.99}": seven**0.01 * eight**0.99,
        "array.read_energy_J": 1.0,
        "array.busy_s": R["static.puma2019.input_register"] + R["static.puma2019.output_register"],
        "array.read_charge_C": R["supply.assumed.headroom_32nm"],
        "cell.programmed": R["update.panther2020.serial_write_cell"],
        "column.regulate": 0.9 * bias * 1e-7,
        "dac.conversion{bits=8}": R["dac.chen2018.8b"],
        "line.drive": R["driver.isaac2016.row"],
        "line.pulse": R["line.nvsim2012.pulse_256"],
        "pulse.up": pulse_J,
        "pulse.down": pulse_J,
        "random.bit": R["register.aladdin2014.bit"] + 3 * R["digital.aladdin2014.adder_bit"],
    }
    total = sum(events[name] * each for name, each in prices.items())
    total += (e["add"] + e["compare"]) * add + e["multiply"] * multiply + e["divide"] * R["digital.puma2019.divide"]
    total += e["sigmoid"] * table + (e["exp"] + e["log"] + e["softplus"]) * interpolated
    total += read * _memory("read_J", kept) + written * _memory("written_J", kept)
    total += seconds * (16 * lane + shared)
    total += steps / 16 * (R["instruction.puma2019.fetch"] + clock) + 16 * steps * R["register.aladdin2014.bit"]
    converted = events["adc.conversion{enob=7.99}"] + events["dac.conversion{bits=8}"]
    return total + converted * R["bus.isaac2016"] + characters * R["hbm.neurosim2020.hbm2"], seconds


def transformer_joules(tokens: int, width: int, layers: int, heads: int, context: int, batch: int) -> float:
    """Joules of the transformer by the run-level price of a FLOP, without weight decay."""
    symbols = 27
    matrices = layers * 12 * width**2 + symbols * width
    parameters = matrices + symbols * width + (2 * layers + 1) * width + layers * heads * context
    flops = 3 * (2 * matrices + 4 * layers * width * context)
    steps = tokens / (batch * context)
    norms, pairs, inner = (2 * layers + 1) * width, layers * heads * context, layers * 4 * width
    add = 8 * norms + 2 * layers * 2 * width + 7 * pairs + 2 * layers * 2 * width + 3 * symbols + width
    multiply = 8 * norms + 4 * (2 * layers + 1) + 4 * layers * 2 * width + 5 * pairs + 3 * inner + symbols
    divide = 3 * (2 * layers + 1) + layers * heads + 1
    special, compare, log = pairs + symbols, pairs + 2 * inner + symbols, 1
    special_slots = R["gpu.vector.special_slots"]
    slots = tokens * (add + multiply + compare) + tokens * (special_slots + 1) * (divide + special + log)
    slots += steps * parameters * (6 + 9 + 2 * (special_slots + 1))
    flop = R["gpu.run.llama31_405b"]
    # 16-bit activations, as Korthikanti et al. count them without dropout, written and read once
    activations = 2 * batch * context * (4 * width + 4 * width + 2 * 4 * width) + 2 * heads * context * batch * context
    moved = steps * (parameters * (2 * 2 + 2 * 2 + 2 + 2 * 12 + 2 + 8) + 2 * layers * activations) + tokens
    return flop * (tokens * flops + slots * R["gpu.vector.h100_flop_per_op"]) + moved * R["hbm.neurosim2020.hbm2"]
