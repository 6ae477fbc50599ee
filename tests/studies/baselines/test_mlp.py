"""Digital networks on images: what their training counts, held to one that is written out, and how they are judged."""

from itertools import pairwise

import numpy as np
import pytest
from helpers.statistics import relative

from revpath.energy_models.prices.schedule import SCHEDULES
from revpath.studies.baselines.mlp import BATCH, MLPCurve, MLPPoint, mlp_events, train_mlp
from revpath.studies.baselines.rivals import MLPRival
from revpath.studies.tasks.images import Images

SIZES = (5, 3, 4)


def counted_step(sizes, batch):
    """Operations of one mini-batch of a network with rectifiers and a softmax, number by number."""
    done = dict.fromkeys(("flop", "add", "multiply", "compare", "exp", "divide"), 0)
    layers = list(pairwise(sizes))
    for _ in range(batch):
        for layer, (rows, columns) in enumerate(layers):
            done["flop"] += 2 * rows * columns  # forward
            done["add"] += columns  # bias
            done["flop"] += 2 * rows * columns  # gradient of the weights
            done["add"] += columns  # of the biases, summed up
            if layer > 0:
                done["flop"] += 2 * rows * columns  # error of the layer below
            if layer < len(layers) - 1:
                done["compare"] += 2 * columns  # cut, and where it was cut
                done["multiply"] += columns  # the error through it
        for _ in range(sizes[-1]):
            done["compare"] += 1  # the largest
            done["add"] += 1  # less it
            done["exp"] += 1
            done["add"] += 1  # their sum
            done["divide"] += 1
            done["add"] += 1  # less the class that came
    for _ in range(sum((rows + 1) * columns for rows, columns in layers)):
        done["multiply"] += 2  # momentum velocity, rate gradient
        done["add"] += 1  # their difference: the velocity
        done["multiply"] += 1  # momentum times it
        done["add"] += 2  # less rate gradient, onto the weight
    return done


@pytest.mark.parametrize("batch", [BATCH, 128])
@pytest.mark.parametrize("sizes", [SIZES, (6, 2), (4, 3, 2, 3)])
def test_all_operations_of_a_training_are_counted(sizes, batch):
    work = mlp_events(sizes, 3 * batch, SCHEDULES["register-tile"], batch)
    step = counted_step(sizes, batch)
    assert work["matmul.flop"] == 3 * step.pop("flop")
    for name, amount in step.items():
        assert work[f"digital.{name}"] == 3 * amount, name


def test_bytes_by_hand():
    parameters, images = 6 * 3 + 4 * 4, 2 * BATCH
    tiled, naive = (mlp_events(SIZES, images, SCHEDULES[name]) for name in ("register-tile", "naive"))
    states = 2 * images * 7 * 4  # outputs of three and four units and their gradients, four bytes each
    assert tiled["hbm.byte_read"] == 2 * parameters * 4 * 4 + states + images * 5
    assert tiled["hbm.byte_written"] == 2 * parameters * 2 * 4 + states
    functions, gradients = images * 7 * 4, 2 * parameters / 2 * 4
    assert naive["hbm.byte_written"] - tiled["hbm.byte_written"] == functions + gradients
    assert naive["hbm.byte_read"] - tiled["hbm.byte_read"] == 2 * (functions + gradients)


def images(n=96, wrong_test=False):
    """Two classes that the first pixel tells apart; the labels of the test can be turned round."""
    pixels = np.random.default_rng(0).random((n, 5)).astype(np.float32)
    labels = (pixels[:, 0] > 0.5).astype(np.int64)
    return Images("made up", (pixels, labels), (pixels, labels), (pixels, 1 - labels if wrong_test else labels))


def test_a_network_learns_and_is_looked_at_when_asked():
    curve = train_mlp(images(), (8,), 1, [10, 40, 4000])
    assert [point.images for point in curve.points] == [32, 64, 4000]  # whole mini-batches
    assert curve.points[-1].validation < 5 < curve.points[0].validation
    assert curve.sizes == (5, 8, 2)
    assert curve.parameters == 6 * 8 + 9 * 2


def test_each_error_is_of_the_split_that_it_names():
    last = train_mlp(images(wrong_test=True), (8,), 1, [4000]).points[-1]
    assert last.test == relative(100 - last.validation)


def test_marks_within_a_batch_look_at_the_same_network():
    curve = train_mlp(images(), (), 2, [33, 40, 64])
    assert curve.points == (MLPPoint(64, *_errors(curve, 0)),) * 3
    assert curve.sizes == (5, 2)


def _errors(curve: MLPCurve, n: int) -> tuple[float, float]:
    return curve.points[n].validation, curve.points[n].test


def test_the_same_seed_is_the_same_curve():
    assert train_mlp(images(), (4,), 3, [64, 320]) == train_mlp(images(), (4,), 3, [64, 320])
    slow, other = (train_mlp(images(), (4,), 3, [320, 4000], batch=64, rate=rate) for rate in (1e-6, 0.3))
    assert other.points[-1].validation < slow.points[-1].validation
    assert MLPRival([other]).name.endswith(" batch 64 rate 0.3")
    assert MLPRival([other]).steps(640) == 10
    assert train_mlp(images(), (4,), 3, [320]) != train_mlp(images(), (4,), 4, [320])
