"""Claims about sampling, and the road of the paper under test."""

from __future__ import annotations

from .claim import Claim, Note, Step, over
from .claim_parts import TO_THE_WALL, b200_product, baseline, of, own_instead
from .road import ITEMS, road, saving
from .road import Step as RoadStep
from .sensitivity import Quantity, Take, Value


def sampling_claims() -> tuple[Claim, ...]:
    return (*_extropic(), *_memristive_boltzmann(), _sparse_ising(), *_hpe())


def _energy_a_sweep(take: Take) -> Value:
    side = take("claim.extropic2025.side")
    return side**2 * take("claim.extropic2025.cell_2025", "J/op")


def _implied_sweeps(cell: str) -> Quantity:
    """Sweeps a denoising step that pay for its quoted joules at so many joules a cell."""

    def quantity(take: Take) -> Value:
        side = take("claim.extropic2025.side")
        return take("claim.extropic2025.sample", "J/sample") / (side**2 * take(cell, "J/op"))

    return quantity


def _extropic() -> tuple[Claim, Claim]:
    published = of("claim.extropic2025.published")
    independent = of("claim.extropic2025.sweeps_to_decorrelate")
    paid = _implied_sweeps("claim.extropic2025.cell_2025")
    paid_notes = _implied_sweeps("claim.extropic2025.cell")

    def step_energy(take: Take) -> Value:
        """Joules of one denoising step from its own components, over the 1.6 nJ that summaries quote."""
        own = take("claim.extropic2025.sweeps") * _energy_a_sweep(take)
        return own / take("claim.extropic2025.sample", "J/sample")

    def reading(take: Take) -> Value:
        side = take("claim.extropic2025.side")
        sweeps = independent(take) * side**2 * take("claim.extropic2026.cell", "J/op")
        return sweeps / (sweeps + take("claim.extropic2025.pixels") * take("claim.extropic2026.read", "J/op"))

    def writing(take: Take) -> Value:
        side = take("claim.extropic2025.side")
        sweeps = independent(take) * side**2 * take("claim.extropic2026.cell", "J/op")
        return sweeps / (sweeps + take("claim.extropic2025.pixels") * take("claim.extropic2026.write", "J/op"))

    own_ratio = over(independent, paid_notes)
    replicated = of("claim.mlthermo2026.published")
    return (
        Claim(
            "C1",
            "extropic2025",
            "Extropic DTM over a GPU",
            "energy, inference",
            published,
            missing="joules a sample of the GPU's autoencoder at equal FID, which GPU, and the number of denoising steps: "
            "figure 1 and the appendix on energy of arXiv:2510.23972. The hardware's side alone can be computed (see the "
            "notes below); its sweeps and lattice are from memory",
            quality="binarised Fashion-MNIST at equal FID, as its authors state",
            steps=(
                Step("sweeps until samples are independent", over(paid, independent), "samples"),
                Step(
                    "its vendor's own later circuit simulation, 7.09 fJ a cell",
                    over(of("claim.extropic2025.cell_2025", "J/op"), of("claim.extropic2026.cell", "J/op")),
                    "chip",
                ),
                Step("reading the pixels out after each denoising step", reading, "chip"),
                *TO_THE_WALL,
            ),
            notes=(
                Note("its components' joules a denoising step over the quoted 1.6 nJ", step_energy),
                Note("sweeps that its energies imply, at 1.3 fJ a cell", paid),
                Note("sweeps that its energies imply, at 2 fJ a cell", paid_notes),
                Note("a further factor if every step's pixels are written at 154 pJ", writing),
            ),
        ),
        Claim(
            "C1'",
            "mlthermo2026",
            "C1 replicated: a penalty",
            "penalty, sampling",
            replicated,
            own_ratio,
            "memory",
            missing="a publication that states the factor: the replication states sweeps, the energies are the other paper's, and "
            "their quotient is this project's. The lattice of 70 x 70 (arXiv:2510.23972) is from memory",
            quality="MNIST, denoising model trained in simulation; no image quality compared",
            steps=(
                own_instead(own_ratio, replicated),
                Step("cells of 1.3 fJ, so more sweeps were paid for", over(paid_notes, paid), "samples"),
            ),
        ),
    )


def _memristive_boltzmann() -> tuple[Claim, Claim]:
    def xeon(take: Take) -> Value:
        return take("baseline.xeon2016_power", "W") / take("baseline.xeon2016_rate", "flop/s")

    def h100(take: Take) -> Value:
        return take("gpu.h100.power", "W") / take("gpu.h100.fp32", "flop/s")

    missing = (
        "joules and seconds of its accelerator and of the multicore, problem by problem: the evaluation in HPCA 2016 "
        "(doi 10.1109/HPCA.2016.7446049), of which only the first page could be read"
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
            Note("over a V100 with many spins in a word, from memory", over(flips, of("baseline.v100_ising", "op/s"))),
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
