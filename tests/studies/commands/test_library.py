"""`records`, `cite`, `claims` and `gpu` as functions: what they print and write, and what they refuse."""

import json
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from helpers.statistics import relative
from rich.console import Console

from revpath.devices import load_device
from revpath.devices.base.errors import RevpathError, UnitError, UnknownName
from revpath.devices.base.record import load_records
from revpath.energy_models.claims.catalogue import claims
from revpath.energy_models.gpu.measure import Settings
from revpath.energy_models.gpu.nvml import Clock
from revpath.energy_models.records import library
from revpath.studies.commands.claims import run_claims
from revpath.studies.commands.gpu import measure_with, print_gpus, run_gpu_compare, run_gpu_measure
from revpath.studies.commands.gpu_measured import measured_frame
from revpath.studies.commands.records import choose_records, known_records, print_citations, print_records, used_sources


def listen(width=250):
    out = StringIO()
    return Console(file=out, width=width), out


def test_records_are_listed_and_filtered():
    console, out = listen()
    print_records("gpu.h100.", console=console)
    assert "gpu.h100.power" in out.getvalue()
    assert "adc." not in out.getvalue()
    assert "gpu.h100.idle !" in out.getvalue()  # an assumption is marked
    assert out.getvalue().startswith(
        f"{len(choose_records('gpu.h100.'))} of {len(known_records())} records; 1 are assumed"
    )


def test_filters_by_evidence_doubt_and_source():
    assert {str(r.evidence) for r in choose_records(evidence="assumed")} == {"assumed"}
    assert all(r.shaky for r in choose_records(shaky=True))
    assert len(choose_records(shaky=True)) == sum(r.shaky for r in known_records().values())
    assert {r.source.key for r in choose_records("Vaswani")} <= {"vaswani2017", "vaswani2017_run"}
    assert {r.source.key for r in choose_records("add", source="HOROWITZ")} == {"horowitz2014"}
    with pytest.raises(RevpathError, match="evidence = 'measred' is not known; did you mean 'measured'"):
        choose_records(evidence="measred")


def test_a_filter_by_unit_takes_whatever_can_be_read_as_it():
    found = choose_records("horowitz", unit="pJ/op")
    assert {r.unit for r in found} == {"J/op"}
    assert len(found) == sum(r.unit == "J/op" for r in choose_records("horowitz"))
    assert not {r.id for r in choose_records(unit="J/op")} & {r.id for r in choose_records(unit="J/conversion")}
    assert {r.unit for r in choose_records("reram-sb-gong2018.window", unit="S")} == {"uS"}
    with pytest.raises(UnitError, match="unit = 'J/opp' is not a unit that can be read"):
        choose_records(unit="J/opp")


def test_what_a_result_used_can_be_looked_up():
    """Numbers of the energy library and of the devices alike."""
    ids = set(known_records())
    assert set(library()) < ids
    assert {record.id for record in load_device("reram-sb-gong2018").records.values()} < ids
    console, out = listen()
    print_records("reram-sb-gong2018.window.g_max", console=console)
    assert "evidence: assumed, read in secondary (!)" in out.getvalue()


def test_one_record_is_shown_in_full():
    console, out = listen()
    print_records("run.gpt3.energy", console=console)
    for part in ("1287 MWh", "330 W", "arxiv.org/abs/2104.10350", "derivation: 3.14e23", "basis = measured"):
        assert part in out.getvalue()


def test_unknown_records_get_near_ids():
    with pytest.raises(UnknownName, match=r"gpu.h100.powr.*near:.*gpu.h100.power"):
        print_records("gpu.h100.powr", console=listen()[0])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"text": "hrmes"}, r"text = 'hrmes' is in none of .*; near: hermes2023"),
        ({"text": "zzzz"}, r"text = 'zzzz' is in none of .*; there are: adc, .*gpu"),
        ({"source": "shafee2016"}, r"source = 'shafee2016' .*; near: shafiee2016"),
        ({"text": "adc", "source": "horowit2014"}, r"source = 'horowit2014' .*; near: horowitz2014"),
        ({"unit": "J/furlong"}, r"unit = 'J/furlong' .*; there are: .*J/conversion"),
        ({"text": "adc", "unit": "W"}, r"no record fits all of what was asked for: text = 'adc', unit = 'W'"),
    ],
)
def test_a_filter_that_finds_nothing_says_which_and_what_is_near(asked, message):
    with pytest.raises(UnknownName, match=message):
        print_records(**asked, console=listen()[0])


