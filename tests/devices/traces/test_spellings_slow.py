"""The tests of `test_spellings.py` that take long."""

import random

import pytest

from revpath.devices.base.errors import RevpathError
from tests.devices.traces.test_spellings import KEYS, read, text


def test_no_file_causes_a_foreign_exception(tmp_path):
    """Good files with random damage are read or are a RevpathError; 120 of them, seeds fixed."""
    rng = random.Random(5)
    pieces = [
        '"',
        ",",
        ";",
        "\t",
        "\n",
        "\r",
        "\0",
        "#",
        "'",
        "\\",
        "e",
        "-",
        "\ufeff",
        "\N{MINUS SIGN}",
        "(",
        ")",
        "[",
        "uS",
        "1,5",
        "1.5.2",
        " ",
        "nan",
        "|",
        "\N{ARABIC-INDIC DIGIT ONE}",
    ]
    for k in range(120):
        content = text(
            rng.choice([KEYS, "pulse,direction,D1 (uS),D2 (uS),x", "device,cycle,pulse,polarity,current (uA)"])
        )
        for _ in range(rng.randrange(1, 6)):
            place = rng.randrange(len(content)) if rng.random() < 0.6 else rng.randrange(80)
            content = content[:place] + rng.choice(pieces) + content[place + rng.randrange(0, 4) :]
        raw = content.encode(rng.choice(["utf-8", "utf-16", "utf-8-sig"]))
        if rng.random() < 0.2:
            raw = raw[: rng.randrange(len(raw))]
        try:
            read(tmp_path, raw, read_voltage=rng.choice([None, 0.2]))
        except RevpathError:
            pass
        except Exception as error:
            pytest.fail(f"damage {k}: {error!r} of {content[:200]!r}")
