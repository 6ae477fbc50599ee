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
)
from .registry import publishes

_BITS = 8
_FP32_BYTES = 4
_INFERENCE = "energy, inference"


@publishes
def inference_claims() -> tuple[Claim, ...]:
    return (_eqspike(), *_agarwal(), _puma(), _ambrogio(), _dillavou())


def _eqspike() -> Claim:
    def v100(take: Take) -> Value:
        return take("gpu.v100.power", "W") / take("gpu.v100.matmul_fp16", "flop/s")

    return Claim(
        "C3b",
        "eqspike2020",
        "EqSpike, inference",
        _INFERENCE,
        of("claim.eqspike2020.inference"),
        missing="spikes an image, joules a spike of the silicon it assumes, and joules an image of the GPU: the section on "
        "energy of arXiv:2010.07859 (iScience 2021)",
        quality="MNIST, 96.9 to 97.6 % in simulation",
        steps=(baseline("a B200's 8-bit products instead of a V100's", b200_product, v100), *TO_THE_WALL),
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
        Claim(
            "C6a",
            "agarwal2016",
            "Agarwal et al., O(N), N = 1000",
            "energy, scaling",
            rows,
            scaling,
            "own",
            missing="a single factor: the claim is the exponent (Front. Neurosci. 9:484, table 2), computed at an N chosen here",
            quality="equal bits on both sides",
            steps=(
                Step("bit lines of a banked memory instead of N rows", banks, "array"),
                Step("a B200 over a measured chip, in joules", over(measured, of("claim.agarwal2016.bank")), "chip"),
                *TO_THE_WALL,
            ),
            hardware=lambda take: chip_mac(take) / OPS,
        ),
        Claim(
            "C6b",
            "agarwal2016",
            "Agarwal et al., O(1), N = 1000",
            "energy, scaling",
            rows,
            noise_limited,
            "own",
            missing="a single factor: the claim is the exponent (Front. Neurosci. 9:484), computed at an N chosen here",
            quality="signal to noise of full scale; equal for the dot product itself only with data of one sign",
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
    return Claim(
        "C10",
        "puma2019",
        "PUMA over a GPU, up to",
        _INFERENCE,
        published,
        own,
        "independent",
        missing="joules of each network on the Pascal GPU, as its authors measured them: figure 11 of arXiv:1901.10351, of "
        "which the abstract and public notes could be read. The 2446 is a deep recurrent network's. Computed instead for a "
        "P100 that fetches FP32 weights at batch 1, over 837 GOPS/s/W",
        quality="equal by assumption: the same networks at 16 bits, no noise",
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

    return Claim(
        "C14",
        "ambrogio2023",
        "Ambrogio et al., over MLPerf",
        _INFERENCE,
        published,
        own,
        "independent",
        missing="samples a second and watt of the MLPerf submission compared with: figure 6 of Nature 620 (2023), of which the "
        "abstract, the introduction and public notes could be read. Computed instead from its system's 6.7 TOPS/W, digital "
        "work off the chips included, and an A100's best product",
        quality="9.26 % word errors against 7.45 % in software, above the 8.38 % that MLPerf allows",
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
    return Claim(
        "C15",
        "dillavou2023",
        "Dillavou et al., self-learning",
        _INFERENCE,
        missing="a factor: the abstract of arXiv:2311.00537 states picojoules across each transistor and microseconds, no "
        "comparison with a computer",
        quality="exclusive or and a nonlinear regression",
        notes=(
            Note(
                "a B200's 8-bit multiply-accumulate over one transistor's picojoule",
                lambda take: OPS * b200_product(take) / take("claim.dillavou2023.transistor", "J/op"),
            ),
        ),
    )
