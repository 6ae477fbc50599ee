"""An update rule that is defined outside the package, as a user would: it ignores what it is given and pulses nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Literal

from revpath.simulator.rules import RULES, RuleConfig, RuledArray


class Idle(RuledArray):
    """W stays as it is, and each call costs one comparison."""

    def _update(self, x, d, rate):
        self._count({"digital.compare": 1})


@contextmanager
def toy_rule() -> Iterator[type[RuleConfig]]:
    """The configuration of `Idle`, which is registered inside the block by nothing but being defined."""

    class IdleConfig(RuleConfig):
        title: ClassVar[str] = "idle toy"
        rule: Literal["idle-toy"] = "idle-toy"
        patience: int = 1

        def ruled(self, shape, site):
            return Idle(site.arranged(shape))

    try:
        yield IdleConfig
    finally:
        RULES.discard(IdleConfig)
