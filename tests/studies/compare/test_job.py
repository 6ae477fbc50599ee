"""The main job from a text to its result, in this process and in workers."""

import json

import numpy as np
import pytest
from helpers.statistics import relative
from helpers.tiny_job import ANALOG, DIGITAL, QUIET

from revpath.devices.base.errors import RevpathError
from revpath.energy_models.prices.bill import SCOPES
from revpath.energy_models.prices.vocabulary import ROLES
from revpath.studies.baselines.curves import Baseline, Curve, Hyper, Point, Shape, TorchMissing
from revpath.studies.baselines.transformer import save_baseline
from revpath.studies.compare import comparison, writing
from revpath.studies.compare import job as module
from revpath.studies.compare import learn as learning
from revpath.studies.compare.job import compare
from revpath.studies.compare.recipes import Recipe
from revpath.studies.compare.result import read_result, results_in
from revpath.studies.sweeps.engine import make
from revpath.studies.sweeps.store import Store
from revpath.studies.tasks.loading import Source
from revpath.studies.tasks.next_character import NextCharacter
from revpath.studies.tasks.text import load_text


def run(folder, text_path, **more):
    return compare(folder, text_path=text_path, characters=640, side_by_side=False, **{"seeds": 1, **more})


# --- the result -----------------------------------------------------------------------------------------------------


@pytest.mark.jit
@pytest.mark.usefixtures("tiny")
def test_the_result_says_everything(text_path, tmp_path):
    told = []
    found = run(tmp_path / "out", text_path, seed=5, tell=lambda *what: told.append(what))
    assert found.complete
    assert [path.name for path in found.files] == [
        "result.json",
        *(f"compare.{end}" for end in ("pdf", "svg", "png", "txt")),
        "bills.html",
    ]
    assert all(path.exists() for path in found.files)
    assert not list(tmp_path.rglob("*.partial"))
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {
        ".json",
        ".pdf",
        ".jsonl",
        ".svg",
        ".png",
        ".txt",
        ".html",
    }
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["complete"] is True
    assert (result["schema"], result["seeds"], result["chip"]) == (2, [5], "reram-32nm")
    assert (result["task"]["kind"], result["task"]["name"]) == ("text", "whale")
    assert result["task"]["sha256"] == found.task.sha256
    assert set(result["versions"]) == {"python", "revpath", "numpy", "numba", "scipy", "scikit-learn"}
    # the whole configuration of each run, so that it can be made again
    assert [Recipe.model_validate(r["recipe"]) for r in result["runs"]] == [
        r.model_copy(update={"seed": 5}) for r in (DIGITAL, ANALOG, QUIET)
    ]
    first, others = [c["name"] for c in result["contenders"]][:4], [c["kind"] for c in result["contenders"]][4:]
    assert first == ["digital-gpu", "digital-gpu-bound", "analog", "quiet"]
    assert others == ["gpu-many", "gpu-alone", "same-node", "same-node", "same-node"]
    chosen = {"name": "register-tile", "rows": 8, "units": 8, "fused": True, "columns": False}
    assert result["schedule"] == {**chosen, "word_bytes": 2, "gpu_bytes": 4}
    analog = result["contenders"][2]
    assert [s["examples"] for s in analog["stops"]] == [320, 640]
    for stop, known in zip(analog["stops"], found.contenders[2].stops, strict=True):
        assert stop["joules"]["nominal"] == relative(sum(c["nominal"] for c in stop["components"].values()))
        # every joule has an interval: of components, of roles, of boundaries
        assert set(stop["boundaries"]) == set(SCOPES)
        assert set(stop["roles"]) == set(ROLES)
        for group in ("components", "roles", "boundaries"):
            assert all(
                {"nominal", "mean", "low", "high"} == set(i) and i["low"] <= i["high"] for i in stop[group].values()
            )
        assert stop["boundaries"]["chip"] == stop["joules"]
        assert stop["joules"]["nominal"] == relative(sum(r["nominal"] for r in stop["roles"].values()))
        assert stop["joules"]["low"] < stop["joules"]["nominal"] < stop["joules"]["high"]
        assert stop["validation"] == known.validation
        assert stop["events"] == dict(known.events)
        assert stop["seconds"] == known.seconds > 0
    # every number of a bill can be looked up
    used = {id for c in found.contenders for s in c.stops for id in s.bill.all_records}
    assert set(result["records"]) == used
    assert "pue.google2021" in used
    cited = {line.split(": ")[0] for c in result["contenders"] for line in c["citations"]}
    assert used <= cited
    assert any(id.startswith("reram-sb-gong2018.") for id in analog["shaky_records"])
    # every row of the bill has its distance from the floor, or says why there is none
    floors = {f["component"]: f for f in analog["floors"]}
    assert set(floors) == set(analog["stops"][-1]["components"])
    assert floors["array read"]["eta"] > 1
    assert all((f["eta"] is None) == bool(f["none_because"]) for f in floors.values())
    assert all(f["eta"] is None or f["eta"] > 1 for f in floors.values())
    assert result["baseline"] is None
    assert result["verdict"]["quality"] is None
    assert "No transformer was trained on these data" in result["verdict"]["sentence"]
    assert result["counting"] == {"what": "A 6-gram that counts", "loss": found.ruler.counting}
    assert len(result["table"]) == 9
    # each run was announced with its total, and ended there
    assert {what[0] for what in told} == {"digital.5", "analog.5", "quiet.5"}
    assert all(what[2] == 640 for what in told)
    assert told[0] == ("digital.5", 0, 640, None)
    assert told[-1][1] == 640


