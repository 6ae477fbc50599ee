"""Bytes of the EBM's training by a schedule, held to a datapath that goes tile by tile, and what the transformer's training does."""

from typing import ClassVar

import numpy as np
import pytest
from helpers.statistics import relative
from twins.bytes_of_a_tile import label_bytes

from revpath.ebm import ConditionalRBM
from revpath.ebm.models import symbol_model
from revpath.ebm.models.conditional import LABEL_BYTES
from revpath.ebm.models.symbol_model import BYTES
from revpath.energy_models import PriceError, chip_names, get, load_chip, price
from revpath.energy_models.gpu.small import alone_seconds, flop_equivalents, many_seconds, run_seconds
from revpath.energy_models.prices.schedule import SCHEDULES, Schedule, scheduled
from revpath.studies.baselines.curves import Hyper, Shape
from revpath.studies.baselines.work import ADAMW, AVERAGE, forward_and_backward, training_events
from revpath.studies.compare.models import ConditionalBoltzmannSpec
from revpath.studies.compare.models.conditional_rbm import ConditionalRBMSpec
from revpath.studies.compare.recipes import Recipe
from revpath.studies.compare.work import WORD, ebm_work
from revpath.studies.tasks.text import SYMBOLS

CLASSES = len(SYMBOLS)


def recipe(**more):
    model = ConditionalRBMSpec(**{"hidden": 16, "context": 2, **more})
    return Recipe(name="r", title="r", kind="digital", examples=640, batch=32, model=model)


def sram(events):
    """Bytes read and written."""
    return tuple(
        sum(n for full, n in events.items() if full.startswith(f"sram.byte_{way}")) for way in ("read", "written")
    )


@pytest.mark.parametrize("chosen", [*SCHEDULES.values(), Schedule("odd", 4, 2, True)], ids=lambda s: s.name)
def test_bytes_are_those_of_a_datapath_that_goes_tile_by_tile(chosen):
    x, y = np.zeros((64, 2), int), np.arange(64) % CLASSES
    model = ConditionalRBM(16, n_symbols=CLASSES, batch_size=32, random_state=1).partial_fit(x, y)  # two batches
    slow = label_bytes(32, CLASSES, 16, chosen, BYTES, LABEL_BYTES)
    assert sram(scheduled(model.events_, chosen)) == (2 * slow.read, 2 * slow.written)
    assert sram(ebm_work(model.events_, recipe(), 64, chosen, "arrays")) == (2 * slow.read, 2 * slow.written)


def test_what_is_kept_by_hand():
    # labels of a byte and their gradients of two; fields and theirs; probabilities; biases
    assert recipe().model.kept(32) == 27 * 16 * 3 + 2 * 32 * 16 * 2 + (32 * 27 + 16 + 27) * 2


def test_a_schedule_moves_no_operation():
    counted = {"digital.add": 7, "sram.byte_read{reuse=rows}": 5, "sram.byte_written": 3}
    for place in ("arrays", "lanes"):
        slow, fast = (ebm_work(counted, recipe(), 64, SCHEDULES[name], place) for name in ("naive", "register-tile"))
        assert slow["digital.add"] == fast["digital.add"] == 7
        moved = [sum(v for k, v in w.items() if k.startswith("sram.byte")) for w in (slow, fast)]
        assert moved[0] > moved[1]
        assert not {"sram.byte_read", "sram.byte_written"} & set(slow)
        assert slow["hbm.byte_read"] == 64  # the text
    gpu = ebm_work(counted, recipe(), 64, SCHEDULES["naive"], "gpu")
    assert not any(full.startswith("sram") for full in gpu)
    assert gpu["hbm.byte_read"] > ebm_work(counted, recipe(), 64, SCHEDULES["register-tile"], "gpu")["hbm.byte_read"]


