"""No bare numbers of physics in the code that prices and describes devices: they are records, with a source.

Allowed anywhere is what counts, converts or rounds: small whole numbers, halves, quantiles, powers of two (bits and bytes),
powers of ten (prefixes, tolerances, numbers of draws), seconds in an hour or a day. Everything else needs a line below that
says why it is not a number of physics. A small number times a power of ten is that number, not two structural ones.
"""

import ast
import math
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("energy_models", "devices")

# Files and folders that draw: positions, sizes and widths of figures are not physics. Ends of axes are excused below.
FIGURES = {
    "devices/figures",
    "energy_models/figures",
    "devices/base/style.py",
    "devices/base/units_shown.py",
}

# Files about text, files and the cut of a matrix product: lengths, code points and sizes of blocks.
PLUMBING = {
    f"devices/base/{name}.py" for name in ("derivation", "errors", "files", "printable", "product", "reading", "units")
}

# Ranges beyond which a number is refused: generous limits of what can be, stated there with their reasons, never values.
LIMITS = {"devices/base/plausible.py"}

# Files that hold the published shapes of networks (layers, widths, vocabularies), which are exact: whole numbers only.
SHAPES = {"energy_models/gpu/transformer.py"}

# Files that transcribe the defaults of another program, which are its, not ours.
TRANSCRIPTS = {"devices/aihwkit/parameters.py"}

# Files that run workloads on a machine: sizes and repeats of an experiment.
EXPERIMENTS = {"energy_models/gpu/measure.py", "energy_models/gpu/workloads.py"}

# Files that fit laws to a user's own traces: starts and ranges of a search, and the made-up traces that try it.
FITTING = {"devices/traces"}

# What may stand in those: sizes of ordinary things. A joule, a siemens or a FLOP is none of them.
ORDINARY = (1e-3, 1e5)

# (file, number) -> why it may stand there.
EXCUSED = {
    ("devices/device.py", 500): "characters of a title",
    ("devices/variants.py", 0.3): "spread of a number that a user sweeps: its record says assumed",
    ("devices/traces/glitches.py", 1e-30): "keeps a division from 0 / 0",
    ("devices/traces/series.py", 1e-30): "keeps a division from 0 / 0",
    ("devices/traces/units.py", 1e-15): "a prefix",
    ("devices/base/record.py", 5e-3): "rounding of printed values",
    ("energy_models/prices/vocabulary.py", 1e290): "the range of floats, with room for sums and factors",
    ("energy_models/figures/barrier.py", 3e13): "the end of an axis",
    ("energy_models/physics.py", 1.5): "6.02 b + 1.76 dB is 1.5 x 4**b exactly",
    ("devices/response/pulsed.py", 1025): "points of a grid",
    ("energy_models/gpu/model.py", 1.02): "margin of a bound",
    ("energy_models/framework/plan.py", 7e9): "a row of a table of model sizes",
    ("energy_models/framework/plan.py", 70e9): "a row of a table of model sizes",
    ("energy_models/framework/plan.py", 405e9): "a row of a table of model sizes",
    ("energy_models/framework/plan.py", 1e13): "a row of a table of model sizes",
    ("energy_models/sensitivity.py", 65): "steps of a bisection",
    ("energy_models/validation/chips.py", 2e3): "a number of draws",
    ("devices/base/units_shown.py", 5e-7): "half a step of rounding",
    ("devices/traces/filter.py", 1e-14): "a tolerance relative to 1",
    ("devices/traces/kernels.py", 1e-14): "a tolerance relative to 1",
    ("devices/traces/numbers.py", 1e-150): "keeps a division from 0 / 0",
    ("devices/traces/samples.py", 3e-7): "noise of a made-up trace",
    ("devices/traces/samples.py", 8e-6): "window of a made-up trace",
    ("devices/traces/samples.py", 7.2e-5): "window of a made-up trace",
    ("devices/aihwkit/parameters.py", 5e-4): "a default of aihwkit",
    ("devices/aihwkit/parameters.py", 8.1e-4): "a default of aihwkit",
    ("energy_models/claims/claim.py", 1.1): "how near a threshold of the rule is called a knife's edge",
    ("energy_models/claims/parts.py", 2017): "a year",
    ("energy_models/claims/parts.py", 2023): "a year",
    ("energy_models/claims/parts.py", 2020): "a year",
    ("energy_models/claims/parts.py", 2025): "a year",
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


def number(node: ast.AST) -> float | None:
    """The value of a numeric literal, with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return number(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and "e" in node.value.lower():
        try:  # `float("2.55e-12")`
            return float(node.value)
        except ValueError:
            return None
    return None


def product(node: ast.AST) -> list[float] | None:
    """The factors of a product or quotient of literals, powers of literals worked out; None for anything else."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        left, right = product(node.left), product(node.right)
        if left is None or right is None:
            return None
        return left + (right if isinstance(node.op, ast.Mult) else [1 / x if x else math.inf for x in right])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, power = number(node.left), number(node.right)
        negative = isinstance(node.right, ast.UnaryOp)
        return None if base is None or power is None else [base ** (-power if negative else power)]
    value = number(node)
    return None if value is None else [value]


def prefixed(factors: list[float]) -> bool:
    """Whether a product hides a number behind a prefix, as in ``5 * 10**-12``."""
    prefix = any(x > 0 and abs(math.log10(x)) >= 3 and math.log10(x).is_integer() for x in factors)
    return prefix and not structural(math.prod(factors))


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
    found = []
    for node in ast.walk(tree):
        factors = product(node) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div) else None
        if factors and prefixed(factors):
            found.append((node.lineno, math.prod(factors)))
        value = number(node) if isinstance(node, ast.Constant) and id(node) not in powers else None
        if value is not None and not structural(value):
            found.append((node.lineno, value))
    return found


