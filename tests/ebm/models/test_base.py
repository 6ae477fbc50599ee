"""What holds for every energy-based model and for any synapses: a model takes part by being defined. Toys of both."""

import pickle
import sys
from collections import Counter

import numpy as np
import pytest
from helpers.models import models, rows, small
from helpers.toy_synapses import ToySynapses
from sklearn.base import clone
from sklearn.utils import estimator_checks

from revpath.devices.base.errors import RevpathError
from revpath.ebm import RBM, ConditionalBoltzmann, ConditionalRBM, DigitalSynapses, EnergyModel, Synapses
from revpath.ebm.synapses.analog import factory_of
from revpath.simulator import ADC, DAC, ArrayConfig, Events

WITHOUT_DATA = [
    "check_estimator_cloneable",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
]
each = pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)


class ToyModel:
    """Learns the mean of each unit through one array: W (features, 1) moves towards the mean of the rows."""

    def __init__(self, *, learning_rate=0.1, synapses=None, random_state=None):
        self.learning_rate = learning_rate
        self.synapses = synapses
        self.random_state = random_state

    def fit(self, X, y=None):
        self.synapses_ = factory_of(self.synapses, 0)((X.shape[1], 1), 0)
        return self.partial_fit(X)

    def partial_fit(self, X, y=None):
        mean = np.asarray(X, np.float32).mean(axis=0, keepdims=True)
        with self.synapses_.aside():
            self.synapses_.forward(mean)
        self.synapses_.update(mean, np.ones((1, 1), np.float32), self.learning_rate)
        return self

    @property
    def events_(self):
        return self.synapses_.events


@pytest.fixture
def toy(monkeypatch):
    kind = type("Toy", (ToyModel, EnergyModel), {"__doc__": ToyModel.__doc__, "__module__": __name__})
    monkeypatch.setattr(sys.modules[__name__], "Toy", kind, raising=False)  # where pickle looks for it
    yield kind
    del EnergyModel.MODELS["Toy"]


def held(thing: object) -> list[Synapses]:
    """All synapses of a model that has begun, wherever it keeps them."""
    if isinstance(thing, Synapses):
        return [thing]
    parts = thing if isinstance(thing, tuple | list) else vars(thing).values() if is_ours(thing) else ()
    return [synapses for part in parts for synapses in held(part)]


def is_ours(thing: object) -> bool:
    return hasattr(thing, "__dict__") and (isinstance(thing, EnergyModel) or "ebm.models" in type(thing).__module__)


def learned(model: EnergyModel) -> EnergyModel:
    return model.fit(*rows(type(model)))


def test_the_list_is_what_has_been_defined(toy):
    assert {RBM, ConditionalRBM, ConditionalBoltzmann} <= set(models())
    assert toy in models()
    assert toy.learns() == "units"
    assert {model.learns() for model in models()} <= {"units", "classes", "symbols"}


def test_a_toy_model_keeps_what_every_model_keeps(toy):
    for check in WITHOUT_DATA:
        keeps_what_scikit_learn_asks_of_any(toy, check)
    runs_on_toy_synapses(toy)
    runs_on_an_array_and_counts(toy)
    is_the_same_after_a_copy(toy)


def keeps_what_scikit_learn_asks_of_any(model, check):
    getattr(estimator_checks, check)(model.__name__, small(model))


def runs_on_toy_synapses(model):
    """The contract is all that a model may ask of its synapses: the same as on the ideal ones, up to rounding."""
    toys, ideal = learned(small(model, synapses=ToySynapses)), learned(small(model))
    assert all(type(part) is ToySynapses for part in held(toys))
    for one, other in zip(held(toys), held(ideal), strict=True):
        assert type(other) is DigitalSynapses
        np.testing.assert_allclose(one.weights(), other.weights(), rtol=1e-3, atol=1e-4)
        assert np.any(one.weights())
    assert toys.events_["toy.product"] == sum(part.events["toy.product"] for part in held(toys)) > 0
    assert sorted(part.array for part in held(toys)) == list(range(len(held(toys))))


def runs_on_an_array_and_counts(model):
    config = ArrayConfig("reram-sb-gong2018", adc=ADC(8), dac=DAC(8))
    analog = learned(small(model, synapses=config))
    before = analog.events_
    assert before["array.update"] + before["pulse.up"] + before["pulse.down"] > 0
    assert before["matmul.flop"] == 0
    X, y = rows(model)
    analog.partial_fit(X, y)
    done = Counter(analog.events_.counts)
    done.subtract(before.counts)
    assert min(done.values()) >= 0
    assert done.total() > 0
    again = learned(small(model, synapses=config))
    assert again.events_ == before
    for one, other in zip(held(again), held(learned(clone(again))), strict=True):
        assert one.weights().tobytes() == other.weights().tobytes()


def is_the_same_after_a_copy(model):
    made = learned(small(model))
    copy = pickle.loads(pickle.dumps(made))
    assert copy.events_ == made.events_
    X, y = rows(model)
    for one, other in zip(held(made.partial_fit(X, y)), held(copy.partial_fit(X, y)), strict=True):
        assert one.weights().tobytes() == other.weights().tobytes()


@each
@pytest.mark.parametrize("check", WITHOUT_DATA)
def test_what_scikit_learn_asks_of_any(model, check):
    keeps_what_scikit_learn_asks_of_any(model, check)


@each
def test_it_runs_on_synapses_that_keep_the_contract_alone(model):
    runs_on_toy_synapses(model)


@each
def test_it_runs_on_an_array_and_counts(model):
    runs_on_an_array_and_counts(model)


@each
def test_a_copy_goes_on_as_the_model_does(model):
    is_the_same_after_a_copy(model)


@each
def test_misspelt_parameters_are_answered_shortly(model):
    name = sorted(model().get_params(deep=False))[0]
    with pytest.raises(RevpathError, match=rf"{name}z is no parameter of {model.__name__}: did you mean {name}\?$"):
        model().set_params(**{f"{name}z": 1})
    with pytest.raises(RevpathError, match=rf"zzz is no parameter of {model.__name__}: it has "):
        model().set_params(zzz=1)


@each
def test_it_says_what_it_is(model):
    assert (model.__doc__ or "").strip()
    assert {"synapses", "random_state"} <= set(model().get_params(deep=False))


def test_the_toy_keeps_the_contract_and_no_more():
    assert isinstance(ToySynapses((2, 3)), Synapses)
    public = {name for name in dir(ToySynapses((2, 3))) if not name.startswith("_")}
    assert public - {"array"} == {name for name in dir(Synapses) if not name.startswith("_")}
    assert ToySynapses((2, 3)).events == Events()


def test_a_model_that_breaks_the_contract_is_not_made():
    class Half(EnergyModel):
        def fit(self, X, y=None):
            return self

    del EnergyModel.MODELS["Half"]
    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]
