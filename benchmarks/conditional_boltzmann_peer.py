"""The n-gram energy in PyTorch on the CPU, for `conditional_boltzmann.py`: runs in an interpreter that has torch, and no revpath.

    python benchmarks/conditional_boltzmann_peer.py   (a JSON request on each line of standard input, a JSON answer on output)

Written as fast as it goes with torch's own operations: one table, one gather, one index_add a mini-batch, no autograd.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch


def learn(rows: torch.Tensor, y: torch.Tensor, request: dict) -> tuple[torch.Tensor, float, float]:
    """Bias, seconds and processor seconds of one pass over rows (n, orders) of one table and symbols y (n,)."""
    table = torch.zeros(request["rows"], request["symbols"])
    bias = torch.tensor(request["bias"])
    batch, orders = request["batch"], rows.shape[1]
    begin, processor = time.perf_counter(), time.process_time()
    for start in range(0, len(y), batch):
        of_batch, symbols = rows[start : start + batch], y[start : start + batch]
        n = len(symbols)
        logits = table[of_batch].sum(dim=1).add_(bias)
        error = torch.softmax(logits, dim=1).neg_()
        error[torch.arange(n), symbols] += 1
        step = (request["rate"] / n) * error
        table.index_add_(0, of_batch.reshape(-1), step.repeat_interleave(orders, dim=0))
        bias += (request["bias_rate"] / n) * error.sum(dim=0)
    return bias, time.perf_counter() - begin, time.process_time() - processor


def main() -> None:
    """Answers requests that name a file of rows and symbols: seconds of the best pass, and a digest of what was learned."""
    for line in sys.stdin:
        request = json.loads(line)
        torch.set_num_threads(request["threads"])
        data = np.load(request["file"])
        rows, y = torch.from_numpy(data["rows"]), torch.from_numpy(data["y"])
        with torch.no_grad():
            passes = [learn(rows, y, request) for _ in range(request["repeats"])]
        _, seconds, processor = (min(column) if n else column for n, column in enumerate(zip(*passes, strict=True)))
        answer = {"torch": torch.__version__, "seconds": seconds, "processor": processor}
        print(json.dumps(answer | {"bias": passes[0][0].tolist()}), flush=True)


if __name__ == "__main__":
    main()
