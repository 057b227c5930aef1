"""The recurrent net of the capstone: h = tanh(norm(x Wx + h Wh, t)) over 64 pixels of a digit.

Measured with a learner's norm: how much of a gradient comes from step 64 back to step 16, whether
evaluation does what training did, and whether longer sequences are taken.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from bncourse.tasks.capstone import desk
from bncourse.tasks.capstone.ward import split

STEPS, EARLY = 64, 16
LONGER = 96
HIDDEN, BATCH = 32, 32
READERS = 4  # nets; the geometric mean of their ratios counts
PASSES = 30  # batches that the first one sees in training mode, to settle running statistics
DIRECTIONS = 6
PUSH = 1e-4


class Reader:
    """Fixed weights, and pixel sequences (steps, batch)."""

    def __init__(self, rng: np.random.Generator, norm: int) -> None:
        self.images = split(rng)
        self.rng, self.norm = rng, norm
        self.wx = 0.28 * rng.normal(size=(1, HIDDEN))
        self.wh = 0.5 * np.linalg.qr(rng.normal(size=(HIDDEN, HIDDEN)))[0]

    def batch(self, steps: int = STEPS) -> np.ndarray:
        """Return pixels of randomly chosen images (steps, batch, 1)."""
        rows = self.rng.choice(len(self.images.x), BATCH, replace=False)
        x = self.images.x[rows] + 0.2 * self.rng.normal(size=(BATCH, 64))
        return np.concatenate([x, x], axis=1)[:, :steps].T[:, :, None]

    def read(self, x: np.ndarray, h: np.ndarray, start: int = 0) -> desk.Net:
        """Return for each step from ``start`` on what went into the norm, what came out of it and
        the state; None where the norm refused a step.
        """
        steps = []
        for t in range(start, len(x)):
            a = x[t] @ self.wx + h @ self.wh
            y = yield desk.forward(self.norm, a, t)
            if y is None:
                return None
            h = np.tanh(y)
            steps.append((a, y, h))
        return steps


def measured(seed: int) -> Generator[list[desk.Order], list, np.ndarray]:
    """Return the gradient's ratio, the share of evaluation's change, and whether 96 steps went.

    The ratio is the gradient's norm at step 16 to that at step 64, by finite differences.
    """
    rng = np.random.default_rng(seed)
    readers = [Reader(rng, k) for k in range(READERS)]
    for order in (lambda k: desk.make(k, HIDDEN), desk.train):
        yield [order(k) for k in range(READERS)]
    zero = np.zeros((BATCH, HIDDEN))
    turns = [readers[0]] * (PASSES - 1) + readers
    batches = [reader.batch() for reader in turns]
    read = yield from desk.side_by_side(
        [reader.read(x, zero) for reader, x in zip(turns, batches, strict=True)]
    )
    if any(steps is None for steps in read):
        return np.array([np.nan, np.nan, 0.0])
    ratios = yield from _gradients(readers, batches[-READERS:], read[-READERS:])
    yield [desk.evaluate(k) for k in range(READERS)]
    # The first net's last batch once more, step by step, so that no difference is carried on.
    last = read[-READERS]
    again = yield [desk.forward(0, a, t) for t, (a, _, _) in enumerate(last)]
    off = np.nan
    if all(y is not None for y in again):
        before = np.array([y for _, y, _ in last])
        off = float(np.abs(np.array(again) - before).mean() / np.abs(before).mean())
    long = yield from desk.side_by_side([readers[0].read(readers[0].batch(LONGER), zero)])
    went = long[0] is not None and bool(np.isfinite([h for _, _, h in long[0]]).all())
    return np.array([np.exp(np.mean(np.log(ratios + 1e-12))), off, float(went)])


def _gradients(
    readers: list[Reader], batches: list[np.ndarray], read: list[list[tuple]]
) -> Generator[list[desk.Order], list, np.ndarray]:
    """Estimate each net's gradient at step 16, the norm of that at step 64 being 1."""
    nets, towards = [], []
    for reader, x, steps in zip(readers, batches, read, strict=True):
        unit = reader.rng.normal(size=(BATCH, HIDDEN))
        towards.append(unit / np.linalg.norm(unit))
        for push in reader.rng.normal(size=(DIRECTIONS, BATCH, HIDDEN)):
            for sign in (PUSH, -PUSH):
                nets.append(reader.read(x, steps[EARLY - 1][2] + sign * push, EARLY))
    ended = yield from desk.side_by_side(nets)
    ends = np.reshape([steps[-1][2] for steps in ended], (READERS, DIRECTIONS, 2, -1))
    away = ends[:, :, 0] - ends[:, :, 1]
    slopes = np.einsum("rdp,rp->rd", away, np.reshape(towards, (READERS, -1)))
    return np.sqrt(np.mean((slopes / (2 * PUSH)) ** 2, axis=1))
