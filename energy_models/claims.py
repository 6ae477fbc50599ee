"""The published advantage factors that revpath tests again: each a function of records, see `claim`.

Today's baselines: for products of 8 bits the best matrix product of a B200; for training the best training run of
record per FLOP, with its idle time and traffic, and its host. Full boundary: where a claim encloses an array, the rest
of a measured chip is added; host and facility are added on both sides.
"""

from __future__ import annotations

from .claim import Change, Claim, Tested, compute
from .limits import column_read_floor, converter_snr
from .road import ITEMS, Step, road, saving
from .sensitivity import Quantity, Take, Value


def retest(*, n_draws: int = 10_000, seed: int = 0) -> list[Tested]:
    """All claims, computed."""
    return [compute(claim, n_draws=n_draws, seed=seed) for claim in claims()]


NO_FACTOR = (
    ("kendall2020", "Kendall et al. 2020, end-to-end analog equilibrium propagation: its abstract states no factor"),
    ("dillavou2023", "Dillavou et al. 2023, self-learning circuit: joules per transistor, no factor over a computer"),
)
"""Works that are often quoted for an advantage but publish no factor in what we could read: nothing to test."""


def _of(id: str) -> Quantity:
    return lambda take: take(id, "dimensionless")


def _over(above: Quantity, below: Quantity) -> Quantity:
    return lambda take: above(take) / below(take)


def _v100_training(take: Take) -> Value:
    return take("baseline.v100_training", "J/flop")


def _h100_training(take: Take) -> Value:
    return take("gpu.run.llama31_405b", "J/flop") * take("node.h100.power_over_gpu")


def _b200_product(take: Take) -> Value:
    return take("gpu.gemm.b200_fp8", "J/flop")


def _a100_product(take: Take) -> Value:
    return take("gpu.gemm.a100_bf16", "J/flop")


def _h100_product(take: Take) -> Value:
    return take("gpu.gemm.h100_bf16", "J/flop")


def _per_op(efficiency: str) -> Quantity:
    return lambda take: 1.0 / take(efficiency, "op/s/W")


def _hermes_op(take: Take) -> Value:
    """Joules per operation (half a multiply-accumulate) of the measured chip: one output of 256 rows."""
    return take("macro.hermes2023.output_1phase", "J/conversion") / _HERMES_OPS


_HERMES_ROWS = 256
_HERMES_OPS = 2 * _HERMES_ROWS  # operations in one output: a property of the array, as the record's conditions say

_NEWER_TRAINING = Change("training on an H100 instead of a V100", _over(_h100_training, _v100_training))
_ARRAY_TO_CHIP = Change(
    "the rest of a measured chip around its cells",
    lambda take: take("baseline.array_read_pcm", "J/op") / (2 * _hermes_op(take)),
)
_HOST = Change(
    "hosts on both sides",
    lambda take: take("node.h100.power_over_gpu") / take("node.assumed.power_over_analog_chip"),
)


def _implied_sweeps(take: Take) -> Value:
    side = take("claim.extropic2025.side", "dimensionless")
    return take("claim.extropic2025.sample", "J/sample") / (side**2 * take("claim.extropic2025.cell", "J/op"))


def _batch_one(gpu: str, weight_bytes: int) -> Quantity:
    """Joules per operation where every weight is read for one multiply-accumulate, which is two operations."""
    return lambda take: weight_bytes / 2 * take(f"gpu.{gpu}.power", "W") / take(f"gpu.{gpu}.hbm", "byte_moved/s")


def _gpu_flips(take: Take) -> Value:
    """Flips a second of a GPU whose vector units do nothing else: two FLOP a slot."""
    return take("gpu.h100.fp32", "flop/s") / 2 / take("claim.sparse_ising2023.slots")


def _column_advantage(random_signs: bool) -> Quantity:
    """How much an N-row column gains over N digital products, relative to one row, at 8 bits of useful precision.

    With data of one sign a column read costs 2 k T x SNR whatever its rows. With random signs the output is a factor
    sqrt(N) below full scale, so that the same useful SNR costs N times more.
    """

    def quantity(take: Take) -> Value:
        rows = take("claim.agarwal2016.rows")
        snr = converter_snr(_BITS)
        one, many = column_read_floor(snr), column_read_floor(snr) * (rows if random_signs else 1)
        return rows * one / many

    return quantity


_BITS = 8


