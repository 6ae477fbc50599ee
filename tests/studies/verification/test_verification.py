"""Rows of published results: a row takes part by being defined, a missed one stays, what is kept is not run again."""

import json

import pytest

from revpath.devices.base.errors import RevpathError
from revpath.studies.verification.__main__ import main
from revpath.studies.verification.row import Outcome, Row, kept, verify
from revpath.studies.verification.table import page


@pytest.fixture
def toy():
    class Toy(Row):
        name = "toy"
        title = "a number that grows with the seed"
        source = "nobody"
        unit = "apples"
        target = 5.0
        better = "higher"
        published = "five"
        setting = "Nothing is run."
        departs = "all of it."
        runs = 0

        def measure(self, seed):
            Toy.runs += 1
            return 4.0 + seed, {"pears": 2.0 * seed}

    yield Toy
    del Row.ROWS["toy"]


def test_a_row_is_in_every_list_and_says_whether_it_was_reached(toy, tmp_path, capsys):
    assert main([]) == 0
    assert "toy: a number that grows with the seed; target 5 apples" in capsys.readouterr().out
    before = page(tmp_path)
    assert "| `toy`: a number that grows with the seed | five | at least 5 apples | not run | 0 | - | - |" in before
    assert main(["toy", "--out", str(tmp_path), "--table", str(tmp_path / "page.md")]) == 0
    assert "toy: 4 apples; target 5 (higher is better): MISSED" in capsys.readouterr().out
    written = (tmp_path / "page.md").read_text()
    assert "| at least 5 apples | 4 apples | 1 | **no** | 0 |" in written
    assert "Nothing is run. Source: nobody. Not as published: all of it. Beside it: pears 0." in written


def test_seeds_that_are_kept_are_not_run_again(toy, tmp_path):
    first = verify("toy", range(2), tmp_path)
    assert first.values == {"0": 4.0, "1": 5.0}
    again = verify("toy", range(4), tmp_path)
    assert toy.runs == 4
    assert again.mean == 5.5
    assert again.spread == pytest.approx(1.2909944)
    assert again.reached(toy)
    assert kept("toy", tmp_path) == again
    assert "5.5 ± 1.3 apples | 4 | yes |" in page(tmp_path)
    toy.better = "lower"
    assert not again.reached(toy)
    assert Outcome("toy", {"0": 5.0}).spread is None


def test_bad_input(toy, tmp_path, capsys):
    assert main(["tony"]) == 2
    assert "did you mean 'toy'" in capsys.readouterr().err
    (tmp_path / "toy.json").write_text(json.dumps({"name": "other"}))
    with pytest.raises(RevpathError, match="holds the row 'other', not 'toy'"):
        verify("toy", [0], tmp_path)
    (tmp_path / "toy.json").write_text("{")
    with pytest.raises(RevpathError, match="does not hold an outcome"):
        kept("toy", tmp_path)


def test_every_row_says_what_a_reader_needs():
    main([])
    assert {"rbm-mnist-20", "discriminative-rbm-mnist", "deep-resistive-mnist-100", "pcm-rbm-45"} <= set(Row.ROWS)
    for row in Row.ROWS.values():
        assert all((row.title, row.source, row.unit, row.published, row.setting))
        assert row.better in ("higher", "lower")
