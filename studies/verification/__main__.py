"""``python -m revpath.studies.verification``: list rows, run them, write the page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ...devices.base.errors import RevpathError
from . import machines, networks, small_arrays  # noqa: F401  # their rows register themselves
from .row import Row, verify
from .table import page


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 0, or 2 for what cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m revpath.studies.verification", description=__doc__)
    parser.add_argument("names", nargs="*", help="rows to run; none lists them")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, from 0 on (those kept are not run again)")
    parser.add_argument("--out", type=Path, default=Path("docs/verification"), help="folder of outcomes")
    parser.add_argument(
        "--table", type=Path, nargs="?", const=Path("docs/verification.md"), help="write the page to this file"
    )
    options = parser.parse_args(arguments)
    try:
        for name in options.names:
            outcome = verify(name, range(options.seeds), options.out)
            row = Row.ROWS[name]
            reached = "reached" if outcome.reached(row) else "MISSED"
            values = ", ".join(f"{value:.4g}" for value in outcome.values.values())
            print(f"{name}: {values} {row.unit}; target {row.target:g} ({row.better} is better): {reached}")
    except RevpathError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    if options.table:
        options.table.write_text(page(options.out))
    elif not options.names:
        for name, row in sorted(Row.ROWS.items()):
            print(f"{name}: {row.title}; target {row.target:g} {row.unit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
