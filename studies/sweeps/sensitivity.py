"""How much each parameter matters: Sobol indices and Morris effects by SALib, of any quantity of a study, joules among them.

A failed point would void an analysis (SALib #134), so it follows the study's policy: "error" has refused to collate by
now, "penalty" has put a value, and "drop" cannot be, since both designs need every point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...devices.base.errors import RevpathError
from ..identity import strong_id
from .design import chosen, problem, unit_points
from .study import Study

if TYPE_CHECKING:
    import pandas as pd


def analyse(study: Study, frame: pd.DataFrame, value: str, *, seed: int = 0) -> pd.DataFrame:
    """Indices of each parameter, from the collated runs of a Saltelli or Morris design.

    Parameters
    ----------
    study : Study
    frame : DataFrame
        Of `revpath.studies.sweeps.to_frame`; replicates are averaged.
    value : str
        The quantity.

    Returns
    -------
    DataFrame
        `parameter`, and of a Saltelli design `first`, `total` (shares of the variance) with `first_error`, `total_error`
        (95 % bootstrap); of a Morris design `mu_star`, `mu_star_error`, `sigma`, in units of the quantity.

    Raises
    ------
    RevpathError
        another design, a point without a value, or SALib missing.
    """
    import pandas as pd

    if study.design not in ("saltelli", "morris"):
        raise RevpathError(
            f'design = {study.design!r}: an analysis of sensitivity needs design = "saltelli" or "morris"'
        )
    cube = unit_points(study.dimensions, study.design, study.samples or 1, study.seed)
    keys = [strong_id(chosen(study.dimensions, place)) for place in cube]  # a trajectory may come by a point twice
    of_run = {run.id: strong_id(dict(run.point)) for run in study.runs()}
    means: Any = frame.assign(point=frame["id"].map(of_run.get)).groupby("point")[value].mean()
    y = np.array([means.get(key, np.nan) for key in keys], float)
    lost = int(np.isnan(y).sum())
    if lost:
        raise RevpathError(
            f'{lost} of {len(y)} points have no {value}: a design needs all; run again, or failures = "penalty"'
        )
    made_up = problem(study.dimensions)
    names = [axis.name for axis in study.dimensions]
    try:
        from SALib.analyze import morris, sobol
    except ModuleNotFoundError:
        raise RevpathError('an analysis of sensitivity needs SALib: pip install "revpath[sensitivity]"') from None
    if study.design == "saltelli":
        with np.errstate(all="ignore"):
            found = sobol.analyze(made_up, y, calc_second_order=False, seed=seed)
        columns = {"first": "S1", "first_error": "S1_conf", "total": "ST", "total_error": "ST_conf"}
    else:
        found = morris.analyze(made_up, cube, y, num_levels=4, seed=seed)
        columns = {"mu_star": "mu_star", "mu_star_error": "mu_star_conf", "sigma": "sigma"}
    return pd.DataFrame({"parameter": names, **{name: np.asarray(found[key], float) for name, key in columns.items()}})
