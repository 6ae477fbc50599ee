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
    xeon_product,
)
from .registry import publishes, written

_TRAINING = "energy, training"


@publishes
def training_claims() -> tuple[Claim, ...]:
    return (_madem(), _eqspike(), _kendall(), *_rpu(), *_marinella(), _nandakumar(), _burr())


def _madem() -> Claim:
    return written(
        "C2",
        steps=(
            baseline("training on an H100 instead of a V100", training_run, of("baseline.v100_training", "J/flop")),
            *TO_THE_WALL,
        ),
        notes=(Note("the talk of the same year says", of("claim.madem2023.talk")),),
    )


def _eqspike() -> Claim:
    return written(
        "C3a",
        published=of("claim.eqspike2020.published"),
        steps=(
            baseline("training on an H100 instead of a V100", training_run, of("baseline.v100_training", "J/flop")),
            *TO_THE_WALL,
        ),
        notes=(Note("inference, claimed", of("claim.eqspike2020.inference")),),
    )


def _kendall() -> Claim:
    return written("C4")


def _rpu() -> tuple[Claim, Claim]:
    claimed = per_op("claim.rpu2016.efficiency")

    def chip_rate(take: Take) -> Value:
        side = take("claim.rpu2016.side")
        return take("claim.rpu2016.tiles") * OPS * side**2 / take("claim.rpu2016.cycle", "s")

    def own_op(take: Take) -> Value:
        return take("claim.rpu2016.power", "W") / chip_rate(take)

    def own_mac(take: Take) -> Value:
        return OPS * own_op(take)

    efficiency, own_efficiency = over(training_run, claimed), over(training_run, own_op)
    speed = of("claim.rpu2016.published")

    def own_speed(take: Take) -> Value:
        return chip_rate(take) / take("baseline.xeon2016_rate", "flop/s")

    return (
        written(
            "C5a",
            published=efficiency,
            own=own_efficiency,
            steps=(own_instead(own_efficiency, efficiency), *to_measured_training(own_mac)),
            hardware=training_op(RERAM_PULSE),
        ),
        written(
            "C5b",
            published=speed,
            own=own_speed,
            steps=(
                own_instead(own_speed, speed, "the design over a server processor at its peak"),
                Step(
                    "at equal power instead of a chip each",
                    lambda take: take("baseline.xeon2016_power", "W") / take("claim.rpu2016.power", "W"),
                    "baseline",
                ),
                baseline("training on an H100 instead of the processor", training_run, xeon_product),
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

    def kernel(name: str) -> Quantity:
        return lambda take: take(f"claim.marinella2018.{name}", "J/op") / take("claim.marinella2018.cells")

    def claim(
        key: str,
        other: str,
        published: Quantity,
        digital: Quantity,
        mac: Quantity,
        what: str,
        *notes: Note,
    ) -> Claim:
        own = over(digital, mac)

        def digital_op(take: Take) -> Value:
            return digital(take) / OPS

        return written(
            key,
            published=published,
            own=own,
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
            Note("by PANTHER's constants for serial reads and writes, over its 11 fJ", over(_digital_reram, stated)),
        ),
        claim(
            "C7b",
            "SRAM",
            of("claim.marinella2018.over_sram"),
            _digital_sram,
            stated,
            "1 MB of SRAM and an 8-bit multiply-accumulate",
        ),
    )


def _nandakumar() -> Claim:
    def eight_over_thirty_two(take: Take) -> Value:
        fp32 = take("digital.horowitz2014.fp32_multiply", "J/op") + take("digital.horowitz2014.fp32_add", "J/op")
        return _mac_45nm(take) / fp32

    published = of("claim.nandakumar2020.published")
    own = over(of("claim.nandakumar2020.digital", "J/sample"), of("claim.nandakumar2020.mixed", "J/sample"))
    return written(
        "C8",
        published=published,
        own=own,
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

    return written(
        "C11",
        published=published,
        steps=(
            baseline("training on an H100 instead of a K40", training_run, k40),
            Step(
                "a measured PCM chip instead of what the factor implies",
                over(implied_mac, chip_mac),
                "chip",
                reason=False,
            ),
            Step("one PCM pulse a weight and example", over(chip_mac, training_mac(PCM_PULSE)), "writes"),
            *TO_THE_WALL,
        ),
        hardware=training_op(PCM_PULSE),
        notes=(Note("the lower end of the claim", of("claim.burr2015.lower")),),
    )
