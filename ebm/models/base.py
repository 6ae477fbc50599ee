"""What all energy-based models share: the list of them, their parameters by name, and the contract each keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from difflib import get_close_matches
from typing import Any, ClassVar, Literal

from sklearn.base import BaseEstimator, ClassifierMixin

from ...devices.base.errors import RevpathError
from ...simulator.events import Events

Rows = Literal["units", "classes", "symbols"]


class EnergyModel(BaseEstimator, ABC):
    """A scikit-learn estimator that learns on any synapses and counts what it did.

    A subclass takes part in `MODELS` by being defined. Its constructor has ``synapses`` (see
    `revpath.ebm.synapses.analog.factory_of`) and ``random_state`` among its arguments, by keyword.

    Attributes
    ----------
    MODELS : dict of str to type
        Every model that has been defined, by the name of its class.
    """

    MODELS: ClassVar[dict[str, type[EnergyModel]]] = {}

    def __init_subclass__(cls, *, shared: bool = False, **options: Any) -> None:
        """`shared`: what several models have in common, and no model itself."""
        super().__init_subclass__(**options)
        if not shared:
            EnergyModel.MODELS[cls.__name__] = cls

    @classmethod
    def learns(cls) -> Rows:
        """What its rows are, by which tasks and tests know what to give it.

        Returns
        -------
        "units", "classes" or "symbols"
            Values in [0, 1] of units; the same with a label a row; or contexts of symbols, with the symbol that follows.

        Examples
        --------
        >>> from revpath.ebm import RBM, ConditionalRBM
        >>> RBM.learns(), ConditionalRBM.learns()
        ('units', 'symbols')
        """
        return "classes" if issubclass(cls, ClassifierMixin) else "units"

    @abstractmethod
    def fit(self, X: Any, y: Any = None) -> EnergyModel:
        """Start anew and learn from the rows of X (n, n_features), with y (n,) where the model is one of targets."""

    @abstractmethod
    def partial_fit(self, X: Any, y: Any = None) -> EnergyModel:
        """Go on learning from the rows in the order given; the first call starts the model."""

    @property
    @abstractmethod
    def events_(self) -> Events:
        """Everything that happened so far in synapses and periphery, training and use alike."""

    def set_params(self, **params: Any) -> EnergyModel:
        """As in scikit-learn; a name that is unknown is answered with the one it resembles.

        Raises
        ------
        RevpathError
            A name that is no parameter.

        Examples
        --------
        >>> from revpath.ebm import RBM
        >>> RBM().set_params(learning_rat=0.1)
        Traceback (most recent call last):
        revpath.devices.base.errors.RevpathError: learning_rat is no parameter of RBM: did you mean learning_rate?
        """
        known = self.get_params(deep=False)
        for name in params:
            head = name.split("__")[0]
            if head not in known:
                close = get_close_matches(head, known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(known)}"
                raise RevpathError(f"{head} is no parameter of {type(self).__name__}: {hint}")
        return super().set_params(**params)
