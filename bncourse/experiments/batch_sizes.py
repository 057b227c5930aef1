"""Six batch sizes, each at its own learning rate: updates, epochs and time to learn.

The net and the runs are those of `batch_race`; here the learning rates are searched, on other seeds
than those that are compared, and what takes longer than a lesson is stored.

`python -m bncourse.experiments.batch_sizes` measures everything again, in about a minute.
"""

from collections.abc import Callable, Sequence

import numpy as np

from bncourse import results
from bncourse.experiments.batch_race import (
    LOW_LOSS,
    SAMPLES,
    SEEDS,
    SIZES,
    TARGET,
    grid,
    learn,
    updates_per_epoch,
)
from bncourse.experiments.update_times import BATCH_SIZES, time_updates

SEARCH_SEEDS = (100, 101, 102, 103, 104)  # not those of the comparison
SEARCH_RATES = {
    1: (0.0125, 0.025, 0.035, 0.05, 0.07, 0.1, 0.2),
    4: (0.05, 0.1, 0.14, 0.2, 0.28, 0.4, 0.8),
    16: (0.2, 0.4, 0.56, 0.8, 1.1, 1.6),
    64: (0.2, 0.4, 0.56, 0.8, 1.1, 1.6),
    256: (0.2, 0.4, 0.56, 0.8, 1.1, 1.6),
    1297: (0.2, 0.4, 0.56, 0.8, 1.1, 1.6),
}
SAME_RATE, SAME_EPOCHS = 0.05, 3
EQUAL_UPDATES = (50, 100)
LONGEST = 30_000  # updates; a run that is not there by then counts as never


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


if __name__ == "__main__":
    command = "python -m bncourse.experiments.batch_sizes"
    print(results.store("batch_sizes", command, measure_all()))