def claims() -> tuple[Claim, ...]:
    """The claims that state a factor."""
    return (
        Claim(
            "C1 extropic2025",
            "Extropic DTM, per sample",
            "energy, inference",
            _of("claim.extropic2025.published"),
            changes=(
                Change(
                    "sweeps until samples are independent",
                    lambda take: _implied_sweeps(take) / take("claim.extropic2025.sweeps_to_decorrelate"),
                ),
                _HOST,
            ),
            context=(Change("sweeps a sample that its energies imply", _implied_sweeps),),
        ),
        Claim(
            "C2 madem2023",
            "Yi et al., activity differences on memristors",
            "energy, training",
            _of("claim.madem2023.published"),
            changes=(_NEWER_TRAINING, _ARRAY_TO_CHIP, _HOST),
        ),
        Claim(
            "C3 eqspike2020",
            "EqSpike, training",
            "energy, training",
            _of("claim.eqspike2020.published"),
            changes=(_NEWER_TRAINING, _HOST),
        ),
        Claim(
            "C5 rpu2016",
            "Gokmen and Vlasov, resistive processing unit",
            "speed, training",
            _of("claim.rpu2016.published"),
            changes=(
                Change(
                    "a B200's products instead of a processor's",
                    _over(_b200_product, lambda take: take("baseline.xeon2016_fp32", "J/flop")),
                ),
                Change(
                    "a measured chip instead of ideal devices", _over(_per_op("claim.rpu2016.efficiency"), _hermes_op)
                ),
            ),
            today=_over(_b200_product, _hermes_op),
            context=(
                Change("its own 84 TOPS/W over a B200", _over(_b200_product, _per_op("claim.rpu2016.efficiency"))),
            ),
        ),
        Claim(
            "C6 agarwal2016",
            "Agarwal et al., O(N) at the noise limit, N = 1000",
            "energy, scaling",
            _of("claim.agarwal2016.rows"),
            own=_column_advantage(random_signs=False),
            today=_column_advantage(random_signs=True),
        ),
        Claim(
            "C7 marinella2018",
            "Marinella et al., ReRAM training kernels",
            "energy, training",
            _of("claim.marinella2018.published"),
            changes=(
                Change(
                    "a B200's products instead of a digital ReRAM chip's",
                    lambda take: (
                        2
                        * _b200_product(take)
                        / (take("claim.marinella2018.published") * take("claim.marinella2018.mac", "J/op"))
                    ),
                ),
                _ARRAY_TO_CHIP,
            ),
        ),
        Claim(
            "C8 nandakumar2020",
            "Nandakumar et al., mixed-precision PCM",
            "energy, training",
            _of("claim.nandakumar2020.published"),
            changes=(Change("an 8-bit digital chip instead of a 32-bit one", _eight_over_thirty_two),),
        ),
        Claim(
            "C9 panther2019",
            "PANTHER over a GPU",
            "energy, training",
            _of("claim.panther2019.published"),
            changes=(_NEWER_TRAINING, _HOST),
        ),
        Claim(
            "C10 puma2019",
            "PUMA over a GPU, up to",
            "energy, inference",
            _of("claim.puma2019.published"),
            today=_over(_b200_product, _per_op("claim.puma2019.efficiency")),
            context=(
                Change(
                    "over a P100 at batch 1 and 16 bits, of memory alone",
                    _over(_batch_one("p100", 2), _per_op("claim.puma2019.efficiency")),
                ),
                Change(
                    "over an H100 at batch 1 and 8 bits",
                    _over(_batch_one("h100", 1), _per_op("claim.puma2019.efficiency")),
                ),
            ),
        ),
        Claim(
            "C11 burr2015",
            "Burr et al., PCM training, upper end",
            "power, training",
            _of("claim.burr2015.published"),
            changes=(
                Change(
                    "an H100's products instead of a K40's",
                    _over(_h100_product, lambda take: take("baseline.k40_fp32", "J/flop")),
                ),
            ),
            context=(
                Change(
                    "the lower end of 120, today",
                    lambda take: (
                        take("claim.burr2015.lower") * _h100_product(take) / take("baseline.k40_fp32", "J/flop")
                    ),
                ),
            ),
        ),
        Claim(
            "C12 memristive_bm2016",
            "Memristive Boltzmann machine over a multicore",
            "energy, sampling",
            _of("claim.memristive_bm2016.published"),
            changes=(
                Change(
                    "an H100's vector units instead of a processor",
                    lambda take: (
                        take("gpu.h100.power", "W")
                        / take("gpu.h100.fp32", "flop/s")
                        / take("baseline.xeon2016_fp32", "J/flop")
                    ),
                ),
            ),
        ),
        Claim(
            "C13 sparse_ising2023",
            "p-bit sparse Ising machine over GPU and TPU",
            "speed, sampling",
            _of("claim.sparse_ising2023.published"),
            today=lambda take: take("claim.sparse_ising2023.flips", "op/s") / _gpu_flips(take),
            context=(Change("flips a nanosecond that an H100 cannot exceed", lambda take: _gpu_flips(take) * 1e-9),),
        ),
        Claim(
            "C14 ambrogio2023",
            "Ambrogio et al., speech, over the best of MLPerf",
            "energy, inference",
            _of("claim.ambrogio2023.published"),
            own=_over(_a100_product, _per_op("claim.ambrogio2023.efficiency")),
            changes=(Change("a B200's 8-bit products instead of an A100's", _over(_b200_product, _a100_product)),),
            today=_over(_b200_product, _per_op("claim.ambrogio2023.efficiency")),
        ),
        Claim(
            "C16 hpe2024",
            "HPE, evolutionary road: seven halvings",
            "cost, training",
            _seven_halvings,
            own=saving(road()),
            changes=(
                Change("published best cases instead of halvings", _over(saving(road()), _seven_halvings)),
                Change("steps that Llama 3.1 on H100 has taken", _over(_one, saving(_taken()))),
            ),
        ),
    )


def _seven_halvings(take: Take) -> Value:
    return take("claim.hpe2024.step") ** len(ITEMS)


def _one(take: Take) -> Value:
    return 1.0


def _taken() -> list[Step]:
    return [step for step in road() if step.in_baseline]


def _eight_over_thirty_two(take: Take) -> Value:
    eight = take("digital.horowitz2014.int8_multiply", "J/op") + take("digital.horowitz2014.int32_add", "J/op")
    return eight / (take("digital.horowitz2014.fp32_multiply", "J/op") + take("digital.horowitz2014.fp32_add", "J/op"))
