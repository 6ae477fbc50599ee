"""The study of update rules in real processes."""

import pytest

from revpath.studies.rules.study import FAST, study


@pytest.mark.jit
def test_processes_give_the_same_bits(tmp_path):
    assert study(FAST, tmp_path / "two", workers=2) == study(FAST, tmp_path / "one", workers=1)
