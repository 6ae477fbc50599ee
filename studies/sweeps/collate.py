"""What a store holds of a study, as tables that people use: a labelled xarray Dataset and a tidy pandas frame."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...devices.base.errors import RevpathError
from ..identity import code_digest
from .registry import Quantity
from .store import Store
from .study import CODE, Study

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

JOULES = {
    "joules": Quantity("energy", "J", "lower"),
    "joules_mean": Quantity("energy, mean over uncertainties", "J", "lower"),
    "joules_low": Quantity("energy, 5 % quantile", "J", "lower"),
    "joules_high": Quantity("energy, 95 % quantile", "J", "lower"),
}

RATIO = {"ratio": Quantity("joules: transformer (GPU) over run", "1", "higher")}
"""Of tasks that have a rival: at the quality of each run, by nominal prices."""
BREAK_EVEN = 1.0
"""The ratio at which a run begins to pay."""


def priced_quantities(study: Study) -> dict[str, Quantity]:
    """What a price adds to the quantities of a study's task."""
    return JOULES | (RATIO if study.kind.rival else {})


def to_frame(study: Study, store: Store, *, priced: bool = False, **pricing: Any) -> pd.DataFrame:
    """One row a run of the study: its point, replicate, seed, values, state; with `priced` the joules too.

    Runs that have not been made have state "missing"; what has failed follows the study's policy: "error" refuses to
    collate, "drop" leaves the row out, "penalty" puts the study's `penalty` in place of each value.

    Parameters
    ----------
    study : Study
    store : Store
    priced : bool
        Add the columns of `revpath.studies.sweeps.pricing.price_study`, which `pricing` is handed to.

    Raises
    ------
    RevpathError
        a run has failed and the policy is "error"; nothing has been run.
    """
    import pandas as pd

    store.refresh()
    planned = list(study.runs())
    found = {record["id"]: record for record in store.records(run.id for run in planned)}
    if not found:
        others = len(store)
        more = (
            f", which has {others} runs of other studies or of other code (revision {code_digest(*CODE)} is installed)"
            if others
            else ""
        )
        raise RevpathError(
            f"study {study.name!r} has no run in the store {str(store.folder)!r}{more}: run `revpath sweep` first"
        )
    failed = [run for run in planned if store.state(run.id) in ("failed", "timeout")]
    if failed and study.failures == "error":
        first = store.get(failed[0].id)
        raise RevpathError(
            f"{len(failed)} runs of {study.name!r} have failed, the first at {dict(failed[0].point)}: {first.get('error', '')}; "
            'set failures = "drop" or "penalty", or run with --retry-failed'
        )
    lost = {run.id for run in failed}
    rows = []
    for run in planned:
        if run.id in lost and study.failures == "drop":
            continue
        row: dict[str, Any] = {"id": run.id, **run.point, "replicate": run.replicate, "seed": run.seed}
        if run.id in found:
            row |= {"state": "done", **{k: np.nan if v is None else v for k, v in found[run.id]["values"].items()}}
        elif run.id in lost:
            row |= {"state": "penalty", **dict.fromkeys(study.kind.quantities, study.penalty)}
        else:
            row |= {"state": "missing", **dict.fromkeys(study.kind.quantities, np.nan)}
        rows.append(row)
    frame = pd.DataFrame(rows)
    if priced:
        from .pricing import price_study

        prices = price_study(study, store, **pricing)
        more = [name for name in ("bound",) if name in prices]
        frame = frame.merge(prices[["id", *priced_quantities(study), "unpriced", *more]], on="id", how="left")
    return frame


