"""Lesson 03: what the layer computes, by arithmetic, and which numbers are idle."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.dead_bias import DeadBias, measure_dead_bias
from bncourse.layers.batch_norm import batchnorm_forward
from bncourse.ledger.measuring import Value, finding, over, paired

FIVE = np.array([1.0, 3, 5, 7, 9])


def normalised(x: np.ndarray, eps: float = 0.0) -> np.ndarray:
    """Return x_hat of a table (N, D) or of one feature (N,)."""
    table = x.reshape(len(x), -1)
    ones, zeros = np.ones(table.shape[1]), np.zeros(table.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return batchnorm_forward(table, ones, zeros, eps)[0].reshape(x.shape)


def preactivations() -> np.ndarray:
    """Return 600 digits behind one random layer of 100 units, (600, 100), as in the lesson."""
    rng = np.random.default_rng(3)
    return load_digits().x_train[:600] @ rng.normal(0, 0.3, (64, 100))


@finding(
    "as-pytorch", "largest difference of the formula from PyTorch's layer", by="layers.batch_norm"
)
def _() -> float:
    x = preactivations()
    theirs = torch.nn.BatchNorm1d(100, dtype=torch.float64)(torch.tensor(x)).detach().numpy()
    return abs(normalised(x, 1e-5) - theirs).max()


@finding("five-samples", "distance of mean, variance and x_hat from the values by hand", by="hand")
def _() -> float:
    by_hand = np.array([-2, -1, 0, 1, 2]) / np.sqrt(2)
    return max(abs(FIVE.mean() - 5), abs(FIVE.var() - 8), abs(normalised(FIVE) - by_hand).max())


@finding("shape-kept", "change of a skewed pixel's skewness by batch norm", by="hand")
def _() -> float:
    def skewness(v: np.ndarray) -> float:
        return float(((v - v.mean()) ** 3).mean() / v.std() ** 3)

    pixel = load_digits().x_train[:600, 10]
    return abs(skewness(pixel) - skewness(normalised(pixel, 1e-5)))


@finding(
    "divided-by-variance",
    "largest x_hat of (1, 3, 5, 7, 9) divided by the variance, where the root gives 1.414",
    0.499,
    0.501,
    by="hand",
)
def _() -> float:
    return ((FIVE - FIVE.mean()) / FIVE.var()).max()


@finding(
    "unit-felt",
    "what metres to centimetres do to a result divided by the variance",
    0.00999,
    0.01001,
    unit="times",
    by="hand",
)
def _() -> float:
    metres, centimetres = FIVE, 100 * FIVE
    of = [(x - x.mean()) / x.var() for x in (metres, centimetres)]
    return of[1][-1] / of[0][-1]


@finding("unit-not-felt", "change of x_hat by centimetres for metres", by="hand")
def _() -> float:
    return abs(normalised(FIVE) - normalised(100 * FIVE)).max()


@finding("silent-unit-nan", "outputs of a silent unit that are nan without eps", 100, 100,
         unit="%", by="hand")  # fmt: skip
def _() -> float:
    return 100 * np.isnan(normalised(np.zeros(5))).mean()


@finding("silent-unit-with-eps", "outputs of a silent unit with eps = 1e-5", by="hand")
def _() -> float:
    return abs(normalised(np.zeros(5), 1e-5)).max()


@finding("unit-sd-without-eps", "distance of x_hat's mean and sd from 0 and 1, eps = 0", by="hand")
def _() -> float:
    x_hat = normalised(preactivations())
    return max(abs(x_hat.mean(axis=0)).max(), abs(x_hat.std(axis=0) - 1).max())


@finding(
    "sd-at-small-spread",
    "sd of x_hat for a feature of sd 0.001 at eps = 1e-5",
    0.29,
    0.31,
    by="hand",
)
def _() -> float:
    x = 0.001 * normalised(np.random.default_rng(0).normal(size=1000))
    return normalised(x, 1e-5).std()


@finding(
    "mean-after-relu",
    "mean of what the next layer sees after batch norm and a ReLU",
    0.3,
    0.5,
    by="hand",
)
def _() -> float:
    return np.maximum(normalised(preactivations(), 1e-5), 0).mean()


@finding("mean-before-relu", "mean before the ReLU", by="hand")
def _() -> float:
    return abs(normalised(preactivations(), 1e-5).mean())


def _given_back(batch: np.ndarray, of: np.ndarray) -> float:
    gamma, beta = np.sqrt(of.var(axis=0) + 1e-5), of.mean(axis=0)
    return abs(batchnorm_forward(batch, gamma, beta, 1e-5)[0] - batch).max()


@finding("identity-one-batch", "distance from its input of a batch that is given back", by="hand")
def _() -> float:
    first = preactivations()[:60]
    return _given_back(first, first)


@finding(
    "identity-second-batch",
    "distance from its input of a second batch, with the first one's gamma and beta",
    5,
    50,
    by="hand",
)
def _() -> float:
    z = preactivations()
    return _given_back(z[60:120] * 3 + 5, z[:60])


@cache
def _idle() -> DeadBias:
    return measure_dead_bias(updates=10)


@finding("idle-bias-gradient", "length of the gradient of a bias before batch norm", by="dead_bias")
def _() -> float:
    return _idle().gradient_norms["fc1.bias"]


@finding("idle-bias-moved", "how far a bias before batch norm moves in 10 updates", by="dead_bias")
def _() -> float:
    return _idle().bias_moved


@finding("idle-bias-gap", "what leaving it out changes in the outputs after 10 updates",
         by="dead_bias")  # fmt: skip
def _() -> float:
    return _idle().output_gap


@finding("idle-numbers", "numbers of the net that are idle", 256, 256, by="dead_bias")
def _() -> float:
    return _idle().trainable - _idle().trainable_without_bias


def _placement(budget: dict) -> Value:
    before, after = (100 * np.array(budget["accuracy"][name]) for name in ("before", "after"))
    return paired(before, after, "splits")


@finding(
    "before-minus-after",
    "test accuracy after 1000 updates, batch norm before minus after the ReLU",
    -0.5,
    1,
    unit="points",
    by="placement",
    stored="placement",
)
def _() -> Value:
    return _placement(results.load("placement"))


@finding(
    "before-minus-after-early",
    "test accuracy after 300 updates, batch norm before minus after the ReLU",
    0,
    1,
    unit="points",
    by="placement",
    stored="placement",
)
def _() -> Value:
    return _placement(results.load("placement")["shorter"])


@finding("batch-of-two", "distance of |x_hat| from 1 in batches of two, eps = 0", by="hand")
def _() -> float:
    pairs = np.random.default_rng(0).normal(size=(2, 100))
    return abs(abs(normalised(pairs)) - 1).max()


@finding(
    "learned-gamma-sd",
    "sd over the units of gamma after training, which starts at 1 for all",
    0.015,
    0.15,
    by="training",
)
def _() -> Value:
    from bncourse.experiments.batch_race import load_stack
    from bncourse.experiments.training import StackedBatchNorm, build_mlp, mini_batches, train

    seeds = (0, 1, 2, 3, 4)
    x, y, *_ = load_stack(seeds)
    net = build_mlp((64, 64, 10), seeds, activation="relu", init="torch", norm="batch")
    first = x.shape[1] * torch.arange(len(seeds))[:, None]
    batches = (first + batch for batch in mini_batches(x.shape[1], 60, seeds))
    train(net, x.flatten(0, 1), y.flatten(), batches,
          learning_rate=0.25, measure=len, measure_at=[100])  # fmt: skip
    gamma = next(layer for layer in net if isinstance(layer, StackedBatchNorm)).weight
    return over(gamma.detach().view(len(seeds), -1).std(dim=1).numpy())
