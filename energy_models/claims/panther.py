"""PANTHER's three claims, from its authors' simulator constants: over a GPU, a digital design and an earlier ReRAM design.

All three end at the same two numbers today, since it is one chip that they describe.
"""

from __future__ import annotations

from ..sensitivity import Quantity, Take, Value
from .claim import Claim, Note, Step, over
from .parts import KERNELS, OPS, TO_THE_WALL, baseline, of, own_instead, training_run
from .registry import publishes, written


@publishes
def panther_claims() -> tuple[Claim, ...]:
    def step(product: str, update: str) -> Quantity:
        """Joules an operation of a training step, two products and one outer product of the crossbars alone."""

        def quantity(take: Take) -> Value:
            prefix = "claim.panther2019."
            once = 2 * take(prefix + product, "J/op") + take(update, "J/op")
            return once * take(prefix + "accesses") / (KERNELS * OPS * take(prefix + "weights"))

        return quantity

    panther = step("product", "update.panther2020.outer_product")
    digital = step("digital_product", "claim.panther2019.digital_update")
    serial = step("reram_product", "claim.panther2019.reram_update")

    def v100(take: Take) -> Value:
        return take("gpu.v100.power", "W") / take("gpu.v100.fp32", "flop/s")

    def faster_at_rated_power(take: Take) -> Value:
        prefix = "claim.panther2019."
        return take(prefix + "faster") * take(prefix + "gpu_power", "W") / take(prefix + "power", "W")

    def over_digital(take: Take) -> Value:
        chip_over_unit = take("claim.puma2019.digital_chip") / take("claim.puma2019.digital_unit")
        return digital(take) / panther(take) * chip_over_unit

    def whole_chip(take: Take) -> Value:
        """Joules of the crossbars' products over those of PUMA's whole chip, for an operation of 16 bits."""
        prefix = "claim.panther2019."
        crossbar = take(prefix + "reram_product", "J/op") * take(prefix + "accesses")
        return crossbar / (OPS * take(prefix + "weights")) * take("claim.puma2019.efficiency", "op/s/W")

    def hardware(take: Take) -> Value:
        return panther(take) / whole_chip(take)

    def claim(key: str, other: str, published: Quantity, own: Quantity, what: str, *notes: Note) -> Claim:
        def implied(take: Take) -> Value:
            return own(take) * panther(take)

        return written(
            key,
            published=published,
            own=own,
            steps=(
                own_instead(own, published, what),
                baseline(f"training on an H100 instead of {other}", training_run, implied),
                Step("the rest of the chip, as in PUMA", whole_chip, "chip", reason=False),
                *TO_THE_WALL,
            ),
            hardware=hardware,
            notes=notes,
        )

    return (
        claim(
            "C9a",
            "a GPU",
            of("claim.panther2019.published"),
            faster_at_rated_power,
            "16 times faster, at 105 W against 250",
            Note("a V100 at its FP32 peak over the crossbars alone", over(v100, panther)),
        ),
        claim(
            "C9b",
            "a digital design",
            of("claim.panther2019.over_digital"),
            over_digital,
            "its simulator's crossbars, and the rest of a digital chip as for PUMA",
        ),
        claim(
            "C9c",
            "earlier ReRAM",
            of("claim.panther2019.over_reram"),
            over(serial, panther),
            "its simulator's crossbars",
        ),
    )