def to_xarray(study: Study, store: Store, *, priced: bool = False, **pricing: Any) -> xr.Dataset:
    """The study as a Dataset: a grid has a dimension for each axis and one for the replicates, samples have "point".

    Every variable has `units` and `long_name`; the attributes hold the study (as JSON), its digest, the revision of the code
    and the ids of the records that were used. Save it with ``dataset.to_netcdf(path, engine="h5netcdf")``.

    Examples
    --------
    >>> import tempfile
    >>> from revpath.studies.sweeps import Study
    >>> study = Study(name="bits", task="array-error", axes={"array.adc.bits": [4, 8]}, fixed={"rows": 8, "columns": 4})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = study.run(folder, workers=1)
    ...     data = study.to_xarray(folder)
    >>> dict(data.sizes), data["error"].attrs["units"]
    ({'array.adc.bits': 2, 'replicate': 1}, '1')
    """
    import xarray as xr

    frame = to_frame(study, store, priced=priced, **pricing)
    quantities = {**study.kind.quantities, **(priced_quantities(study) if priced else {})}
    if study.design == "grid":
        data = _grid(study, frame, quantities)
    else:
        paths = [path for axis in study.dimensions for path in axis.paths]
        wide: Any = (
            frame.set_index(["point_number", "replicate"]) if "point_number" in frame else _numbered(study, frame)
        )
        data = xr.Dataset.from_dataframe(wide[list(quantities)])
        for path in paths:
            values = wide[path].groupby(level="point").first()
            data = data.assign_coords({path: ("point", values.to_numpy())})
    for name, quantity in quantities.items():
        data[name].attrs.update(units=quantity.unit, long_name=quantity.title)
    for path in (path for axis in study.dimensions for path in axis.paths):
        if path in data.coords:
            data[path].attrs.update(unit_of(study, path), long_name=path)
    data.attrs.update(
        study=json.dumps(study.model_dump(mode="json"), sort_keys=True),
        study_digest=study.digest,
        code=code_digest(*CODE),
        records=" ".join(records_used(study)),
        failures=study.failures if study.penalty is None else f"penalty {study.penalty:g}",
        source="revpath",
    )
    return data


def _grid(study: Study, frame: pd.DataFrame, quantities: Mapping[str, Quantity]) -> xr.Dataset:
    import xarray as xr

    sizes = [len(axis.values) for axis in study.dimensions]
    names = [axis.name for axis in study.dimensions]
    order = {run.id: n for n, run in enumerate(study.runs())}
    places = frame["id"].map(order.get).to_numpy()
    variables = {}
    for name in quantities:
        values = np.full(int(np.prod([*sizes, study.replicates])), np.nan)
        values[places] = frame[name].to_numpy(float)
        variables[name] = ((*names, "replicate"), values.reshape(*sizes, study.replicates))
    coordinates: dict[str, Any] = {"replicate": np.arange(study.replicates)}
    for axis in study.dimensions:
        if len(axis.paths) == 1:
            coordinates[axis.name] = _column([step[0] for step in axis.values])
        else:
            coordinates[axis.name] = np.arange(len(axis.values))
            for k, path in enumerate(axis.paths):
                coordinates[path] = (axis.name, _column([step[k] for step in axis.values]))
    return xr.Dataset(variables, coordinates)


def _column(values: list[Any]) -> np.ndarray:
    """Values of an axis as an array that NetCDF can hold: numbers where all are, text otherwise."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return np.array(values)
    return np.array([str(value) for value in values], dtype=object)


def _numbered(study: Study, frame: pd.DataFrame) -> pd.DataFrame:
    order = {run.id: n // study.replicates for n, run in enumerate(study.runs())}
    numbered = frame.assign(point=frame["id"].map(order.get))
    return numbered.set_index(["point", "replicate"])


def unit_of(study: Study, path: str) -> dict[str, str]:
    """The attribute `units` of an axis, where its number has a unit."""
    if path.startswith("device."):
        choice = getattr(next(study.runs()).config, "device", None)
        unit = choice.load().unit_of(path.removeprefix("device.")) if choice is not None else None
        return {"units": "1" if unit == "dimensionless" else unit} if unit else {}
    return {}


def records_used(study: Study) -> list[str]:
    """Ids of the records behind all runs of a study."""
    return sorted({id for run in study.runs() for id in run.config.records()})


def save(study: Study, store: Store, path: Path, **options: Any) -> Path:
    """Write the collated study: NetCDF (.nc), Parquet (.parquet) or CSV (.csv), by the ending; whole or not at all.

    Raises
    ------
    RevpathError
        another ending, or Parquet without pyarrow.
    """
    import io
    import tempfile

    from ...devices.base.files import write_whole

    if path.suffix == ".nc":
        with tempfile.TemporaryDirectory() as folder:  # h5netcdf writes files, not bytes
            whole = Path(folder) / "data.nc"
            to_xarray(study, store, **options).to_netcdf(whole, engine="h5netcdf")
            content = whole.read_bytes()
    elif path.suffix == ".csv":
        content = to_frame(study, store, **options).to_csv(index=False).encode()
    elif path.suffix == ".parquet":
        buffer = io.BytesIO()
        try:
            to_frame(study, store, **options).to_parquet(buffer, index=False)
        except ImportError:
            raise RevpathError('.parquet needs pyarrow: pip install "revpath[parquet]"') from None
        content = buffer.getvalue()
    else:
        raise RevpathError(f"out = {str(path)!r} must end in .nc, .parquet or .csv")
    write_whole(path, content)
    return path