@pytest.mark.parametrize(("name", "numbers"), [("naive", 3), ("register-tile", 2), ("column-registers", 0)])
def test_contrastive_divergence_moves_the_numbers_of_its_units(name, numbers):
    x, y = np.zeros((64, 2), int), np.arange(64) % CLASSES
    model = ConditionalRBM(16, n_symbols=CLASSES, batch_size=32, rule="cd", random_state=1).partial_fit(x, y)
    found = ebm_work(model.events_, recipe(rule="cd"), 64, SCHEDULES[name], "arrays")
    stored = f"{{kept={recipe().model.kept(32)}}}"
    want = 64 * 16 * numbers * WORD  # rows x hidden units x numbers x bytes
    assert (found[f"sram.byte_read{stored}"], found[f"sram.byte_written{stored}"]) == (want, want)


@pytest.mark.parametrize("name", [name for name in chip_names() if load_chip(name).digital is not None])
def test_a_word_of_the_periphery_is_that_of_every_chip(name):
    assert load_chip(name).digital.word_bits == 8 * WORD == 8 * symbol_model.BYTES


def ngrams(**more):
    model = ConditionalBoltzmannSpec(**{"context": 3, "max_rows": 64, **more})
    return Recipe(name="r", title="r", kind="digital", examples=640, batch=32, model=model)


def trained_ngrams():
    """Events of two mini-batches, as the model counts them."""
    recipe = ngrams()
    rng = np.random.default_rng(0)
    model = recipe.model.estimator(None, 32, 0)
    return recipe, model.partial_fit(rng.integers(0, 27, (64, 3)), rng.integers(0, 27, 64)).events_


def test_bytes_of_n_grams_by_hand():
    """Errors of a mini-batch wait for the update, written and read once; unfused, the fields before them do as well."""
    recipe, events = trained_ngrams()
    for name, numbers in (("naive", 2), ("register-tile", 1), ("column-registers", 1)):
        want = 64 * CLASSES * numbers * WORD
        assert sram(ebm_work(events, recipe, 64, SCHEDULES[name], "arrays")) == (want, want)


def test_n_grams_on_lanes_add_lines_of_a_table_and_multiply_none():
    """By a slow training on lanes that counts: each example looks lines up, and adds the scaled errors to them."""
    recipe, events = trained_ngrams()
    work = ebm_work(events, recipe, 64, SCHEDULES["register-tile"], "lanes")
    adds, multiplies, read, written = 0, 0, 0, 0
    for _ in range(64):
        for _ in range(3):  # orders, forward: the additions are in the model's own counts already
            read += 27 * WORD
        multiplies += 27
        for _ in range(3):
            read, written, adds = read + 27 * WORD, written + 27 * WORD, adds + 27
    table = "{kept=" + str((27 + 64 + 64) * 27 * WORD) + "}"
    assert (work[f"table.byte_read{table}"], work[f"table.byte_written{table}"]) == (read, written)
    assert work["digital.add"] - events["digital.add"] == adds
    assert work["digital.multiply"] - events["digital.multiply"] == multiplies
    assert "matmul.flop" not in work
    assert f"sram.byte_read{{kept={(32 + 1) * 27 * WORD}}}" in work


def test_what_a_batch_of_n_grams_touches_by_hand():
    model = ngrams().model
    assert model.arrays == ((27, 27), (64, 27), (64, 27))
    assert model.touched(32) == (27 + 32 + 32) * 27
    assert model.parameters == (27 + 64 + 64) * 27 + 27
    assert model.products({}, 10) == 10 * 2 * 3 * 27


class Number:
    """A number that counts what is done to it."""

    done: ClassVar[dict[str, int]] = {}

    def __init__(self, value: float = 1.0) -> None:
        self.value = value

    def _count(self, name: str) -> "Number":
        self.done[name] = self.done.get(name, 0) + 1
        return Number()

    def __add__(self, other):
        return self._count("add")

    __sub__ = __add__

    def __mul__(self, other):
        return self._count("multiply")

    def __truediv__(self, other):
        return self._count("divide")

    def root(self):
        return self._count("divide")


def counted(work) -> dict[str, int]:
    Number.done = {}
    work()
    return Number.done


