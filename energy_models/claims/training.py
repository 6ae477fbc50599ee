"""Claims about training on analog arrays, from the published factor to a measured chip at the wall.

However large the factor, its today ends at the same two numbers: what the best training run spends per FLOP, and what a
measured analog chip spends per operation with its updates counted. The steps say what each claim had left out.
"""

from __future__ import annotations

from ..components.scaling import energy_factor, records_of
from ..records import get
from ..sensitivity import Quantity, Take, Value
from .claim import Claim, Note, Step, over
from .parts import (
    KERNELS,
    OPS,
    PCM_PULSE,
    RERAM_PULSE,
    TO_THE_WALL,
    baseline,
    chip_mac,
    of,
    own_instead,
    per_op,
    to_measured_training,
    training_mac,
    training_op,
    training_run,
)
from .registry import publishes

_TRAINING = "energy, training"


@publishes
def training_claims() -> tuple[Claim, ...]:
    return (_madem(), _eqspike(), _kendall(), *_rpu(), *_marinella(), _nandakumar(), _burr())


def _madem() -> Claim:
    published = of("claim.madem2023.published")
    array = of("baseline.array_read_reram", "J/op")
    v100 = of("baseline.v100_training", "J/flop")

    def own(take: Take) -> Value:
        return OPS * v100(take) / array(take)

    return Claim(
        "C2",
        "madem2023",
        "Yi et al., MADEM on memristors",
        _TRAINING,
        published,
        own,
        "independent",
        missing="joules of a training step of the modelled array and of the digital processor: figure 4 and supplement of "
        "the article (doi 10.1038/s41928-022-00869-w), behind a paywall. Computed instead from a V100's joules per FLOP "
        "in training and the cell reads of another HPE array, without converters",
        quality="Braille words with a small crossbar; larger problems were modelled, not trained",
        steps=(
            own_instead(own, published, "a V100's training over cell reads alone"),
            baseline("training on an H100 instead of a V100", training_run, v100),
            *to_measured_training(array),
        ),
        hardware=training_op(RERAM_PULSE),
        notes=(Note("the talk of the same year says", of("claim.madem2023.talk")),),
    )


def _eqspike() -> Claim:
    return Claim(
        "C3a",
        "eqspike2020",
        "EqSpike, training",
        _TRAINING,
        of("claim.eqspike2020.published"),
        missing="spikes an image, joules a spike of the silicon it assumes, and joules an image of the GPU: the section on "
        "energy of arXiv:2010.07859 (iScience 2021)",
        quality="MNIST, 96.9 to 97.6 % in simulation",
        steps=(
            baseline("training on an H100 instead of a V100", training_run, of("baseline.v100_training", "J/flop")),
            *TO_THE_WALL,
        ),
        notes=(Note("inference, claimed", of("claim.eqspike2020.inference")),),
    )


def _kendall() -> Claim:
    return Claim(
        "C4",
        "kendall2020",
        "Kendall et al., analog EP",
        _TRAINING,
        missing="a factor: the abstract of arXiv:2006.01981 says ultra-fast and low-power, and no number. The 10 000 times "
        "that is quoted for it stands in no text that could be read",
        quality="MNIST in circuit simulation, ideal diodes and amplifiers",
    )


def _rpu() -> tuple[Claim, Claim]:
    claimed = per_op("claim.rpu2016.efficiency")

    def chip_rate(take: Take) -> Value:
        side = take("claim.rpu2016.side")
        return take("claim.rpu2016.tiles") * OPS * side**2 / take("claim.rpu2016.cycle", "s")

    def own_op(take: Take) -> Value:
        return take("claim.rpu2016.power", "W") / chip_rate(take)

    def own_mac(take: Take) -> Value:
        return OPS * own_op(take)

    def xeon_op(take: Take) -> Value:
        return take("baseline.xeon2016_power", "W") / take("baseline.xeon2016_rate", "flop/s")

    design = (
        "side and number of arrays, cycle, power and the processor compared with: the chip design and its table in "
        "Front. Neurosci. 10:333, of which only the abstract could be read"
    )
    efficiency, own_efficiency = over(training_run, claimed), over(training_run, own_op)
    speed = of("claim.rpu2016.published")

    def own_speed(take: Take) -> Value:
        return chip_rate(take) / take("baseline.xeon2016_rate", "flop/s")

    quality = "the paper's MNIST network, in simulation, with devices nobody has built"
    return (
        Claim(
            "C5a",
            "rpu2016",
            "RPU, 84 TOPS/W over an H100 run",
            _TRAINING,
            efficiency,
            own_efficiency,
            "memory",
            missing=design + "; they are used from memory",
            quality=quality,
            steps=(own_instead(own_efficiency, efficiency), *to_measured_training(own_mac)),
            hardware=training_op(RERAM_PULSE),
        ),
        Claim(
            "C5b",
            "rpu2016",
            "RPU over a processor of 2016",
            "speed, training",
            speed,
            own_speed,
            "independent",
            missing=design + ". The chip is from memory, the processor a server part of 2016 at its peak",
            quality=quality,
            steps=(
                own_instead(own_speed, speed, "the design over a server processor at its peak"),
                Step(
                    "at equal power instead of a chip each",
                    lambda take: take("baseline.xeon2016_power", "W") / take("claim.rpu2016.power", "W"),
                    "baseline",
                ),
                baseline("training on an H100 instead of the processor", training_run, xeon_op),
                *to_measured_training(own_mac),
            ),
            hardware=training_op(RERAM_PULSE),
        ),
    )


