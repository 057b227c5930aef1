"""Noise of small batches in a landscape with two valleys: who leaves the poor one?

The loss is f(w) = w^4 / 4 - w^2 / 2 + 0.15 w, with a poor valley on the right, a good one on the
left and a barrier between them. Sample i has the gradient f'(w) + c xi_i, where xi is a real
column, standardised: the mean radius of 569 tumours. So all samples together have the gradient
f'(w), and a batch that of its mean. Every epoch is reshuffled, as a loader does, and what does not
fill a batch is left out.

It is a made-up landscape with one weight and noise of the same size everywhere, so it shows what
noise *can* do. Whether it does so in a net is another question; `stuck_nets.py` asks it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from bncourse.data import load_breast_cancer

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)
COLUMN = "mean radius"
NOISE = 3.0  # c
TILT = 0.15
LEARNING_RATE = 0.1
STEPS = 1000


def landscape(w: np.ndarray) -> np.ndarray:
    """Return the loss f(w), elementwise."""
    square = w * w  # numpy's powers are slow
    return square * square / 4 - square / 2 + TILT * w


def slope(w: np.ndarray) -> np.ndarray:
    """Return f'(w), elementwise: the gradient of all samples together."""
    return w * (w * w - 1) + TILT


# Where the slope is 0, from left to right.
GOOD, BARRIER, POOR = np.sort(np.roots([1, 0, -1, TILT]).real).tolist()


@dataclass(frozen=True)
class Escape:
    """Shares of many runs of SGD, at one learning rate: S seeds, K batch sizes.

    Attributes:
        batch_sizes: (K,).
        learning_rate: of every step.
        steps: how many each run made: equally many for every batch size.
        runs: how many there were for each seed, batch size and start.
        left_poor: (S, K) share that crossed the barrier at any time, started in the poor valley.
        ended_good: (S, K) share of the same runs that were left of the barrier at the end.
        left_good: (S, K) share that crossed the barrier at any time, started in the good valley.
    """

    batch_sizes: np.ndarray
    learning_rate: float
    steps: int
    runs: int
    left_poor: np.ndarray
    ended_good: np.ndarray
    left_good: np.ndarray


def escape(
    batch_sizes: Sequence[int] = BATCH_SIZES,
    learning_rate: float = LEARNING_RATE,
    steps: int = STEPS,
    seeds: Sequence[int] = range(5),
    runs: int = 200,
) -> Escape:
    """Run SGD from the bottom of both valleys, `runs` times for each seed and batch size.

    A seed draws the orders of the samples; the runs from both valleys, and those with different
    batch sizes and rates, meet the same orders. About a second with the default values.

    Raises:
        ValueError: a batch size outside 1 to 569.
    """
    shape = (len(seeds), len(batch_sizes))
    left_poor, ended_good, left_good = np.empty(shape), np.empty(shape), np.empty(shape)
    for row, seed in enumerate(seeds):
        means = batch_means(batch_sizes, steps, runs, seed)
        from_poor = sgd_paths(POOR, means, learning_rate)
        from_good = sgd_paths(GOOD, means, learning_rate)
        left_poor[row] = (from_poor < BARRIER).any(axis=-1).mean(axis=-1)
        ended_good[row] = (from_poor[..., -1] < BARRIER).mean(axis=-1)
        left_good[row] = (from_good > BARRIER).any(axis=-1).mean(axis=-1)
    return Escape(
        np.array(batch_sizes), learning_rate, steps, runs, left_poor, ended_good, left_good
    )


def sgd_paths(start: float, means: np.ndarray, learning_rate: float) -> np.ndarray:
    """Return every w on the way, (..., steps + 1).

    Args:
        start: where every run starts.
        means: (..., steps) mean of xi over the batch of each step of each run.
        learning_rate: the step along the batch's gradient, slope(w) + NOISE * mean.
    """
    path = np.empty((means.shape[-1] + 1, *means.shape[:-1]))
    path[0] = start
    for step, mean in enumerate(np.moveaxis(means, -1, 0)):
        path[step + 1] = path[step] - learning_rate * (slope(path[step]) + NOISE * mean)
    return np.moveaxis(path, 0, -1)


def batch_means(batch_sizes: Sequence[int], steps: int, runs: int, seed: int) -> np.ndarray:
    """Draw the mean of xi over every batch, epoch after epoch: (K, runs, steps).

    Raises:
        ValueError: a batch size outside 1 to 569.
    """
    xi = _standardised_column()
    if not all(1 <= size <= len(xi) for size in batch_sizes):
        raise ValueError(f"a batch holds 1 to {len(xi)} samples, not {list(batch_sizes)}")
    generator = np.random.default_rng(seed)
    means = np.empty((len(batch_sizes), runs, steps))
    per_epoch = [len(xi) // size for size in batch_sizes]
    for epoch in range(-(-steps // min(per_epoch))):
        shuffled = generator.permuted(np.tile(xi, (runs, 1)), axis=1)
        for row, (size, batches) in enumerate(zip(batch_sizes, per_epoch, strict=True)):
            begin, end = epoch * batches, min(steps, (epoch + 1) * batches)
            if begin < end:
                used = shuffled[:, : (end - begin) * size].reshape(runs, end - begin, size)
                means[row, :, begin:end] = used.mean(axis=2)
    return means


@cache
def _standardised_column() -> np.ndarray:
    table = load_breast_cancer()
    column = table.x[:, table.names.index(COLUMN)]
    return (column - column.mean()) / column.std()
