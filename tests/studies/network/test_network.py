"""One's own network: its layers, its events beside those of whole arrays, its prices by hand, and what is said of the rest."""
# pyright: reportMissingImports=false

import importlib.util
import json
import math
import types

import numpy as np
import pytest
from helpers.statistics import relative
from typer.testing import CliRunner

from revpath.energy_models import PriceError, load_chip, price, pulse_prices
from revpath.energy_models.prices.schedule import completed
from revpath.energy_models.records import get
from revpath.simulator import Crossbar, TiledCrossbar
from revpath.studies.commands.cli import app
from revpath.studies.compare.recipes import Hardware
from revpath.studies.network.counted import LAYERS, SAMPLES, counted, digital, tiles
from revpath.studies.network.layers import Layer, Network, NetworkError
from revpath.studies.network.priced import price_network, prices_table
from revpath.studies.network.reading import read_network

MLP = read_network("300x40x10")


def test_sizes_are_dense_layers_with_relu_between():
    assert [(layer.rows, layer.columns, layer.functions) for layer in MLP.layers] == [
        (300, 40, ("relu",)),
        (40, 10, ()),
    ]
    assert MLP.parameters == 300 * 40 + 40 + 40 * 10 + 10
    assert MLP.products == 300 * 40 + 40 * 10
    assert read_network((300, 40, 10)).layers == MLP.layers


def test_a_table_of_layers(tmp_path):
    file = tmp_path / "net.toml"
    file.write_text(
        'name = "mine"\n[[layer]]\nrows = 27\ncolumns = 16\nuses = 900\nfunctions = ["relu"]\n'
        '[[layer]]\nname = "head"\nrows = 16\ncolumns = 10\nbias = false\n'
    )
    found = read_network(file)
    assert (found.name, found.products) == ("mine", 27 * 16 * 900 + 160)
    assert found.layers[1] == Layer("head", 16, 10, bias=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[layer]]\nrows = 0\ncolumns = 4\n", "rows = 0 must be an integer from 1"),
        ("[[layer]]\nrows = 3.5\ncolumns = 4\n", "rows = 3.5 must be an integer"),
        ("[[layer]]\nrows = 3\n", "columns is missing"),
        ("[[layer]]\nrows = 3\ncolumns = 4\nkernel = 3\n", "field 'kernel' is not one of"),
        ("[[layer]]\nrows = 3\ncolumns = 4\nfunctions = ['swish']\n", "functions holds 'swish', not one of"),
        ("[[layer]]\nrows = 3\ncolumns = 4\nfunctions = 'relu'\n", "functions = 'relu' must be a list"),
        ("[[layer]]\nrows = 3\ncolumns = 4\nbias = 1\n", "bias = 1 must be true or false"),
        ("layer = 3\n", "layer must be tables"),
        ("size = 3\n[[layer]]\nrows = 3\ncolumns = 4\n", "field 'size' is not one of name, layer"),
        ("layer = []\n", "has no layer"),
    ],
)
def test_bad_tables_are_refused(text, said, tmp_path):
    file = tmp_path / "net.toml"
    file.write_text(text)
    with pytest.raises(NetworkError, match=said):
        read_network(file)


@pytest.mark.parametrize("source", ["784", "784x", "mnist", 3, [784], [10, -1]])
def test_what_is_no_network_is_refused(source):
    with pytest.raises(NetworkError):
        read_network(source)


def test_tiles_cover_a_layer_once():
    layer = Layer("x", 600, 300, groups=2)
    assert sum(rows * columns * number for rows, columns, number in tiles(layer, 256)) == layer.weights
    assert sorted(tiles(layer, 256)) == sorted([(256, 256, 4), (256, 44, 4), (88, 256, 2), (88, 44, 2)])


@pytest.mark.parametrize("training", [False, True])
def test_events_are_those_of_a_whole_tiled_array(training):
    """Counts that do not hang on values, exactly; those that do, within the spread of their inputs."""
    (range_,), rows, columns, tile = LAYERS.ranges, 70, 40, 32
    ours = counted(Network("one", (Layer("a", rows, columns, bias=False),)), training=training, tile=tile).events
    largest = range_.largest
    random = np.random.default_rng(0)
    whole = TiledCrossbar((rows, columns), LAYERS.config(range_), tile=(tile, tile), seed=3)
    whole.program(np.clip(random.normal(0, largest / 4, (rows, columns)), -largest, largest).astype(np.float32))
    before = whole.events
    x = random.uniform(0, 1, (SAMPLES, rows)).astype(np.float32)
    whole.forward(x)
    if training:
        d = np.clip(random.normal(0, 0.1, (SAMPLES, columns)), -1, 1).astype(np.float32)
        whole.backward(d)
        whole.update(x, d, 0.01)
    theirs = {name: (whole.events[name] - before[name]) / SAMPLES for name in whole.events}
    theirs = {name: amount for name, amount in theirs.items() if amount}
    around = {"sram.byte_read", "sram.byte_written"}
    assert set(ours) - around == set(theirs)
    for name in theirs:
        loose = name in ("array.read_energy_J", "array.read_charge_C") or name.startswith(
            ("pulse", "line.pulse", "random", "update", "array.busy_s", "array.snr", "adc.snr", "line.drive", "dac")
        )
        assert ours[name] == pytest.approx(theirs[name], rel=0.35 if loose else 1e-12, abs=0), name


