"""Running averages lag behind a net that learns: accuracy in evaluation mode, early in training.

An MLP of three hidden layers of 64 ReLUs with BN learns the digits in batches of 60. The running
averages take no part in training, so one run serves every momentum, and the same weights are
evaluated with the averages of each momentum, with the statistics of test batches, and with
statistics recomputed on the training set. The learning rate is the one with the best accuracy
under recomputed statistics after the last update, on other seeds than those that are compared.

`python -m bncourse.experiments.averages_lag` measures everything again, in about ten seconds.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.precise_statistics import precise_bn
from bncourse.experiments.training import (
    StackedBatchNorm,
    accuracy,
    build_mlp,
    mini_batches,
    one_thread,
    train,
)

SIZES = (64, 64, 64, 64, 10)
BATCH_SIZE = 60
TEST_BATCH = 100
MOMENTA = (0.001, 0.01, 0.1, 0.5, 1.0, None)
UPDATES = (10, 20, 50, 100, 300)
SEEDS = (0, 1, 2, 3, 4)
SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those of the comparison
SEARCH_RATES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0)


@dataclass(frozen=True)
class AveragesLag:
    """Test accuracies of the same S nets after each of T updates, under different statistics.

    A seed fixes the split, the weights and the order of the batches, so a spread over seeds is that
    of nets and splits.

    Attributes:
        momenta: (K,) weight of the new batch; None gives every batch so far the same weight.
        updates: (T,) when the nets were evaluated.
        seeds: (S,).
        learning_rate: of plain SGD.
        running: (K, S, T) in evaluation mode, with the running averages of each momentum.
        batch: (S, T) in training mode, the shuffled test images in batches of 100.
        precise: (S, T) in evaluation mode, statistics recomputed on the training set in one pass.
    """

    momenta: tuple[float | None, ...]
    updates: tuple[int, ...]
    seeds: tuple[int, ...]
    learning_rate: float
    running: np.ndarray
    batch: np.ndarray
    precise: np.ndarray


class ManyAverages(StackedBatchNorm):
    """A stacked BN that keeps running averages of several momenta; `use` picks one of them."""

    def __init__(self, networks: int, features: int, momenta: Sequence[float | None]) -> None:
        super().__init__(networks, features)
        self.momentum = 1.0  # so that after a batch the buffers hold its statistics
        self.momenta = momenta
        self.averages = [(self.running_mean.clone(), self.running_var.clone()) for _ in momenta]
        self.seen = 0

    def forward(self, x: Tensor) -> Tensor:
        """Normalise as a `StackedBatchNorm`; in training mode update every average."""
        y = super().forward(x)
        if self.training:
            self.seen += 1
            for momentum, (mean, var) in zip(self.momenta, self.averages, strict=True):
                weight = 1 / self.seen if momentum is None else momentum
                mean.lerp_(self.running_mean, weight)
                var.lerp_(self.running_var, weight)
        return y

    def use(self, choice: int) -> None:
        """Evaluate with the averages of this momentum, until the next batch in training mode."""
        mean, var = self.averages[choice]
        self.running_mean.copy_(mean)
        self.running_var.copy_(var)


def averages_lag(
    learning_rate: float,
    momenta: Sequence[float | None] = MOMENTA,
    updates: Sequence[int] = UPDATES,
    seeds: Sequence[int] = SEEDS,
) -> AveragesLag:
    """Train one net per seed, and evaluate each after `updates` (ascending)."""
    seeds, momenta, updates = tuple(seeds), tuple(momenta), tuple(updates)
    x, y, x_test, y_test = load_stack(seeds)
    samples = x.shape[1]
    net = _net(seeds, momenta)
    test_batches = _test_batches(x_test.shape[1], seeds)

    def measure(net: nn.Sequential) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        running = []
        for choice in range(len(momenta)):
            for layer in net:
                if isinstance(layer, ManyAverages):
                    layer.use(choice)
            running.append(accuracy(net(x_test), y_test))
        copy = deepcopy(net).train()
        batch = np.mean(
            [accuracy(copy(_take(x_test, rows)), _take(y_test, rows)) for rows in test_batches],
            axis=0,
        )
        precise_bn(copy, x.split(BATCH_SIZE, dim=1))
        return running, batch, accuracy(copy.eval()(x_test), y_test)

    first = samples * torch.arange(len(seeds))[:, None]
    with one_thread():
        readings = train(
            net,
            x.flatten(0, 1),
            y.flatten(),
            (first + batch for batch in mini_batches(samples, BATCH_SIZE, seeds)),
            learning_rate=learning_rate,
            measure=measure,
            measure_at=updates,
        )
    running, batch, precise = (np.stack(values, axis=-1) for values in zip(*readings, strict=True))
    return AveragesLag(momenta, updates, seeds, learning_rate, running, batch, precise)


def load() -> AveragesLag:
    """Return the stored measurement."""
    stored = results.load("averages_lag")
    return AveragesLag(
        tuple(stored["momenta"]),
        tuple(stored["updates"]),
        tuple(stored["seeds"]),
        stored["learning_rate"],
        *(np.array(stored[name]) for name in ("running", "batch", "precise")),
    )


def measure_all() -> dict:
    """Search the learning rate, then measure at it."""
    searched = [averages_lag(rate, (), UPDATES[-1:], SEARCH_SEEDS) for rate in SEARCH_RATES]
    means = [float(run.precise.mean()) for run in searched]
    lag = averages_lag(SEARCH_RATES[int(np.argmax(means))])
    return {
        "network": {"sizes": SIZES, "activation": "relu", "batch_size": BATCH_SIZE},
        "test_batch": TEST_BATCH,
        "learning_rate": lag.learning_rate,
        "search": {
            "seeds": SEARCH_SEEDS,
            "learning_rates": SEARCH_RATES,
            "mean_accuracy": np.round(means, 4).tolist(),
        },
        "momenta": lag.momenta,
        "updates": lag.updates,
        "seeds": lag.seeds,
        "running": lag.running.round(4).tolist(),
        "batch": lag.batch.round(4).tolist(),
        "precise": lag.precise.round(4).tolist(),
    }


def _net(seeds: Sequence[int], momenta: Sequence[float | None]) -> nn.Sequential:
    net = build_mlp(SIZES, seeds, activation="relu", init="torch", norm="batch", hidden_bias=False)
    for place, layer in enumerate(net):
        if isinstance(layer, StackedBatchNorm):
            net[place] = ManyAverages(len(seeds), layer.num_features // len(seeds), momenta)
    return net


def _test_batches(samples: int, seeds: Sequence[int]) -> tuple[Tensor, ...]:
    """Shuffle the test images for each seed and cut them into batches of (S, TEST_BATCH)."""
    orders = [np.random.default_rng([seed, 2]).permutation(samples) for seed in seeds]
    return torch.from_numpy(np.stack(orders)).split(TEST_BATCH, dim=1)


def _take(values: Tensor, rows: Tensor) -> Tensor:
    """Pick each network's own rows: (S, N, ...) and (S, B) -> (S, B, ...)."""
    return values[torch.arange(len(rows))[:, None], rows]


if __name__ == "__main__":
    command = "python -m bncourse.experiments.averages_lag"
    print(results.store("averages_lag", command, measure_all()))
