"""Lesson 04, and exact facts of lesson 07: gradients of batch norm."""

from __future__ import annotations

from functools import cache

import numpy as np

from bncourse import results
from bncourse.experiments.outside_the_gradient import BiasRuns, NetRuns, bias_runs, load, net_runs
from bncourse.layers.batch_norm import batchnorm_backward, batchnorm_forward
from bncourse.ledger.measuring import Value, finding, paired


def _layer(eps: float = 0.0, m: int = 16) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x_hat, dy and dx of a random batch, (m, 5) each."""
    rng = np.random.default_rng(0)
    x, dy, gamma = rng.normal(2, 3, (m, 5)), rng.normal(size=(m, 5)), rng.uniform(0.5, 2, 5)
    _, cached = batchnorm_forward(x, gamma, np.zeros(5), eps)
    return cached["x_hat"], dy, batchnorm_backward(dy, cached)[0]


@finding("sum-of-dx", "sum of a feature's input gradients over the batch", by="layers.batch_norm")
def _() -> float:
    return max(abs(_layer(eps)[2].sum(axis=0)).max() for eps in (0, 1e-5, 1))


@finding("dx-along-x-hat", "share of dx along x_hat, eps = 0", by="layers.batch_norm")
def _() -> float:
    x_hat, _, dx = _layer()
    return abs((dx * x_hat).sum(axis=0)).max()


@finding(
    "zero-singular-values",
    "singular values 0 of the normaliser's Jacobian for one feature of 16 samples",
    2,
    2,
    by="layers.batch_norm",
)
def _() -> float:
    return float((_normaliser_singular_values() < 1e-10).sum())


@finding(
    "other-singular-values",
    "distance of the normaliser's other singular values from 1/sd",
    by="layers.batch_norm",
)
def _() -> float:
    values = _normaliser_singular_values()
    sd = _column().std()
    return abs(values[values > 1e-10] - 1 / sd).max()


def _column() -> np.ndarray:
    return np.random.default_rng(1).normal(2, 3, (16, 1))


def _normaliser_singular_values() -> np.ndarray:
    _, cached = batchnorm_forward(_column(), np.ones(1), np.zeros(1), 0.0)
    rows = [batchnorm_backward(push.reshape(-1, 1), cached)[0].ravel() for push in np.eye(16)]
    return np.linalg.svd(np.array(rows), compute_uv=False)


def _behind_weights(scale: float, eps: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the outputs of BN behind weights times `scale`, and those weights' gradient."""
    x, w, dy = _drawn()
    y, cached = batchnorm_forward(x @ (scale * w), np.ones(5), np.zeros(5), eps)
    return y, x.T @ batchnorm_backward(dy, cached)[0]


def _drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(32, 8)), rng.normal(size=(8, 5)), rng.normal(size=(32, 5))


def weights_and_gradient() -> tuple[np.ndarray, np.ndarray]:
    """Return weights in front of a batch norm with eps = 0, and their gradient, (8, 5) each."""
    return _drawn()[1], _behind_weights(1)[1]


@finding("scale-output", "change of the output when the weights grow tenfold, eps = 0",
         by="layers.batch_norm")  # fmt: skip
def _() -> float:
    return abs(_behind_weights(10)[0] - _behind_weights(1)[0]).max()


@finding("scale-gradient", "distance of their gradient from a tenth of what it was",
         by="layers.batch_norm")  # fmt: skip
def _() -> float:
    return abs(_behind_weights(10)[1] - _behind_weights(1)[1] / 10).max()


@finding("gradient-across-weights", "share of a unit's gradient along its own weights, eps = 0",
         by="layers.batch_norm")  # fmt: skip
def _() -> float:
    w, gradient = weights_and_gradient()
    return abs((w * gradient).sum(axis=0)).max()


@cache
def _bias() -> BiasRuns:
    return bias_runs()


@finding(
    "bias-runs",
    "a bias after 1000 steps that take the mean for a constant",
    500,
    5000,
    by="outside_the_gradient",
)
def _() -> float:
    return _bias().b_outside[-1]


@finding(
    "bias-stays",
    "a bias after 1000 steps with the mean inside the gradient",
    by="outside_the_gradient",
)
def _() -> float:
    return abs(_bias().b_inside).max()


@finding("bias-loss", "relative change of the loss while the bias runs", by="outside_the_gradient")
def _() -> float:
    loss = _bias().loss_outside
    return abs(loss - loss[0]).max() / loss[0]


def _accuracy(rates: tuple[float, float]) -> Value:
    runs = [next(r for r in arm if r.learning_rate == rate)
            for arm, rate in zip(load().values(), rates, strict=True)]  # fmt: skip
    return paired(*(100 * run.accuracy[:, -1] for run in runs))


@finding(
    "outside-same-rate",
    "test accuracy lost with the statistics outside the gradient, at the rate 1/16",
    10,
    40,
    unit="points",
    by="outside_the_gradient",
    stored="outside_the_gradient",
)
def _() -> Value:
    return _accuracy((1 / 16, 1 / 16))


@finding(
    "outside-own-rate",
    "test accuracy lost with the statistics outside the gradient, each way at its best rate",
    0.2,
    4.5,
    unit="points",
    by="outside_the_gradient",
    stored="outside_the_gradient",
)
def _() -> Value:
    best = results.load("outside_the_gradient")["best_rate"]
    return _accuracy((best["through"], best["outside"]))


@finding(
    "outside-rate-4",
    "mean test accuracy with the statistics outside the gradient at the rate 4 (the search)",
    5,
    20,
    unit="%",
    by="outside_the_gradient",
    stored="outside_the_gradient",
)
def _() -> float:
    return _searched("outside", 4.0)


@finding(
    "through-rate-4",
    "mean test accuracy through the statistics at the rate 4 (the search)",
    95,
    100,
    unit="%",
    by="outside_the_gradient",
    stored="outside_the_gradient",
)
def _() -> float:
    return _searched("through", 4.0)


def _searched(arm: str, rate: float) -> float:
    search = results.load("outside_the_gradient")["search"]
    return 100 * search["mean_accuracy"][arm][search["learning_rates"].index(rate)]


@cache
def _short(arm: str) -> NetRuns:
    return net_runs(arm, 1 / 16, (0, 200), (0, 1))


@finding(
    "weights-grow-outside",
    "growth of the weights in 200 updates with the statistics outside the gradient",
    1.3,
    4,
    unit="times",
    by="outside_the_gradient",
)
def _() -> float:
    norm = _short("outside").weight_norm
    return (norm[:, -1] / norm[:, 0]).mean()


@finding(
    "weights-grow-through",
    "growth of the weights in 200 updates through the statistics",
    1,
    1.05,
    unit="times",
    by="outside_the_gradient",
)
def _() -> float:
    norm = _short("through").weight_norm
    return (norm[:, -1] / norm[:, 0]).mean()
