"""What the running statistics that all steps share lack: one kind of net, statistics exchanged.

It is not the first steps', nor each step's variance, but each step's mean, which follows the place
of the image that the step reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from bncourse.experiments.recurrent import StackedRNN, accuracy, re_estimated
from bncourse.experiments.recurrent_runs import SEEDS, in_batches, run


@dataclass(frozen=True)
class OneNet:
    """Test accuracies of one kind of net by several statistics, S seeds, short training.

    Attributes:
        own_steps: (K,) how many of the first steps are evaluated by running statistics of their
            own; the others share one set. 0 is all shared, T is per step.
        evaluated: (K, S).
        shared_again: (S,) by shared statistics over the whole training set instead.
        by_batch: (S,) by the statistics of batches of 100.
        own_means: (S,) by each step's own mean and a variance that all steps share.
        own_variances: (S,) the other way round.
        mean, var: (S, T, H) running statistics of each step.
        updates: of the training.
        seeds: (S,).
    """

    own_steps: tuple[int, ...]
    evaluated: np.ndarray
    shared_again: np.ndarray
    by_batch: np.ndarray
    own_means: np.ndarray
    own_variances: np.ndarray
    mean: np.ndarray
    var: np.ndarray
    updates: int
    seeds: tuple[int, ...]


def measure_one_net(
    own_steps: Sequence[int] = (0, 1, 4, 8, 16),
    *,
    steps: int = 16,
    gamma: float = 0.1,
    rate: float = 1.0,
    seeds: Sequence[int] = SEEDS,
    updates: int = 100,
) -> OneNet:
    """Train BN nets for a moment, and evaluate them by several kinds of running statistics.

    More and more of the first steps get statistics of their own; then all get one of the two. Two
    to three seconds.
    """

    def measure(model: StackedRNN, x: Tensor, x_test: Tensor, y_test: Tensor) -> dict:
        model.statistics, rows = "shared", []
        with re_estimated(model, x):
            again = accuracy(model(x_test), y_test)
        for count in own_steps:
            model.own_steps = count
            rows.append(accuracy(model(x_test), y_test))
        halves = []
        for model.statistics in ("own means", "own variances"):
            halves.append(accuracy(model(x_test), y_test))
        return {
            "halves": halves,
            "evaluated": np.array(rows),
            "re-estimated": again,
            "by batch": in_batches(model, x_test, y_test, 100),
            "mean": model.mean.squeeze(-1).transpose(0, 1).numpy().astype(float),
            "var": model.var.squeeze(-1).transpose(0, 1).numpy().astype(float),
        }

    found = run(steps, "orthogonal", "batch", gamma, rate, seeds, measure, [updates])[0]
    return OneNet(
        tuple(own_steps),
        found["evaluated"],
        found["re-estimated"],
        found["by batch"],
        *found["halves"],
        found["mean"],
        found["var"],
        updates,
        tuple(seeds),
    )
