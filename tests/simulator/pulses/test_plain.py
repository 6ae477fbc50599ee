"""A law of response that no kernel knows: trained in NumPy, with the numbers that the kernel of the same law would take."""

from typing import Literal

import numpy as np
import pytest
from helpers.pulse_devices import with_law
from helpers.statistics import relative

from revpath.devices import Device
from revpath.devices.response import LinearStep, Response
from revpath.devices.response.pulsed import SpreadResponse, quotient
from revpath.simulator import ArrayConfig, ArrayError, Crossbar, WriteVerify
from revpath.simulator.pulses.kernels import AFFINE, PLAIN
from revpath.simulator.pulses.laws import KernelLaw, kernel_law, kernel_of


@pytest.fixture
def toys():
    """Soft bounds again, as a user would write them, and laws derived from those of the package."""

    class ToySoft(SpreadResponse):
        law: Literal["toy-soft"] = "toy-soft"

        def up(self, w, cells):
            return cells.s_up * (1 - quotient(w, cells.b_max))

        def down(self, w, cells):
            return cells.s_down * (1 - quotient(w, cells.b_min))

    class ToyLinear(LinearStep):
        law: Literal["toy-linear"] = "toy-linear"

    yield {"soft-bounds": ToySoft, "linear-step": ToyLinear}
    del Response.variants["toy-soft"], Response.variants["toy-linear"]


def as_toy(device: Device, toys) -> Device:
    fields = device.response.model_dump(exclude={"law"})
    if device.response.law == "soft-bounds":
        fields["noise"] = "additive"  # which is not a field of soft bounds, but part of the law
    return device.replaced(response=toys[device.response.law](**fields), name="toy")


@pytest.mark.parametrize("options", [{}, {"mapping": "offset"}, {"mapping": "one-sided", "pulse_directions": "up"}])
@pytest.mark.parametrize("law", ["soft-bounds", "linear-step"])
def test_a_law_without_a_kernel_is_pulsed_as_by_one(toys, law, options):
    """Updates and counted pulses: states to float32 rounding of some 60 steps, events and wear exactly."""
    known = with_law(law)
    kernel, plain = (
        Crossbar((5, 4), ArrayConfig(device, pulses="stochastic", **options), seed=3)
        for device in (known, as_toy(known, toys))
    )
    assert kernel_law(plain.device.response, 0.0).kind == PLAIN
    rng = np.random.default_rng(1)
    start = kernel.cells.state.copy()
    for _ in range(3):
        x, d, counts = rng.normal(size=(4, 5)), rng.normal(size=(4, 4)), rng.integers(-4, 5, (5, 4))
        for array in (kernel, plain):
            array.update(x, d, rate=0.1)
            array.pulse(counts)
    moved = np.abs(kernel.cells.state - start).max()
    assert moved > 0.3
    for name in ("state", "shown"):
        np.testing.assert_allclose(getattr(plain.cells, name), getattr(kernel.cells, name), atol=2e-5 * moved)
    assert plain.events == kernel.events
    np.testing.assert_array_equal(plain.cells.wear, kernel.cells.wear)


def test_stuck_cells_of_such_a_law_stay(toys):
    device = as_toy(with_law("soft-bounds"), toys).replaced(yields={"stuck_between": 0.5, "stuck_range": 0.5})
    array = Crossbar((6, 6), ArrayConfig(device), seed=2)
    stuck, before = ~np.isnan(array.cells.stuck), array.cells.state.copy()
    array.pulse(np.full((6, 6), 5))
    np.testing.assert_array_equal(array.cells.state[stuck], before[stuck])
    assert (array.cells.state[~stuck] != before[~stuck]).all()


def test_write_verify_says_that_it_needs_a_kernel(toys):
    array = Crossbar((2, 2), ArrayConfig(as_toy(with_law("soft-bounds"), toys)), seed=1)
    with pytest.raises(ArrayError, match="no kernel knows its toy-soft response"):
        array.program(np.full((2, 2), 0.1), scheme=WriteVerify())
    array.program(np.full((2, 2), 0.1))
    assert array.read() == relative(np.full((2, 2), 0.1), 1e-5)


def test_a_kernel_is_registered_beside_its_law(toys):
    """An affine law of one's own: with its kernel, as fast as those of the package, and the same."""
    toy = toys["linear-step"]

    @kernel_of(toy)
    def affine(response, numbers):
        return KernelLaw(AFFINE, numbers, np.zeros((2, 2), np.float32))

    device = as_toy(with_law("linear-step"), toys)
    arrays = [Crossbar((3, 3), ArrayConfig(d), seed=1) for d in (device, with_law("linear-step"))]
    for array in arrays:
        array.pulse(np.array([[4, -3, 2]] * 3))
    assert arrays[0].cells.law.kind == AFFINE
    np.testing.assert_array_equal(arrays[0].cells.state, arrays[1].cells.state)


def test_a_derived_law_is_not_taken_for_what_it_derives_from(toys):
    """A kernel is that of one class: another formula in a class derived from it must not be pulsed by the old one."""
    fields = with_law("linear-step").response.model_dump(exclude={"law"})
    assert issubclass(toys["linear-step"], LinearStep)
    assert kernel_law(toys["linear-step"](**fields), 0.0).kind == PLAIN
    assert kernel_law(LinearStep(**fields), 0.0).kind == AFFINE
