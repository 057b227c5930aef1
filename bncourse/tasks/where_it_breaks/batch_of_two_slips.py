"""What learners get wrong about batches of two."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Misconception
from bncourse.tasks.where_it_breaks.batch_of_two_numbers import outputs, partly, x_hat


def _over_root(d: float, eps: float) -> float:
    return d / np.sqrt(d**2 + eps)


MISCONCEPTIONS = (
    Misconception(
        "unbiased",
        "The variance was divided by N − 1, which is 1 here. Batch norm normalises with the "
        "variance over N.",
        "What is the mean of the two squared distances?",
        "M2",
        lambda p: (
            outputs(p, lambda v, eps: x_hat(v, eps, 1)) | partly(half=2 * np.sqrt(p["eps"] / 2))
        ),
    ),
    Misconception(
        "sign lost",
        "The size is right, and the sign is not: what lies below the mean comes out below 0.",
        "Which of the two values is the larger one, and on which side of the mean does it lie?",
        "",
        lambda p: outputs(p, lambda v, eps: -x_hat(v, eps)),
    ),
    Misconception(
        "not centred",
        "The mean was not subtracted: the value was divided by the standard deviation.",
        "What is the mean of a pair after batch norm?",
        "",
        lambda p: outputs(p, lambda v, eps: v[0] / np.sqrt(v.var() + eps)),
    ),
    Misconception(
        "variance for sd",
        "The distance was divided by the variance.",
        "Which of the two, variance or standard deviation, has the unit of x?",
        "M1",
        lambda p: outputs(p, lambda v, eps: (v[0] - v.mean()) / (v.var() + eps)),
    ),
    Misconception(
        "centred only",
        "The mean was subtracted, and nothing was divided.",
        "What is the standard deviation of a pair after batch norm?",
        "",
        lambda p: outputs(p, lambda v, eps: v[0] - v.mean()),
    ),
    Misconception(
        "divided by the range",
        "The distance from the mean was divided by the distance of the two values.",
        "By what does batch norm divide: by the range or by the standard deviation?",
        "",
        lambda p: outputs(p, lambda v, eps: (v[0] - v.mean()) / np.ptp(v)),
    ),
    Misconception(
        "all zero",
        "A pair does not become 0: each value keeps its side of the mean.",
        "What is 4 / √16?",
        "",
        lambda p: outputs(p, lambda v, eps: 0.0),
    ),
    Misconception(
        "eps left out",
        "In the third pair the variance is smaller than eps. There eps is most of the divisor.",
        "How large is the variance of the third pair, and how large is eps?",
        "M17",
        lambda p: outputs(p, lambda v, eps: x_hat(v, 0.0), ("tiny",)),
    ),
    Misconception(
        "eps outside the root",
        "eps was added to the standard deviation; batch norm adds it to the variance.",
        "By what does batch norm divide when the variance is 0: eps or its root?",
        "M17",
        lambda p: (
            outputs(p, lambda v, eps: (v[0] - v.mean()) / (v.std() + eps), ("tiny",))
            | partly(half=2 * p["eps"])
        ),
    ),
    Misconception(
        "root of eps added",
        "√(variance + eps) was taken apart into two roots. The root of a sum is not the sum of "
        "the roots.",
        "What is √(9 + 16), and what is √9 + √16?",
        "M17",
        lambda p: (
            outputs(p, lambda v, eps: (v[0] - v.mean()) / (v.std() + np.sqrt(eps)), ("tiny",))
            | partly(half=2 * np.sqrt(p["eps"]))
        ),
    ),
    Misconception(
        "the whole difference for its half",
        "The whole difference of the two values was put where half of it belongs: in "
        "d / √(d² + eps), as in lesson 06, d is the distance of a value from the mean.",
        "How far is each of the two from their mean?",
        "",
        lambda p: (
            outputs(p, lambda v, eps: _over_root(v[0] - v[1], eps), ("tiny",))
            | partly(half=np.sqrt(p["eps"] / 3))
        ),
    ),
    Misconception(
        "half the difference for the whole",
        "Half the difference was put where the whole one belongs: in d / √(d² + 4 eps) "
        "d is the distance of the two values.",
        "(0, 2) with eps = 1 has variance 1 and becomes ∓ 1 / √2: which d gives that in "
        "d / √(d² + 4 eps)?",
        "",
        lambda p: (
            outputs(p, lambda v, eps: _over_root((v[0] - v[1]) / 2, 4 * eps), ("tiny",))
            | partly(half=4 * np.sqrt(p["eps"] / 3))
        ),
    ),
    Misconception(
        "half the distance",
        "That is h, from the mean to one of the two. The distance between the two was asked for.",
        "How far apart are two values that each lie h from their mean?",
        "",
        lambda p: partly(half=np.sqrt(p["eps"] / 3)),
    ),
    Misconception(
        "distance equal to √eps",
        "At that distance h² is a quarter of eps, and x̂ is 0.447.",
        "Which share of h² + eps must h² be, so that its root is 0.5?",
        "M17",
        lambda p: partly(half=np.sqrt(p["eps"])),
    ),
    Misconception(
        "the share not squared",
        "With h² = eps, h² is half of h² + eps. But x̂ is its root, and √0.5 is not 0.5.",
        "Which share of h² + eps must h² be, so that its root is 0.5?",
        "M17",
        lambda p: partly(half=2 * np.sqrt(p["eps"])),
    ),
    Misconception(
        "one stays itself",
        "A single value does not stay as it was: its mean is itself, and it is subtracted.",
        "What is the mean of one number?",
        "M12",
        lambda p: partly(single=p["single"]),
    ),
    Misconception(
        "one becomes 1",
        "The distance of a single value from its own mean is 0, not 1.",
        "What is the mean of one number?",
        "M12",
        lambda p: partly(single=1),
    ),
    Misconception(
        "one not centred",
        "The single value was divided by √eps, but its mean was not subtracted.",
        "What is the mean of one number?",
        "M17",
        lambda p: partly(single=p["single"] / np.sqrt(p["eps"])),
    ),
    Misconception(
        "statistics as constants",
        "That would be so if mean and variance were constants. They move with the value, and take "
        "away what it would have gained.",
        "Move one value of the first pair a little: by how much does its output change?",
        "M4",
        lambda p: partly(gradient=2),
    ),
    Misconception(
        "variance as a constant",
        "The way through the mean was seen: it takes a half. The way through the variance takes "
        "the other half.",
        "Move one value of the first pair a little: by how much does its output change?",
        "M4",
        lambda p: partly(gradient=0),
    ),
)
