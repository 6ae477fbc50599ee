"""What the study has found, as one small table that is kept with the code: a row a checkpoint, with all that a price needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...devices.base.errors import RevpathError
from ..baselines.rivals import MLPRival, Rival, TransformerRival
from ..compare.learn import LearningRun, run_of
from ..sweeps.store import Store
from .plan import Job, jobs
from .protocol import Protocol
from .rivals import mlp_of, transformer_of

if TYPE_CHECKING:
    import pandas as pd

FILE = "runs.parquet"


@dataclass(frozen=True)
class Found:
    """What was found on one task.

    Attributes
    ----------
    runs : tuple of LearningRun
        Of our own models; those of one name differ in their seed.
    rivals : tuple of Rival
    missing : tuple of str
        Contenders of the protocol of which not every seed is there: they are not judged.
    """

    runs: tuple[LearningRun, ...]
    rivals: tuple[Rival, ...]
    missing: tuple[str, ...] = ()


def collate(protocol: Protocol, store: Store, tasks: Sequence[str] | None = None) -> pd.DataFrame:
    """The table of all runs of a protocol that the store holds, one row each.

    Parameters
    ----------
    protocol : Protocol
    store : Store
    tasks : sequence of str, optional
        Only these.
    """
    import pandas as pd

    rows = [_row(protocol, job, store.get(job.run.id)) for job in jobs(protocol, tasks) if job.run.id in store]
    return pd.DataFrame(rows)


def _row(protocol: Protocol, job: Job, record: Mapping[str, Any]) -> dict[str, Any]:
    about = record["provenance"]
    return {
        "protocol": protocol.digest,
        "task": job.task,
        "side": job.side,
        "name": job.name,
        "seed": job.run.seed,
        "validation": record["values"]["validation"],
        "test": record["values"]["test"],
        "parameters": int(record["values"]["parameters"]),
        "seconds": about["seconds"],
        "when": about["when"],
        "versions": json.dumps({key: value for key, value in about.items() if key not in ("seconds", "when")}),
        "record": json.dumps({key: record[key] for key in ("id", "identity", "values", "detail")}),
    }


def write(table: pd.DataFrame, path: Path) -> Path:
    """Keep a table.

    Raises
    ------
    RevpathError
        The extra `parquet` is missing.
    """
    _pyarrow()
    table.to_parquet(path, compression="zstd", compression_level=19, index=False)
    return path


def read(path: Path | None = None) -> pd.DataFrame:
    """A table that was kept, or that of the study.

    Raises
    ------
    RevpathError
        There is none, or the extra `parquet` is missing.
    """
    import pandas as pd

    _pyarrow()
    where = Path(str(files("revpath.studies.equal_quality").joinpath(FILE))) if path is None else path
    if not where.is_file():
        raise RevpathError(f"results = {str(where)!r}: no such file; `revpath study` makes the runs")
    try:
        return pd.read_parquet(where)
    except (OSError, ValueError) as error:
        raise RevpathError(f"results = {str(where)!r} cannot be read: {' '.join(str(error).split())}") from None


def _pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError:
        raise RevpathError('results of the study need the extra `parquet`: pip install -e ".[parquet]"') from None


def found(protocol: Protocol, table: pd.DataFrame) -> dict[str, Found]:
    """What a table holds of each task of a protocol, contenders with all their seeds alone.

    Raises
    ------
    RevpathError
        It is of another protocol.
    """
    others = set(table["protocol"]) - {protocol.digest}
    if others:
        raise RevpathError(f"results are of protocol {', '.join(sorted(others))}, and not of {protocol.digest}")
    return {name: _of(protocol, name, table.loc[table["task"] == name]) for name in protocol.tasks}


def _of(protocol: Protocol, task: str, table: pd.DataFrame) -> Found:
    recipes = {(r.name, r.seed): r for r in _recipes(protocol, task)}
    runs: list[LearningRun] = []
    rivals: list[Rival] = []
    missing = [name for name in dict.fromkeys(name for name, _ in recipes) if name not in set(table["name"])]
    for side, name in table[["side", "name"]].drop_duplicates().itertuples(index=False):
        rows = table.loc[(table["side"] == side) & (table["name"] == name)].sort_values("seed")
        if list(rows["seed"]) != sorted(protocol.seeds):
            missing.append(str(name))
            continue
        records = [json.loads(record) for record in rows["record"]]
        seeds = [int(seed) for seed in rows["seed"]]
        if side == "ours":
            runs += [run_of(recipes[str(name), seed], record) for seed, record in zip(seeds, records, strict=True)]
        elif side == "mlp":
            rivals.append(MLPRival([mlp_of(r["detail"], seed) for seed, r in zip(seeds, records, strict=True)]))
        else:
            rivals.append(TransformerRival(*(transformer_of(record["detail"]) for record in records)))
    return Found(tuple(runs), tuple(rivals), tuple(missing))


def _recipes(protocol: Protocol, task: str) -> Iterator[Any]:
    kind = protocol.tasks[task].source.kind
    for plan in protocol.contenders:
        if task in plan.tasks:
            for examples in plan.examples:
                for place in plan.places:
                    for seed in protocol.seeds:
                        yield plan.recipe(place, protocol.cells, kind, examples, seed)
