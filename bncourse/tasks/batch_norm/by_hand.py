"""3.1: normalise five numbers by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from bncourse.grading.form import Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception

GAMMA, BETA = 2.0, 1.0


def answers(
    p: Mapping, *, ddof: int = 0, mean: float | None = None, root: bool = True, centre: bool = True
) -> dict[str, np.ndarray]:
    """Return the four answers; the keywords switch single slips on."""
    x = p["x"]
    mean = x.mean() if mean is None else mean
    var = ((x - mean) ** 2).sum() / (len(x) - ddof)
    x_hat = (x[0] - mean * centre) / (np.sqrt(var) if root else var)
    return _named(mean, var, x_hat, GAMMA * x_hat + BETA)


def _named(mean: float, var: float, x_hat: float, y: float) -> dict[str, np.ndarray]:
    values = {"mean": mean, "variance": var, "x_hat_1": x_hat, "y_1": y}
    return {name: np.asarray(value) for name, value in values.items()}


def _changed(p: Mapping, **changes: float) -> dict[str, np.ndarray]:
    """Only the fields that a slip touches."""
    return {name: np.asarray(value) for name, value in changes.items()}


def _x_hat(p: Mapping) -> float:
    return float(answers(p)["x_hat_1"])


def _mean_absolute(p: Mapping) -> dict[str, np.ndarray]:
    x = p["x"]
    spread = np.abs(x - x.mean()).mean()
    x_hat = (x[0] - x.mean()) / spread
    return _changed(p, variance=spread, x_hat_1=x_hat, y_1=GAMMA * x_hat + BETA)


MISCONCEPTIONS = (
    Misconception(
        "unbiased",
        "The sum of squared deviations was divided by N − 1. That estimates the variance of a "
        "population from a sample; here these five numbers are all there is to normalise.",
        "If the outputs' own variance (over N) is to be exactly 1, by what must you divide?",
        "M2",
        lambda p: answers(p, ddof=1),
    ),
    Misconception(
        "variance for sd",
        "The centred value was divided by the variance. Measure x in centimetres instead of "
        "metres and this result changes by a factor of 100.",
        "Which of the two, variance or standard deviation, has the same unit as x?",
        "M1",
        lambda p: answers(p, root=False),
    ),
    Misconception(
        "sd in the variance field",
        "That is the standard deviation; the variance was asked for.",
        "Which of the two is the average of squares, before any root?",
        "M1",
        lambda p: _changed(p, variance=np.sqrt(answers(p)["variance"])),
    ),
    Misconception(
        "sum for average",
        "That is the sum of the squared deviations, not yet their average.",
        "The variance is a mean. How many numbers is it a mean of?",
        "",
        lambda p: answers(p, ddof=len(p["x"]) - 1),
    ),
    Misconception(
        "mean absolute deviation",
        "The spread is the average distance from the mean. Batch norm uses the average squared "
        "distance.",
        "What happens to each deviation before the average is taken?",
        "",
        _mean_absolute,
    ),
    Misconception(
        "not centred",
        "The value was divided by the standard deviation, but the mean is still in it.",
        "What should the average of the normalised values be, and is it?",
        "",
        lambda p: answers(p, centre=False),
    ),
    Misconception(
        "sign",
        "The size is right and the sign is not.",
        "Is the first sample above or below the mean? Which sign should say so?",
        "",
        lambda p: _changed(p, x_hat_1=-_x_hat(p), y_1=GAMMA * -_x_hat(p) + BETA),
    ),
    Misconception(
        "median",
        "That is the middle value. Batch norm takes the arithmetic mean.",
        "What is the sum of the five, shared out equally?",
        "",
        lambda p: answers(p, mean=sorted(p["x"])[2]),
    ),
    Misconception(
        "gamma and beta swapped",
        "Gamma and beta have changed places: 1 was used as the factor and 2 as the shift.",
        "Which one multiplies the normalised value?",
        "",
        lambda p: _changed(p, y_1=BETA * _x_hat(p) + GAMMA),
    ),
    Misconception(
        "shift before scale",
        "Beta was added before gamma multiplied, so the shift was scaled as well.",
        "In y = gamma · x_hat + beta, what comes first?",
        "",
        lambda p: _changed(p, y_1=GAMMA * (_x_hat(p) + BETA)),
    ),
    Misconception(
        "affine on x",
        "Gamma and beta were applied to x itself. They belong to the normalised value.",
        "Which quantity goes into STEP 4?",
        "M8",
        lambda p: _changed(p, y_1=GAMMA * p["x"][0] + BETA),
    ),
    Misconception(
        "gamma forgotten",
        "beta was added, but gamma has not multiplied.",
        "What becomes of the spread of x_hat in STEP 4?",
        "M8",
        lambda p: _changed(p, y_1=_x_hat(p) + BETA),
    ),
    Misconception(
        "beta forgotten",
        "gamma has multiplied, but beta was not added.",
        "What becomes of the mean of x_hat in STEP 4?",
        "M8",
        lambda p: _changed(p, y_1=GAMMA * _x_hat(p)),
    ),
    Misconception(
        "only centred",
        "The mean has been subtracted, but nothing has been divided yet.",
        "What should the spread of the normalised values be?",
        "",
        lambda p: _changed(
            p, x_hat_1=p["x"][0] - p["x"].mean(), y_1=GAMMA * (p["x"][0] - p["x"].mean()) + BETA
        ),
    ),
    Misconception(
        "affine forgotten",
        "That is the normalised value once more; gamma and beta have not acted.",
        "What does STEP 4 do to x_hat?",
        "M8",
        lambda p: _changed(p, y_1=_x_hat(p)),
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw five whole numbers on which no two mistakes give the same answer."""
    while True:
        x = rng.choice(np.arange(1, 21), size=5, replace=False).astype(float)
        if _tells_apart({"x": x}):
            return [Case("your five samples", ({"x": x},))]


