"""Claims about sampling, and the road of the paper under test."""

from __future__ import annotations

from ..framework.road import ITEMS, RoadStep, road, saving
from ..sensitivity import Quantity, Take, Value
from .claim import Claim, Note, Step, over
from .parts import TO_THE_WALL, a100_product, b200_product, baseline, of, own_instead
from .registry import publishes


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

    penalty, replicated = over(independent, sweeps), of("claim.mlthermo2026.published")
    return (
        Claim(
            "C1",
            "extropic2025",
            "Extropic DTM over a GPU",
            "energy, inference",
            published,
            missing="joules a sample of the GPU's autoencoder at equal FID, and which GPU it is: figure 1 and the appendix on "
            "energy of arXiv:2510.23972. The hardware's side alone could be computed: see its joules a denoising step",
            quality="binarised Fashion-MNIST at equal FID, as its authors state",
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
        Claim(
            "C1'",
            "mlthermo2026",
            "C1 replicated: a penalty",
            "penalty, sampling",
            replicated,
            penalty,
            "own",
            missing="a publication that states the factor: the replication states sweeps until independence (mlthermo.com, entry "
            "3), arXiv:2510.23972 those it pays for, and the 3 of this project's notes mixes two versions of its energies",
            quality="MNIST, denoising model trained in simulation; no image quality compared",
            steps=(own_instead(penalty, replicated),),
        ),
    )


def _memristive_boltzmann() -> tuple[Claim, Claim]:
    def xeon(take: Take) -> Value:
        return take("baseline.xeon2016_power", "W") / take("baseline.xeon2016_rate", "flop/s")

    def h100(take: Take) -> Value:
        return take("gpu.h100.power", "W") / take("gpu.h100.fp32", "flop/s")

    missing = (
        "joules and seconds of its accelerator and of the multicore, problem by problem: the evaluation in HPCA 2016 "
        "(doi 10.1109/HPCA.2016.7446049), of which only the first page could be read. Nothing there counts independent samples"
    )
    quality = (
        "virtually no loss in the quality of the solutions, its abstract says; max-cut, satisfiability, a belief net"
    )
    energy, speed = of("claim.memristive_bm2016.published"), of("claim.memristive_bm2016.speed")
    return (
        Claim(
            "C12a",
            "memristive_bm2016",
            "Memristive Boltzmann, energy",
            "energy, sampling",
            energy,
            missing=missing,
            quality=quality,
            steps=(baseline("an H100's vector units instead of a processor", h100, xeon), *TO_THE_WALL),
            notes=(
                Note("its power over the multicore's, by its own two factors", over(speed, energy)),
                Note("over processing in RRAM memory, claimed", of("claim.memristive_bm2016.over_pim")),
            ),
        ),
        Claim(
            "C12b",
            "memristive_bm2016",
            "Memristive Boltzmann, speed",
            "speed, sampling",
            speed,
            missing=missing,
            quality=quality,
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
    return Claim(
        "C13",
        "sparse_ising2023",
        "p-bit machine over GPU and TPU",
        "speed, sampling",
        published,
        own,
        "memory",
        missing="flips a second of the GPU and TPU works that it compares with: the table of Nature Electronics 7 (2024), "
        "arXiv:2303.10728. A TPU's figure is used from memory. Flips, not independent samples, are "
        "counted: no autocorrelation time of its sampler was read",
        quality="90 % on MNIST, where a plain convolutional network has 99 %: equal quality at a low bar",
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
    def seven_halvings(take: Take) -> Value:
        return take("claim.hpe2024.step") ** len(ITEMS)

    def one(take: Take) -> Value:
        return 1.0

    best = saving(road())
    taken: list[RoadStep] = [step for step in road() if step.in_baseline]
    return (
        Claim(
            "C16",
            "hpe2024",
            "HPE, AIMC with EBMs",
            "cost, training",
            missing="a factor: none for analog in-memory computing with energy-based models could be found in what could be "
            "read of arXiv:2404.08811 (abstract and summaries). This project's own comparison is the only number: "
            "`revpath compare`",
            notes=(
                Note(
                    "what it has to beat: a B200's best product over an H100 run",
                    over(of("gpu.run.llama31_405b", "J/flop"), b200_product),
                ),
            ),
        ),
        Claim(
            "C16'",
            "hpe2024",
            "HPE, seven halvings",
            "cost, training",
            seven_halvings,
            best,
            "independent",
            missing="the factor of each of the seven items: tables of arXiv:2404.08811, of which abstract and summaries could "
            "be read. Computed instead from one published best case an item",
            quality="not compared",
            steps=(
                own_instead(best, seven_halvings, "published best cases"),
                baseline("steps that Llama 3.1 on H100 has taken", one, saving(taken)),
            ),
        ),
    )