@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_what_is_there_is_not_repeated(text_path, tmp_path, monkeypatch):
    first = run(tmp_path, text_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    told = []
    monkeypatch.setattr(learning, "train", lambda *_: pytest.fail("trained again"))
    again = compare(tmp_path, text_path=text_path, characters=640, seeds=1, tell=lambda *what: told.append(what))
    assert again.runs == first.runs
    assert told == [(r.recipe.label, 640, 640, r.checkpoints[-1].validation) for r in first.runs]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before  # to the byte


@pytest.mark.slow
@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_an_earlier_transformer_of_the_folder_is_used(text_path, tmp_path, monkeypatch):
    """What ``--retrain`` left in the folder serves later runs on that text, and no others."""
    monkeypatch.setattr(NextCharacter, "qualities", (4.5,))
    save_baseline(a_transformer("f" * 64), tmp_path / "baseline.json")
    assert run(tmp_path, text_path).rivals == ()
    save_baseline(a_transformer(load_text(text_path).sha256), tmp_path / "baseline.json")
    found = run(tmp_path, text_path)
    assert len(found.rivals) == 1
    assert found.verdict.quality == 4.5
    assert found.verdict.rival == "transformer-d16 L1 ctx16-gpu"
    assert "At 4.5 bits/char with one seed" in found.verdict.sentence
    assert json.loads((tmp_path / "result.json").read_text())["baseline"]["torch"] == "none"


def a_transformer(sha256):
    shape = Shape(width=16, layers=1, heads=2, context=16)
    points = tuple(
        Point(
            tokens=n, flops=shape.training_flops(n), validation_bits=b, test_bits=b, validation_bits_last=b, wall_s=0.0
        )
        for n, b in ((100, 5.0), (200, 3.8))
    )
    curve = Curve(shape=shape, hyper=Hyper(), seed=1, parameters=shape.parameters(), points=points)
    return Baseline(
        schema_number=1, text_name="x", text_sha256=sha256, made_on="2026-11-22", torch="none", cpu="none", note="",
        tuning=(), curves=(curve,),
    )  # fmt: skip


def interrupted_after(n):
    """An engine that Ctrl-C stops after so many runs."""

    def make_some(runs, store, **options):
        summary = make(runs[:n], store, **{**options, "workers": 1})
        summary.stopped = True
        return summary

    return make_some


@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_an_interrupted_job_keeps_its_runs_and_judges_nothing(text_path, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "make", interrupted_after(1))
    done = compare(tmp_path, text_path=text_path, characters=640, seeds=1)
    assert not done.complete
    assert [r.recipe.name for r in done.runs] == ["digital"]
    assert (done.contenders, done.files) == ((), ())
    assert done.verdict.quality is None
    assert done.verdict.ratio is None
    assert "nothing is judged" in done.verdict.sentence
    assert {path.parent.name for path in tmp_path.rglob("*") if path.is_file()} == {"segments"}
    monkeypatch.setattr(comparison, "make", make)
    assert run(tmp_path, text_path).complete


@pytest.mark.slow
@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_an_interruption_leaves_an_earlier_result_as_it_is(text_path, tmp_path, monkeypatch):
    run(tmp_path, text_path)
    before = (tmp_path / "result.json").read_bytes()
    monkeypatch.setattr(comparison, "make", interrupted_after(1))
    assert not compare(tmp_path, text_path=text_path, characters=640, seed=2, seeds=1).complete
    assert (tmp_path / "result.json").read_bytes() == before


@pytest.mark.usefixtures("tiny")
def test_nothing_done_leaves_nothing(text_path, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "make", interrupted_after(0))
    done = compare(tmp_path, text_path=text_path, characters=640, seeds=1)
    assert (done.complete, done.runs, done.files) == (False, (), ())
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.slow
@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_no_result_overwrites_one_of_other_settings(text_path, tmp_path):
    """The last one stands in the folder; all stand in folders of their own, and the same settings in the same one."""
    contents = {}
    for seed in (1, 2, 1):
        run(tmp_path, text_path, seed=seed)
        contents[seed] = (tmp_path / "result.json").read_bytes()
    run(tmp_path, text_path, seed=1, chip="pcm-14nm-hermes")
    contents["chip"] = (tmp_path / "result.json").read_bytes()
    kept = [path.read_bytes() for path in (tmp_path / "results").glob("*/result.json")]
    assert len(set(contents.values())) == 3
    assert sorted(kept) == sorted(contents.values())
    assert sorted(content["identity"]["seeds"] for _, content in results_in(tmp_path)) == [[1], [1], [2]]


@pytest.mark.slow
@pytest.mark.jit
@pytest.mark.usefixtures("tiny", "undrawn")
def test_a_result_of_an_earlier_version_is_kept_too(text_path, tmp_path):
    for name in ("result.json", "bills.html"):
        (tmp_path / name).write_text(f"{name} of 0.1")
    run(tmp_path, text_path)
    (own,) = (tmp_path / "results").glob("earlier-*")
    assert {path.name: path.read_text() for path in own.iterdir()} == {
        "result.json": "result.json of 0.1",
        "bills.html": "bills.html of 0.1",
    }
    run(tmp_path, text_path)
    assert len(list((tmp_path / "results").iterdir())) == 2


@pytest.mark.parametrize("place", ["", "result.json"], ids=["folder", "file"])
def test_an_incomplete_result_is_refused(tmp_path, place):
    """Such as revpath 0.1 wrote after Ctrl-C."""
    content = {"complete": False, "contenders": [], "verdict": {"sentence": "58 times less"}}
    (tmp_path / "result.json").write_text(json.dumps(content))
    with pytest.raises(RevpathError, match="interrupted comparison, whose verdict means nothing"):
        read_result(tmp_path / place)
    (tmp_path / "result.json").write_text(json.dumps({**content, "complete": True}))
    assert read_result(tmp_path / place)["complete"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_result_is_named(tmp_path, content):
    (tmp_path / "result.json").write_bytes(content)
    with pytest.raises(RevpathError, match=r"result\.json' is not a result\.json of `revpath compare`") as caught:
        read_result(tmp_path)
    assert "\n" not in str(caught.value)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text_path": "no-such-file.txt"}, r"text = 'no-such-file\.txt': no such file"),
        ({"chip": "reram-32mm"}, r"chip = 'reram-32mm' is not known; did you mean 'reram-32nm'\?"),
        ({"chip": "no-such-chip.toml"}, r"no-such-chip\.toml"),
        ({"chip": "h100-run"}, "chip = 'h100-run' is digital"),
        ({"characters": 0}, "characters = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"seeds": 0}, "seeds = 0 must be an integer from 1 to 100"),
        ({"seeds": 2.5}, "seeds = 2.5"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_done(arguments, message, tmp_path):
    with pytest.raises(RevpathError, match=message) as caught:
        compare(tmp_path / "out", **arguments)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(RevpathError, match=r"out = .*out' is a file; results need a folder"):
        compare(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_retraining_without_torch_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(TorchMissing, match=r"\[transformer\]"):
        compare(tmp_path / "out", retrain_baseline=True)
    assert not (tmp_path / "out").exists()


def test_json_has_no_numbers_that_are_not():
    assert writing._plain({"a": [float("nan"), (1.0, float("inf"))], "b": "x"}) == {"a": [None, [1.0, None]], "b": "x"}
    assert writing._plain(np.float64("nan")) is None


# --- the engine -----------------------------------------------------------------------------------------------------


@pytest.mark.jit
@pytest.mark.usefixtures("undrawn")
def test_a_failing_run_is_named_and_the_others_are_kept(text_path, tmp_path, monkeypatch):
    """Its device is lost between planning and training."""
    lost = ANALOG.model_copy(update={"name": "lost", "seed": 7})
    monkeypatch.setattr(module, "text_recipes", lambda *_: [lost, DIGITAL])
    real = learning.train

    def train(task, recipe, *rest):
        if recipe.seed == 7:
            raise RevpathError("device = 'unobtainium' is not known")
        return real(task, recipe, *rest)

    monkeypatch.setattr(learning, "train", train)
    with pytest.raises(RevpathError, match=r"^lost\.7: device = 'unobtainium' is not known$"):
        run(tmp_path, text_path)
    assert not (tmp_path / "result.json").exists()
    assert len(Store(tmp_path / "store")) == 1
    monkeypatch.setattr(learning, "train", real)
    assert run(tmp_path, text_path).complete  # what failed is tried again


@pytest.mark.usefixtures("tiny", "undrawn")
def test_a_run_that_another_comparison_makes_is_left_to_it(text_path, tmp_path):
    task = NextCharacter(load_text(text_path))
    recipe = DIGITAL.model_copy(update={"seed": 1})
    with Store(tmp_path / "store").writer() as other:
        other.lease(learning.planned(task, Source("text", text_path), recipe).id, 60)
        with pytest.raises(RevpathError, match="1 runs are being made by another comparison in .*store"):
            run(tmp_path, text_path)
