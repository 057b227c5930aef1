"""10.9: the eight questions of lesson 00 once more, after the course; now they are judged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception
from bncourse.tasks.start_here.pre_test import QUESTIONS, options

ORDER_SEED = 20161  # another order than before the course


def place(name: str, option: int) -> float:
    """Return where an option of a question is shown; 0 is the right one."""
    return float(options(ORDER_SEED)[name].index(option))


def _slip(question: str, option: int, key: str, says: str, asks: str, code: str) -> Misconception:
    return Misconception(
        key, says, asks, code, lambda p: {question: np.asarray(place(question, option))}
    )


BANK = (
    _slip(
        "divisor",
        1,
        "divides by the variance",
        "Divided by the variance, values in metres and in centimetres would come out different.",
        "What is the standard deviation of 1 3 5 7 9 after dividing by 8, and after √8? (03)",
        "M1",
    ),
    _slip(
        "divisor",
        2,
        "divides by the largest value",
        "That is another scaling, and one outlier decides it.",
        "Which spread does x_hat have in lesson 03, whatever came in? (03)",
        "M1",
    ),
    _slip(
        "divisor",
        3,
        "divides by the number of samples",
        "The number of samples belongs to the mean. The spread is divided by another number.",
        "What happens to x_hat if the batch is copied twice? (03)",
        "M1",
    ),
    _slip(
        "axis",
        1,
        "a mean for each sample",
        "That is layer norm: each sample its own ruler.",
        "Which figure turns the table, and what does it turn? (03, 09)",
        "M3",
    ),
    _slip(
        "axis",
        2,
        "one mean for the table",
        "Then features in metres and in years would share a mean.",
        "Why does each column of the table get a mean? (03)",
        "M3",
    ),
    _slip(
        "axis",
        3,
        "a mean for each number",
        "A number minus its own mean is 0.",
        "How many numbers share a mean, if x_hat is to say anything? (03)",
        "M3",
    ),
    _slip(
        "backward",
        1,
        "statistics are constants",
        "Each x moves the mean and the variance, and through them every x_hat of its batch.",
        "When one x is pushed, which outputs move? (04)",
        "M4",
    ),
    _slip(
        "backward",
        2,
        "statistics are parameters",
        "Nothing learns them: they are computed from x in every batch. Gamma and beta are learned.",
        "Which of the layer's numbers does the optimiser change? (03, 04)",
        "M4",
    ),
    _slip(
        "backward",
        3,
        "statistics are not needed backwards",
        "Three paths lead from x to the loss, and two go through the statistics.",
        "Which paths are lost if mean and variance are left out? (04)",
        "M4",
    ),
    _slip(
        "evaluation",
        1,
        "evaluates by the batch at hand",
        "That is train mode: the answer would depend on who else is predicted.",
        "What would a single image get? (05)",
        "M5",
    ),
    _slip(
        "evaluation",
        2,
        "evaluates by mean 0 and variance 1",
        "These are only where the running averages start.",
        "What did the running averages see in training? (05)",
        "M5",
    ),
    _slip(
        "evaluation",
        3,
        "evaluates by the last batch",
        "The last batch has one tenth of the weight, the older ones the rest.",
        "How much of the running mean comes from the last batch, with momentum 0.1? (05)",
        "M5",
    ),
    _slip(
        "momentum",
        1,
        "momentum the other way round",
        "That is the convention of Keras, where 0.9 is what PyTorch calls 0.1.",
        "After one batch from (0, 1), is the running mean near the batch's or near 0? (05)",
        "M6",
    ),
    _slip(
        "momentum",
        2,
        "momentum of SGD",
        "The two share only a name. This one averages statistics and touches no weight.",
        "Does the running mean have a gradient? (05)",
        "M6",
    ),
    _slip(
        "momentum",
        3,
        "nine batches ignored",
        "Every batch counts, the newest with weight 0.1.",
        "How does the weight of one batch fall with each later one? (05)",
        "M6",
    ),
    _slip(
        "whitening",
        1,
        "whitening makes Gaussian",
        "Means, spreads and correlations change; the shape of a distribution does not.",
        "Two heaps of points, standardised: how many heaps are there? (02, 03)",
        "M10",
    ),
    _slip(
        "whitening",
        2,
        "whitening is min-max",
        "Min-max scaling sets the range. Whitening is about variances and correlations.",
        "What is the covariance matrix after whitening? (02)",
        "M10",
    ),
    _slip(
        "whitening",
        3,
        "whitening is standardising",
        "Two standardised features may still move together.",
        "Which condition number was left after standardising age and kilometres? (02)",
        "M10",
    ),
    _slip(
        "small_batch",
        1,
        "two is only noisier",
        "It is more than noise: the distance between the two is lost.",
        "What does (3, 11) become, and what (100, 101)? (08)",
        "M12",
    ),
    _slip(
        "small_batch",
        2,
        "two give 0",
        "That is what one sample gives. Two lie on both sides of their mean.",
        "How far are 3 and 11 from their mean, in standard deviations? (08)",
        "M12",
    ),
    _slip(
        "small_batch",
        3,
        "two are not defined",
        "Two numbers have a mean and a spread. PyTorch refuses one.",
        "What are mean and standard deviation of 3 and 11? (08)",
        "M12",
    ),
    _slip(
        "why",
        1,
        "the covariate shift is a theorem",
        "It was the reason given first. No proof came with it, and tests spoke against it.",
        "Which net trained well although every distribution jumped? (07)",
        "M14",
    ),
    _slip(
        "why",
        2,
        "the covariate shift is confirmed",
        "Noisy batch norm jumps more than a net without batch norm, and trains faster.",
        "Which net trained well although every distribution jumped? (07)",
        "M14",
    ),
    _slip(
        "why",
        3,
        "the covariate shift in conv nets",
        "The tests that spoke against it were made with convolutional nets, too.",
        "Which net trained well although every distribution jumped? (07)",
        "M14",
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """One case: nothing about the questions depends on the learner."""
    return [Case("the eight questions", ({},))]


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return the right options as they are shown."""
    return {name: np.asarray(place(name, 0)) for name in QUESTIONS}


FORM = Form(
    question=lambda p: "The eight questions of lesson 00, in another order of answers.",
    fields=tuple(
        Choice(name, text, tuple(choices[k] for k in options(ORDER_SEED)[name]))
        for name, (text, *choices) in reversed(QUESTIONS.items())
    ),
)

TASK = form_task(
    FORM,
    id="10.9",
    title="eight questions after the course",
    entry="after_the_course",
    objective="See which of your beliefs about batch norm have changed",
    minutes=5,
    params="questions",
    personal=False,
    cases=cases,
    reference=answers,
    misconceptions=BANK,
    hints=(
        "First answer without looking anything up: only then do you learn what stayed.",
        "Each question has one lesson that settles it; the map in lesson 00 tells which.",
        "Of two options that both sound right, take the one for which you have seen a number.",
    ),
    graded=False,
)
