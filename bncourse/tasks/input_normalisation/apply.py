"""2.2b: apply a standardiser that was fitted elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Case, Misconception, Task

RULERS = {  # whose mean and spread are used
    "given": lambda mean, sd, own: (mean, sd),
    "own": lambda mean, sd, own: own,
    "own mean": lambda mean, sd, own: (own[0], sd),
    "own spread": lambda mean, sd, own: (mean, own[1]),
}
SPREADS = {
    "given": lambda sd: sd,
    "squared": lambda sd: sd**2,
    "times": lambda sd: 1 / sd,
}


def apply_standardizer(
    X, mean, sd, *, ruler="given", left_out="", spread="given", order="right", sign=1
):  # fmt: skip
    """Return Z (N, D); the keywords switch single slips on."""
    own_sd = np.where(X.max(axis=0) == X.min(axis=0), 1, X.std(axis=0))
    mean, sd = RULERS[ruler](mean, sd, (X.mean(axis=0), own_sd))
    shift = 0 * mean if left_out == "mean" else mean
    scale = np.ones_like(sd) if left_out == "sd" else SPREADS[spread](sd)
    if order == "divide first":
        return sign * (X / scale - shift)
    return sign * (X - shift) / scale


_slip = slips(apply_standardizer)

MISCONCEPTIONS = (
    replace(
        _slip(
            "own ruler",
            "The rows were measured with a mean and a spread of their own; what was passed in is "
            "not used. If each set is its own ruler, nothing can be longer: a shift vanishes, and "
            "a single row becomes all 0, or nan.",
            "What does your function return for one row, whatever the row is?",
            "M11",
            ruler="own",
        ),
        variants=(lambda X, mean, sd: (X - X.mean(axis=0)) / X.std(axis=0),),
    ),
    _slip(
        "own mean",
        "The spread is the one that was passed in, the mean is the rows' own.",
        "A set of patients is one sd above the training set. Can your result show that?",
        "M11",
        ruler="own mean",
    ),
    replace(
        _slip(
            "own spread",
            "The mean is the one that was passed in, the spread is the rows' own.",
            "What is the spread of a single row?",
            "M11",
            ruler="own spread",
        ),
        variants=(lambda X, mean, sd: (X - mean) / X.std(axis=0),),
    ),
    Misconception(
        "unchanged",
        "The rows came back as they were.",
        "What should a row that equals the mean become?",
        wrong=lambda X, mean, sd: X,
    ),
    Misconception(
        "the way back",
        "That is the way back, from standardised values to the old unit.",
        "In which unit are the rows that you were given?",
        wrong=lambda X, mean, sd: X * sd + mean,
    ),
    Misconception(
        "brackets forgotten",
        "Only the mean was divided by the spread: division comes before subtraction.",
        "What does X - mean / sd compute first?",
        wrong=lambda X, mean, sd: X - mean / sd,
    ),
    _slip(
        "not centred",
        "The values were divided by the spread, but the mean is still in them.",
        "What should a row that equals the mean become?",
        left_out="mean",
    ),
    _slip(
        "only centred",
        "The mean was subtracted, but nothing was divided.",
        "In which unit are your results?",
        left_out="sd",
    ),
    _slip(
        "variance for sd",
        "The values were divided by the square of the spread.",
        "Which of the two, variance or standard deviation, has the unit of x?",
        "M1",
        spread="squared",
    ),
    _slip(
        "multiplied",
        "The values were multiplied by the spread instead of divided.",
        "Should a feature with a large spread become larger or smaller?",
        spread="times",
    ),
    _slip(
        "divided first",
        "The division came before the subtraction, so the mean was subtracted in the old unit.",
        "What should a row that equals the mean become?",
        order="divide first",
    ),
    _slip(
        "sign",
        "The size is right and the sign is not.",
        "Is a value above the mean positive afterwards?",
        sign=-1,
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw new rows beside statistics that are not theirs."""

    def draw(label, n, d, shift=0.0, dtype=float, rtol=1e-7):
        mean, sd = rng.normal(5, 3, d), rng.uniform(0.5, 4, d)
        X = mean + shift * sd + rng.normal(0, 1, (n, d)) * sd
        return Case(label, tuple(a.astype(dtype) for a in (X, mean, sd)), rtol)

    two = (np.array([[30.0, 5000.0]]), np.array([36.0, 4000.0]), np.array([12.0, 2000.0]))
    constant = draw("a column that was constant in training", 5, 2)
    constant.args[2][1] = 1.0
    far = draw("a row far from the others", 4, 2)
    far.args[0][2] += 40 * far.args[2]
    return [
        Case("one person", two),
        draw("five new rows", 5, 3),
        draw("a single row", 1, 4),
        draw("patients one sd above the training set", 8, 2, 1.0),
        constant,
        far,
        draw("float32", 6, 3, 0.5, np.float32, 1e-4),
    ]


def _loops(X, mean, sd):
    return [[(x - m) / s for x, m, s in zip(row, mean, sd, strict=True)] for row in X]


def _one_line(X, mean, sd):
    return X * (1 / sd) - mean / sd


def stub(X, mean, sd):
    """The exercise as learners find it."""
    Z = None
    return Z


TASK = Task(
    id="2.2b",
    title="apply a standardiser",
    entry="apply_standardizer",
    objective="Standardise new rows by the training set's ruler",
    minutes=4,
    params=("X", "mean", "sd"),
    outputs=("Z",),
    cases=cases,
    reference=apply_standardizer,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Three things were passed in. Is each of them used, and does the function measure anything "
        "itself?",
        "New rows are measured by the ruler of the training set: subtract its mean, divide by its "
        "sd. Nothing is computed from the new rows.",
        "For x = 30, mean = 36, sd = 12: (30 − 36) / 12 = −0.5. NumPy does the same for every "
        "column at once, since mean and sd have one entry for each.",
    ),
    stub=stub,
    accepted=(_loops, _one_line),
    switchboard=apply_standardizer,
)
