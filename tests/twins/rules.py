"""Slow twins of the update rules: one weight at a time, in Python floats, from the published recursions."""

from __future__ import annotations

import math


def mixed_precision(chi, x, d, rate, granularity):
    """chi (rows x columns lists, in granularities) after one batch, and the pulses sent, by a loop over everything."""
    rows, columns = len(chi), len(chi[0])
    chi = [list(row) for row in chi]
    for x_row, d_row in zip(x, d, strict=True):
        for i in range(rows):
            for j in range(columns):
                chi[i][j] += rate * float(x_row[i]) * float(d_row[j]) / granularity
    pulses = [[int(chi[i][j]) for j in range(columns)] for i in range(rows)]
    return [[chi[i][j] - pulses[i][j] for j in range(columns)] for i in range(rows)], pulses


class Transfer:
    """Gokmen 2021 and Rasch 2024 for arrays whose every pulse moves a weight by exactly one granularity.

    The fast array takes exact outer products; `turns` are the choppers' random bits, one for each transfer, in order.
    """

    def __init__(self, rows, columns, options, granularity, fast_pulses, turns=()):
        self.rows, self.columns, self.options, self.granularity = rows, columns, options, granularity
        self.fast_pulses = fast_pulses
        self.a = [[0.0] * columns for _ in range(rows)]
        self.c = [[0.0] * columns for _ in range(rows)]
        self.h = [[0.0] * columns for _ in range(rows)]
        self.mean = [[0.0] * columns for _ in range(rows)]
        self.reference = [[0.0] * columns for _ in range(rows)]
        self.resting = [None] * rows
        self.chopper = [1] * rows
        self.turned = [False] * rows
        self.m_x = self.m_d = 0.0
        self.count = self.passes = self.next_row = 0
        self.turns = iter(turns)

    def update(self, x, d, rate):
        for x_row, d_row in zip(x, d, strict=True):
            fast_rate = self._fast_rate(x_row, d_row, rate, len(x))
            for i in range(self.rows):
                for j in range(self.columns):
                    self.a[i][j] += self.chopper[i] * fast_rate * float(x_row[i]) * float(d_row[j])
            if not self.options.units_in_mbatch:
                self.count += 1
                if self.count % self.options.transfer_every == 0:
                    self._transfer(rate, fast_rate)
        if self.options.units_in_mbatch:
            self.count += 1
            if self.count % self.options.transfer_every == 0:
                self._transfer(rate, fast_rate)

    def _fast_rate(self, x_row, d_row, rate, batch):
        o = self.options
        if not o.auto_scale:
            return o.fast_lr if o.fast_lr > 0 else rate
        tau = (1 - o.auto_momentum) / batch
        largest = max(abs(float(v)) for v in x_row), max(abs(float(v)) for v in d_row)
        self.m_x, self.m_d = (
            m if new <= 0 else new if m <= 0 else (1 - tau) * m + tau * new
            for m, new in zip((self.m_x, self.m_d), largest, strict=True)
        )
        return o.fast_lr * self.fast_pulses * self.granularity / (self.m_x * self.m_d)

    def _transfer(self, rate, fast_rate):
        o, k = self.options, self.next_row
        threshold = o.buffer_granularity * self.granularity
        if o.auto_granularity > 0:
            threshold *= o.auto_granularity / (self.rows * o.transfer_every)
        scale = o.transfer_lr * rate / threshold
        if o.correct_gradient_magnitudes:
            scale /= fast_rate
        period = max(math.ceil(1 / o.in_chop_prob), 2) if getattr(o, "in_chop_prob", 0) else 0
        dynamic = o.rule == "agad"
        if dynamic and self.turned[k]:
            self.reference[k] = list(self.mean[k])
        tracks = o.rule == "tracked-symmetric-point"
        if tracks and self.resting[k] is None:
            self.resting[k] = list(self.a[k])
        for j in range(self.columns):
            signal = self.a[k][j] - (self.reference[k][j] if dynamic else self.resting[k][j] if tracks else 0.0)
            if tracks:
                self.resting[k][j] = (1 - o.tracking) * self.resting[k][j] + o.tracking * self.a[k][j]
            if dynamic:
                m = min(o.tail_weightening / period, 1)
                self.mean[k][j] = (1 - m) * self.mean[k][j] + m * self.a[k][j]
            self.h[k][j] += scale * self.chopper[k] * signal
            if abs(self.h[k][j]) >= 1:
                n = max(min(int(self.h[k][j]), o.max_steps), -o.max_steps)
                self.h[k][j] = o.momentum * self.h[k][j] if o.forget_buffer else self.h[k][j] - (1 - o.momentum) * n
                if not dynamic or self.passes > period:
                    self.c[k][j] += n * self.granularity
        turn = False
        if period:
            regular = self.passes % period + 1 == period
            turn = bool(next(self.turns)) if o.in_chop_random else regular
        if turn:
            self.chopper[k] *= -1
        self.turned[k] = turn
        self.next_row = (k + 1) % self.rows
        self.passes += self.next_row == 0


