"""What classifiers of dense inputs share: rows in [0, 1] and labels checked, classes by the largest of their scores."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ...devices.base.errors import RevpathError
from .base import EnergyModel
from .checks import unit_interval_rows


class DenseClassifier(ClassifierMixin, EnergyModel, shared=True):
    """A classifier of rows with entries in [0, 1], which gives a score to each class.

    Attributes
    ----------
    classes_ : numpy.ndarray
        Labels, sorted.
    """

    classes_: np.ndarray
    n_features_in_: int

    @abstractmethod
    def _outputs(self, X: np.ndarray) -> np.ndarray:
        """Scores (n, n_classes) by reads that are counted."""

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores of the classes by reads of the arrays: (n, n_classes), or (n,) of the second of two."""
        outputs = self._outputs(self._checked(X))
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(self, X: Any) -> np.ndarray:
        """The class of the largest score, (n,)."""
        best = np.argmax(self._outputs(self._checked(X)), axis=1)
        return self.classes_[best]

    def _one_hot(self, labels: np.ndarray) -> np.ndarray:
        known = np.isin(labels, self.classes_)
        if not known.all():
            raise RevpathError(
                f"y holds {labels[~known].tolist()[0]!r}, which is none of the classes {self.classes_.tolist()}"
            )
        return np.eye(len(self.classes_), dtype=np.float32)[np.searchsorted(self.classes_, labels)]

    def _checked(self, X: Any, *, reset: bool = False) -> np.ndarray:
        if not reset:
            check_is_fitted(self)
        rows = np.asarray(validate_data(self, X, dtype=(np.float32, np.float64), reset=reset))
        return unit_interval_rows("X", rows)

    def _checked_pair(self, X: Any, y: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        if y is None:
            name = type(self).__name__
            raise RevpathError(f"y is missing: {name} requires y to be passed, but the target y is None")
        labels = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        X = self._checked(X, reset=reset)
        if len(labels) != len(X):
            raise RevpathError(f"X has {len(X)} rows and y has {len(labels)}: as many of each are needed")
        return X, labels

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags


def layer_sizes(hidden: Any) -> tuple[int, ...]:
    """Sizes of hidden layers; RevpathError where they are none."""
    sizes = tuple(hidden) if isinstance(hidden, Sequence | np.ndarray) and not isinstance(hidden, str) else None
    if sizes is None or any(isinstance(n, bool) or not isinstance(n, Integral) or n < 1 for n in sizes):
        raise RevpathError(f"hidden_layer_sizes = {hidden!r} must be a sequence of positive integers, such as (256,)")
    return tuple(int(n) for n in sizes)
