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
        "Lesson 03: what is the standard deviation of 1 3 5 7 9 after dividing by 8, and after √8?",
        "M1",
    ),
    _slip(
        "divisor",
        2,
        "divides by the largest value",
        "That is another scaling, and one outlier decides it.",
        "Lesson 03: which spread does x_hat have, whatever came in?",
        "M1",
    ),
    _slip(
        "divisor",
        3,
        "divides by the number of samples",
        "The number of samples belongs to the mean. The spread is divided by another number.",
        "Lesson 03: what happens to x_hat if the batch is copied twice?",
        "M1",
    ),
    _slip(
        "axis",
        1,
        "a mean for each sample",
        "That is layer norm: each sample its own ruler.",
        "Lessons 03 and 09: which figure turns the table, and what does it turn?",
        "M3",
    ),
    _slip(
        "axis",
        2,
        "one mean for the table",
        "Then features in metres and in years would share a mean.",
        "Lesson 03: why does each column of the table get a mean?",
        "M3",
    ),
    _slip(
        "axis",
        3,
        "a mean for each number",
        "A number minus its own mean is 0.",
        "Lesson 03: how many numbers share a mean, if x_hat is to say anything?",
        "M3",
    ),
    _slip(
        "backward",
        1,
        "statistics are constants",
        "Each x moves the mean and the variance, and through them every x_hat of its batch.",
        "Lesson 04: when one x is pushed, which outputs move?",
        "M4",
    ),
    _slip(
        "backward",
        2,
        "statistics are parameters",
        "Nothing learns them: they are computed from x in every batch. Gamma and beta are learned.",
        "Lessons 03 and 04: which of the layer's numbers does the optimiser change?",
        "M4",
    ),
    _slip(
        "backward",
        3,
        "statistics are not needed backwards",
        "Three paths lead from x to the loss, and two go through the statistics.",
        "Lesson 04: which paths are lost if mean and variance are left out?",
        "M4",
    ),
    _slip(
        "evaluation",
        1,
        "evaluates by the batch at hand",
        "That is train mode: the answer would depend on who else is predicted.",
        "Lesson 05: what would a single image get?",
        "M5",
    ),
    _slip(
        "evaluation",
        2,
        "evaluates by mean 0 and variance 1",
        "These are only where the running averages start.",
        "Lesson 05: what did the running averages see in training?",
        "M5",
    ),
    _slip(
        "evaluation",
        3,
        "evaluates by the last batch",
        "The last batch has one tenth of the weight, the older ones the rest.",
        "Lesson 05: how much of the running mean comes from the last batch, with momentum 0.1?",
        "M5",
    ),
    _slip(
        "momentum",
        1,
        "momentum the other way round",
        "That is the convention of Keras, where 0.9 is what PyTorch calls 0.1.",
        "Lesson 05: after one batch from (0, 1), is the running mean near the batch's or near 0?",
        "M6",
    ),
    _slip(
        "momentum",
        2,
        "momentum of SGD",
        "The two share only a name. This one averages statistics and touches no weight.",
        "Lesson 05: does the running mean have a gradient?",
        "M6",
    ),
    _slip(
        "momentum",
        3,
        "nine batches ignored",
        "Every batch counts, the newest with weight 0.1.",
        "Lesson 05: how does the weight of one batch fall with each later one?",
        "M6",
    ),
    _slip(
        "whitening",
        1,
        "whitening makes Gaussian",
        "Means, spreads and correlations change; the shape of a distribution does not.",
        "Lessons 02 and 03: two heaps of points, standardised: how many heaps are there?",
        "M10",
    ),
    _slip(
        "whitening",
        2,
        "whitening is min-max",
        "Min-max scaling sets the range. Whitening is about variances and correlations.",
        "Lesson 02: what is the covariance matrix after whitening?",
        "M10",
    ),
    _slip(
        "whitening",
        3,
        "whitening is standardising",
        "Two standardised features may still move together.",
        "Lesson 02: which condition number was left after standardising age and kilometres?",
        "M10",
    ),
    _slip(
        "small_batch",
        1,
        "two is only noisier",
        "It is more than noise: the distance between the two is lost.",
        "Lesson 08: what does (3, 11) become, and what (100, 101)?",
        "M12",
    ),
    _slip(
        "small_batch",
        2,
        "two give 0",
        "That is what one sample gives. Two lie on both sides of their mean.",
        "Lesson 08: how far are 3 and 11 from their mean, in standard deviations?",
        "M12",
    ),
    _slip(
        "small_batch",
        3,
        "two are not defined",
        "Two numbers have a mean and a spread. PyTorch refuses one.",
        "Lesson 08: what are mean and standard deviation of 3 and 11?",
        "M12",
    ),
    _slip(
        "why",
        1,
        "the covariate shift is a theorem",
        "It was the reason given first. No proof came with it, and tests spoke against it.",
        "Lesson 07: which net trained well although every distribution jumped?",
        "M14",
    ),
    _slip(
        "why",
        2,
        "the covariate shift is confirmed",
        "Noisy batch norm jumps more than a net without batch norm, and trains faster.",
        "Lesson 07: which net trained well although every distribution jumped?",
        "M14",
    ),
    _slip(
        "why",
        3,
        "the covariate shift in conv nets",
        "The tests that spoke against it were made with convolutional nets, too.",
        "Lesson 07: which net trained well although every distribution jumped?",
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
    whole=True,  # or the verdict on seven answers would help with them in the one that counts
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
