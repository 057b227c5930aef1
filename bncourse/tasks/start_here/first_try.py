"""0.2: a first answer and its check, to see how an exercise works."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception

SAMPLES = np.array([2.0, 4.0, 4.0, 6.0])


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the mean and the variance over N of the samples."""
    return {"mean": np.asarray(p["x"].mean()), "variance": np.asarray(p["x"].var())}


def _variance(key: str, says: str, asks: str, code: str, value) -> Misconception:
    return Misconception(key, says, asks, code, lambda p: {"variance": np.asarray(value(p["x"]))})


MISCONCEPTIONS = (
    _variance(
        "unbiased",
        "The squared deviations were divided by N − 1. That is the right thing for guessing at a "
        "population; batch norm describes the numbers it has.",
        "How many numbers is the variance an average of?",
        "M2",
        lambda x: x.var(ddof=1),
    ),
    _variance(
        "sd in the variance field",
        "That is the standard deviation; the variance was asked for.",
        "Which of the two comes before the root?",
        "M1",
        np.std,
    ),
    _variance(
        "sum for average",
        "That is the sum of the squared deviations, not yet their average.",
        "How many of them are there?",
        "",
        lambda x: ((x - x.mean()) ** 2).sum(),
    ),
    _variance(
        "mean absolute deviation",
        "That is the average distance from the mean; the variance averages the squares.",
        "What happens to each deviation before it is averaged?",
        "",
        lambda x: np.abs(x - x.mean()).mean(),
    ),
    Misconception(
        "sum for mean",
        "That is the sum; the mean shares it out equally.",
        "Among how many samples?",
        "",
        lambda p: {"mean": np.asarray(p["x"].sum())},
    ),
)

FORM = Form(
    question=lambda p: "Four samples of one feature are **2, 4, 4 and 6**.",
    fields=(
        Number("mean", "Their mean"),
        Number("variance", "Their variance, over N"),
    ),
)

TASK = form_task(
    FORM,
    id="0.2",
    title="a first try",
    entry="first_try",
    objective="Answer an exercise and read its check",
    minutes=2,
    params="samples",
    personal=False,
    cases=lambda rng: [Case("2, 4, 4, 6", ({"x": SAMPLES},))],
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Write down how far each sample is from the mean.",
        "The variance is the average of the squared distances from the mean.",
        "The distances are −2, 0, 0 and 2. Square each, add them up, and share the sum among all "
        "four.",
    ),
    graded=False,
)