def test_the_optimizer_and_the_average_as_they_are_written():
    """AdamW as Loshchilov & Hutter (2019) have it, one parameter and step, and the exponential average of it."""
    p, g, m, v, b1, b2, eps, rate, average = (Number() for _ in range(9))
    one_less_b1, one_less_b2, correct_1, correct_2, share = (Number() for _ in range(5))

    def adamw():
        first = m * b1 + g * one_less_b1
        second = v * b2 + (g * g) * one_less_b2
        _ = p - ((first * correct_1) / ((second * correct_2).root() + eps)) * rate

    assert counted(adamw) == ADAMW
    assert counted(lambda: average + (p - average) * share) == AVERAGE


def test_a_norm_forward_as_it_is_written():
    """LayerNorm without bias over a row of four; the reciprocal of the width is multiplied by."""
    row, gain, share, eps = [Number() for _ in range(4)], [Number() for _ in range(4)], Number(), Number()

    def norm():
        total = Number()
        for x in row:
            total = total + x
        mean = total * share
        centred = [x - mean for x in row]
        squares = Number()
        for x in centred:
            squares = squares + x * x
        scale = Number() / ((squares * share) + eps).root()
        return [x * scale * g for x, g in zip(centred, gain, strict=True)]

    found = counted(norm)
    # of a number: three adds and three products; of a row: two products, an add, a root and a quotient
    assert found == {"add": 3 * 4 + 1, "multiply": 3 * 4 + 2, "divide": 2}


def test_all_of_a_training_is_counted():
    shape, hyper = Shape(width=64), Hyper(batch=2)
    tokens = 10 * 2 * 64
    work = training_events(shape, hyper, tokens)
    assert work["matmul.flop"] == shape.training_flops(tokens)
    once = forward_and_backward(shape)
    per_step = ADAMW["multiply"] + AVERAGE["multiply"]
    assert work["digital.multiply"] == relative(tokens * once["digital.multiply"] + 10 * per_step * shape.parameters())
    assert work["hbm.byte_read"] - work["hbm.byte_written"] == relative(tokens)
    # weights, gradients, master copy and moments of 16 bytes a parameter, read and written, and the average's 8
    assert work["hbm.byte_read"] + work["hbm.byte_written"] > 10 * (36 + 8) * shape.parameters()
    naive = training_events(shape, hyper, tokens, SCHEDULES["naive"])
    moved = naive["hbm.byte_written"] - work["hbm.byte_written"]
    assert 2 * moved == relative(3 * 2 * tokens * sum(once.values()))
    with_decay = training_events(shape, Hyper(batch=2, weight_decay=0.1), tokens)
    assert with_decay["digital.multiply"] - work["digital.multiply"] == relative(10 * shape.parameters())


def test_the_audit_of_the_transformers_uncounted_work():
    # the audit's own count at 25,728 tokens: element-wise work of 0.048 to 0.069 J, optimizer traffic of 0.026 J and more
    shape, hyper = Shape(width=64), Hyper(batch=2)
    bill = price(training_events(shape, hyper, 25_728), load_chip("h100-run"))
    rest = sum(bill.nominal(name) for name in bill.components if name.startswith("digital."))
    assert bill.nominal("matmul") == relative(0.0368422, rel=1e-4)
    assert 0.048 < rest < 0.069 * 1.2
    assert 0.026 < bill.nominal("hbm") < 0.026 * 1.5


def test_times_of_small_models_by_hand():
    rate, watts = get("gpu.h100.matmul_bf16").value, get("gpu.h100.power").value
    assert many_seconds({"matmul.flop": rate}) == relative(1 / get("gpu.utilisation").value)
    assert many_seconds({"matmul.flop": rate, "hbm.byte_read": 10 * 3.35e12}) == relative(10)
    assert flop_equivalents({"matmul.flop": 5, "digital.add": 2, "hbm.byte_read": 9}) == relative(5 + 2 * 29.52)
    assert run_seconds({"matmul.flop": 1e12}, "run") == relative(2.0501 / watts)
    assert alone_seconds(3, 200) == relative(600 * get("gpu.small.launch").value)
    with pytest.raises(PriceError, match="steps = -1 must be finite and not negative"):
        alone_seconds(-1, 2)
