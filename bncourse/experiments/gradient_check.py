"""How well a numerical gradient meets the analytic one of batch normalisation, and where it fails.

A difference quotient is wrong in two ways. Its *truncation* error shrinks with the step h: like h
for the one-sided quotient, like h^2 for the central one. Its *rounding* error grows like 1 / h, as
it subtracts two nearly equal losses. In between lies the best step. The loss of a check matters
too: some losses have a true gradient of 0, and then any dx that is small enough passes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bncourse.layers.batch_norm import batchnorm_backward, batchnorm_forward

STEPS = tuple(10.0**-k for k in range(1, 13))
PROBLEMS = 40
KINDS = ("one-sided, float64", "central, float64", "central, float32")
LOSSES = ("sum(y)", "sum(y**2)", "sum(y * weights)")


@dataclass(frozen=True)
class Problem:
    """One random batch, its BN layer, and a direction to move in.

    All numbers are float64, but such that float32 holds them exactly: both precisions then start
    from the same place.

    Attributes:
        x, weights: (N, D). The loss is sum(y * weights).
        gamma, beta: (D,).
        eps: added to the variance.
        direction: (N, D) of -1 and 1: a step h moves each entry of x by h, up or down.
    """

    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    weights: np.ndarray
    direction: np.ndarray
    eps: float

    @cached_property
    def analytic(self) -> float:
        """The slope of the loss along the direction, by ``batchnorm_backward`` in float64."""
        _, cache = batchnorm_forward(self.x, self.gamma, self.beta, self.eps)
        dx, _, _ = batchnorm_backward(self.weights, cache)
        return float((dx * self.direction).sum())

    def numerical(self, h: float, *, central: bool, dtype: type = np.float64) -> float:
        """Return the difference quotient of the loss along the direction, worked out in dtype."""
        ahead = self._loss(h, dtype)
        if central:
            return float((ahead - self._loss(-h, dtype)) / dtype(2 * h))
        return float((ahead - self._loss(0.0, dtype)) / dtype(h))

    def _loss(self, h: float, dtype: type) -> np.floating:
        x = self.x.astype(dtype) + dtype(h) * self.direction.astype(dtype)
        y, _ = batchnorm_forward(x, self.gamma, self.beta, self.eps)
        return (y * self.weights.astype(dtype)).sum()


@dataclass(frozen=True)
class StepSizes:
    """Relative errors |numerical - analytic| / max(|numerical|, |analytic|) of one slope each.

    Attributes:
        steps: (K,), from the largest to the smallest.
        kinds: names of the difference quotients and their precision.
        errors: (kinds, problems, K). Each problem is another batch, layer and direction.
    """

    steps: np.ndarray
    kinds: tuple[str, ...]
    errors: np.ndarray

    @property
    def median(self) -> np.ndarray:
        """Median over the problems, (kinds, K)."""
        return np.median(self.errors, axis=1)

    @property
    def quartiles(self) -> np.ndarray:
        """First and third quartile over the problems, (2, kinds, K)."""
        return np.quantile(self.errors, (0.25, 0.75), axis=1)

    def best(self, kind: str) -> tuple[float, float]:
        """Return the step with the lowest median error, and that error."""
        median = self.median[self.kinds.index(kind)]
        k = int(median.argmin())
        return float(self.steps[k]), float(median[k])


@dataclass(frozen=True)
class BlindLosses:
    """How large the gradients of three losses truly are: root mean square of their entries.

    Attributes:
        losses: names of the losses.
        eps: added to the variance.
        dy: (losses, problems), what goes into the backward pass.
        dx: (losses, problems), what comes out of it.
    """

    losses: tuple[str, ...]
    eps: float
    dy: np.ndarray
    dx: np.ndarray


def problems(
    seed: int = 0, count: int = PROBLEMS, shape: tuple[int, int] = (16, 4), eps: float = 1e-2
) -> Iterator[Problem]:
    """Yield random problems, x of ``shape`` (N, D); the first ones do not depend on ``count``."""
    n, d = shape
    for k in range(count):
        rng = np.random.default_rng([seed, k])
        spread, mean = rng.uniform(0.5, 2.0, d), rng.normal(size=d)
        arrays = (
            mean + spread * rng.normal(size=(n, d)),
            rng.uniform(0.5, 1.5, d),
            rng.normal(size=d),
            rng.normal(size=(n, d)),
        )
        x, gamma, beta, weights = (a.astype(np.float32).astype(float) for a in arrays)
        yield Problem(x, gamma, beta, weights, rng.choice([-1.0, 1.0], (n, d)), eps)


def step_size_curve(
    seed: int = 0, steps: Sequence[float] = STEPS, count: int = PROBLEMS
) -> StepSizes:
    """Compare one slope of each problem with its difference quotients, for every step and kind."""
    quotients = (
        {"central": False, "dtype": np.float64},
        {"central": True, "dtype": np.float64},
        {"central": True, "dtype": np.float32},
    )
    errors = np.array(
        [
            [[_relative(p.numerical(h, **how), p.analytic) for h in steps] for how in quotients]
            for p in problems(seed, count)
        ]
    )
    return StepSizes(np.array(steps), KINDS, errors.swapaxes(0, 1))


def blind_losses(seed: int = 0, count: int = PROBLEMS, eps: float = 1e-5) -> BlindLosses:
    """Take the gradients of sum(y), sum(y**2) and sum(y * weights) on the same problems.

    With eps = 0 the first two do not depend on x at all: each feature of y has mean beta and mean
    square gamma^2 + beta^2, whatever the batch.
    """
    dy_sizes, dx_sizes = [], []
    for p in problems(seed, count, eps=eps):
        y, cache = batchnorm_forward(p.x, p.gamma, p.beta, p.eps)
        gradients = (np.ones_like(y), 2 * y, p.weights)
        dy_sizes.append([_size(dy) for dy in gradients])
        dx_sizes.append([_size(batchnorm_backward(dy, cache)[0]) for dy in gradients])
    return BlindLosses(LOSSES, eps, np.array(dy_sizes).T, np.array(dx_sizes).T)


def _relative(numerical: float, analytic: float) -> float:
    return abs(numerical - analytic) / max(abs(numerical), abs(analytic))


def _size(gradient: np.ndarray) -> float:
    return float(np.sqrt(np.square(gradient).mean()))
