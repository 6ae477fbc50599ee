"""Every energy-based model that has been defined, made small, with rows that it can learn from."""

from typing import Any

import numpy as np

from revpath.ebm import EnergyModel

_SMALL: dict[str, Any] = {
    "n_components": 4,
    "n_hidden": 4,
    "hidden_layer_sizes": (4,),
    "orders": 1,
    "n_symbols": 3,
    "n_iter": 2,
    "batch_size": 8,
}
N = 40


def models() -> list[type[EnergyModel]]:
    """All of them, by name."""
    return [EnergyModel.MODELS[name] for name in sorted(EnergyModel.MODELS)]


def small(model: type[EnergyModel], **parameters: Any) -> EnergyModel:
    """A model of a few units that passes over the data twice."""
    made = model(**parameters)
    known = made.get_params(deep=False)
    return made.set_params(random_state=0, **{k: v for k, v in _SMALL.items() if k in known and k not in parameters})


def rows(model: type[EnergyModel]) -> tuple[np.ndarray, np.ndarray | None]:
    """X (40, features) and y (40,), or None where the model has no targets."""
    rng = np.random.default_rng(3)
    if model.learns() == "symbols":
        return rng.integers(0, 3, (N, 2)), rng.integers(0, 3, N)
    units = (rng.random((N, 6)) < 0.4).astype(np.float64)
    return units, units[:, 0].astype(int) if model.learns() == "classes" else None
