"""Claims about inference and about the scaling of products on arrays."""

from __future__ import annotations

from ..physics import column_read_floor, converter_snr
from ..sensitivity import Take, Value
from .claim import Claim, Note, Step, over
from .parts import (
    OPS,
    PCM_PULSE,
    RERAM_PULSE,
    TO_THE_WALL,
    a100_product,
    b200_product,
    baseline,
    chip_mac,
    of,
    own_instead,
    per_op,
    programming,
    v100_product,
)
from .registry import publishes, written

_BITS = 8
_FP32_BYTES = 4
_INFERENCE = "energy, inference"


@publishes
def inference_claims() -> tuple[Claim, ...]:
    return (_eqspike(), *_agarwal(), _puma(), _ambrogio(), _dillavou())


def _eqspike() -> Claim:
    return written(
        "C3b",
        published=of("claim.eqspike2020.inference"),
        steps=(baseline("a B200's 8-bit products instead of a V100's", b200_product, v100_product), *TO_THE_WALL),
    )


def _agarwal() -> tuple[Claim, Claim]:
    rows = of("claim.agarwal2016.rows")

    def scaling(take: Take) -> Value:
        """Energy of one N x N product, digital memory over array, by the exponents of the paper's table."""
        digital = take("claim.agarwal2016.digital_exponent")
        n = rows(take)
        return n ** (2 * digital) / n**2

    def measured(take: Take) -> Value:
        return OPS * b200_product(take) / chip_mac(take)

    def banks(take: Take) -> Value:
        return take("claim.agarwal2016.bank") / rows(take)

    def noise_limited(take: Take) -> Value:
        """N products over N in one column at 8 useful bits, where the column costs 2 k T x SNR whatever its rows."""
        floor = column_read_floor(converter_snr(_BITS))
        return rows(take) * floor / floor

    return (
        written(
            "C6a",
            published=rows,
            own=scaling,
            steps=(
                Step("bit lines of a banked memory instead of N rows", banks, "array"),
                Step(
                    "a B200 over a measured chip, in joules",
                    over(measured, of("claim.agarwal2016.bank")),
                    "chip",
                    reason=False,
                ),
                *TO_THE_WALL,
            ),
            hardware=lambda take: chip_mac(take) / OPS,
        ),
        written(
            "C6b",
            published=rows,
            own=noise_limited,
            steps=(Step("data of random signs, at the same useful precision", lambda take: 1.0 / rows(take), "array"),),
        ),
    )


def _puma() -> Claim:
    published = of("claim.puma2019.published")
    puma = per_op("claim.puma2019.efficiency")

    def p100_batch_one(take: Take) -> Value:
        """Joules an operation of a P100 that fetches every FP32 weight for one multiply-accumulate."""
        rate = take("claim.puma2019.bandwidth_share") * take("gpu.p100.hbm", "byte_moved/s")
        return _FP32_BYTES / OPS * take("gpu.p100.power", "W") / rate

    def p100(take: Take) -> Value:
        return take("gpu.p100.power", "W") / take("gpu.p100.matmul_fp32", "flop/s")

    def h100_batch_one(take: Take) -> Value:
        return take("gpu.h100.power", "W") / take("gpu.h100.hbm", "byte_moved/s") / OPS

    own = over(p100_batch_one, puma)
    return written(
        "C10",
        published=published,
        own=own,
        steps=(
            own_instead(own, published, "a P100's memory traffic at batch 1"),
            baseline("a batch that uses each weight many times", p100, p100_batch_one),
            baseline("a B200's 8-bit products instead of a P100's FP32", b200_product, p100),
            programming(lambda take: OPS * puma(take), "claim.puma2019.cells_per_weight", RERAM_PULSE),
            *TO_THE_WALL,
        ),
        hardware=puma,
        notes=(
            Note("claimed for its convolutional networks, at least", of("claim.puma2019.cnn")),
            Note("claimed for its perceptrons, at least", of("claim.puma2019.mlp")),
            Note("over an H100 at batch 1 and 8 bits", over(h100_batch_one, puma)),
        ),
    )


def _ambrogio() -> Claim:
    published = of("claim.ambrogio2023.published")
    system = per_op("claim.ambrogio2023.system")
    own = over(a100_product, system)

    def best_of_mlperf(take: Take) -> Value:
        return take("claim.ambrogio2023.samples", "sample/s/W") / published(take)

    return written(
        "C14",
        published=published,
        own=own,
        steps=(
            own_instead(own, published, "its system over an A100's best product"),
            baseline("a B200's 8-bit products instead of an A100's", b200_product, a100_product),
            programming(lambda take: OPS * system(take), "claim.ambrogio2023.cells_per_weight", PCM_PULSE),
            *TO_THE_WALL,
        ),
        hardware=system,
        notes=(
            Note("one chip's best case over its system", over(system, per_op("claim.ambrogio2023.efficiency"))),
            Note("samples a second and watt that its factor implies of MLPerf's best", best_of_mlperf),
        ),
    )


def _dillavou() -> Claim:
    return written(
        "C15",
        notes=(
            Note(
                "a B200's 8-bit multiply-accumulate over one transistor's picojoule",
                lambda take: OPS * b200_product(take) / take("claim.dillavou2023.transistor", "J/op"),
            ),
        ),
    )
