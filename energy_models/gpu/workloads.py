"""Work to measure on a GPU, in PyTorch: matrix products, memory copies, Gibbs sampling, training a small transformer.

torch is imported here, when `workloads` is called, and nowhere else in this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from time import perf_counter
from typing import Any

from ...devices.base.errors import RevpathError
from .boards import NoGpu, NotThere
from .measure import GpuWorkload
from .nvml import MeterError
from .transformer import TransformerShape

NAMES = ("gemm", "copy", "gibbs", "transformer")
_TENTH = 0.1  # seconds that one call of `run` should take about


_Made = tuple[str, str, dict[str, float | int | str], Callable[[], Any], float]
"""Name, unit and conditions of a workload, a call that does it once, and how much that is."""


class Repeated:
    """A piece of work, repeated so often that a call takes a tenth of a second, synchronised at its end."""

    def __init__(
        self,
        name: str,
        unit: str,
        conditions: dict[str, float | int | str],
        once: Callable[[], Any],
        amount: float,
        synchronise: Callable[[], Any],
        now: Callable[[], float],
    ) -> None:
        self.name, self.unit, self.conditions = name, unit, conditions
        self._once, self._amount, self._synchronise = once, amount, synchronise
        self._times = 1
        for _ in range(3):  # the first calls compile and allocate
            began = now()
            self.run()
            passed = max(now() - began, 1e-6)
            self._times = max(1, min(100_000, round(self._times * _TENTH / passed)))

    def run(self) -> float:
        """Raises MeterError where PyTorch fails: no room in the memory, a board that fell off the bus."""
        with _errors_of(self.name):
            for _ in range(self._times):
                self._once()
            self._synchronise()
        return self._amount * self._times


class Unfit:
    """A workload that could not be set up; says why when it is run."""

    unit = ""

    def __init__(self, name: str, error: RevpathError) -> None:
        self.name, self.error = name, error
        self.conditions: dict[str, float | int | str] = {}

    def run(self) -> float:
        raise self.error


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    """PyTorch's errors, all of them RuntimeErrors, as a MeterError that names the workload."""
    try:
        yield
    except RuntimeError as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise MeterError(f"workload {name}: PyTorch says: {first}") from error


def check_names(names: Sequence[str]) -> None:
    """NotThere for a name that is not one of `NAMES`, with the nearest; and where there is none at all."""
    if not names:
        raise NotThere(f"no workload is named; there are {', '.join(NAMES)}")
    for name in names:
        if name not in NAMES:
            near = get_close_matches(str(name), NAMES, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise NotThere(f"workload = {name!r} is not one of {', '.join(NAMES)}{hint}")


def load_torch() -> Any:
    """PyTorch, which the workloads are written in.

    Raises
    ------
    NoGpu
        it is not installed.
    """
    try:
        import torch  # type: ignore[import-not-found]  # an extra
    except ImportError:
        raise NoGpu('no PyTorch: the workloads need it: pip install -e ".[transformer]"') from None
    return torch


def workloads(
    names: tuple[str, ...] = NAMES, index: int = 0, torch: Any = None, now: Callable[[], float] = perf_counter
) -> list[GpuWorkload]:
    """The named workloads on GPU number `index`, as CUDA counts.

    Raises
    ------
    NotThere
        a name is not one of `NAMES`.
    NoGpu
        PyTorch is not installed, or has no CUDA device.
    MeterError
        not one of them can be set up, such as for want of memory. One that cannot while others can is left to
        `Unfit.run` to say, so that the others are measured.
    """
    if torch is None:
        torch = load_torch()
    if not torch.cuda.is_available():
        raise NoGpu("PyTorch has no CUDA device here")
    check_names(names)
    device = torch.device("cuda", index)

    def synchronise() -> None:
        torch.cuda.synchronize(device)

    makers: dict[str, Callable[[Any, Any], _Made]]
    makers = {"gemm": _gemm, "copy": _copy, "gibbs": _gibbs, "transformer": _transformer}

    def make(name: str) -> GpuWorkload:
        try:
            with _errors_of(name):
                return Repeated(*makers[name](torch, device), synchronise, now)
        except MeterError as error:
            return Unfit(name, error)

    made = [make(name) for name in names]
    if all(isinstance(one, Unfit) for one in made):
        raise MeterError("; ".join(str(one.error) for one in made if isinstance(one, Unfit)))
    return made


def _gemm(torch: Any, device: Any, n: int = 8192) -> _Made:
    a, b = (torch.randn(n, n, device=device, dtype=torch.bfloat16) for _ in range(2))
    out = torch.empty(n, n, device=device, dtype=torch.bfloat16)
    return "gemm_bf16", "flop", {"n": n, "format": "bf16"}, lambda: torch.matmul(a, b, out=out), 2.0 * n**3


def _copy(torch: Any, device: Any, size: int = 1 << 30) -> _Made:
    source = torch.zeros(size, device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    moved = 2.0 * size  # read and written
    return "copy", "byte_moved", {"size_byte": size}, lambda: target.copy_(source), moved


def _gibbs(torch: Any, device: Any, visible: int = 1024, hidden: int = 1024, chains: int = 4096) -> _Made:
    """Block Gibbs sampling of a restricted Boltzmann machine: a sample is one update of one unit of one chain."""
    weights = torch.randn(visible, hidden, device=device, dtype=torch.bfloat16) * 0.05
    v = torch.randint(0, 2, (chains, visible), device=device).to(torch.bfloat16)

    def sweep() -> None:
        nonlocal v
        h = torch.bernoulli(torch.sigmoid(v @ weights))
        v = torch.bernoulli(torch.sigmoid(h @ weights.T))

    conditions: dict[str, float | int | str] = {
        "visible": visible,
        "hidden": hidden,
        "chains": chains,
        "format": "bf16",
        "flop_per_sample": 4 * visible * hidden / (visible + hidden),  # two products a sweep, of all units
    }
    return "gibbs", "sample", conditions, sweep, float(chains * (visible + hidden))


def _transformer(torch: Any, device: Any, batch: int = 32) -> _Made:
    """Training steps of a small decoder; work is counted in model FLOP by `TransformerShape`, not in what is executed."""
    shape = TransformerShape(8, 512, 8, 2048, 512, 8192, False, True, False)
    layer = torch.nn.TransformerEncoderLayer(512, 8, 2048, dropout=0.0, batch_first=True, norm_first=True)
    embed = torch.nn.Embedding(shape.vocab, shape.d_model)
    body = torch.nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False)
    head = torch.nn.Linear(shape.d_model, shape.vocab, bias=False)
    model = torch.nn.ModuleList([embed, body, head]).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    tokens = torch.randint(0, shape.vocab, (batch, shape.context + 1), device=device)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(shape.context, device=device)

    def step() -> None:
        with torch.autocast(device.type, dtype=torch.bfloat16):
            out = head(body(embed(tokens[:, :-1]), mask=mask, is_causal=True))
            loss = torch.nn.functional.cross_entropy(out.flatten(0, 1), tokens[:, 1:].flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    conditions: dict[str, float | int | str] = {
        "layers": shape.layers, "d_model": shape.d_model, "context": shape.context, "batch": batch, "format": "bf16"
    }  # fmt: skip
    return "transformer", "flop", conditions, step, float(shape.training_flops(batch * shape.context))
