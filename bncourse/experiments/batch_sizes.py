"""One net, six batch sizes, each at its own learning rate: updates, epochs and time to learn.

The net is 64-64-10 with ReLUs, trained on the digits by plain SGD. A seed fixes the split into
training and test images, the weights and the order of the images, so that two batch sizes differ,
seed by seed, in size and learning rate alone. As in `mini_batches`, what does not fill a batch is
left out: an epoch is 1297 // B updates, 20 with B = 64 (17 images are left out), 5 with 256 (17).

`python -m bncourse.experiments.batch_sizes` measures everything again, in about a minute.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread, train

SIZES = (64, 64, 10)
SAMPLES = 1297
BATCH_SIZES = (1, 4, 16, 64, 256, 1297)
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those of the comparison
SEARCH_RATES = {
    1: (0.0125, 0.025, 0.035, 0.05, 0.07, 0.1, 0.2),
    4: (0.05, 0.1, 0.14, 0.2, 0.28, 0.4, 0.8),
    16: (0.2, 0.4, 0.56, 0.8, 1.1, 1.6),
    64: (0.2, 0.4, 0.56, 0.8, 1.1, 1.6),
    256: (0.2, 0.4, 0.56, 0.8, 1.1, 1.6),
    1297: (0.2, 0.4, 0.56, 0.8, 1.1, 1.6),
}
TARGET = 0.95
LOW_LOSS = 0.02
SAME_RATE, SAME_EPOCHS = 0.05, 3
EQUAL_UPDATES = (50, 100)
LONGEST = 30_000  # updates; a run that is not there by then counts as never


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


def time_updates(batch_sizes: Sequence[int] = BATCH_SIZES, repeats: int = 200) -> np.ndarray:
    """Return the median time of one update of one plain torch net, (K,) in milliseconds.

    One thread, float32, `nn.Linear` and `torch.optim.SGD`, the batch gathered by its numbers: what
    a training loop does. It depends on the machine, and on what else is running there. The sizes
    take turns, so that a pause of the machine hits all of them.
    """
    digits = load_digits()
    x, y = torch.from_numpy(digits.x_train).float(), torch.from_numpy(digits.y_train)
    streams = [(batch for (batch,) in mini_batches(len(x), size, [0])) for size in batch_sizes]
    updates = [_plain_update(x, y) for _ in batch_sizes]
    warm_up = 10
    times = np.empty((len(batch_sizes), warm_up + repeats))
    with one_thread():
        for repeat in range(warm_up + repeats):
            for row, (update, stream) in enumerate(zip(updates, streams, strict=True)):
                batch = next(stream)
                start = perf_counter()
                update(batch)
                times[row, repeat] = perf_counter() - start
    return 1000 * np.median(times[:, warm_up:], axis=1)


def measure_all(report: Callable[[str], None] = print) -> dict:
    """Search the rates, then compare the batch sizes at those."""
    milliseconds = time_updates()
    arms = []
    for batch_size, ms in zip(BATCH_SIZES, milliseconds, strict=True):
        search = search_rate(batch_size)
        rate = search["learning_rate"]
        curve = learn(batch_size, rate, SEEDS, grid(LONGEST), until_accuracy=TARGET)
        updates = curve.updates_to()
        arms.append(
            {
                "batch_size": batch_size,
                **search,
                "updates": _plain(updates, 0),
                "epochs": _plain(updates / updates_per_epoch(batch_size), 3),
                "ms_per_update": round(float(ms), 4),
                "same_rate_accuracy": _after(
                    batch_size, SAME_RATE, SAME_EPOCHS * updates_per_epoch(batch_size)
                ),
                "equal_updates_accuracy": [_after(batch_size, rate, n) for n in EQUAL_UPDATES],
                "generalisation": _at_low_loss(batch_size, rate),
            }
        )
        report(str(arms[-1]))
    return {
        "network": {"sizes": SIZES, "activation": "relu"},
        "samples": SAMPLES,
        "target_accuracy": TARGET,
        "seeds": SEEDS,
        "same_rate": {"learning_rate": SAME_RATE, "epochs": SAME_EPOCHS},
        "equal_updates": EQUAL_UPDATES,
        "low_loss": LOW_LOSS,
        "arms": arms,
    }


def search_rate(batch_size: int) -> dict:
    """Find the rate with the fewest updates to the target, on average over `SEARCH_SEEDS`.

    A rate at which a seed does not get there in four times the updates of the best rate so far is
    stopped; its mean is None.
    """
    rates, means, longest = SEARCH_RATES[batch_size], [], LONGEST
    for rate in rates:
        curve = learn(batch_size, rate, SEARCH_SEEDS, grid(longest), until_accuracy=TARGET)
        means.append(float(curve.updates_to().mean()))
        longest = int(min(longest, max(4 * means[-1], 40)))
    return {
        "learning_rate": rates[int(np.argmin(means))],
        "search": {
            "seeds": SEARCH_SEEDS,
            "learning_rates": rates,
            "mean_updates": _plain(means, 1),
        },
    }


def _after(batch_size: int, rate: float, updates: int) -> list[float]:
    return learn(batch_size, rate, SEEDS, [updates]).accuracy[:, 0].round(4).tolist()


def _at_low_loss(batch_size: int, rate: float) -> dict:
    """Return test accuracy and epochs when the training loss is first below `LOW_LOSS`."""
    curve = learn(batch_size, rate, SEEDS, grid(LONGEST), until_loss=LOW_LOSS)
    updates = curve.updates_to_loss()
    there = np.searchsorted(curve.updates, np.where(np.isfinite(updates), updates, 0))
    accuracies = curve.accuracy[np.arange(len(SEEDS)), there]
    return {
        "updates": _plain(updates, 0),
        "epochs": _plain(updates / updates_per_epoch(batch_size), 3),
        "accuracy": _plain(np.where(np.isfinite(updates), accuracies, np.inf), 4),
    }


def _plain(values: Sequence[float], digits: int) -> list[float | None]:
    """Round for JSON, which knows no inf: None means never."""
    return [round(float(value), digits) if np.isfinite(value) else None for value in values]


def _plain_update(x: Tensor, y: Tensor) -> Callable[[Tensor], None]:
    """Build a net and return what makes one update of it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = [nn.Linear(SIZES[0], SIZES[1]), nn.ReLU(), nn.Linear(SIZES[1], SIZES[2])]
    net = nn.Sequential(*layers)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01)

    def update(batch: Tensor) -> None:
        optimiser.zero_grad()
        F.cross_entropy(net(x[batch]), y[batch]).backward()
        optimiser.step()

    return update


if __name__ == "__main__":
    command = "python -m bncourse.experiments.batch_sizes"
    print(results.store("batch_sizes", command, measure_all()))
