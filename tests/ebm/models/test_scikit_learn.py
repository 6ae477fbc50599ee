"""Every estimator under scikit-learn's own checks; what is expected to fail is named, with its reason."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from revpath.devices.base.errors import RevpathError
from revpath.ebm import (
    RBM,
    BoltzmannMachine,
    ConditionalBoltzmann,
    ConditionalRBM,
    CrossbarSynapses,
    DeepBoltzmannMachine,
    DeepResistiveNetwork,
    DenoisingChain,
    DigitalSynapses,
    DiscriminativeRBM,
    LayeredNetwork,
    crossbar_synapses,
)
from revpath.ebm.synapses.analog import TrainedFactory, trained_synapses
from revpath.simulator import ArrayConfig
from revpath.simulator.rules import MixedPrecisionConfig

DEVICE = "reram-sb-gong2018"

UNITS = "the check's data leave [0, 1], and a unit that is on with probability 5 is refused, not clipped"
OF_RBM = {
    "check_estimators_overwrite_params": UNITS,
    "check_dont_overwrite_parameters": UNITS,
    "check_estimators_fit_returns_self": UNITS,
    "check_readonly_memmap_input": UNITS,
    "check_n_features_in_after_fitting": UNITS,
    "check_estimators_dtypes": UNITS,
    "check_pipeline_consistency": UNITS,
    "check_estimators_pickle": UNITS,
    "check_f_contiguous_array_estimator": UNITS,
    "check_transformer_data_not_an_array": UNITS,
    "check_transformer_general": UNITS,
    "check_transformer_preserve_dtypes": UNITS,
    "check_methods_sample_order_invariance": UNITS,
    "check_methods_subset_invariance": UNITS,
    "check_fit2d_1sample": UNITS,
    "check_fit2d_1feature": UNITS,
    "check_dict_unchanged": UNITS,
    "check_fit_idempotent": UNITS,
    "check_fit_check_is_fitted": UNITS,
    "check_n_features_in": UNITS,
    "check_fit2d_predict1d": UNITS,
}
SYMBOLS = "symbols are integers: real numbers, objects and names are refused as contexts and as symbols"
OF_CONDITIONAL = {
    "check_estimators_dtypes": SYMBOLS,
    "check_dtype_object": SYMBOLS,
    "check_estimators_nan_inf": SYMBOLS,
    "check_classifiers_classes": SYMBOLS,
    "check_classifiers_one_label": "the alphabet has n_symbols whatever the data hold, so one symbol is predicted too",
    "check_classifiers_train": "expects three classes and the accuracy of a regression on real numbers",
    "check_supervised_y_2d": "y of two dimensions is refused, not flattened with a warning",
}


OF_LAYERED = {name: UNITS for name in OF_RBM if "transformer" not in name} | {
    "check_classifier_data_not_an_array": UNITS,
    "check_classifiers_classes": UNITS,
    "check_classifiers_train": UNITS,
    "check_decision_proba_consistency": UNITS,
    "check_estimators_partial_fit_n_features": UNITS,
}
OF_PIPELINES = {
    "check_estimators_overwrite_params": "scikit-learn's pipeline fits the steps that it was given",
    "check_dont_overwrite_parameters": "scikit-learn's pipeline fits the steps that it was given",
}
"""Scaled to [0, 1] the layers keep every check that a pipeline can keep."""


STATES = {
    "check_fit_score_takes_y": "the check's data are not binary, and a likelihood is one of states: none is scored"
}
OF_DENSITIES = {name: UNITS for name in OF_RBM if "transformer" not in name} | STATES
OF_RESISTIVE = {name: why for name, why in OF_LAYERED.items() if name != "check_decision_proba_consistency"}


def expected(estimator) -> dict[str, str]:
    of = {
        RBM: OF_RBM,
        DeepBoltzmannMachine: OF_RBM | STATES,
        LayeredNetwork: OF_LAYERED,
        DeepResistiveNetwork: OF_RESISTIVE,
        DiscriminativeRBM: OF_LAYERED,
    }
    of |= {Pipeline: OF_PIPELINES, BoltzmannMachine: OF_DENSITIES, DenoisingChain: OF_DENSITIES}
    if isinstance(estimator, RBM) and estimator.visible == "gaussian":
        return {}
    return of.get(type(estimator), OF_CONDITIONAL)


@parametrize_with_checks(
    [
        RBM(4, n_iter=1),
        ConditionalRBM(4),
        ConditionalBoltzmann(1),
        LayeredNetwork((8,), n_iter=1),
    ],
    expected_failed_checks=expected,
)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        RBM(4, n_iter=1, visible="gaussian"),
        BoltzmannMachine(n_iter=1),
        DeepBoltzmannMachine((4, 3), n_iter=1, mean_field_steps=2),
        DeepResistiveNetwork((8,), n_iter=1),
        DenoisingChain(4, n_steps=2, n_iter=1, k=1),
        DiscriminativeRBM(4, n_iter=1),
        make_pipeline(
            MinMaxScaler(clip=True),
            LayeredNetwork((16,), n_iter=60, batch_size=8, random_state=0),
        ),
    ],
    expected_failed_checks=expected,
)
def test_checks_of_scikit_learn_on_the_others(estimator, check):
    check(estimator)


def mean_score(model: RBM, X: np.ndarray, y=None) -> float:
    return float(model.score_samples(X).mean())


@pytest.fixture
def rows() -> np.ndarray:
    return (np.random.default_rng(0).random((60, 12)) < 0.3).astype(float)


@pytest.mark.parametrize("form", [scipy.sparse.csr_matrix, scipy.sparse.csc_array, scipy.sparse.coo_array])
@pytest.mark.parametrize("persistent", [True, False])
def test_sparse_rows_give_the_model_of_dense_rows(rows, form, persistent):
    dense, sparse = (RBM(4, n_iter=2, persistent=persistent, random_state=0) for _ in range(2))
    dense.fit(rows)
    sparse.fit(form(rows))
    assert sparse.components_.tobytes() == dense.components_.tobytes()
    dense.partial_fit(rows)
    sparse.partial_fit(form(rows))
    assert sparse.events_ == dense.events_
    np.testing.assert_array_equal(sparse.transform(form(rows)), dense.transform(rows))
    np.testing.assert_array_equal(sparse.score_samples(form(rows)), dense.score_samples(rows))


def test_sparse_rows_are_never_dense_as_a_whole(monkeypatch):
    rows = scipy.sparse.random_array((5000, 30), density=0.1, format="csr", rng=0, dtype=np.float32)
    sizes = []
    for kind in (scipy.sparse.csr_array, scipy.sparse.csr_matrix):
        plain = kind.toarray
        monkeypatch.setattr(kind, "toarray", lambda self, plain=plain: sizes.append(self.shape[0]) or plain(self))
    model = RBM(3, n_iter=1, batch_size=50, random_state=0).fit(rows)
    assert max(sizes) == 50
    model.transform(rows)
    assert max(sizes) <= 1024


def test_sparse_entries_beyond_a_probability_are_refused():
    with pytest.raises(RevpathError, match=r"X\.data\[1\] = 3.0 must lie in \[0, 1\]"):
        RBM(2).fit(scipy.sparse.csr_matrix(np.array([[0, 1.0], [3.0, 0]])))


@pytest.mark.parametrize("model", [RBM(2), ConditionalRBM(2, n_symbols=3)])
def test_no_rows_is_an_error(model):
    X = np.zeros((0, 3), int)
    with pytest.raises(ValueError, match=r"0 sample|at least one"):
        model.fit(X, np.zeros(0, int))
    model.fit(np.zeros((4, 3), int), np.zeros(4, int))
    for use in ("transform", "predict"):
        if hasattr(model, use):
            with pytest.raises(ValueError, match="0 sample"):
                getattr(model, use)(X)


@pytest.mark.parametrize("synapses", [DEVICE, ArrayConfig(device=DEVICE)])
def test_synapses_are_named_by_device_or_by_settings(rows, synapses):
    model = RBM(3, n_iter=1, synapses=synapses, random_state=0).fit(rows)
    assert isinstance(model.synapses_, CrossbarSynapses)
    again = clone(model).fit(rows)
    np.testing.assert_array_equal(again.components_, model.components_)
    other = clone(model).set_params(random_state=1).fit(rows)
    assert not np.array_equal(other.components_, model.components_)
    X, y = np.zeros((8, 2), int), np.zeros(8, int)
    conditional = ConditionalRBM(3, n_symbols=3, synapses=synapses, random_state=0).fit(X, y)
    assert isinstance(conditional.label_synapses_, CrossbarSynapses)


def test_none_is_digital_and_anything_else_is_refused(rows):
    assert isinstance(RBM(2, n_iter=1).fit(rows).synapses_, DigitalSynapses)
    with pytest.raises(RevpathError, match=r"synapses = 3 must be the name of a device"):
        RBM(2, synapses=3).fit(rows)
    with pytest.raises(RevpathError, match="reram-nowhere"):
        RBM(2, synapses="reram-nowhere").fit(rows)


def test_parameters_of_a_factory_are_reached_by_name(rows):
    model = RBM(2, n_iter=1, synapses=crossbar_synapses(ArrayConfig(device=DEVICE), seed=1), random_state=0)
    assert model.get_params()["synapses__seed"] == 1
    first = clone(model).fit(rows).components_
    assert not np.array_equal(clone(model).set_params(synapses__seed=2).fit(rows).components_, first)
    assert model.get_params()["synapses__seed"] == 1
    with pytest.raises(RevpathError, match="sede is no parameter of CrossbarFactory; it has configs, seed, tile"):
        model.synapses.set_params(sede=2)
    search = GridSearchCV(RBM(2, n_iter=1, random_state=0), {"synapses": [None, DEVICE]}, cv=2, scoring=mean_score)
    search.fit(rows)
    assert len(search.cv_results_["params"]) == 2
    trained = trained_synapses(MixedPrecisionConfig(), ArrayConfig(device=DEVICE), seed=3)
    assert isinstance(clone(RBM(2, synapses=trained)).synapses, TrainedFactory)
    assert pickle.loads(pickle.dumps(trained)).seed == 3


def test_the_old_path_of_trained_synapses_leads_on():
    from revpath.ebm import trained

    assert trained.trained_synapses is trained_synapses


def test_columns_of_a_frame_keep_their_names():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame({"before": [0, 1, 2, 0], "last": [1, 2, 0, 1]})
    model = ConditionalRBM(2, n_symbols=3, random_state=0).fit(X, pandas.Series([0, 1, 2, 0]))
    assert list(model.feature_names_in_) == ["before", "last"]
    assert model.predict(X).shape == (4,)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X[["last", "before"]])


def test_classes_of_partial_fit_are_symbols():
    X, y = np.zeros((4, 2), int), np.array([0, 1, 1, 0])
    model = ConditionalRBM(2, n_symbols=3, random_state=0).partial_fit(X, y, classes=np.array([0, 1]))
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    with pytest.raises(RevpathError, match="classes holds 0 to 3"):
        model.partial_fit(X, y, classes=[0, 3])
