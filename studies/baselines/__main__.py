"""Tune the transformer baseline, train the final curves, write the result file: ``python -m revpath.studies.baselines``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ...devices.base.errors import RevpathError
from ..tasks.text import load_text
from .transformer import load_baseline, save_baseline
from .tuning import make_baseline


def main(arguments: Sequence[str] | None = None) -> int:
    """Tune, train the final curves, write the result file. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m revpath.studies.baselines", description=__doc__)
    parser.add_argument("--out", required=True, type=Path, help="the result file to write (JSON)")
    parser.add_argument("--text", type=Path, help="a UTF-8 text file; default: Moby Dick")
    parser.add_argument("--tokens", type=int, default=8_000_000, help="of each final curve (default: %(default)s)")
    parser.add_argument("--trial-tokens", type=int, default=500_000, help="of each tuning trial (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a result file on the same text, whose shapes are not trained again")
    parser.add_argument("--quick", action="store_true", help="a rehearsal: 20,000 tokens a trial, 60,000 a curve")
    given = parser.parse_args(arguments)
    trial_tokens, tokens = (20_000, 60_000) if given.quick else (given.trial_tokens, given.tokens)
    try:
        text = load_text(given.text)
        known = load_baseline(given.keep, text) if given.keep else None
        for baseline in make_baseline(text, trial_tokens, tokens, given.seed, known):
            save_baseline(baseline, given.out)
            print(f"wrote {given.out} with {len(baseline.curves)} curves", flush=True)
    except RevpathError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
