"""The tests of `test_write_verify_pulses.py` that take long."""

import numpy as np
import pytest
from helpers.pulse_devices import LAWS, with_law
from twins.write_verify import verify_cell

from revpath.simulator import ArrayConfig, Crossbar, Stream
from revpath.simulator.programming.report import Outcome
from revpath.simulator.programming.write_verify import PURPOSE, WriteVerify, write_verify
from tests.simulator.programming.test_write_verify_pulses import ADAPTIVE, SINGLE

SILENT = WriteVerify(tolerance=0.004, max_pulses=25, read_noise=False)


def one_of(cells, index):
    """The parameters of one cell."""
    return type(cells)(**{name: np.asarray(values).reshape(-1)[index] for name, values in vars(cells).items()})


@pytest.mark.parametrize("scheme", [SINGLE, ADAPTIVE, SILENT], ids=["single", "adaptive", "silent"])
@pytest.mark.parametrize("noise", [True, False], ids=["noise", "no noise"])
@pytest.mark.parametrize("law", LAWS)
def test_every_law_is_that_of_the_twin(law, noise, scheme):
    """All counts and the outcome, wherever no read was within the rounding of float32 of another decision."""
    device = with_law(law, noise=noise)
    array = Crossbar((4, 3), ArrayConfig(device=device), seed=3)
    cells, parameters = array.cells, array.cells.parameters()
    weights = np.random.default_rng(4).uniform(-0.8, 0.8, (4, 3))
    targets = cells.mapping.conductances(cells.mapping.states(weights)).reshape(-1)
    state, shown = cells.state.reshape(-1).copy(), cells.shown.reshape(-1).copy()
    begin = state.copy()
    traits, stream = cells.traits.reshape(24, -1), Stream(3, PURPOSE, 0, 5)
    report = write_verify(state, shown, traits, targets, device, scheme, stream)
    sure = 0
    for c in range(24):
        its = one_of(parameters, c)
        twin = verify_cell(c, begin[c], begin[c], its, targets[c], device, scheme, 5, stream.key)
        if twin["margin"] < 1e-5:
            continue
        sure += 1
        counted = report.pulses_up[c], report.pulses_down[c], report.verify_reads[c]
        assert counted == (twin["up"], twin["down"], scheme.reads_per_verify * twin["reads"]), c
        assert (report.outcome[c] == Outcome.REACHED) == twin["inside"]
        np.testing.assert_allclose((state[c], shown[c]), (twin["state"], twin["shown"]), rtol=0, atol=5e-6)
    assert sure >= 20
    assert report.pulses_up.any()
    assert report.pulses_down.any()
    np.testing.assert_array_equal(report.wear, report.pulses_up + report.pulses_down)
