"""No bare numbers of physics in the code that prices and describes devices: they are records, with a source.

Allowed anywhere is what counts, converts or rounds: small whole numbers, halves, quantiles, powers of two (bits and bytes),
powers of ten (prefixes, tolerances, numbers of draws), seconds in an hour or a day. Everything else needs a line below that
says why it is not a number of physics.
"""

import ast
import math
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("energy_models", "devices")

# Files that draw: positions, sizes and widths of figures are not physics.
FIGURES = {
    "bill_plot.py",
    "barrier.py",
    "road_plot.py",
    "gallery_page.py",
    "plot.py",
    "claims_report.py",
    "units_shown.py",
}
# Files that hold the published shapes of networks (layers, widths, vocabularies), which are exact.
SHAPES = {"transformer.py"}

# Files that transcribe the defaults of another program, which are its, not ours.
TRANSCRIPTS = {"aihwkit_parameters.py"}

# Files that run workloads on a machine: sizes and repeats of an experiment.
EXPERIMENTS = {"gpu_measure.py", "gpu_workloads.py"}

# Files that fit laws to a user's own traces: starts and ranges of a search, and the made-up traces that try it.
FITTING = "trace_"

# (file, number) -> why it may stand there.
EXCUSED = {
    ("limits.py", 1.5): "6.02 b + 1.76 dB is 1.5 x 4**b exactly",
    ("draws.py", 52): "bits of a float64's mantissa",
    ("chip.py", 17): "how rare a draw is looked at when a factor is checked",
    ("pulsed.py", 1025): "points of a grid",
    ("gpu_model.py", 1.02): "margin of a bound",
    ("framework.py", 7e9): "a row of a table of model sizes",
    ("framework.py", 70e9): "a row of a table of model sizes",
    ("framework.py", 405e9): "a row of a table of model sizes",
    ("framework.py", 1e13): "a row of a table of model sizes",
    ("sensitivity.py", 65): "steps of a bisection",
    ("runs.py", 5e9): "a bound between checks",
    ("claim_parts.py", 2017): "a year",
    ("claim_parts.py", 2023): "a year",
    ("claim_parts.py", 2020): "a year",
    ("claim_parts.py", 2025): "a year",
}
TIME = {24, 60, 3600, 86400, 365}
QUANTILES = {0.05, 0.95, 0.5}


def structural(value: float) -> bool:
    size = abs(value)
    if size <= 10 and float(size).is_integer():
        return True
    if size in TIME | QUANTILES:
        return True
    if float(size).is_integer() and math.log2(size).is_integer():
        return True
    tens = math.log10(size)
    return abs(tens) <= 12 and math.isclose(tens, round(tens), abs_tol=1e-12)


def bare_numbers(source: str) -> list[tuple[int, float]]:
    """Line and value of every numeric literal that is not structural; powers of two and ten written out are."""
    tree = ast.parse(source)
    powers = {
        id(leaf)
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        for leaf in (node.left, getattr(node.right, "operand", node.right))
        if isinstance(node.left, ast.Constant) and node.left.value in (2, 10, 0.5)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
        and id(node) not in powers
        and not structural(node.value)
    ]


FILES = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).glob("*.py"))
    if path.name not in FIGURES | SHAPES | TRANSCRIPTS | EXPERIMENTS
    and not path.name.endswith("_plot.py")
    and not path.name.startswith(FITTING)
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_bare_number_of_physics(path):
    found = [(line, x) for line, x in bare_numbers(path.read_text(encoding="utf-8")) if (path.name, x) not in EXCUSED]
    assert not found, f"{path.name}: make these records, or excuse them here with a reason: {found}"


def test_the_lint_sees_what_it_should():
    assert bare_numbers("k = 1.380649e-23\nfor i in range(10): y = 0.5 * i") == [(1, 1.380649e-23)]
    assert bare_numbers("x = -2.55e-12") == [(1, 2.55e-12)]
    assert bare_numbers("x = 1e-15\ny = 1e-12\nz = 2.0**-52 * 10**12\nw = True\nhour = 3600") == [(1, 1e-15)]
    assert bare_numbers("def f(pue=1.1): return pue") == [(1, 1.1)]
    assert len(FILES) > 20


def test_every_excuse_is_of_a_file_that_is_linted_for():
    assert all(reason for reason in EXCUSED.values())