RESULT = {
    "verdict": {},
    "records": ["gpu.gemm.h100_bf16", "gone.from.library", "x.y"],
    "contenders": [
        {
            "citations": ["x.y: A. Author, A [Title], 2020 [measured, read in primary] https://x.y"],
            "shaky_records": ["x.y"],
        },
        {"citations": ["x.z: A. Author, A [Title], 2020 [assumed, read in memory] https://x.y"], "shaky_records": []},
    ],
}


def write(tmp_path, content) -> Path:
    path = tmp_path / "result.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_citations_of_a_result(tmp_path):
    found, shaky = used_sources(write(tmp_path, RESULT))
    assert found["A. Author, A [Title], 2020 https://x.y"] == ["x.y", "x.z"]
    assert ["gpu.gemm.h100_bf16"] in found.values()
    assert found["not in this library: written by another version?"] == ["gone.from.library"]
    assert shaky == ["x.y"]
    console, out = listen()
    print_citations(write(tmp_path, RESULT), console)
    assert out.getvalue().splitlines()[-1] == "This result leans on 1 assumed or unverified records: x.y."
    assert "3 references" in out.getvalue()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"records": [], "contenders": [{}]}'])
def test_what_is_no_result_is_refused(tmp_path, content):
    with pytest.raises(RevpathError, match="is not a result.json"):
        used_sources(write(tmp_path, content))


def test_a_missing_result_is_refused(tmp_path):
    with pytest.raises(RevpathError, match="cannot be read: No such file"):
        used_sources(tmp_path / "none.json")


@pytest.mark.slow
def test_claims_are_printed_and_written(tmp_path):
    console, out = listen()
    files = run_claims(None, tmp_path / "out", console=console)
    assert [f.name for f in files] == ["claims.csv", "claims.pdf", "claims.svg", "claims.png", "claims.txt"]
    assert all(f.stat().st_size > (500 if f.suffix != ".txt" else 50) for f in files)
    text = out.getvalue()
    assert "These claims lean on" in text
    assert "(--doubts names all)" in " ".join(text.split())
    for part in ("refuted", "explained", "not recomputable", "no factor", "PUMA", "Missing: a factor", "[1] "):
        assert part in text
    again = run_claims(None, tmp_path / "again", console=listen()[0])
    assert [f.read_bytes() for f in again[:2]] == [f.read_bytes() for f in files[:2]]


def test_the_claims_fit_a_terminal_of_80_columns():
    console = Console(file=StringIO(), width=80)
    run_claims(console=console)
    text, _, sources = console.file.getvalue().partition("\n[1] ")
    assert sources  # citations are not wrapped: they are to be copied
    assert max(len(line) for line in text.splitlines()) <= 80
    keys = [line.split()[0] for line in text.splitlines() if re.match(r" C\d+\S* ", line)]
    assert keys == [claim.key for claim in claims()]  # none broken


def test_one_claim_is_shown_in_full(tmp_path):
    console, out = listen()
    files = run_claims("marinella2018", tmp_path, console=console)
    assert [f.name for f in files] == ["claims.csv", "claims.pdf", "claims.svg", "claims.png", "claims.txt"]
    text = out.getvalue()
    for part in (
        "as published",
        "own numbers",
        "one write pulse a weight and example",
        "facility",
        "claim.marinella2018.mac",
        "https://arxiv.org/abs/1707.09952",
        "C7a",
        "C7b",
    ):
        assert part in text
    assert "PUMA over" not in text


def test_a_work_without_a_factor_says_so():
    console, out = listen()
    assert run_claims("kendall2020", console=console) == []
    text = out.getvalue()
    assert "no factor" in text
    assert "Missing: a factor: the abstract of arXiv:2006.01981" in text
    assert "product" not in text


def test_an_unknown_claim_is_refused():
    with pytest.raises(RevpathError, match=r"claim = 'C99' is not known"):
        run_claims("C99", console=listen()[0])


