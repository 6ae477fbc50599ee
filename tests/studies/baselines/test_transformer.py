# pyright: reportMissingImports=false
import json
import math
import subprocess
import sys

import numpy as np
import pytest

import revpath.studies
from revpath.studies.baselines import transformer as module
from revpath.studies.baselines import tuning
from revpath.studies.baselines.__main__ import main
from revpath.studies.baselines.curves import (
    Baseline,
    BaselineError,
    Curve,
    Hyper,
    Point,
    Shape,
    TorchMissing,
    TrainingDiverged,
)
from revpath.studies.baselines.transformer import (
    checkpoints,
    load_baseline,
    retrain,
    save_baseline,
    train_transformer,
)
from revpath.studies.tasks.text import Text, load_text

TINY = Shape(width=16, layers=2, heads=2, context=16)
HYPER = Hyper(learning_rate=5e-3, batch=2, warmup_tokens=64, decay=0.5)


@pytest.fixture(scope="module")
def moby():
    return load_text()


@pytest.fixture(scope="module")
def tiny_text(moby):
    """4,000 characters: splits of 3,600, 200 and 200."""
    return Text("tiny", moby.codes[:4000], "a" * 64)


@pytest.fixture(scope="module")
def gpt():
    pytest.importorskip("torch", reason="trains a transformer: needs the extra `transformer`")
    from revpath.studies.baselines import gpt

    return gpt


def a_point(tokens: int) -> Point:
    return Point(
        tokens=tokens,
        flops=TINY.training_flops(tokens),
        validation_bits=2.5,
        test_bits=2.6,
        validation_bits_last=2.7,
        wall_s=1.0,
    )


def a_baseline(sha256: str = "a" * 64) -> Baseline:
    curve = Curve(
        shape=TINY,
        hyper=HYPER,
        seed=1,
        parameters=TINY.parameters(),
        points=(a_point(100), a_point(200)),
        decayed=a_point(300),
    )
    return Baseline(
        schema_number=1,
        text_name="tiny",
        text_sha256=sha256,
        made_on="2026-11-22",
        torch="2.13.0",
        cpu="a processor",
        note="",
        tuning=(),
        curves=(curve,),
    )


# --- what ships -------------------------------------------------------------------------------------------------------


def test_the_shipped_baseline_is_of_the_shipped_text_and_tuned_within_its_budget(moby):
    shipped = load_baseline(text=moby)
    assert [curve.shape for curve in shipped.curves] == [module.SMALL, module.LARGE, *tuning.TINY]
    tokens = {shape: 500_000 for shape in (module.SMALL, module.LARGE)} | dict.fromkeys(tuning.TINY, 32_000)
    trials = {shape: [trial for trial in shipped.tuning if trial.shape == shape] for shape in tokens}
    assert [len(trials[shape]) for shape in tokens] == [7, 5, 6, 6, 6]
    assert all(trial.tokens == tokens[trial.shape] for trial in shipped.tuning)
    for curve in shipped.curves:
        trials = [trial for trial in shipped.tuning if trial.shape == curve.shape and trial.validation_bits is not None]
        assert curve.hyper == min(trials, key=lambda trial: trial.validation_bits or math.inf).hyper
        assert not curve.stopped


def test_the_shipped_baseline_is_stronger_than_the_untuned_reference(moby):
    # references/ebm.md, section 4: 2.201 bits after 6.0M tokens (107k parameters), 2.174 after 4.0M (411k).
    table = load_baseline().frame()
    small = table[(table["parameters"] < 200_000) & (table["tokens"] <= 3_000_000)]
    large = table[(table["parameters"] > 200_000) & (table["tokens"] <= 2_000_000)]
    assert small["test_bits"].min() < 2.201
    assert large["test_bits"].min() < 2.174


def test_the_table_has_one_row_per_point():
    table = a_baseline().frame()
    assert table["tokens"].tolist() == [100, 200, 300]
    assert table["schedule"].tolist() == ["constant", "constant", "decayed"]
    assert set(table["model"]) == {"d16 L2 ctx16"}


def test_reading_the_baseline_does_not_import_torch():
    code = "import sys, revpath.studies.baselines.transformer as b; b.load_baseline(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- the result file --------------------------------------------------------------------------------------------------


