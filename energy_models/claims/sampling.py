"""Claims about sampling, and the road of the paper under test."""

from __future__ import annotations

from ..framework.road import ITEMS, road, saving
from ..sensitivity import Quantity, Take, Value
from .claim import Claim, Note, Step, over
from .parts import TO_THE_WALL, a100_product, b200_product, baseline, of, own_instead, xeon_product
from .registry import publishes, written


@publishes
def sampling_claims() -> tuple[Claim, ...]:
    return (*_extropic(), *_memristive_boltzmann(), _sparse_ising(), *_hpe())


def _extropic() -> tuple[Claim, Claim]:
    published = of("claim.extropic2025.published")
    sweeps, independent = of("claim.extropic2025.sweeps"), of("claim.extropic2025.sweeps_to_decorrelate")
    cell, later = of("claim.extropic2025.cell", "J/op"), of("claim.extropic2026.cell", "J/op")

    def cells(take: Take) -> Value:
        return take("claim.extropic2025.side") ** 2

    def step_energy(take: Take) -> Value:
        """Joules of one denoising step from its components, with the cell of the first version, over the quoted 1.6 nJ."""
        own = sweeps(take) * cells(take) * take("claim.extropic2025.cell_2025", "J/op")
        return own / take("claim.extropic2025.sample", "J/sample")

    def moving(energy: str) -> Quantity:
        """The share that stays sampling where every pixel is moved once a denoising step, on the later circuit."""

        def quantity(take: Take) -> Value:
            sampling = independent(take) * cells(take) * later(take)
            return sampling / (sampling + take("claim.extropic2025.pixels") * take(energy, "J/op"))

        return quantity

    def implied_flops(take: Take) -> Value:
        sample = take("claim.extropic2025.steps") * sweeps(take) * cells(take) * cell(take)
        return published(take) * sample / a100_product(take)

    return (
        written(
            "C1",
            published=published,
            steps=(
                Step("sweeps until samples are independent", over(sweeps, independent), "samples"),
                Step("its vendor's own later circuit simulation, 7.09 fJ a cell", over(cell, later), "chip"),
                Step("reading the pixels out after each denoising step", moving("claim.extropic2026.read"), "chip"),
                *TO_THE_WALL,
            ),
            notes=(
                Note("joules a denoising step of its components over the quoted 1.6 nJ", step_energy),
                Note(
                    "a further factor if the pixels are written as well, at 154 pJ", moving("claim.extropic2026.write")
                ),
                Note("FLOP a sample that its factor implies of an A100 at its best", implied_flops),
            ),
        ),
        written(
            "C1'",
            notes=(
                Note("sweeps until samples are independent over those that are paid for", over(independent, sweeps)),
            ),
        ),
    )


def _memristive_boltzmann() -> tuple[Claim, Claim]:
    def h100(take: Take) -> Value:
        return take("gpu.h100.power", "W") / take("gpu.h100.fp32", "flop/s")

    energy, speed = of("claim.memristive_bm2016.published"), of("claim.memristive_bm2016.speed")
    return (
        written(
            "C12a",
            published=energy,
            steps=(baseline("an H100's vector units instead of a processor", h100, xeon_product), *TO_THE_WALL),
            notes=(
                Note("its power over the multicore's, by its own two factors", over(speed, energy)),
                Note("over processing in RRAM memory, claimed", of("claim.memristive_bm2016.over_pim")),
            ),
        ),
        written(
            "C12b",
            published=speed,
            steps=(
                Step(
                    "an H100's vector units instead of a processor, a chip each",
                    lambda take: take("baseline.xeon2016_rate", "flop/s") / take("gpu.h100.fp32", "flop/s"),
                    "baseline",
                ),
            ),
        ),
    )


def _sparse_ising() -> Claim:
    published, flips = of("claim.sparse_ising2023.published"), of("claim.sparse_ising2023.flips", "op/s")
    tpu = of("baseline.tpu_ising", "op/s")

    def h100(take: Take) -> Value:
        """Flips a second of a GPU whose vector units do nothing else: two FLOP a slot."""
        return take("gpu.h100.fp32", "flop/s") / 2 / take("claim.sparse_ising2023.slots")

    own = over(flips, tpu)
    return written(
        "C13",
        published=published,
        own=own,
        steps=(
            own_instead(own, published, "its flips over a TPU core's"),
            Step("an H100's vector units instead of a TPU core", over(tpu, h100), "baseline"),
        ),
        notes=(
            Note(
                "over a V100 with many spins in a word, on a square lattice",
                over(flips, of("baseline.v100_ising", "op/s")),
            ),
            Note(
                "flips a nanosecond that an H100 cannot exceed",
                lambda take: h100(take) * 1e-9,
            ),
            Note("the same group's machine of 2022 over GPU and TPU, at least", of("claim.sparse_ising2022.low")),
        ),
    )


def _hpe() -> tuple[Claim, Claim]:
    def halvings(take: Take) -> Value:
        return take("claim.hpe2024.step") ** len(ITEMS)

    return (
        written(
            "C16",
            notes=(
                Note(
                    "what it has to beat: a B200's best product over an H100 run",
                    over(of("gpu.run.llama31_405b", "J/flop"), b200_product),
                ),
            ),
        ),
        written(
            "C16'",
            notes=(
                Note("if each of its seven items halved the cost, which is this project's reading", halvings),
                Note("one published best case an item, if they multiplied", saving(road())),
                Note(
                    "the same without what Llama 3.1 on H100 has taken",
                    saving([step for step in road() if not step.in_baseline]),
                ),
            ),
        ),
    )