def _tells_apart(p: Mapping) -> bool:
    """Say whether no two answers, right or wrong, lie within the tolerance of each other."""
    right = answers(p)
    if abs(float(right["x_hat_1"])) < 0.3 or p["x"].mean() == sorted(p["x"])[2]:
        return False
    told = [m.wrong(p) for m in MISCONCEPTIONS]
    for name, value in right.items():
        told_here = (float(w[name]) for w in told if name in w)
        wrong = [w for w in told_here if not math.isclose(w, value, rel_tol=1e-5, abs_tol=1e-8)]
        values = sorted([float(value), *wrong])
        if any(b - a < 0.02 * max(abs(a), abs(b)) for a, b in pairwise(values)):
            return False
    return True


FORM = Form(
    question=lambda p: (
        f"One feature, five samples: **{', '.join(f'{v:g}' for v in p['x'])}**. "
        f"Take eps = 0, gamma = {GAMMA:g}, beta = {BETA:g}. Three digits are enough."
    ),
    fields=(
        Number("mean", "The mean of the five"),
        Number("variance", "The variance that batch norm divides by the root of"),
        Number("x_hat_1", "The normalised value of the first sample"),
        Number("y_1", "The layer's output for the first sample"),
    ),
)

TASK = form_task(
    FORM,
    id="3.1",
    title="five numbers by hand",
    entry="by_hand",
    objective="Compute batch norm by hand: mean, variance, x_hat, output",
    minutes=8,
    params="samples",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Write the five deviations from the mean first. Their sum must be 0.",
        "The variance is the average of the five squared deviations. x_hat is a deviation "
        "divided by the root of that variance, so it has no unit.",
        "For 1, 3, 5, 7, 9: the mean is 25/5 = 5, the squared deviations 16, 4, 0, 4, 16 average "
        "to 8, so x_hat of the first is (1 − 5)/√8 = −1.414 and its output 2 · (−1.414) + 1.",
    ),
)
