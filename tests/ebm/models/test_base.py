"""One contract of models: a class takes part by being defined, and misspelt parameters are answered shortly."""

from __future__ import annotations

import pytest

from revpath.devices.base.errors import RevpathError
from revpath.ebm import RBM, ConditionalRBM
from revpath.ebm.models.base import EnergyModel
from revpath.simulator import Events


def test_models_register_by_being_defined():
    assert {"RBM": RBM, "ConditionalRBM": ConditionalRBM}.items() <= EnergyModel.MODELS.items()

    class ToyModel(EnergyModel):
        def fit(self, X, y=None):
            return self

        partial_fit = fit

        @property
        def events_(self):
            return Events()

    try:
        assert EnergyModel.MODELS["ToyModel"] is ToyModel
        assert ToyModel().fit(None).events_ == Events()
    finally:
        del EnergyModel.MODELS["ToyModel"]


def test_a_model_that_breaks_the_contract_is_not_made():
    class Half(EnergyModel):
        def fit(self, X, y=None):
            return self

    del EnergyModel.MODELS["Half"]
    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]


@pytest.mark.parametrize("model", [RBM(), ConditionalRBM()])
def test_misspelt_parameters_are_answered_shortly(model):
    with pytest.raises(RevpathError, match=r"learning_rat is no parameter of \w+: did you mean learning_rate\?$"):
        model.set_params(learning_rat=0.1)
    with pytest.raises(RevpathError, match=r"zzz is no parameter of \w+: it has "):
        model.set_params(zzz=0.1)
    assert model.set_params(learning_rate=0.5).learning_rate == 0.5
