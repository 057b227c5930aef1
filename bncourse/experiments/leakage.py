"""What leaks from a test set into its own preparation: how much, and when it matters.

Two slips, each against the right way on the same random splits:

- Mean and standard deviation of all rows instead of the training rows only.
- Features picked by how well they separate the classes on all rows instead of the training rows.
  The features are noise, so an honest accuracy is one half.

The classifier goes by the nearest neighbours: it measures distances, so the ruler matters to it.

`python -m bncourse.experiments.leakage` stores what it finds, in about ten seconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from bncourse import results
from bncourse.data import Table, load_breast_cancer, load_wine

TABLES = {"wine": load_wine, "breast cancer": load_breast_cancer}
SEEDS = tuple(range(200))
NEIGHBOURS = 5
TRAIN_SIZES = (20, 60)
NOISE_ROWS, NOISE_FEATURES, SELECTED = 50, 1000, 20
FIRST = 5  # seeds whose accuracies are stored one by one


@dataclass(frozen=True)
class Paired:
    """Two ways to prepare the same splits: test accuracy of each with S seeds, (S,).

    `right` uses the training rows only, `wrong` looks at the test rows.
    """

    right: np.ndarray
    wrong: np.ndarray

    @property
    def difference(self) -> float:
        """Mean of wrong - right."""
        return float(np.mean(self.wrong - self.right))

    @property
    def standard_error(self) -> float:
        """The standard error of the difference, from its spread over the seeds.

        The splits share one table: it says how well its mean is known, and nothing of other tables.
        """
        return float(np.std(self.wrong - self.right, ddof=1) / np.sqrt(len(self.right)))

    def summary(self) -> dict:
        """Return means, their standard deviations over seeds, and the first seeds' accuracies."""
        return {
            "seeds": len(self.right),
            "right": rounded(self.right.mean()),
            "right_sd": rounded(self.right.std(ddof=1)),
            "wrong": rounded(self.wrong.mean()),
            "wrong_sd": rounded(self.wrong.std(ddof=1)),
            "difference": rounded(self.difference),
            "standard_error": rounded(self.standard_error),
            "first": {
                "right": [rounded(value) for value in self.right[:FIRST]],
                "wrong": [rounded(value) for value in self.wrong[:FIRST]],
            },
        }


def split(table: Table, rows: int, seed: int) -> list[np.ndarray]:
    """Return x, x_test, y, y_test with that many training rows and the classes' mixture in both."""
    return train_test_split(table.x, table.y, train_size=rows, stratify=table.y, random_state=seed)


def accuracy(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray) -> float:
    """Return the share of test rows whose `NEIGHBOURS` nearest training rows vote for their y."""
    return KNeighborsClassifier(NEIGHBOURS).fit(x, y).score(x_test, y_test)


def pair(accuracies: Callable[[int], tuple[float, float]], seeds: Sequence[int]) -> Paired:
    """Call `accuracies` with every seed; it returns the accuracies of the right and wrong way."""
    return Paired(*np.array([accuracies(seed) for seed in seeds]).T)


def rounded(value: float) -> float:
    """Return the value as it is stored, to five decimals and never as -0.0."""
    return round(float(value), 5) + 0.0


def statistics_of_all_rows(name: str, rows: int, seeds: Sequence[int] = SEEDS) -> Paired:
    """Standardise a table by its training rows, `rows` of them, or by all rows."""
    table = TABLES[name]()

    def accuracies(seed: int) -> tuple[float, float]:
        x, x_test, y, y_test = split(table, rows, seed)
        rulers = StandardScaler().fit(x), StandardScaler().fit(table.x)
        return tuple(accuracy(r.transform(x), y, r.transform(x_test), y_test) for r in rulers)

    return pair(accuracies, seeds)


def selection_on_all_rows(seeds: Sequence[int] = SEEDS) -> Paired:
    """Pick the `SELECTED` best of `NOISE_FEATURES` on the training half, or on all rows.

    Two classes of the same size have nothing to do with the features, all drawn from N(0, 1).
    """

    def accuracies(seed: int) -> tuple[float, float]:
        noise = np.random.default_rng(seed).normal(size=(NOISE_ROWS, NOISE_FEATURES))
        table = Table(noise, np.arange(NOISE_ROWS) % 2, ())
        x, x_test, y, y_test = split(table, NOISE_ROWS // 2, seed)
        # For two classes the order by F value is that by the size of the correlation.
        picks = SelectKBest(k=SELECTED).fit(x, y), SelectKBest(k=SELECTED).fit(table.x, table.y)
        return tuple(accuracy(p.transform(x), y, p.transform(x_test), y_test) for p in picks)

    return pair(accuracies, seeds)


def measure_all() -> dict:
    """Measure both slips, the first on both tables."""
    return {
        "neighbours": NEIGHBOURS,
        "statistics of all rows": {
            name: {str(rows): statistics_of_all_rows(name, rows).summary() for rows in TRAIN_SIZES}
            for name in TABLES
        },
        "selection on all rows": {
            "rows": NOISE_ROWS,
            "features": NOISE_FEATURES,
            "selected": SELECTED,
            **selection_on_all_rows().summary(),
        },
    }


if __name__ == "__main__":
    command = "python -m bncourse.experiments.leakage"
    print(results.store("leakage", command, measure_all()))
