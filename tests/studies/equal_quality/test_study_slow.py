"""The study from its runs to its report, on a protocol that takes no time."""

import pytest

from revpath.devices.base.errors import RevpathError
from revpath.studies.equal_quality import results
from revpath.studies.equal_quality.report import findings, write
from revpath.studies.equal_quality.run import run_study
from revpath.studies.sweeps.store import Store

pytestmark = pytest.mark.jit


def test_from_runs_to_report(tiny, tmp_path):
    store, heard = Store(tmp_path / "store"), []
    summary, left_out = run_study(tiny, store, tasks=["digits"], workers=1, told=lambda *what: heard.append(what))
    assert summary.complete
    assert left_out == []
    assert summary.total == 2 * (2 * 2 + 2)
    assert {job.side for job, *_ in heard} == {"ours"}
    assert run_study(tiny, store, tasks=["digits"], workers=1)[0].done == 0

    path = results.write(results.collate(tiny, store), tmp_path / "runs.parquet")
    table = results.read(path)
    found = findings(tiny, table)
    assert list(found.judgements) == ["digits"]
    assert len(found.found["digits"].runs) == 8
    assert [rival.name for rival in found.found["digits"].rivals] == ["64-10", "64-4-10"]
    family = "layers by transposed error"
    verdict = found.judgements["digits"].verdicts[family, 85.0]
    assert verdict.seeds == 2
    assert verdict.ratio is not None
    assert verdict.algorithm is not None
    assert verdict.same_node is not None
    assert found.judgements["digits"].verdicts[family, 1.0].ratio is None

    written = write(found, tmp_path / "report")
    assert {"report.html", "report.pdf", "factors.csv", "factors.pdf"} <= {p.name for p in written}
    page = (tmp_path / "report" / "report.html").read_text()
    assert "Moby Dick: nothing" in page  # what is not there is said
    assert tiny.digest in page
    assert 'src="data:image/svg' in page
    assert "http" not in page.split("data:image")[0].replace("http-equiv", "")  # nothing is loaded from elsewhere
    first = (tmp_path / "report" / "factors.pdf").read_bytes()
    write(found, tmp_path / "again")
    assert (tmp_path / "again" / "factors.pdf").read_bytes() == first


def test_a_contender_without_all_seeds_is_not_judged_and_named(tiny, tmp_path):
    store = Store(tmp_path / "store")
    run_study(tiny, store, tasks=["digits"], workers=1)
    table = results.collate(tiny, store)
    name = "mlp-4-b32-r0.1"
    fewer = table.loc[~((table["name"] == name) & (table["seed"] == 2))]
    found = results.found(tiny, fewer)["digits"]
    assert found.missing == (name,)
    assert [rival.name for rival in found.rivals] == ["64-10"]


def test_results_of_another_protocol_are_refused(tiny, tmp_path):
    store = Store(tmp_path / "store")
    run_study(tiny, store, tasks=["digits"], workers=1)
    table = results.collate(tiny, store)
    with pytest.raises(RevpathError, match=f"and not of {tiny.digest}"):
        results.found(tiny, table.assign(protocol="other"))
    with pytest.raises(RevpathError, match="no such file"):
        results.read(tmp_path / "nothing.parquet")
