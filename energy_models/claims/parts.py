"""What the claims share: today's baselines, the measured analog chip that stands for any array, and the step to the wall.

Today's baselines. Training: the best training run of record per FLOP (Llama 3.1 405B on H100), with its idle time and
traffic. Inference: the best 8-bit matrix product of a B200, which no real workload reaches. Today's analog chip: HERMES-64
as measured, for products; for a training step, one write pulse a weight and example besides, periphery included (ReRAM
as simulated for PANTHER, PCM by its cell file). Node and facility: hosts and PUE on both sides.
"""

from __future__ import annotations

from ..sensitivity import Quantity, Take, Value
from .claim import Step, over

_HERMES_ROWS = 256  # a property of the array, as the record's conditions say
OPS = 2  # operations in one multiply-accumulate, everywhere
_PRODUCTS, KERNELS = 2, 3  # a training step: a product forward, one backward, and the update


def of(id: str, unit: str = "dimensionless") -> Quantity:
    return lambda take: take(id, unit)


def per_op(efficiency: str) -> Quantity:
    """Joules an operation of a chip of so many operations a second and watt."""
    return lambda take: 1.0 / take(efficiency, "op/s/W")


# --- today's baselines, joules an operation

training_run = of("gpu.run.llama31_405b", "J/flop")
b200_product = of("gpu.gemm.b200_fp8", "J/flop")
a100_product = of("gpu.gemm.a100_bf16", "J/flop")


def v100_product(take: Take) -> Value:
    return take("gpu.v100.power", "W") / take("gpu.v100.matmul_fp16", "flop/s")


def xeon_product(take: Take) -> Value:
    """Of a server processor of 2016 at its peak."""
    return take("baseline.xeon2016_power", "W") / take("baseline.xeon2016_rate", "flop/s")


def _best_product(gpu: str, format: str) -> Quantity:
    return lambda take: take(f"gpu.{gpu}.power", "W") / take(f"gpu.{gpu}.matmul_{format}", "flop/s")


PARTS: dict[int, Quantity] = {
    2017: _best_product("v100", "fp16"),
    2020: a100_product,
    2023: of("gpu.gemm.h100_fp8", "J/flop"),
    2025: b200_product,
}
"""Joules an operation of the best matrix product of a part of the year, rated power over measured rate: V100, A100, H100, B200."""


# --- today's analog chip, joules a multiply-accumulate

array_mac = of("baseline.array_read_pcm", "J/op")


def macro_mac(take: Take) -> Value:
    """Of the measured core: cells and converters."""
    return OPS / take("silicon.khaddam2022.core.efficiency", "op/J")


def chip_mac(take: Take) -> Value:
    """Of the measured chip: one output of 256 rows, over its rows."""
    return take("macro.hermes2023.output_1phase", "J/conversion") / _HERMES_ROWS


def training_mac(pulse: str) -> Quantity:
    """Of a training step: two products on the measured chip and one pulse a weight, over three kernels."""
    return lambda take: (_PRODUCTS * chip_mac(take) + take(pulse, "J/pulse")) / KERNELS


RERAM_PULSE, PCM_PULSE = "update.panther2020.serial_write_cell", "pulse.lee2009.pcm_set"


def training_op(pulse: str) -> Quantity:
    return lambda take: training_mac(pulse)(take) / OPS


# --- steps

_PUE = "pue.google2021"

TO_THE_WALL = (
    Step(
        "hosts on both sides",
        lambda take: take("node.h100.power_over_gpu") / take("node.assumed.power_over_analog_chip"),
        "node",
    ),
    Step("the same PUE on both sides", lambda take: take(_PUE) / take(_PUE), "facility"),
)


def own_instead(own: Quantity, published: Quantity, what: str = "its own numbers") -> Step:
    return Step(f"{what} instead of the published factor", over(own, published), "own numbers", reason=False)


def baseline(name: str, now: Quantity, then: Quantity) -> Step:
    return Step(name, over(now, then), "baseline")


def to_measured_training(claimed_mac: Quantity, pulse: str = RERAM_PULSE) -> tuple[Step, ...]:
    """From an array's claimed joules a multiply-accumulate to those of today's analog training chip, and to the wall."""
    return (
        Step("cells as read in a measured chip", over(claimed_mac, array_mac), "array", reason=False),
        Step("converters of a measured core", over(array_mac, macro_mac), "macro", reason=False),
        Step("the rest of the measured chip", over(macro_mac, chip_mac), "chip", reason=False),
        Step("one write pulse a weight and example", over(chip_mac, training_mac(pulse)), "writes"),
        *TO_THE_WALL,
    )


def programming(mac: Quantity, cells: str, pulse: str) -> Step:
    """Programming and verifying the weights, shared out over their uses, for inference."""

    def quantity(take: Take) -> Value:
        write = take(cells) * take("claim.assumed.pulses_per_write") * take(pulse, "J/pulse")
        return mac(take) / (mac(take) + write / take("claim.assumed.uses_per_write"))

    return Step("programming and verifying the weights", quantity, "writes")
