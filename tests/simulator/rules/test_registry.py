"""Nobody keeps a list of rules: a rule that is defined anywhere is in all of them."""

from typing import ClassVar, Literal

import numpy as np
import pytest
from helpers.toy_rule import toy_rule
from pydantic import TypeAdapter, ValidationError

from revpath.simulator import ArrayConfig, ArrayError
from revpath.simulator.arrays.parts import AnalogArray
from revpath.simulator.rules import RULES, AnyRule, RuleConfig, StochasticPulsesConfig


def test_the_rules_of_the_package_stand_in_the_order_of_the_literature():
    assert RULES.names == (
        "stochastic",
        "deterministic",
        "sign",
        "error-aware",
        "mixed-precision",
        "touched-mixed-precision",
        "tiki-taka-2",
        "chopped-tiki-taka-2",
        "agad",
        "tracked-symmetric-point",
        "residual",
        "write-verified-copy",
        "mean-field",
    )
    assert [rule.title for rule in RULES[:2]] == ["stochastic pulses", "deterministic pulses"]
    assert RULES[-1].name() == "mean-field"


def test_a_rule_that_is_defined_elsewhere_is_in_the_list_and_is_read_from_json():
    adapter = TypeAdapter(AnyRule)
    with toy_rule() as toy:
        assert RULES.names[-1] == "idle-toy"
        assert RULES.named("idle-toy") is toy
        assert toy in RULES
        assert toy.label() == "idle toy"
        made = toy(patience=3)
        assert adapter.validate_json(adapter.dump_json(made)) == made
        assert adapter.validate_python({"rule": "idle-toy", "patience": 3}) == made
        with pytest.raises(ValidationError, match="patience"):
            adapter.validate_python({"rule": "idle-toy", "patience": "long"})
        array = made.on((5, 4), ArrayConfig("reram-sb-gong2018"), tile=(3, 3))
        assert isinstance(array, AnalogArray)
        before = array.read()
        array.update(np.ones((2, 5)), np.ones((2, 4)), 0.1)
        np.testing.assert_array_equal(array.read(), before)
        assert dict(array.events) == {"digital.compare": 1}
    assert "idle-toy" not in RULES.names
    with pytest.raises(ValidationError, match=r"rule = 'idle-toy' must be one of 'stochastic', .*'mean-field'"):
        adapter.validate_python({"rule": "idle-toy"})


def test_two_rules_cannot_have_one_name():
    with toy_rule():
        with pytest.raises(
            ArrayError, match="rule = 'idle-toy' is the name of .*IdleConfig already: give .*Other another"
        ):

            class Other(RuleConfig):
                title: ClassVar[str] = "another"
                rule: Literal["idle-toy"] = "idle-toy"

        with toy_rule() as again:  # the cell of a notebook that is run twice
            assert RULES.named("idle-toy") is again


def test_a_rule_with_other_defaults_is_no_other_rule():
    class Faster(StochasticPulsesConfig):
        """The same."""

    assert RULES.named("stochastic") is StochasticPulsesConfig
    assert Faster().name() == "stochastic"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name())
def test_every_rule_says_what_it_is_and_adapts(rule):
    assert rule.title
    assert max(map(len, rule.label().split("\n"))) <= 14
    for step in (None, 0.0005, 0.05):
        assert rule.adapted(2, step).name() == rule.name()


def test_what_is_no_name_is_refused():
    for bad in ("sgd", None, 3, ["agad"]):
        with pytest.raises(ArrayError, match="must be one of 'stochastic'"):
            RULES.named(bad)  # type: ignore[arg-type]
