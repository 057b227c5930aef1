"""Batch normalisation before or after the activation: a comparison that needs many runs.

Ioffe & Szegedy (2015, section 3.2) put it before. Here an MLP of three hidden layers of 64 ReLUs
learns the digits either way, with 20 seeds, each placement at its own best learning rate. A seed
fixes the split into training and test images, the weights and the order of the batches: two runs of
one seed differ in placement and rate alone, and the spread over seeds holds the luck of the split.

`python -m bncourse.experiments.placement` measures everything again, in about a minute.
"""

from collections.abc import Sequence

import numpy as np
import torch

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread, train

PLACEMENTS = ("before", "after")
SIZES = (64, 64, 64, 64, 10)
BATCH_SIZE = 60
BUDGETS = (300, 1000)  # updates; a ranking that holds at one only says little
SEEDS = tuple(range(20))
SEARCH_SEEDS = tuple(range(100, 110))  # not those of the comparison, or its winners would be lucky
SEARCH_RATES = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0)


def accuracies(
    placement: str, learning_rate: float, seeds: Sequence[int], updates: Sequence[int]
) -> np.ndarray:
    """Train one network per seed; return the test accuracies, (seeds, updates), in float64.

    `updates` are the numbers of updates after which to measure, in ascending order.
    """
    splits = [load_digits(seed) for seed in seeds]
    x = torch.from_numpy(np.concatenate([split.x_train for split in splits]))
    y = torch.from_numpy(np.concatenate([split.y_train for split in splits]))
    x_test = torch.from_numpy(np.stack([split.x_test for split in splits]))
    y_test = torch.from_numpy(np.stack([split.y_test for split in splits]))

    # The training sets lie one behind the other: each seed's sample numbers start at its own set.
    samples = len(splits[0].x_train)
    first = samples * torch.arange(len(seeds))[:, None]
    model = build_mlp(
        SIZES,
        seeds,
        activation="relu",
        init="torch",
        norm="batch",
        placement=placement,
        hidden_bias=placement == "after",  # before a BN it would do nothing
    )
    with one_thread():
        readings = train(
            model,
            x,
            y,
            (first + batch for batch in mini_batches(samples, BATCH_SIZE, seeds)),
            learning_rate=learning_rate,
            measure=lambda model: accuracy(model(x_test), y_test),
            measure_at=updates,
        )
    return np.stack(readings, axis=1)


def compare() -> dict:
    """Search each placement's learning rate for each budget, then compare at those."""
    search = {placement: _search(placement) for placement in PLACEMENTS}
    longer, shorter = (_compare_at(budget, search) for budget in reversed(BUDGETS))
    return {
        "network": {"sizes": SIZES, "activation": "relu", "batch_size": BATCH_SIZE},
        "seeds": SEEDS,
        **longer,
        "shorter": shorter,
    }


def _search(placement: str) -> np.ndarray:
    """Return the mean test accuracy over `SEARCH_SEEDS`, (rates, budgets)."""
    runs = [accuracies(placement, rate, SEARCH_SEEDS, BUDGETS) for rate in SEARCH_RATES]
    return np.mean(runs, axis=1)


def _compare_at(budget: int, search: dict[str, np.ndarray]) -> dict:
    column = BUDGETS.index(budget)
    means = {placement: search[placement][:, column] for placement in PLACEMENTS}
    best = {placement: SEARCH_RATES[int(means[placement].argmax())] for placement in PLACEMENTS}
    runs = {
        placement: accuracies(placement, best[placement], SEEDS, [budget])[:, 0]
        for placement in PLACEMENTS
    }
    return {
        "updates": budget,
        "learning_rate": best,
        "accuracy": {placement: runs[placement].round(4).tolist() for placement in PLACEMENTS},
        "search": {
            "seeds": SEARCH_SEEDS,
            "learning_rates": SEARCH_RATES,
            "mean_accuracy": {name: values.round(4).tolist() for name, values in means.items()},
        },
    }


if __name__ == "__main__":
    print(results.store("placement", "python -m bncourse.experiments.placement", compare()))