@pytest.mark.slow
def test_gpus_and_their_errors_are_printed_and_drawn(tmp_path):
    from revpath.energy_models.gpu.metered import blind_runs, metered_runs

    console, out = listen()
    print_gpus(console, tmp_path)
    assert sorted(f.name for f in tmp_path.iterdir()) == [
        f"gpu_validation.{kind}" for kind in ("csv", "pdf", "png", "svg", "txt")
    ]
    assert (tmp_path / "gpu_validation.csv").read_text().count("\n") == 1 + len(metered_runs()) + len(blind_runs())
    assert "B200" in out.getvalue()
    assert "run left out: 16 of 17 within 15%" in out.getvalue()
    assert "rated power x hours" in out.getvalue()


def test_without_a_gpu_it_says_so_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    console, out = listen()
    assert run_gpu_measure(tmp_path, console=console) is None
    assert out.getvalue() == "nothing was measured: no NVML: the package nvidia-ml-py is not installed\n"
    assert list(tmp_path.iterdir()) == []


class Bench:
    """A GPU of 100 W idle and 300 W busy, and the work on it, in imagined time."""

    name, unit, conditions = "NVIDIA H100", "flop", {"n": 8}

    def __init__(self):
        self.t, self.J = 0.0, 0.0

    def spend(self, seconds, watts=100.0):
        self.t, self.J = self.t + seconds, self.J + seconds * watts

    def run(self):
        self.spend(0.1, 300.0)
        return 1e9

    def energy_mJ(self):
        return int(self.J * 1e3)

    def power_W(self):
        return 100.0

    def temperature_C(self):
        return 40.0

    def clock_MHz(self):
        return 1500.0


@pytest.mark.parametrize("target", ["folder", "here.toml"])
def test_a_measurement_is_written_as_records(tmp_path, target):
    bench = Bench()
    console, out = listen()
    settings = Settings(seconds=3, trials=2, warm_up=1, cool_down=1)
    path = measure_with(
        bench, [bench], tmp_path / target, settings, console, Clock(lambda: bench.t, bench.spend), "2026-11-23"
    )
    assert path == (tmp_path / "here.toml" if target == "here.toml" else tmp_path / "folder" / "gpu_h100.toml")
    records = load_records(path)
    assert records["measured.h100.h100"].to("nJ/flop") == pytest.approx(30, rel=0.02)
    assert records["measured.h100.idle"].value == pytest.approx(100, rel=0.01)
    assert f"written: {path}" in out.getvalue()
    assert "The GPU model beside the meter" in out.getvalue()  # 300 W by the meter, at next to no FLOP/s
    assert path.with_suffix(".png").stat().st_size > 5_000


def test_a_gpu_that_the_library_does_not_know_is_measured_and_compared_by_name(tmp_path):
    bench = Bench()
    bench.name = "Imagined 1"
    console, out = listen()
    settings = Settings(seconds=3, trials=2, warm_up=1, cool_down=1)
    path = measure_with(bench, [bench], tmp_path, settings, console, Clock(lambda: bench.t, bench.spend), "2026-11-23")
    assert "not compared with the model: record" in out.getvalue()
    run_gpu_compare(path, "h100", tmp_path, console)
    assert "300" in out.getvalue()
    (row,) = measured_frame(path, "h100").to_dict("records")
    assert row["measured_W"] == pytest.approx(300, rel=0.02)
    assert row["model_low_W"] < row["model_W"] < row["model_high_W"]
    assert row["error"] == relative(row["model_W"] / row["measured_W"] - 1)
    assert path.with_suffix(".png").exists()


@pytest.mark.slow
def test_barrier_is_drawn(tmp_path, capsys):
    from revpath.studies.commands.barrier import run_barrier

    console, out = listen()
    files = run_barrier(tmp_path / "out", None, console)
    for part in (
        "FlashAttention",
        "at the published figures as stated",
        "Revolutionary path: no comparison given",
        "$1,000,000",
    ):
        assert part in " ".join(out.getvalue().split())
    assert [f.name for f in files] == ["barrier.csv", "barrier.pdf", "barrier.svg", "barrier.png", "barrier.txt"]
    assert all(f.stat().st_size > (1_000 if f.suffix != ".txt" else 50) for f in files)


@pytest.mark.parametrize("name", ["neurram-130nm", "puma-32nm", "h100-run"])
def test_chips_are_shown(name, capsys):
    from revpath.studies.commands.chips import print_chip, print_chips

    print_chips()
    assert name in capsys.readouterr().out
    print_chip(name)
    out = capsys.readouterr().out
    assert ("TOPS/W" in out) == (name != "h100-run")


