"""The numbers of an object as plain data, and back: what is one object here and two there."""

import numpy as np
import pytest

from revpath.studies.snapshot import Snapshot, SnapshotError


class Holder:
    """Two sizes, and two arrays; `shared` says whether each pair is one object."""

    def __init__(self, shared, fill=0.0):
        self.inner, self.outer = {}, {}
        sizes = (7, 3)
        numbers = np.full(4, fill)
        self.inner = {"size": sizes, "numbers": numbers}
        self.outer = {"size": sizes if shared else tuple([7, 3]), "numbers": numbers if shared else numbers.copy()}


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_equal_tuples_may_be_one_object_here_and_two_there(here, there):
    """As the shape of an array and that of its cells are, or are not, by the whim of who made them."""
    source, mould = Holder(here, fill=2.0), Holder(there)
    mould.outer["numbers"] = np.zeros(4)
    Snapshot.of(source).pour_into(mould)
    assert mould.inner["size"] == mould.outer["size"] == (7, 3)
    np.testing.assert_array_equal(mould.outer["numbers"], np.full(4, 2.0))
    assert Snapshot.of(mould).digest() == Snapshot.of(source).digest()


def test_another_make_is_refused():
    mould = Holder(True)
    mould.inner["size"] = [7, 3]
    with pytest.raises(SnapshotError):
        Snapshot.of(Holder(True)).pour_into(mould)
