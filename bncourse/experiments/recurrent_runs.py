"""One kind of recurrent net, trained on digits in T steps and evaluated after each budget.

Batch norm is evaluated by running statistics that all steps share or that each step has for itself:
one kind of net, trained once, so any difference between the two is made in evaluation.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from bncourse.experiments.recurrent import (
    PIXELS,
    StackedRNN,
    accuracy,
    by_the_batch,
    learn,
    sequences,
)
from bncourse.experiments.training import mini_batches, one_thread

BATCH_SIZE = 100
BUDGETS = {8: (100, 200), 16: (150, 300), 64: (100, 200)}  # updates, by T
SEEDS = (0, 1, 2, 3, 4)


def run(
    steps: int,
    start: str,
    norm: str | None,
    gamma: float,
    rate: float,
    seeds: Sequence[int],
    measure: Callable[[StackedRNN, Tensor, Tensor, Tensor], dict] | None = None,
    budgets: Sequence[int] | None = None,
) -> list[dict[str, np.ndarray]]:
    """Train one net per seed; return what `measure` finds after each budget.

    `measure` gets the model, x (S, n, T, P), x_test and y_test; left out, it is `evaluate`. The
    budgets, left out, are those of `BUDGETS`.
    """
    with one_thread():
        x, y, x_test, y_test = sequences(seeds, steps)
        model = StackedRNN(
            norm, seeds, pixels=PIXELS // steps, steps=steps, gamma=gamma, start=start
        )
        return learn(
            model,
            x,
            y,
            mini_batches(x.shape[1], BATCH_SIZE, seeds),
            learning_rate=rate,
            measure=lambda model: (measure or evaluate)(model, x, x_test, y_test),
            measure_at=budgets or BUDGETS[steps],
        )


def evaluate(model: StackedRNN, x: Tensor, x_test: Tensor, y_test: Tensor) -> dict:
    """Return accuracies (S,) in evaluation mode, by name of the statistics."""
    if model.norm != "batch":
        return {"evaluated": accuracy(model(x_test), y_test)}
    found = {}
    for kind in ("per step", "shared"):
        model.statistics = kind
        found[kind] = accuracy(model(x_test), y_test)
    return found


def in_batches(model: StackedRNN, x: Tensor, y: Tensor, size: int) -> np.ndarray:
    """Return the accuracy (S,) with batches of that size, by the batches' own statistics."""
    with by_the_batch(model):
        return accuracy(torch.cat([model(part) for part in x.split(size, dim=1)], dim=1), y)