def name_of(path: Path) -> str:
    """The path of a source from the top of the checkout, which is what the lists above are keyed by."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()


def within(path: Path, places: set[str]) -> bool:
    return any(name_of(path) == place or name_of(path).startswith(f"{place}/") for place in places)


def lenient(path: Path) -> bool:
    return within(path, FIGURES | TRANSCRIPTS | EXPERIMENTS | FITTING | PLUMBING)


def refused(path: Path, source: str | None = None) -> list[tuple[int, float]]:
    """The bare numbers of a file that its kind may not hold, excused ones included."""
    found = bare_numbers(path.read_text(encoding="utf-8") if source is None else source)
    if within(path, LIMITS):
        return []
    if within(path, SHAPES):
        return [(line, x) for line, x in found if not float(x).is_integer()]
    if lenient(path):
        return [(line, x) for line, x in found if not ORDINARY[0] <= abs(x) <= ORDINARY[1]]
    return found


FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_bare_number_of_physics(path):
    found = [(line, x) for line, x in refused(path) if (name_of(path), x) not in EXCUSED]
    assert not found, f"{path.name}: make these records, or excuse them here with a reason: {found}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("k = 1.380649e-23\nfor i in range(10): y = 0.5 * i", [1.380649e-23]),
        ("x = -2.55e-12", [2.55e-12]),
        ("x = 1e-15\ny = 1e-12\nz = 2.0**-52\nw = True\nhour = 3600", [1e-15]),
        ("def f(pue=1.1): return pue", [1.1]),
        ("def f(*, joules: float = 2e-15): return joules", [2e-15]),
        ("class Adc:\n    energy: float = 1.67e-12", [1.67e-12]),
        ("class Adc(BaseModel):\n    energy: float = Field(default=1.67e-12, gt=0)", [1.67e-12]),
        ("PRICES = {'adc.conversion': 1.67e-12, 'dac': [4.1e-13, (2.9e-13,)]}", [1.67e-12, 4.1e-13, 2.9e-13]),
        ("f = lambda n, each=8.1e-14: n * each", [8.1e-14]),
        ("x = n * 5 * 10**-12", []),  # a count of five, of pico: not a literal alone
        ("x = 5 * 10**-12", [5e-12]),
        ("x = 7 * 1e-9 / 2", [3.5e-9, 7e-9]),
        ("x = 3 / 1e12", [3e-12]),
        ("x = float('2.55e-12')", [2.55e-12]),
        ("x = 24 * 3600\ny = 1000 * 1000\nz = 'e'", []),
    ],
)
def test_the_lint_sees_what_it_should(source, expected):
    assert [x for _, x in bare_numbers(source)] == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    "name",
    ["devices/adc.py", "energy_models/figures/bills.py", "devices/traces/adc.py", *sorted(SHAPES | TRANSCRIPTS)],
)
def test_a_joule_is_seen_in_every_kind_of_file(name):
    """Figures, fits and shapes may hold numbers of their own, not one of the size of a joule."""
    source = "ADC = 2.55e-12\nwidth = 12\n"
    assert (1, 2.55e-12) in refused(ROOT / name, source)
    assert ((2, 12.0) in refused(ROOT / name, source)) == (name == "devices/adc.py")


def test_every_place_with_rules_of_its_own_exists():
    for place in (
        FIGURES | SHAPES | TRANSCRIPTS | EXPERIMENTS | FITTING | PLUMBING | LIMITS | {path for path, _ in EXCUSED}
    ):
        assert (ROOT / place).exists(), place


def test_both_rooms_and_their_folders_are_linted():
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(FOLDERS)
    assert ROOT / "devices" / "library" / "__init__.py" in FILES
    assert len(FILES) > 60


def test_every_excuse_is_needed_and_says_why():
    needed = {(name_of(path), x) for path in FILES for _, x in refused(path)}
    assert set(EXCUSED) <= needed, f"excused without need: {set(EXCUSED) - needed}"
    assert all(EXCUSED.values())
