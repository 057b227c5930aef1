"""2.3: mend a pipeline through which the test set leaks."""

from __future__ import annotations

import warnings

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Case, Misconception, Task

FITTED = {  # the rows that the mean and the spread come from
    "train": ("train", "train"),
    "all": ("all", "all"),
    "test": ("test", "test"),
    "mean of all": ("all", "train"),
    "sd of all": ("train", "all"),
    "one too many": ("one too many", "one too many"),
}


def predict_test(
    X, y, n_train, *, fit="train", test="by training", centres="train", classes="train"
):  # fmt: skip
    """Standardise, then give each test row the label of the nearest class centre.

    Returns train (n_train, D), test (N − n_train, D) and guess (N − n_train,); the keywords switch
    single leaks on.
    """
    parts = {"train": X[:n_train], "all": X, "test": X[n_train:]}
    parts["one too many"] = X[: n_train + 1]
    fitted = FITTED[fit]
    mean, sd = parts[fitted[0]].mean(axis=0), parts[fitted[1]].std(axis=0)
    train = (X[:n_train] - mean) / sd
    tested = X[n_train:] if test == "raw" else (X[n_train:] - mean) / sd
    if test == "own ruler":
        tested = (tested - tested.mean(axis=0)) / tested.std(axis=0)
    elif test == "own mean":
        tested = tested - tested.mean(axis=0)
    elif test == "own spread":
        tested = (X[n_train:] - mean) / X[n_train:].std(axis=0)
    labels = y[:n_train]
    known, answers = train, labels
    if centres == "all":
        known, answers = np.concatenate([train, tested]), y
    kinds = np.unique(y if classes == "all" else labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class that only the test has: the mean of no row
        middle = np.stack([known[answers == c].mean(axis=0) for c in kinds])
    nearest = ((tested[:, None] - middle) ** 2).sum(axis=2).argmin(axis=1)
    return train, tested, nearest if classes == "places" else kinds[nearest]


def _raw(X, y, n_train):
    kinds = np.unique(y[:n_train])
    middle = np.stack([X[:n_train][y[:n_train] == c].mean(axis=0) for c in kinds])
    distance = ((X[n_train:, None] - middle) ** 2).sum(axis=2)
    return X[:n_train], X[n_train:], kinds[distance.argmin(axis=1)]


def given(X, y, n_train):
    """The pipeline as learners find it, with both leaks."""
    return predict_test(X, y, n_train, fit="all", test="own ruler")


_slip = slips(predict_test)

MISCONCEPTIONS = (
    _slip(
        "fit on everything",
        "The mean and the spread still come from all rows. Change one test row, and every training "
        "row changes.",
        "Which rows may the ruler be made from?",
        "M11",
        fit="all",
    ),
    _slip(
        "spread of everything",
        "The mean comes from the training rows now, the spread still from all.",
        "Which rows may the ruler be made from, all of it?",
        "M11",
        fit="sd of all",
    ),
    _slip(
        "mean of everything",
        "The spread comes from the training rows now, the mean still from all.",
        "Which rows may the ruler be made from, all of it?",
        "M11",
        fit="mean of all",
    ),
    _slip(
        "own ruler",
        "The test rows are still measured by their own mean and spread. What one test row gets "
        "depends on which others are in the set.",
        "What would a test set of a single row become?",
        "M11",
        test="own ruler",
    ),
    _slip(
        "own mean",
        "The test rows still have their own mean subtracted.",
        "What would a test set of a single row become?",
        "M11",
        test="own mean",
    ),
    _slip(
        "fit on the test set",
        "Now the ruler comes from the test rows, and from nothing else.",
        "Which rows do you have before the first test row arrives?",
        "M11",
        fit="test",
    ),
    _slip(
        "test left raw",
        "The test rows come out as they were: not standardised, or by a mean and a spread of "
        "training rows that had been standardised already (0 and 1).",
        "In which unit are the centres, and in which the test rows?",
        test="raw",
    ),
    _slip(
        "own spread",
        "The test rows have the training mean subtracted, but are divided by their own spread.",
        "What would a test set of a single row become?",
        "M11",
        test="own spread",
    ),
    _slip(
        "one row too many",
        "The ruler comes from one row more than the training set has: the first test row is in it.",
        "Which rows does X[: n_train + 1] hold?",
        "M11",
        fit="one too many",
    ),
    Misconception(
        "nothing standardised",
        "Neither part is standardised any more.",
        "Which line of the script was right, for the training rows?",
        wrong=lambda X, y, n_train: _raw(X, y, n_train),
    ),
    _slip(
        "classes of the test",
        "The classes come from all labels: one of them may have no training row, and labels of "
        "the test set are not known in advance.",
        "Whose labels may be used before the test?",
        "M11",
        classes="all",
    ),
    _slip(
        "places for labels",
        "guess holds the places of the classes, not their labels.",
        "If the classes are 3 and 7, what should guess hold?",
        classes="places",
    ),
    _slip(
        "centres from everything",
        "The class centres are averages over all rows: the test rows' labels have leaked in.",
        "Whose labels may be used before the test?",
        "M11",
        centres="all",
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw labelled tables whose test part lies elsewhere than the training part."""

    def draw(label, n, d, n_train, classes=2, shift=0.7, labels=(3, 7, 8)):
        y = np.concatenate([rng.permutation(n_train), rng.permutation(n - n_train)]) % classes
        X = rng.normal(0, 1, (n, d)) + 0.7 * y[:, None] * rng.normal(0, 1, d)
        X[n_train:] += shift
        return Case(label, (X * 10.0 ** rng.integers(-1, 4, d) + 5, np.array(labels)[y], n_train))

    new = draw("a class that only the test has", 30, 3, 20)
    new.args[1][-4:] = 9
    return [
        new,
        draw("8 rows, 5 of them for training", 8, 2, 5),
        draw("20 rows, 14 of them for training", 20, 3, 14),
        draw("three classes, many test rows", 150, 4, 30, 3),
        draw("a test set of three rows", 15, 2, 12),
    ]


def _index_lists(X, y, n_train):
    train, test = X[:n_train].copy(), X[n_train:].copy()
    for j in range(X.shape[1]):
        mean, sd = train[:, j].mean(), train[:, j].std()
        train[:, j] = (train[:, j] - mean) / sd
        test[:, j] = (test[:, j] - mean) / sd
    classes = sorted(set(y[:n_train]))
    middle = [train[y[:n_train] == c].mean(axis=0) for c in classes]
    guess = [classes[np.argmin([((t - m) ** 2).sum() for m in middle])] for t in test]
    return train, test, np.array(guess)


TASK = Task(
    id="2.3",
    title="the leaky pipeline",
    entry="predict_test",
    objective="Find where a test set leaks into training",
    minutes=12,
    params=("X", "y", "n_train"),
    outputs=("train", "test", "guess"),
    cases=cases,
    reference=predict_test,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Go through the lines and ask of each: if one test row were another, would a training row "
        "come out differently? Would another test row?",
        "The ruler must exist before the first test row arrives, and it must be the same ruler for "
        "both parts. There are two lines that break this.",
        "First leak: `X.mean(axis=0)` runs over all rows; the training rows are `X[:n_train]`. "
        "Mend that and the line for sd. Then ask which line touches `test` once more.",
    ),
    stub=given,
    given=given,
    accepted=(_index_lists,),
    switchboard=predict_test,
)
