"""The conda recipe (rattler-build's recipe.yaml) from pyproject.toml: ``python packaging/make_recipe.py SHA256 > recipe.yaml``.

A list of dependencies is kept once. What PyPI and conda-forge call by other names stands in `_NAMES`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

_NAMES = {"matplotlib": "matplotlib-base"}


def recipe(project: dict, sha256: str) -> str:
    needs = []
    for requirement in project["dependencies"]:
        name, bounds = re.fullmatch(r"([\w.-]+)(.*)", requirement).groups()  # type: ignore[union-attr]  # a name comes first
        needs.append(f"    - {_NAMES.get(name, name)} {bounds}".rstrip())
    version, python = project["version"], project["requires-python"]
    return f"""schema_version: 1
package:
  name: revpath
  version: "{version}"
source:
  url: https://pypi.org/packages/source/r/revpath/revpath-{version}.tar.gz
  sha256: {sha256}
build:
  number: 0
  noarch: python
  script: python -m pip install . --no-deps --no-build-isolation
  python:
    entry_points: [revpath = {project["scripts"]["revpath"]}]
requirements:
  host:
    - python {python}
    - pip
    - setuptools >=77
  run:
    - python {python}
{chr(10).join(needs)}
tests:
  - python: {{imports: [revpath, revpath.simulator, revpath.ebm]}}
  - script: [revpath --help, revpath devices]
about:
  summary: {project["description"]}
  license: {project["license"]}
  license_file: LICENSE
"""


if __name__ == "__main__":
    content = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    print(recipe(content["project"], sys.argv[1] if len(sys.argv) > 1 else "of the sdist, once it is uploaded"), end="")