def sign_pulses(weights, x, d, pulses):
    """W (rows x columns lists, in granularities) after each outer product moved every weight by a whole number of pulses."""
    weights = [list(row) for row in weights]
    for x_row, d_row, n in zip(x, d, pulses, strict=True):
        for i, x_i in enumerate(x_row):
            for j, d_j in enumerate(d_row):
                weights[i][j] += n * _sign(x_i) * _sign(d_j)
    return weights


def _sign(value):
    return int(value > 0) - int(value < 0)


def error_aware(x, d, rate, threshold, chance):
    """Writes of each weight, in thresholds, by Liu et al.: one with probability |D| / threshold where the change D is below it.

    chance (driven rows x columns) are the uniforms of the word lines that any sample drives, in order.
    """
    columns = len(d[0])
    writes = [[0] * columns for _ in x[0]]
    driven = [i for i in range(len(x[0])) if any(x_row[i] != 0 for x_row in x)]
    for place, i in enumerate(driven):
        for j in range(columns):
            change = sum(rate * float(x_row[i]) * float(d_row[j]) for x_row, d_row in zip(x, d, strict=True))
            whole, rest = divmod(abs(change), threshold)
            n = int(whole) + (float(chance[place][j]) >= 1 - rest / threshold)
            writes[i][j] = n * _sign(change)
    return writes


def touched(codes, x, d, rate, granularity, full, chance, due=True):
    """codes (rows x columns lists) after one batch of quantised d, and the pulses sent, weight by weight.

    Where it is not yet `due`, pulses are sent only of a total that does not fit, 2 full or more.
    """
    codes = [list(row) for row in codes]
    pulses = [[0] * len(row) for row in codes]
    driven = [i for i in range(len(codes)) if any(x_row[i] != 0 for x_row in x)]
    for place, i in enumerate(driven):
        for j in range(len(codes[i])):
            change = sum(rate * float(x_row[i]) * float(d_row[j]) for x_row, d_row in zip(x, d, strict=True))
            total = codes[i][j] + math.floor(change * full / granularity + float(chance[place][j]))
            pulses[i][j] = int(total / full) if due or abs(total) >= 2 * full else 0
            codes[i][j] = total - full * pulses[i][j]
    return codes, pulses


class Residual:
    """Li et al. 2025, as the authors' program has it, on arrays that add exactly: device 0 there is the last array here."""

    def __init__(self, rows, columns, options):
        self.rows, self.columns, self.options = rows, columns, options
        self.w = [[[0.0] * columns for _ in range(rows)] for _ in range(options.n_arrays)]
        self.next_row = [0] * options.n_arrays
        self.calls = 0

    def update(self, x, d, rate):
        o, last = self.options, self.options.n_arrays - 1
        for x_row, d_row in zip(x, d, strict=True):
            for i in range(self.rows):
                for j in range(self.columns):
                    self.w[last][i][j] += rate * float(x_row[i]) * float(d_row[j])
        stage = self.calls // o.warm_start if o.warm_start else last
        self.calls += 1
        if stage < last:
            if self.calls % o.transfer_every == 0:
                self._transfer(last, stage)
            return
        every = o.transfer_every
        for source in range(last, 0, -1):
            if self.calls % every == 0:
                self._transfer(source, source - 1)
            every *= o.spacing

    def _transfer(self, source, target):
        rate = self.options.transfer_lr * self.options.transfer_growth**target
        for _ in range(self.options.n_reads_per_transfer or self.rows):
            k = self.next_row[source]
            for j in range(self.columns):
                self.w[target][k][j] += rate * self.w[source][k][j]
            self.next_row[source] = (k + 1) % self.rows

    def weights(self):
        gamma = self.options.gamma
        return [
            [sum(gamma**n * w[i][j] for n, w in enumerate(self.w)) for j in range(self.columns)]
            for i in range(self.rows)
        ]
