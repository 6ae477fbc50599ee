"""Claims of which only abstracts could be read, taken at their word over today's baselines; those without a step of their
own stand in ``claims.toml`` alone."""

from __future__ import annotations

from ..sensitivity import Take, Value
from .claim import Claim, Note
from .parts import TO_THE_WALL, b200_product, baseline, of, training_run, v100_product, xeon_product
from .registry import publishes, written


@publishes
def recent_claims() -> tuple[Claim, ...]:
    def per_cell(take: Take) -> Value:
        return take("claim.eryilmaz2016.epoch", "pJ/sample") / take("claim.eryilmaz2016.cells")

    def optical(take: Take) -> Value:
        return b200_product(take) * take("claim.wang2024.rate", "op/s") / take("claim.wang2024.power", "W")

    return (
        written(
            "C17",
            steps=TO_THE_WALL,
            notes=(Note("speed, claimed", of("claim.vengalam2023.speed")),),
        ),
        written("C18", steps=TO_THE_WALL, notes=(Note("picojoules a cell and epoch, measured", per_cell),)),
        written("C20", steps=TO_THE_WALL, notes=(Note("latency, claimed", of("claim.leroux2025.speed")),)),
        written(
            "C22",
            steps=(
                baseline("training on an H100 instead of a server processor", training_run, xeon_product),
                *TO_THE_WALL,
            ),
        ),
        written("C23", notes=(Note("its random products alone over a B200's best, in joules", optical),)),
        written(
            "C26",
            steps=(baseline("a B200's 8-bit products instead of a V100's", b200_product, v100_product), *TO_THE_WALL),
        ),
    )