def test_digital_work_by_hand():
    found = counted(Network("one", (Layer("a", 600, 20, uses=7, functions=("relu", "sigmoid")),))).events
    # three tiles down: two additions of partial sums and one bias an output; 8-bit activations are a byte
    assert found["digital.add"] == 7 * 20 * 3
    assert found["digital.compare"] == found["digital.sigmoid"] == 7 * 20
    assert (found["sram.byte_read"], found["sram.byte_written"]) == (7 * 600, 7 * 20)


def test_uses_multiply_everything_and_groups_are_matrices_of_their_own():
    once = counted(Network("n", (Layer("a", 30, 20),)))
    often = counted(Network("n", (Layer("a", 30, 20, uses=9, groups=2),)))
    assert often.events["adc.conversion{enob=7.99}"] == relative(18 * once.events["adc.conversion{enob=7.99}"])
    assert often.seconds == relative(9 * once.seconds)  # groups side by side
    assert often.arrays == 2 * once.arrays


def test_a_gpu_counts_two_operations_a_product_and_six_in_training():
    assert digital(MLP)["matmul.flop"] == 2 * MLP.products
    assert digital(MLP, training=True)["matmul.flop"] == 6 * MLP.products
    assert digital(MLP)["digital.compare"] == 40


def completed_by_hand(done):
    """As the study completes its events, with the lanes waiting for arrays that read side by side."""
    events = {name: n for name, n in done.events.items() if "snr_sum" not in name}
    whole = completed({**events, "array.busy_s": done.seconds}, load_chip("puma-32nm"))
    return {**whole, "array.busy_s": events["array.busy_s"]}


def test_prices_are_those_of_the_events_on_a_chip():
    (ours,) = price_network(MLP, chips=["puma-32nm"], gpus=[])
    assert ours.not_priced == ()
    events = completed_by_hand(counted(MLP))
    assert ours.joules.nominal == relative(price(events, load_chip("puma-32nm")).joules)
    # a training step pays for the device's own pulses
    (step,) = price_network(MLP, training=True, chips=["puma-32nm"], gpus=[])
    events = completed_by_hand(counted(MLP, training=True))
    own = pulse_prices(Hardware().cell())
    assert step.joules.nominal == relative(price(events, load_chip("puma-32nm"), overrides=own).joules)
    assert step.joules.nominal > ours.joules.nominal


def test_gpus_by_hand():
    run, h100 = price_network(MLP, chips=["h100-run"], gpus=["h100"])
    assert run.joules.nominal > 2 * MLP.products * get("gpu.run.llama31_405b").value
    assert h100.seconds >= MLP.parameters * 2 / 3.35e12  # its memory must give it the weights
    (many,) = price_network(MLP, chips=[], gpus=["h100"], batch=1000)
    rate, u, restarts = (
        get("gpu.h100.matmul_bf16").to("flop/s"),
        get("gpu.utilisation").value,
        get("gpu.restarts").value,
    )
    assert many.seconds == relative(2 * MLP.products / (u * rate) * (1 + restarts))  # then its products take longer
    assert many.joules.nominal < h100.joules.nominal
    (old,) = price_network(MLP, chips=[], gpus=["p100"])
    p100 = get("gpu.p100.hbm").to("byte_moved/s")
    assert old.seconds == relative(MLP.parameters * 4 / p100)  # in fp32, a number is four bytes
    for batch in (0, 1.5, True):
        with pytest.raises(PriceError, match="batch = "):
            price_network(MLP, batch=batch)


def test_every_chip_and_gpu_has_a_row_and_says_what_it_does_not_price():
    found = price_network(MLP, n_draws=200)
    frame = prices_table(found, MLP.products)
    assert {"reram-32nm", "neurram-130nm", "h100-run", "p100", "b200"} <= set(frame["where"])
    assert frame["s"].gt(0).all()
    assert frame["J"].notna().all()
    left = {one.where: one.not_priced for one in found}
    assert left["reram-32nm"] == ()
    assert any("sram.byte_read" in what for what in left["neurram-130nm"])
    area = dict(zip(frame["where"], frame["mm2"], strict=True))
    core = load_chip("hermes-64-14nm")
    assert area["hermes-64-14nm"] == relative(
        math.ceil(MLP.products / (core.workloads[0].ops / 2)) * core.records[core.area].to("mm^2")
    )


def test_a_read_of_one_array_is_one_read():
    one = Crossbar((40, 10), LAYERS.config(LAYERS.ranges[0]))
    assert one.events["array.read"] == 0
    assert counted(Network("n", (Layer("a", 40, 10),))).events["array.read"] == 1


class _Parameter:
    def __init__(self, *shape):
        self.shape = shape

    def numel(self):
        return math.prod(self.shape)