def test_what_is_saved_is_what_is_loaded(tmp_path):
    path = tmp_path / "b.json"
    save_baseline(a_baseline(), path)
    assert load_baseline(path) == a_baseline()
    assert [p.name for p in tmp_path.iterdir()] == ["b.json"]


def test_another_text_is_refused(tmp_path, moby):
    save_baseline(a_baseline(), tmp_path / "b.json")
    with pytest.raises(BaselineError, match=r"trained on 'tiny' .* not on 'moby_dick'"):
        load_baseline(tmp_path / "b.json", text=moby)


def _without_curves(content: dict) -> None:
    content["curves"] = []


def _other_schema(content: dict) -> None:
    content["schema_number"] = 2


def _foreign_key(content: dict) -> None:
    content["loss"] = 1.0


def _negative_bits(content: dict) -> None:
    content["curves"][0]["points"][0]["test_bits"] = -1.0


def _wrong_flops(content: dict) -> None:
    content["curves"][0]["points"][1]["flops"] += 1


def _wrong_decayed_flops(content: dict) -> None:
    content["curves"][0]["decayed"]["flops"] += 1


def _wrong_parameters(content: dict) -> None:
    content["curves"][0]["parameters"] += 1


def _backward(content: dict) -> None:
    content["curves"][0]["points"].reverse()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_without_curves, "curves"),
        (_other_schema, "schema_number = 2"),
        (_foreign_key, "loss"),
        (_negative_bits, r"test_bits = -1\.0"),
        (_wrong_flops, "flops"),
        (_wrong_decayed_flops, "flops"),
        (_wrong_parameters, "parameters"),
        (_backward, "must grow"),
    ],
)
def test_a_damaged_file_is_refused_with_the_field(tmp_path, damage, says):
    content = json.loads(a_baseline().model_dump_json())
    damage(content)
    path = tmp_path / "b.json"
    path.write_text(json.dumps(content))
    with pytest.raises(BaselineError, match=says):
        load_baseline(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\xfe"])
def test_a_file_that_is_no_baseline_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "b.json"
    path.write_bytes(content)
    with pytest.raises(BaselineError, match=r"b\.json"):
        load_baseline(path)
    with pytest.raises(BaselineError, match="no such file"):
        load_baseline(tmp_path / "none.json")


# --- shapes and schedules ---------------------------------------------------------------------------------------------


def test_a_shape_that_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="multiple of 2 x heads = 8"):
        Shape(width=20, heads=4)


def test_checkpoints_are_geometric_from_2k():
    marks = checkpoints(8_000_000)
    assert len(marks) == 35
    assert (marks[0], marks[-1]) == (2_000, 8_000_000)
    np.testing.assert_allclose(np.diff(np.log(marks)), math.log(4000) / 34, rtol=2e-3)
    assert checkpoints(500) == (500,)


def test_the_learning_rate_warms_up_stays_and_decays():
    hyper = Hyper(learning_rate=1.0, warmup_tokens=100)
    seen = (0, 49, 99, 500, 1000, 1100, 1199)
    rates = [module._rate(hyper, s, tokens=1000, end=1200) for s in seen]
    assert rates == pytest.approx([0.01, 0.5, 1, 1, 1, 0.5, 0.005])


def test_without_torch_the_error_names_the_extra(monkeypatch, tiny_text):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "revpath.studies.baselines.gpt", raising=False)
    monkeypatch.delattr(revpath.studies, "gpt", raising=False)
    with pytest.raises(TorchMissing, match=r"pip install -e \"\.\[transformer\]\""):
        train_transformer(tiny_text, TINY, HYPER, 100, 1)


# --- the network (torch) ----------------------------------------------------------------------------------------------


def a_model(gpt, shape: Shape = TINY):
    """A network whose read-out is not zero, so that its predictions depend on everything it sees."""
    gpt.torch.manual_seed(0)
    model = gpt.Transformer(shape.width, shape.layers, shape.heads, shape.context)
    gpt.torch.nn.init.normal_(model.read_out.weight, std=0.3)
    return model


