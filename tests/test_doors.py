"""A door, which may import upwards, is a method of one statement beside its import; the list of doors is the one that import-linter has."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
DOORS = sorted({line for contract in CONTRACTS for line in contract.get("ignore_imports", [])})


def source(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")


@pytest.mark.parametrize("door", DOORS)
def test_a_door_is_one_statement_beside_its_import(door):
    importer, imported = door.split(" -> ")
    found = 0
    for function in ast.walk(ast.parse(source(importer).read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        imports = [node for node in function.body if isinstance(node, ast.ImportFrom)]
        names = {f"{package_of(importer, node.level)}.{node.module}" for node in imports}
        if imported in names:
            found += 1
            rest = [node for node in function.body if not isinstance(node, ast.ImportFrom | ast.Expr)]
            assert len(rest) <= 1, f"{importer}: {function.name} does more than open a door: {len(rest)} statements"
    assert found, f"{importer} no longer imports {imported} inside a function: take the exception out of pyproject.toml"


def package_of(module: str, level: int) -> str:
    return ".".join(module.split(".")[:-level])


def test_there_are_doors():
    assert len(DOORS) > 5
