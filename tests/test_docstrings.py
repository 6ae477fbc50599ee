"""Docstrings of public names are numpydoc that parses: what is listed exists, and nothing that is described is lost."""

import importlib
import inspect

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc

FACES = (
    "revpath", "revpath.devices", "revpath.devices.laws", "revpath.devices.response", "revpath.simulator", "revpath.simulator.rules",
    "revpath.simulator.wires", "revpath.ebm", "revpath.energy_models", "revpath.studies.sweeps",
)  # fmt: skip
LONGEST = 100  # characters of a name or a type: longer is prose in the wrong place


def public() -> list[str]:
    return [f"{face}.{name}" for face in FACES for name in importlib.import_module(face).__all__]


def parsed(value):
    return ClassDoc(value) if inspect.isclass(value) else FunctionDoc(value)


@pytest.mark.parametrize("path", public())
def test_a_public_docstring_parses_and_names_what_exists(path):
    face, _, name = path.rpartition(".")
    value = getattr(importlib.import_module(face), name)
    if not callable(value) or repr(value).startswith(("typing.", "collections.abc")):  # aliases of types
        return
    assert value.__doc__, f"{path} has no docstring"
    doc = parsed(value)
    for section in ("Parameters", "Attributes", "Raises", "Other Parameters"):
        for entry in doc[section]:
            wrong = [text for text in (entry.name, entry.type) if ":" in text or len(text) > LONGEST]
            assert not wrong, f"{path}: {section} lists {wrong}: write `name : type`, then indented text"
    if not doc["Parameters"]:
        return
    known = set(inspect.signature(value).parameters) | set(getattr(value, "model_fields", ()))
    named = {name.strip(" *`") for entry in doc["Parameters"] for name in entry.name.split(",")}
    assert named <= known, f"{path}: there is no parameter {sorted(named - known)}"