def test_parameters_and_flops_are_those_of_the_network(gpt):
    from torch.utils.flop_counter import FlopCounterMode

    model = a_model(gpt)
    assert sum(p.numel() for p in model.parameters()) == TINY.parameters()
    with FlopCounterMode(display=False) as counter:
        model(gpt.torch.zeros(3, TINY.context, dtype=gpt.torch.long)).sum().backward()
    counted = counter.get_total_flops()
    assert counted == TINY.training_flops(3 * TINY.context)


def test_no_character_sees_a_later_one(gpt):
    model = a_model(gpt)
    codes = gpt.torch.arange(TINY.context)[None] % 27
    changed = codes.clone()
    changed[0, 9] = 20
    with gpt.torch.inference_mode():
        difference = (model(codes) - model(changed)).abs().amax(-1)[0]
    assert gpt.torch.all(difference[:9] == 0)
    assert gpt.torch.all(difference[9:] > 1e-6)


@pytest.mark.parametrize("n", [1, 3, 4, 37, 40])
def test_scoring_equals_one_window_at_a_time(gpt, tiny_text, n):
    model, split, context = a_model(gpt), tiny_text.validation, TINY.context
    stride = context // 4
    total = 0.0
    for i in range(n):
        # The position within its window: blocks of a quarter context, the last one moved back to end with the span.
        block_end = min((i // stride + 1) * stride, n) if n >= stride else i + 1
        end = 64 + block_end
        window = gpt.torch.from_numpy(split[end - 1 - context : end - 1].astype(np.int64))[None]
        with gpt.torch.inference_mode():
            logits = model(window)[0, context - 1 - (block_end - 1 - i)]
        total -= float(gpt.torch.log_softmax(logits.double(), -1)[split[64 + i]]) / math.log(2)
    assert gpt.bits_per_character(model, split, n) == pytest.approx(total / n, rel=1e-5)


def test_an_untrained_network_knows_nothing(gpt, tiny_text):
    model = gpt.Transformer(16, 2, 2, 16)
    assert gpt.bits_per_character(model, tiny_text.test) == pytest.approx(math.log2(27), abs=1e-6)


def test_an_epoch_shows_every_window_once_and_only_training_text(gpt, tiny_text):
    train = np.arange(200, dtype=np.uint8)  # each code is its own position
    stream = gpt.batches(train, context=8, batch=3, seed=5)
    for _ in range(4):
        shown = []
        for _ in range(((200 - 8) // 8) // 3):
            inputs, targets = next(stream)
            np.testing.assert_array_equal(targets.numpy(), inputs.numpy() + 1)
            shown += inputs.flatten().tolist()
        assert len(set(shown)) == len(shown)
        assert max(shown) < 199


# --- training (torch) -------------------------------------------------------------------------------------------------


def test_training_is_a_function_of_the_seed_and_learns(gpt, tiny_text):
    one, again, other = (train_transformer(tiny_text, TINY, HYPER, 3200, seed, marks=(320, 3200)) for seed in (1, 1, 2))
    bits = [[p.validation_bits for p in curve.points] for curve in (one, again, other)]
    assert bits[0] == bits[1] != bits[2]
    counts = np.bincount(tiny_text.train, minlength=27) / tiny_text.train.size
    unigram = -np.log2(counts[tiny_text.validation[64:]]).mean()
    assert one.points[1].validation_bits < unigram < one.points[0].validation_bits
    assert one.decayed is not None
    assert one.decayed.tokens == 4800  # half as many again
    assert one.decayed.validation_bits == one.decayed.validation_bits_last


def test_training_leaves_the_threads_and_the_random_state_of_torch_alone(gpt, tiny_text):
    gpt.torch.manual_seed(3)
    before = gpt.torch.get_rng_state(), gpt.torch.get_num_threads()
    train_transformer(tiny_text, TINY, HYPER, 64, 1, marks=(64,))
    assert gpt.torch.equal(gpt.torch.get_rng_state(), before[0])
    assert gpt.torch.get_num_threads() == before[1]


def test_the_average_is_the_exponential_one(gpt, tiny_text):
    run = gpt.Run(tiny_text, TINY, Hyper(learning_rate=0.01, batch=2, average=0.25), 1)
    expected, tokens = None, 0
    for _ in range(9):
        run.step(0.01)
        tokens += 32
        share = min(1.0, 32 / (0.25 * tokens))
        weight = run.model.read_out.weight.detach().double()
        expected = weight.clone() if expected is None else expected + share * (weight - expected)
    np.testing.assert_allclose(run.averaged.read_out.weight.detach(), expected, atol=1e-6)
    assert float((expected - run.model.read_out.weight.detach()).abs().max()) > 1e-3


def test_progress_hears_every_step_and_every_point(gpt, tiny_text):
    heard: list[tuple[int, int, Point | None]] = []
    curve = train_transformer(tiny_text, TINY, HYPER, 320, 1, lambda *given: heard.append(given), marks=(160, 161, 320))
    assert [seen for seen, _, _ in heard if seen <= 320] == sorted({*range(32, 321, 32), 192})
    assert [point for _, _, point in heard if point] == [*curve.points, curve.decayed]
    assert {end for _, end, _ in heard} == {480}


def test_interruption_keeps_the_points_that_are_done(gpt, tiny_text, monkeypatch):
    def stop_after(tokens):
        def progress(seen, end, point):
            if seen >= tokens:
                raise KeyboardInterrupt

        return progress

    curve = train_transformer(tiny_text, TINY, HYPER, 640, 1, stop_after(400), marks=(160, 320, 640))
    assert curve.stopped
    assert [point.tokens for point in curve.points] == [160, 320]
    with pytest.raises(KeyboardInterrupt):
        train_transformer(tiny_text, TINY, HYPER, 640, 1, stop_after(32), marks=(160, 320, 640))
    monkeypatch.setattr(module, "FIRST_CHECKPOINT", 160)
    kept = retrain(tiny_text, 640, 1, stop_after(400), (TINY, TINY), a_baseline())
    assert len(kept.curves) == 1
    assert kept.curves[0].stopped
    assert kept.curves[0].hyper == HYPER


def test_a_run_that_diverges_says_so(gpt, tiny_text):
    run = gpt.Run(tiny_text, TINY, HYPER, 1)
    with gpt.torch.no_grad():
        run.model.read_out.weight.fill_(math.inf)
    with pytest.raises(TrainingDiverged, match=r"learning_rate = 0\.005 is too large"):
        run.step(1.0)


def test_a_run_of_no_tokens_is_refused(tiny_text):
    with pytest.raises(BaselineError, match="tokens = 0 must be at least 1"):
        train_transformer(tiny_text, TINY, HYPER, 0, 1)


def test_a_batch_larger_than_the_text_is_refused(gpt, tiny_text):
    with pytest.raises(BaselineError, match="batch = 500 windows of 16: the training split holds 224"):
        train_transformer(tiny_text, TINY, HYPER.model_copy(update={"batch": 500}), 100, 1)


# --- tuning and the command line --------------------------------------------------------------------------------------


def test_tuning_asks_its_questions_and_keeps_the_best(monkeypatch, tiny_text):
    def loss(text, shape, hyper, tokens, seed, marks):
        if hyper.batch == 2:
            raise TrainingDiverged("made to diverge")
        bits = 2 + abs(math.log2(hyper.learning_rate / 4e-3)) + hyper.weight_decay
        point = a_point(tokens).model_copy(update={"validation_bits": bits, "flops": shape.training_flops(tokens)})
        return Curve(shape=shape, hyper=hyper, seed=seed, parameters=shape.parameters(), points=(point,))

    monkeypatch.setattr(tuning, "train_transformer", loss)
    told = []
    trials, best = tuning.tune(tiny_text, 100, 1, told.append)
    assert list(trials) == told
    assert [trial.shape for trial in trials] == [tuning.SMALL] * 7 + [tuning.LARGE] * 5 + [
        shape for shape in tuning.TINY for _ in range(6)
    ]
    assert all(hyper.learning_rate == 4e-3 for hyper in best.values())
    known, _ = tuning.tune(tiny_text, 100, 1, told.append, known=(tuning.SMALL, *tuning.TINY))
    assert [trial.shape for trial in known] == [tuning.LARGE] * 5
    assert [trial.validation_bits for trial in trials if trial.hyper.batch == 2] == [None]


def test_user_mistakes_end_with_code_2_and_one_line(tmp_path, capsys):
    assert main(["--out", str(tmp_path / "o.json"), "--text", str(tmp_path / "none.txt")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: text = ")
    assert error.count("\n") == 1
