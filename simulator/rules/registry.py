"""The list of all update rules, which nobody keeps by hand: a configuration enters it when its class is defined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

from ..errors import ArrayError

if TYPE_CHECKING:
    from .contract import RuleConfig


class Rules(Sequence["type[RuleConfig]"]):
    """The configurations of all rules there are, in the order of the literature: by `rank`, then by name.

    A live view: a rule that is defined later is in it from then on.

    Examples
    --------
    >>> from revpath.simulator.rules import RULES
    >>> RULES.names[:2]
    ('stochastic', 'deterministic')
    >>> RULES.named("agad").title
    'AGAD'
    """

    def __init__(self) -> None:
        self._by_name: dict[str, type[RuleConfig]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The field `rule` of each, in the same order."""
        return tuple(rule.name() for rule in self)

    def named(self, name: str) -> type[RuleConfig]:
        """The configuration whose field `rule` is `name`.

        Raises
        ------
        ArrayError
            There is no such rule; says which there are.
        """
        try:
            return self._by_name[name]
        except (KeyError, TypeError):
            raise ArrayError(f"rule = {name!r} must be one of {', '.join(map(repr, self.names))}") from None

    def add(self, rule: type[RuleConfig]) -> None:
        """Register a rule; a class that is defined anew, as in a notebook, takes the place of the old one.

        Raises
        ------
        ArrayError
            Another class has that name.
        """
        name = rule.name()
        known = self._by_name.get(name)
        if known is not None and issubclass(rule, known):
            return  # the same rule with other defaults
        if known is not None and (known.__module__, known.__qualname__) != (rule.__module__, rule.__qualname__):
            raise ArrayError(
                f"rule = {name!r} is the name of {known.__qualname__} already: give {rule.__qualname__} another"
            )
        self._by_name[name] = rule

    def discard(self, rule: type[RuleConfig]) -> None:
        """Take a rule out again, if it is there."""
        if self._by_name.get(rule.name()) is rule:
            del self._by_name[rule.name()]

    @overload
    def __getitem__(self, index: int) -> type[RuleConfig]: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[type[RuleConfig], ...]: ...

    def __getitem__(self, index: int | slice) -> type[RuleConfig] | tuple[type[RuleConfig], ...]:
        return self._ordered()[index]

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[type[RuleConfig]]:
        return iter(self._ordered())

    def _ordered(self) -> tuple[type[RuleConfig], ...]:
        return tuple(sorted(self._by_name.values(), key=lambda rule: (rule.rank, rule.name())))


RULES = Rules()
"""All update rules."""
