"""Work to measure on a GPU, in PyTorch: matrix products, memory copies, Gibbs sampling, training a small transformer.

torch is imported here, when `workloads` is called, and nowhere else in this room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .measure import GpuWorkload
from .nvml import NoGpu
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
        for _ in range(self._times):
            self._once()
        self._synchronise()
        return self._amount * self._times


def workloads(names: tuple[str, ...] = NAMES, index: int = 0, torch: Any = None) -> list[GpuWorkload]:
    """The named workloads on GPU number `index`.

    Raises
    ------
    NoGpu: PyTorch is not installed, or has no CUDA device.
    """
    from time import perf_counter

    if torch is None:
        try:
            import torch  # type: ignore[no-redef]
        except ImportError:
            raise NoGpu('no PyTorch: the workloads need it: pip install -e ".[transformer]"') from None
    if not torch.cuda.is_available():
        raise NoGpu("PyTorch has no CUDA device here")
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise NoGpu(f"workload = {unknown[0]!r} is not one of {', '.join(NAMES)}")
    device = torch.device("cuda", index)

    def synchronise() -> None:
        torch.cuda.synchronize(device)

    makers: dict[str, Callable[[Any, Any], _Made]]
    makers = {"gemm": _gemm, "copy": _copy, "gibbs": _gibbs, "transformer": _transformer}
    return [Repeated(*makers[name](torch, device), synchronise, perf_counter) for name in names]


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