_CELLS = 4  # cells of 2 bits in an 8-bit weight
_READS = 3  # of a digital memory in a training step: forward, backward, and before the update is written


def _mac_45nm(take: Take) -> Value:
    return take("digital.horowitz2014.int8_multiply", "J/op") + take("digital.horowitz2014.int32_add", "J/op")


def _digital_reram(take: Take) -> Value:
    """Joules a multiply-accumulate of a training step whose 8-bit weights are read and written serially in ReRAM."""
    reads = _READS * _CELLS * take("update.panther2020.serial_read_cell", "J/conversion")
    write = _CELLS * take("update.panther2020.serial_write_cell", "J/pulse")
    return (reads + write) / KERNELS + _mac_45nm(take)


def _digital_sram(take: Take) -> Value:
    """The same with weights in 1 MB of SRAM, scaled from its node to the claim's at the supply that the scaling assumes."""
    supply = get("scaling.assumed.reference_supply").to("V")
    new, old = (float(get(id).conditions["node_nm"]) for id in ("claim.marinella2018.mac", "sram.horowitz2014.1mb"))
    for id in ("scaling.assumed.reference_supply", *records_of(new, old)):
        take(id)  # so that the report names what the scaling leans on; it takes no draws
    shrink = energy_factor(new, supply, old, supply)
    return shrink * ((_READS + 1) * take("sram.horowitz2014.1mb", "J/byte_moved") / KERNELS + _mac_45nm(take))


def _marinella() -> tuple[Claim, Claim]:
    stated = of("claim.marinella2018.mac", "J/op")
    tables = "the tables of arXiv:1707.09952, of which the abstract and public notes could be read"

    def kernel(name: str) -> Quantity:
        return lambda take: take(f"claim.marinella2018.{name}", "J/op") / take("claim.marinella2018.cells")

    def claim(
        key: str,
        other: str,
        published: Quantity,
        digital: Quantity,
        mac: Quantity,
        what: str,
        missing: str,
        *notes: Note,
    ) -> Claim:
        own = over(digital, mac)

        def digital_op(take: Take) -> Value:
            return digital(take) / OPS

        return Claim(
            key,
            "marinella2018",
            f"Marinella et al., over {other}",
            _TRAINING,
            published,
            own,
            "independent",
            missing=missing,
            quality="77 to 85 % on MNIST with its cells, 98 % in software; several cells a weight come within 1 %",
            steps=(
                own_instead(own, published, what),
                baseline(f"training on an H100 instead of {other}", training_run, digital_op),
                *to_measured_training(mac),
            ),
            hardware=training_op(RERAM_PULSE),
            notes=notes,
        )

    return (
        claim(
            "C7a",
            "ReRAM",
            of("claim.marinella2018.published"),
            kernel("digital_product"),
            kernel("analog_product"),
            "its vector-matrix product alone",
            f"joules of the other two kernels of the analog and the digital ReRAM block: {tables}. Computed from the one "
            "kernel that the notes give, 12.8 nJ against 2140",
            Note("by PANTHER's constants for serial reads and writes, over its 11 fJ", over(_digital_reram, stated)),
        ),
        claim(
            "C7b",
            "SRAM",
            of("claim.marinella2018.over_sram"),
            _digital_sram,
            stated,
            "1 MB of SRAM and an 8-bit multiply-accumulate",
            f"joules of the three kernels of the SRAM block: {tables}. Computed instead from Horowitz's 1 MB SRAM and "
            "multiply-accumulate at 45 nm, scaled to 14 nm, over the 11 fJ",
        ),
    )


def _nandakumar() -> Claim:
    def eight_over_thirty_two(take: Take) -> Value:
        fp32 = take("digital.horowitz2014.fp32_multiply", "J/op") + take("digital.horowitz2014.fp32_add", "J/op")
        return _mac_45nm(take) / fp32

    published = of("claim.nandakumar2020.published")
    own = over(of("claim.nandakumar2020.digital", "J/sample"), of("claim.nandakumar2020.mixed", "J/sample"))
    return Claim(
        "C8",
        "nandakumar2020",
        "Nandakumar et al., PCM training",
        _TRAINING,
        published,
        own,
        "own",
        missing="the paper itself: only its abstract and public notes on it could be read. The preprint's abstract says 172",
        quality="MNIST 97.73 %, within 0.6 % of software",
        steps=(
            own_instead(own, published),
            Step("an 8-bit digital chip instead of a 32-bit one", eight_over_thirty_two, "baseline"),
            *TO_THE_WALL,
        ),
    )


def _burr() -> Claim:
    published = of("claim.burr2015.published")
    k40 = of("baseline.k40_fp32", "J/flop")

    def implied_mac(take: Take) -> Value:
        return OPS * k40(take) / published(take)

    return Claim(
        "C11",
        "burr2015",
        "Burr et al., PCM, upper end",
        "power, training",
        published,
        missing="watts of each array design and of the GPU, and seconds an example: the tables of the IEDM 2015 paper "
        "(doi 10.1109/IEDM.2015.7409625), behind a paywall",
        quality="165 000 synapses of two PCM each, trained in hardware and software together",
        steps=(
            baseline("training on an H100 instead of a K40", training_run, k40),
            Step("a measured PCM chip instead of what the factor implies", over(implied_mac, chip_mac), "chip"),
            Step("one PCM pulse a weight and example", over(chip_mac, training_mac(PCM_PULSE)), "writes"),
            *TO_THE_WALL,
        ),
        hardware=training_op(PCM_PULSE),
        notes=(Note("the lower end of the claim", of("claim.burr2015.lower")),),
    )
