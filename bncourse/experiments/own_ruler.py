"""A test set on a ruler of its own: what standardising it by itself gets wrong, and what it hides.

Training rows are standardised by their own mean and standard deviation, and test rows should be by
those too. Here the test rows get a mean and a standard deviation of their own instead:

- k at a time, dealt at random or class by class;
- all together, when they differ from the training rows: in a unit, by an offset, or in their
  mixture of classes. On a ruler of their own no mean differs from 0, whatever has happened. That
  repairs what is an error of measurement and ruins what is real, and it tells of neither.

`python -m bncourse.experiments.own_ruler` stores what it finds, in about half a minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from bncourse import results
from bncourse.data import load_breast_cancer
from bncourse.experiments.leakage import (
    NEIGHBOURS,
    SEEDS,
    TABLES,
    Paired,
    accuracy,
    pair,
    rounded,
    split,
)

TRAIN_ROWS = 60
GROUPS = (1, 2, 5, 20)  # rows that share a ruler; besides all of them
SHIFTS = ("none", "unit", "offset", "mixture")
SHIFTED = "mean radius"


@dataclass(frozen=True)
class Shifted:
    """A test set that differs from the training set in the way `shift` says.

    "unit" writes the radius in tenths of its unit, so it is ten times as large; "offset" adds one
    standard deviation of the training rows to every column of every test row; "mixture" leaves the
    rows as they are, but nine in ten are malignant instead of four.

    Attributes:
        shift: one of `SHIFTS`.
        accuracy: on the training rows' ruler (right) and on the test rows' own (wrong).
        mean: (S,) mean of the radius over the test rows on the training rows' ruler.
        own_mean: (S,) the same on their own.
    """

    shift: str
    accuracy: Paired
    mean: np.ndarray
    own_mean: np.ndarray


def own_ruler(
    name: str, group: int | None, mixed: bool = True, seeds: Sequence[int] = SEEDS
) -> Paired:
    """Standardise test rows by the 60 training rows, or each `group` of them by itself.

    The test rows are dealt into groups at random, or, unless `mixed`, class by class; what does not
    fill a group is left out of both arms. None puts all test rows into one group. A column that is
    constant in its group becomes 0.
    """
    table = TABLES[name]()

    def accuracies(seed: int) -> tuple[float, float]:
        x, x_test, y, y_test = split(table, TRAIN_ROWS, seed)
        if not mixed:
            by_class = np.argsort(y_test, kind="stable")
            x_test, y_test = x_test[by_class], y_test[by_class]
        size = group or len(x_test)
        used = len(x_test) // size * size
        x_test, y_test = x_test[:used], y_test[:used]
        groups = x_test.reshape(-1, size, x.shape[1])
        own = _by_themselves(groups).reshape(x_test.shape)
        ruler = StandardScaler().fit(x)
        nearest = KNeighborsClassifier(NEIGHBOURS).fit(ruler.transform(x), y)
        return nearest.score(ruler.transform(x_test), y_test), nearest.score(own, y_test)

    return pair(accuracies, seeds)


def shifted(shift: str, seeds: Sequence[int] = SEEDS) -> Shifted:
    """Train on 60 tumours, then meet a test set that differs; see `Shifted`."""
    table = load_breast_cancer()
    column = table.names.index(SHIFTED)

    def measure(seed: int) -> tuple[float, float, float, float]:
        x, x_test, y, y_test = split(table, TRAIN_ROWS, seed)
        if shift == "unit":
            x_test[:, column] *= 10
        elif shift == "offset":
            x_test += x.std(axis=0)
        elif shift == "mixture":
            malignant, benign = np.flatnonzero(y_test == 0), np.flatnonzero(y_test == 1)
            kept = np.concatenate([malignant, benign[: len(malignant) // 9]])
            x_test, y_test = x_test[kept], y_test[kept]
        ruler, own = StandardScaler().fit(x), StandardScaler().fit(x_test)
        z, views = ruler.transform(x), (ruler.transform(x_test), own.transform(x_test))
        right, wrong = (accuracy(z, y, view, y_test) for view in views)
        return right, wrong, *(view[:, column].mean() for view in views)

    right, wrong, mean, own_mean = np.array([measure(seed) for seed in seeds]).T
    return Shifted(shift, Paired(right, wrong), mean, own_mean)


def _by_themselves(groups: np.ndarray) -> np.ndarray:
    """Standardise each of G groups (G, k, D) by its own mean and standard deviation."""
    constant = np.ptp(groups, axis=1, keepdims=True) == 0
    deviations = np.where(constant, 1, groups.std(axis=1, keepdims=True))
    # Equal numbers have a mean that may be off by rounding.
    return np.where(constant, 0, (groups - groups.mean(axis=1, keepdims=True)) / deviations)


def measure_all() -> dict:
    """Measure all groups of both tables, and all shifts."""
    return {
        "neighbours": NEIGHBOURS,
        "train_rows": TRAIN_ROWS,
        "own ruler": {
            name: {
                "mixed": {str(k or "all"): own_ruler(name, k).summary() for k in (*GROUPS, None)},
                "class by class": {str(k): own_ruler(name, k, False).summary() for k in GROUPS},
            }
            for name in TABLES
        },
        "shifted": {shift: _shift_summary(shifted(shift)) for shift in SHIFTS},
    }


def _shift_summary(result: Shifted) -> dict:
    return {
        "feature": SHIFTED,
        "mean": rounded(result.mean.mean()),
        "mean_sd": rounded(result.mean.std(ddof=1)),
        "own_mean": rounded(result.own_mean.mean()),
        **result.accuracy.summary(),
    }


if __name__ == "__main__":
    command = "python -m bncourse.experiments.own_ruler"
    print(results.store("own_ruler", command, measure_all()))
