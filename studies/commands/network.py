"""`revpath network`: one's own network, priced on every chip and GPU by the rules of the study."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from ..network.layers import Network
    from ..network.priced import NetworkPrice
    from .forms import Form


def run_network(
    source: str, *, training: bool = False, batch: int = 1, form: Form = "table", console: Console | None = None
) -> None:
    """Print joules, seconds and area of one example of a network, on every chip and GPU of the library.

    Parameters
    ----------
    source : str
        Sizes such as ``784x256x10``, a .toml file of layers, or an .onnx file.
    training : bool
        A training step instead of inference.
    batch : int
        Examples that share one reading of the weights on a GPU.
    form : str
        How it is printed.
    console : rich.console.Console, optional
        Standard output unless given.

    Raises
    ------
    NetworkError
        The network cannot be read.
    """
    from ..network.priced import price_network
    from ..network.reading import read_network
    from .console import wide_console
    from .forms import print_frame

    network = read_network(source)
    found = price_network(network, training=training, batch=batch)
    console = console or wide_console()
    if form == "json":
        print(json.dumps(as_json(network, found, training), indent=1))
        return
    if form != "table":
        from ..network.priced import prices_table

        print_frame(prices_table(found, network.products), form)
        return
    what = "a training step (forward, backward, update)" if training else "inference"
    console.print(
        f"[bold]{escape(network.name)}[/]: {what} of one example; {network.parameters:,} parameters, "
        f"{network.products:,} multiply-accumulates"
    )
    console.print(_table(found, network))
    _say_rules(console, network, found)


def _table(found: list[NetworkPrice], network: Network) -> Any:
    from rich import box
    from rich.table import Table

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for i, heading in enumerate(("on", "J", "90 %", "pJ/MAC", "s", "mm2")):
        grid.add_column(heading, justify="right" if i else "left", no_wrap=True)
    for one in found:
        sign = ">= " if one.not_priced else ""
        joules = one.joules
        grid.add_row(
            one.where,
            "-" if joules is None else f"{sign}{joules.nominal:.2e}",
            "" if joules is None else f"{joules.low:.1e} to {joules.high:.1e}",
            "-" if joules is None else f"{joules.nominal / network.products * 1e12:.3g}",
            f"{one.seconds:.2e}",
            "-" if one.mm2 is None else f"{one.mm2:.3g}",
        )
    return grid


def _say_rules(console: Console, network: Network, found: list[NetworkPrice]) -> None:
    from ..network.counted import INPUTS, TILE

    def say(line: str) -> None:
        console.print(escape(line), highlight=False)

    say(
        f"Chips: arrays of {TILE} x {TILE} of the cells of `revpath compare`, read one layer after another, with {INPUTS}; "
        "activations written and read once; s is of the arrays alone, mm2 of as many units of the chip as hold the weights, at its "
        "own precision, where known. "
        "Writing the weights once is not counted."
    )
    say(
        "GPUs: h100-run and h100-gemm per FLOP, as in the study; the others busy at their training utilisation, reading the "
        "weights once for a batch. A small model alone on a GPU takes far more: its kernels wait for their launches."
    )
    for one in found:
        if one.not_priced:
            say(f"Not priced on {one.where} (>=): {'; '.join(one.not_priced)}.")
    for line in network.not_priced:
        say(f"Not priced of the network: {line}.")


def as_json(network: Network, found: list[NetworkPrice], training: bool) -> dict[str, Any]:
    """What `revpath network --json` prints."""
    return {
        "network": network.name,
        "training": training,
        "parameters": network.parameters,
        "multiply_accumulates": network.products,
        "not_priced": list(network.not_priced),
        "prices": [
            {
                "where": one.where,
                "joules": None
                if one.joules is None
                else {"nominal": one.joules.nominal, "low": one.joules.low, "high": one.joules.high},
                "seconds": one.seconds,
                "mm2": one.mm2,
                "not_priced": list(one.not_priced),
            }
            for one in found
        ],
    }
