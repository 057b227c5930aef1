"""One net trained with several batch sizes until it is good enough, in updates and epochs.

The net is 64-64-10 with ReLUs, trained on the digits by plain SGD. A seed fixes the split into
training and test images, the weights and the order of the images, so that two batch sizes differ,
seed by seed, in size and learning rate alone. As in `mini_batches`, what does not fill a batch is
left out: an epoch is 1297 // B updates, 20 with B = 64 (17 images are left out), 5 with 256 (17).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.data import load_digits
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread, train

SIZES = (64, 64, 10)
SAMPLES = 1297
SEEDS = (0, 1, 2, 3, 4)
TARGET = 0.95
LOW_LOSS = 0.02


def grid(longest: int) -> list[int]:
    """Return numbers of updates in steps of at most 5 % (or 1), from 0 to `longest`."""
    points = [0]
    while points[-1] < longest:
        points.append(min(longest, max(points[-1] + 1, int(1.05 * points[-1]))))
    return points


def updates_per_epoch(batch_size: int, samples: int = SAMPLES) -> int:
    """Return how many full batches there are in the training set."""
    return samples // batch_size


@dataclass(frozen=True)
class Curve:
    """One batch size at one learning rate, S seeds, measured T times.

    Attributes:
        batch_size: B.
        learning_rate: of plain SGD.
        updates: (T,) numbers of updates, from 0.
        accuracy: (S, T) share of the 500 test images classified correctly.
        loss: (S, T) mean cross-entropy of all training images, or None where it was not asked for.
    """

    batch_size: int
    learning_rate: float
    updates: np.ndarray
    accuracy: np.ndarray
    loss: np.ndarray | None = None

    @property
    def epochs(self) -> np.ndarray:
        """The same times in epochs, (T,): passes over the training set."""
        return self.updates / updates_per_epoch(self.batch_size)

    def updates_to(self, target: float = TARGET) -> np.ndarray:
        """Return the first measured number of updates with this test accuracy, (S,), or inf."""
        return self._first(self.accuracy >= target)

    def updates_to_loss(self, target: float = LOW_LOSS) -> np.ndarray:
        """Return the first measured number of updates with this training loss, (S,), or inf."""
        return self._first(self.loss <= target)

    def _first(self, reached: np.ndarray) -> np.ndarray:
        return np.where(reached.any(axis=1), self.updates[reached.argmax(axis=1)], np.inf)


@dataclass(frozen=True)
class Race:
    """Some batch sizes on their way to the target, each at its own learning rate.

    Attributes:
        seeds: what the first axis of every curve counts.
        target: the test accuracy where the race ends; a curve ends when all its seeds were there.
        curves: one per batch size.
    """

    seeds: tuple[int, ...]
    target: float
    curves: tuple[Curve, ...]


def race(
    batch_sizes: Sequence[int],
    learning_rates: Sequence[float],
    seeds: Sequence[int] = SEEDS,
    longest: int = 4000,
) -> Race:
    """Train with each batch size until every seed had `TARGET`, or for `longest` updates.

    The best rates are in `results.load("batch_sizes")`; with those and five seeds, the sizes
    4, 64 and 1297 take about four seconds.

    Raises:
        ValueError: not one rate for each batch size, or a batch size outside 1 to 1297.
    """
    if len(batch_sizes) != len(learning_rates):
        raise ValueError(f"{len(batch_sizes)} batch sizes need as many learning rates")
    if not all(1 <= size <= SAMPLES for size in batch_sizes):
        raise ValueError(f"a batch holds 1 to {SAMPLES} images, not {list(batch_sizes)}")
    curves = (
        learn(size, rate, seeds, grid(longest), until_accuracy=TARGET)
        for size, rate in zip(batch_sizes, learning_rates, strict=True)
    )
    return Race(tuple(seeds), TARGET, tuple(curves))


def learn(
    batch_size: int,
    learning_rate: float,
    seeds: Sequence[int],
    measure_at: Sequence[int],
    *,
    until_accuracy: float = np.inf,
    until_loss: float | None = None,
) -> Curve:
    """Train one net per seed, in float64, and measure on the way.

    Training ends with the last of `measure_at`, or as soon as all seeds have had the accuracy, or
    the loss, at some time. The loss is measured only if it is asked for.
    """
    x, y, x_test, y_test = load_stack(tuple(seeds))
    done = np.zeros(len(seeds), dtype=bool)

    def measure(net: nn.Sequential) -> tuple[np.ndarray, np.ndarray]:
        accuracies, losses = accuracy(net(x_test), y_test), np.full(len(seeds), np.nan)
        if until_loss is not None:
            losses = training_loss(net, x, y)
            done[losses <= until_loss] = True
        done[accuracies >= until_accuracy] = True
        return accuracies, losses

    def batches() -> Iterator[Tensor]:
        # The training sets lie one behind the other: a seed's sample numbers start at its own set.
        first = x.shape[1] * torch.arange(len(seeds))[:, None]
        for batch in mini_batches(x.shape[1], batch_size, seeds):
            yield first + batch
            if done.all():
                return

    with one_thread():
        readings = train(
            build_mlp(SIZES, seeds, activation="relu", init="torch"),
            x.flatten(0, 1),
            y.flatten(),
            batches(),
            learning_rate=learning_rate,
            measure=measure,
            measure_at=measure_at,
        )
    accuracies, losses = (np.stack(values, axis=1) for values in zip(*readings, strict=True))
    times = np.array(sorted(set(measure_at)))[: len(readings)]
    loss = None if until_loss is None else losses
    return Curve(batch_size, learning_rate, times, accuracies, loss)


@cache
def load_stack(seeds: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return one split per seed: training x (S, N, 64) and y (S, N), then those of the tests."""
    splits = [load_digits(seed) for seed in seeds]
    x, y, x_test, y_test = (
        torch.from_numpy(np.stack([getattr(split, name) for split in splits]))
        for name in ("x_train", "y_train", "x_test", "y_test")
    )
    return x, y, x_test, y_test


def training_loss(net: nn.Sequential, x: Tensor, y: Tensor) -> np.ndarray:
    """Return each network's mean cross-entropy, (S,): x (S, N, D), y (S, N)."""
    logits = net(x)
    losses = F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none")
    return losses.view(y.shape).mean(dim=1).numpy()