class _Module:
    """As much of ``torch.nn.Module`` as is used, for machines without PyTorch."""

    training = True

    def __init__(self, **fields):
        self.__dict__.update(fields)
        self.hooks = []

    def children(self):
        return []

    def register_forward_hook(self, hook):
        self.hooks.append(hook)
        return types.SimpleNamespace(remove=lambda: self.hooks.remove(hook))

    def run(self, x, *shape):
        y = _Parameter(*shape)
        for hook in self.hooks:
            hook(self, (x,), y)
        return y


class Linear(_Module):
    pass


class ReLU(_Module):
    pass


class LSTM(_Module):
    pass


class Toy(_Module):
    def __init__(self):
        super().__init__()
        self.parts = {
            "first": Linear(in_features=8, out_features=6, bias=1),
            "act": ReLU(),
            "memory": LSTM(),
            "head": Linear(in_features=6, out_features=3, bias=None),
        }

    def named_modules(self):
        return [("", self), *self.parts.items()]

    def children(self):
        return list(self.parts.values())

    def eval(self):
        return self

    def train(self, mode):
        return self

    def __call__(self, x):
        y = self.parts["act"].run(self.parts["first"].run(x, 5, 7, 6), 5, 7, 6)
        return self.parts["head"].run(self.parts["memory"].run(y, 5, 7, 6), 5, 7, 3)


def test_a_module_is_seen_by_running_it_once():
    toy = Toy()
    found = read_network(toy, _Parameter(5, 7, 8))
    assert found.layers == (Layer("first", 8, 6, 7, functions=("relu",)), Layer("head", 6, 3, 7, bias=False))
    assert any(line.startswith("memory: LSTM is not known") for line in found.not_priced)
    assert any("outside of modules" in line for line in found.not_priced)
    assert not any(part.hooks for part in toy.parts.values())
    with pytest.raises(NetworkError, match="example = None"):
        read_network(toy)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
def test_modules_of_pytorch():
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3, groups=4, bias=False),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10), nn.Softmax(-1),
    )  # fmt: skip
    found = read_network(model, torch.zeros(2, 3, 8, 8))
    assert [(one.rows, one.columns, one.uses, one.groups) for one in found.layers] == [
        (27, 16, 64, 1), (36, 4, 36, 4), (16, 10, 1, 1),
    ]  # fmt: skip
    assert found.layers[0].functions == ("layernorm", "relu")
    assert found.layers[2].functions == ("softmax",)
    weights = sum(p.numel() for name, p in model.named_parameters() if not name.startswith("1."))
    assert found.parameters == weights
    assert any("AdaptiveAvgPool2d is not known" in line for line in found.not_priced)
    assert model.training
    attention = read_network(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), torch.zeros(2, 5, 32))
    assert any("outside of modules" in line for line in attention.not_priced)


@pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="needs onnx")
def test_a_file_of_onnx(tmp_path):
    import onnx
    from onnx import TensorProto, helper

    def constant(name, *shape):
        return helper.make_tensor(name, TensorProto.FLOAT, shape, np.zeros(math.prod(shape), np.float32))

    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", "g", "h"], ["d"], "head", transB=1),
        helper.make_node("Softmax", ["d"], ["e"]),
        helper.make_node("MatMul", ["e", "e"], ["y"], "attention"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [constant("w", 8, 3, 3, 3), constant("g", 10, 128), constant("h", 10)],
    )
    onnx.save(helper.make_model(graph), tmp_path / "net.onnx")
    found = read_network(tmp_path / "net.onnx")
    assert found.layers == (
        Layer("conv", 27, 8, 16, bias=False, functions=("relu",)),
        Layer("head", 128, 10, functions=("softmax",)),
    )
    assert found.not_priced == (
        "attention: MatMul is not a product with constant weights, nor a function of one layer's outputs",
    )
    (tmp_path / "no.onnx").write_text("nothing")
    with pytest.raises(NetworkError, match="cannot be read as ONNX"):
        read_network(tmp_path / "no.onnx")


def test_the_command_prints_tables_and_json():
    run = CliRunner().invoke
    done = run(app, ["network", "30x20x10"])
    assert done.exit_code == 0
    for part in ("830 parameters", "reram-32nm", "b200", "Not priced on neurram-130nm", ">= "):
        assert part in " ".join(done.output.split())
    found = json.loads(run(app, ["network", "30x20x10", "--json", "--training"]).output)
    assert (found["training"], found["multiply_accumulates"]) == (True, 800)
    assert {"reram-32nm", "h100-run", "b200"} <= {row["where"] for row in found["prices"]}
    assert run(app, ["network", "30x20x10", "--csv"]).output.startswith("where,J,low,high,pJ/MAC,s,mm2,J s,")
    assert r"\begin{tabular}" in run(app, ["network", "30x20x10", "--latex"]).output
    assert run(app, ["network", "30x20x10", "--json", "--csv"]).exit_code == 2
    assert isinstance(run(app, ["network", "mnist"]).exception, NetworkError)
