"""The recurrent net of the capstone: h = tanh(norm(x Wx + h Wh, t)) over 64 pixels of a digit.

Measured with a learner's norm: how much of a gradient comes from step 64 back to step 16, whether
evaluation does what training did, and what becomes of longer sequences.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from bncourse.tasks.capstone import desk
from bncourse.tasks.capstone.ward import split

STEPS, EARLY = 64, 16
LONGER = 96
HIDDEN, BATCH = 32, 32
# The sizes of the nets' weights: a norm makes them the same, and a mere gain fits one at most. The
# geometric mean of the nets' ratios counts.
SIZES = (1.0, 0.5, 2.0, 4.0)
READERS = len(SIZES)
PASSES = 30  # batches that the first one sees in training mode, to settle running statistics
DIRECTIONS, GRADIENTS = 6, 16  # at step 16, and random ones at step 64
PUSH = 1e-4


class Reader:
    """Fixed weights, and pixel sequences (steps, batch)."""

    def __init__(self, rng: np.random.Generator, norm: int) -> None:
        self.images = split(rng)
        self.rng, self.norm = rng, norm
        self.wx = 0.28 * SIZES[norm] * rng.normal(size=(1, HIDDEN))
        self.wh = 0.5 * SIZES[norm] * np.linalg.qr(rng.normal(size=(HIDDEN, HIDDEN)))[0]

    def batch(self, steps: int = STEPS) -> np.ndarray:
        """Return pixels of randomly chosen images (steps, batch, 1), then blank paper."""
        rows = self.rng.choice(len(self.images.x), BATCH, replace=False)
        x = np.pad(self.images.x[rows], ((0, 0), (0, steps - STEPS)))
        return (x + 0.2 * self.rng.normal(size=x.shape)).T[:, :, None]

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


@dataclass(frozen=True)
class Found:
    """What is measured, in this order.

    Attributes:
        ratio, least, most: of the gradient's norm at step 16 to that at step 64, by finite
            differences: the nets' geometric mean, and the smallest and the largest.
        off: how far evaluation, of each row by itself, is from training; in shares of the outputs.
        apart: how far a row by itself is from the same row in its batch.
        beyond: how far steps 65 to 96 are from what step 64 would make of the same input.
        longer: 1 where sequences of 96 steps came to their end.
    """

    ratio: float = np.nan
    least: float = np.nan
    most: float = np.nan
    off: float = np.nan
    apart: float = np.nan
    beyond: float = np.nan
    longer: float = 0.0


def measured(seed: int) -> Generator[list[desk.Order], list, np.ndarray]:
    """Return the numbers of `Found`; the seed decides nets and images."""
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
        return np.array(astuple(Found()))
    ratios = 1e-12 + (yield from _gradients(readers, batches[-READERS:], read[-READERS:]))
    ratio = np.exp(np.mean(np.log(ratios)))
    yield [desk.evaluate(k) for k in range(READERS)]
    # The first net's last batch once more, step by step, so that no difference is carried on.
    last = [a for a, _, _ in read[-READERS]]
    before = np.array([y for _, y, _ in read[-READERS]])
    batch = yield [desk.forward(0, a, t) for t, a in enumerate(last)]
    alone = yield [desk.singly(0, a, t) for t, a in enumerate(last)]
    long = (yield from desk.side_by_side([readers[0].read(readers[0].batch(LONGER), zero)]))[0]
    beyond, went = np.nan, long is not None and bool(np.isfinite([h for _, _, h in long]).all())
    if went:
        late = [(t, a) for t, (a, _, _) in enumerate(long) if t >= STEPS]
        there = yield [desk.singly(0, a, t) for t, a in late]
        beyond = _off(there, (yield [desk.singly(0, a, STEPS - 1) for _, a in late]))
    off, apart = _off(alone, before), _off(alone, batch)
    return np.array(astuple(Found(ratio, ratios.min(), ratios.max(), off, apart, beyond, went)))


def _off(found: list[np.ndarray | None], wanted: Sequence[np.ndarray | None]) -> float:
    """Return the mean difference in shares of the mean size; not-a-number where one was refused."""
    if any(y is None for y in (*found, *wanted)):
        return np.nan
    off, size = np.abs(np.subtract(found, wanted)).mean(), np.abs(wanted).mean()
    return float(off / size) if off else 0.0


def _gradients(
    readers: list[Reader], batches: list[np.ndarray], read: list[list[tuple]]
) -> Generator[list[desk.Order], list, np.ndarray]:
    """Estimate each net's gradient at step 16, the norm of that at step 64 being 1."""
    nets, towards = [], []
    for reader, x, steps in zip(readers, batches, read, strict=True):
        units = reader.rng.normal(size=(GRADIENTS, BATCH * HIDDEN))
        towards.append(units / np.linalg.norm(units, axis=1, keepdims=True))
        for push in reader.rng.normal(size=(DIRECTIONS, BATCH, HIDDEN)):
            for sign in (PUSH, -PUSH):
                nets.append(reader.read(x, steps[EARLY - 1][2] + sign * push, EARLY))
    ended = yield from desk.side_by_side(nets)
    ends = np.reshape([steps[-1][2] for steps in ended], (READERS, DIRECTIONS, 2, -1))
    away = ends[:, :, 0] - ends[:, :, 1]
    slopes = np.einsum("rdp,rgp->rdg", away, np.array(towards)) / (2 * PUSH)
    return np.sqrt(np.mean(slopes**2, axis=(1, 2)))