@pytest.mark.slow
def test_validation_is_written(tmp_path, capsys):
    from revpath.studies.commands.chips import run_validation

    files = run_validation(tmp_path)
    assert [f.name for f in files] == [
        "validation.csv",
        "validation.pdf",
        "validation.svg",
        "validation.png",
        "validation.txt",
    ]
    assert "measured chips are predicted within a factor of 2" in capsys.readouterr().out


def test_exit_codes_of_a_measurement_without_a_gpu_and_of_a_mistake(monkeypatch, tmp_path):
    import sys

    from typer.testing import CliRunner

    from revpath.energy_models.gpu.boards import NotThere
    from revpath.studies.commands.cli import app

    monkeypatch.setitem(sys.modules, "pynvml", None)
    done = CliRunner().invoke(app, ["gpu", "measure", "--out", str(tmp_path)])
    assert (done.exit_code, "nothing was measured: no NVML" in done.output) == (3, True)
    done = CliRunner().invoke(app, ["gpu", "measure", "--out", str(tmp_path), "--workload", "gemmm"])
    assert isinstance(done.exception, NotThere)  # main() prints it in one line and exits with 2


def test_the_road_prints_its_middle_with_its_interval_and_the_best_case_apart():
    from revpath.energy_models.prices.bill import Interval
    from revpath.studies.commands.barrier import _product, _times

    assert _times(51.0, Interval(105.0, 50.0, 24.0, 94.0)) == (
        "51 times cheaper (24 to 94, 90 %) over the ranges of the levers; 105 at the published figures as stated"
    )
    for line in _product()[:-1]:
        middle, low, high = (float(x) for x in re.search(r"(\d+) times cheaper \((\d+) to (\d+)", line).groups())
        assert low < middle < high


def test_sources_are_written_as_bibtex(tmp_path):
    from revpath.devices.base.record import Source
    from revpath.studies.commands.forms import bibtex
    from revpath.studies.commands.records import known_records, write_bib

    sources = [record.source for record in known_records().values()]
    file = write_bib(tmp_path / "all.bib", sources)
    text = file.read_text()
    keys = re.findall(r"^@misc\{(\S+),$", text, re.M)
    assert len(keys) == len(set(keys)) == len({source.citation for source in sources})
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")  # balanced
    twice = [Source(key="kull2013", citation=f"L. Kull et al., part {n} & more, 2013") for n in (1, 2)]
    assert re.findall(r"@misc\{(\w+)", bibtex(twice)) == ["kull2013", "kull2013a"]
    assert r"part 1 \& more" in bibtex(twice)


def test_a_result_is_cited_as_bibtex(tmp_path):
    from revpath.studies.commands.records import print_citations_as, write_bib_of

    result = write(tmp_path, RESULT)
    assert "@misc{" in write_bib_of(tmp_path / "refs.bib", result).read_text()
    with redirect_stdout(StringIO()) as said:
        print_citations_as(result, "json")
    assert {"references", "assumed or unverified"} == set(json.loads(said.getvalue()))
    with pytest.raises(RevpathError):
        write_bib_of(tmp_path / "no" / "such" / "refs.bib", result)


def test_results_are_rows(tmp_path):
    from revpath.studies.commands.results import results_frame

    for name, content in (
        ("a", {"verdict": {"sentence": "So it is.", "quality": 3.25}, "identity": {"seeds": [7]}}),
        ("b", None),
    ):
        folder = tmp_path / "results" / name
        folder.mkdir(parents=True)
        text = "{" if content is None else json.dumps({**content, "complete": True, "contenders": [], "runs": []})
        (folder / "result.json").write_text(text)
    rows = results_frame(tmp_path)
    assert list(rows["file"]) == [str(tmp_path / "results" / name / "result.json") for name in "ab"]
    assert (rows.loc[0, "seeds"], rows.loc[0, "quality"], rows.loc[0, "sentence"]) == ([7], 3.25, "So it is.")
    assert list(rows["problem"].isna()) == [True, False]
    assert list(rows["sentence"].isna()) == [False, True]
    with pytest.raises(RevpathError, match="keeps none"):
        results_frame(tmp_path / "results")
