"""The pre-test of lesson 00: eight beliefs, asked before and after the course.

The answers are kept and not judged, so that the same questions can be asked again at the end.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case

# Each question's right option stands first here; learners see the options shuffled.
QUESTIONS = {
    "divisor": (
        "After subtracting the mean, batch norm divides each value by …",
        "the root of the batch variance (plus a small eps)",
        "the batch variance (plus a small eps)",
        "the largest value of the batch",
        "the number of samples",
    ),
    "axis": (
        "A table has 32 samples and 10 features. In training, how many means does batch norm take?",
        "10, one for each feature",
        "32, one for each sample",
        "1, over the whole table",
        "320, one for each number",
    ),
    "backward": (
        "In the backward pass, the batch mean and variance are …",
        "functions of every x in the batch, so gradients flow through them",
        "constants, because they are only measured",
        "parameters with a gradient step of their own",
        "not needed at all",
    ),
    "evaluation": (
        "At prediction time batch norm uses …",
        "averages kept during training",
        "the statistics of the samples being predicted",
        "mean 0 and variance 1",
        "the statistics of the last training batch",
    ),
    "momentum": (
        "PyTorch's BatchNorm has momentum = 0.1. Each new batch …",
        "gets weight 0.1 in the running average",
        "gets weight 0.9 in the running average",
        "changes the weights' step by 0.1, as momentum does in SGD",
        "is ignored nine times out of ten",
    ),
    "whitening": (
        "Whitening the inputs, compared with standardising each feature, also …",
        "removes the correlations between features",
        "makes every feature Gaussian",
        "maps every feature to the range 0 … 1",
        "nothing: they are two names for one thing",
    ),
    "small_batch": (
        "With a batch of two samples, the normalised values of a feature (tiny eps) are …",
        "always −1 and +1, however far apart the two are",
        "the same as with large batches, only noisier",
        "always 0",
        "not defined",
    ),
    "why": (
        "That batch norm trains faster because it reduces internal covariate shift is …",
        "the first explanation, contradicted by later experiments",
        "a theorem",
        "confirmed by every experiment so far",
        "true for convolutional nets only",
    ),
}


def options(seed: int) -> dict[str, tuple[int, ...]]:
    """Return for each question the order in which its options are shown."""
    rng = np.random.default_rng(seed)
    return {name: tuple(int(k) for k in rng.permutation(4)) for name in QUESTIONS}


def cases(rng: np.random.Generator) -> list[Case]:
    """One case: nothing about the questions depends on the learner."""
    return [Case("the eight questions", ({},))]


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the right options as they are shown."""
    order = options(ORDER_SEED)
    return {name: np.asarray(float(order[name].index(0))) for name in QUESTIONS}


ORDER_SEED = 20151

FORM = Form(
    question=lambda p: "Eight questions. Guess where you do not know: a guess is useful too.",
    fields=tuple(
        Choice(name, text, tuple(choices[k] for k in options(ORDER_SEED)[name]))
        for name, (text, *choices) in QUESTIONS.items()
    ),
)

TASK = form_task(
    FORM,
    id="0.1",
    title="eight questions before you begin",
    entry="before_the_course",
    objective="Say what you believe about batch norm before the course",
    minutes=5,
    params="questions",
    personal=False,
    cases=cases,
    reference=answers,
    misconceptions=(),
    hints=(
        "There is nothing to look up: answer what you believe now.",
        "You will meet the same questions after the last lesson.",
        "A guess is a fine answer.",
    ),
    graded=False,
    recorded=True,
)
