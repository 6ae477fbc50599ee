"""Pricing a million event rows: arrays against a loop over rows, in one run.

    python benchmarks/pricing.py [rows]

Prints the best of several repeats and the ratios to two loops: one that finds the price of each row in a dictionary which
it was given for free (the fastest plain loop there is), and one that asks for each row's price (timed on 2000 rows).
"""

from __future__ import annotations

import sys
import time

import numpy as np

from revpath.energy_models import load_chip, price_rows, price_table
from revpath.energy_models.prices.pricing import unit_prices

NAMES = [
    "array.read_energy_J",
    "array.busy_s",
    "line.drive",
    *(f"adc.conversion{{enob={bits / 4:g}}}" for bits in range(16, 48)),
    "digital.add",
    "digital.sigmoid",
    "sram.byte_read",
    "pulse.up",
]
ASKED = 2000


def best(call, repeats: int = 5) -> float:
    """Seconds of the fastest of some repeats."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def main(rows: int) -> None:
    rng = np.random.default_rng(0)
    names = np.array(NAMES, dtype=object)[rng.integers(len(NAMES), size=rows)]
    amounts = rng.uniform(0, 100, rows)
    chip = load_chip("reram-32nm")

    def loop() -> list[float]:
        each = unit_prices(dict.fromkeys(NAMES, 1.0), chip)
        return [each[name] * amount for name, amount in zip(names, amounts.tolist(), strict=True)]

    def ask() -> list[float]:
        few = zip(names[:ASKED], amounts[:ASKED].tolist(), strict=True)
        return [unit_prices({name: amount}, chip)[name] * amount for name, amount in few]

    assert np.allclose(loop(), price_rows(names, amounts, chip), rtol=1e-12, atol=0)
    fast, slow = best(lambda: price_rows(names, amounts, chip)), best(loop)
    asked = best(ask) / min(ASKED, rows) * rows
    bill = best(lambda: price_table(names, amounts, chip))
    print(f"{rows:,} rows, {len(NAMES)} different events")
    print(f"price_rows            {fast:.3f} s")
    print(f"loop over rows        {slow:.3f} s   ({slow / fast:.1f} times)")
    print(f"asking for each row   {asked:.3f} s   ({asked / fast:.0f} times)")
    print(f"price_table (a bill)  {bill:.3f} s   with 10,000 draws")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
