"""Wrong angles per step: one function with a switch for each slip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception


def _cosine(a, b):
    return np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1)


ANGLES = {
    "radians": lambda a, b: np.arccos(_cosine(a, b)),
    "degrees": lambda a, b: np.degrees(np.arccos(_cosine(a, b))),
    "cosine": _cosine,
    "one minus cosine": lambda a, b: 1 - _cosine(a, b),
    "lengths forgotten": lambda a, b: np.arccos(np.clip(a @ b, -1, 1)),
    "one length": lambda a, b: np.arccos(np.clip(a @ b / (a @ a), -1, 1)),
    "difference": lambda a, b: np.linalg.norm(b - a),
    "relative difference": lambda a, b: np.linalg.norm(b - a) / np.linalg.norm(a),
    "sine": lambda a, b: np.arcsin(np.sqrt(1 - _cosine(a, b) ** 2)),
    "squared": lambda a, b: np.arccos(_cosine(a, b)) ** 2,
    "tangent": lambda a, b: np.tan(np.arccos(_cosine(a, b))),
}


def rotations(
    gradient, w, rate, decay, steps, *, angle="radians", step="right", start="last", result="each"
):  # fmt: skip
    """Return the angle between the weights before and after each step; the keywords switch."""
    first, angles = w, []
    for k in range(steps):
        g = gradient(first if step == "gradient of the first" else w, k)
        new = {
            "right": lambda g=g, w=w: w - rate * (g + decay * w),
            "no decay": lambda g=g, w=w: w - rate * g,
            "decay without rate": lambda g=g, w=w: w - rate * g - decay * w,
            "decay adds": lambda g=g, w=w: w - rate * (g - decay * w),
            "uphill": lambda g=g, w=w: w + rate * (g - decay * w),
            "no rate": lambda g=g, w=w: w - (g + decay * w),
            "unit gradient": lambda g=g, w=w: w - rate * (g / np.linalg.norm(g) + decay * w),
            "length kept": lambda g=g, w=w: w - rate * (g + decay * w),
            "gradient of the first": lambda g=g, w=w: w - rate * (g + decay * w),
            "decay after": lambda g=g, w=w: (1 - rate * decay) * (w - rate * g),
            "length 1": lambda g=g, w=w: w - rate * (g + decay * w),
            "decay of size 1": lambda g=g, w=w: w - rate * (g + decay * w / np.linalg.norm(w)),
        }[step]()
        if step == "length 1":
            new = new / np.linalg.norm(new)
        if step == "length kept":
            new = new * np.linalg.norm(w) / np.linalg.norm(new)
        if angle in ("by hand", "arctan by hand"):
            ratio = rate * np.linalg.norm(g) / np.linalg.norm(w)
            angles.append(ratio if angle == "by hand" else np.arctan(ratio))
        else:
            before = {"first": first, "overwritten": new}.get(start, w)
            angles.append(ANGLES[angle](before, new))
        if start != "not moved":
            w = new
    angles = np.array(angles)
    return {
        "each": lambda: angles,
        "mean": lambda: angles.mean(),
        "sum": lambda: angles.sum(),
        "running sum": lambda: np.cumsum(angles),
        "last": lambda: angles[-1],
        "root mean square": lambda: np.sqrt((angles**2).mean()),
    }[result]()


_slip = slips(rotations)


def _alone(*words: str, **switches: str) -> Misconception:
    """Return a slip that is recognised by itself only: with others its angles become 0, too."""
    return replace(_slip(*words, **switches), switches={})


MISCONCEPTIONS = (
    _slip(
        "decay forgotten",
        "The weights were not decayed.",
        "Where does decay enter your step?",
        step="no decay",
    ),
    _slip(
        "decay without the rate",
        "decay · w was subtracted whole. In SGD it is part of the gradient, so the rate multiplies "
        "it too.",
        "By how much do the weights shrink if rate is 0?",
        step="decay without rate",
    ),
    _slip(
        "decay lets grow",
        "The decay has the wrong sign: the weights grow.",
        "Without any gradient, should the weights shrink or grow?",
        step="decay adds",
    ),
    _slip(
        "uphill",
        "The step went along the gradient. It goes against it.",
        "Which sign has the gradient in w − rate · gradient?",
        step="uphill",
    ),
    _slip(
        "no rate",
        "The rate does not appear: the step is the whole gradient.",
        "Where does rate enter your step?",
        step="no rate",
    ),
    _slip(
        "gradient of length 1",
        "The gradient was divided by its length, so short and long weights turn alike.",
        "How does the length of the gradient depend on that of w?",
        "M15",
        step="unit gradient",
    ),
    _slip(
        "length put back",
        "After each step the weights got their old length back. Here they are free to grow and "
        "shrink, and later angles depend on it.",
        "What does plain SGD do to the length of w?",
        "M15",
        step="length kept",
    ),
    _slip(
        "always the first gradient",
        "The gradient was taken at the first weights in every step.",
        "Which weights do you hand to gradient(…)?",
        step="gradient of the first",
    ),
    _slip(
        "decayed afterwards",
        "The gradient's step was decayed too. In w − rate · (gradient + decay · w) only the old "
        "weights are.",
        "Which w stands behind decay?",
        step="decay after",
    ),
    _slip(
        "decay of a fixed size",
        "The decay subtracted an arrow of fixed length. It is in proportion to w.",
        "What does decay · w become when w is twice as long?",
        step="decay of size 1",
    ),
    _slip(
        "degrees",
        "Those are degrees. Radians were asked for.",
        "How large is a right angle?",
        angle="degrees",
    ),
    _slip(
        "cosines",
        "Those are the cosines of the angles.",
        "What is the cosine of no turn?",
        angle="cosine",
    ),
    _slip(
        "one minus the cosine",
        "That is 1 − cos, about half the square of the angle.",
        "Which function undoes a cosine?",
        angle="one minus cosine",
    ),
    _alone(
        "not divided by the lengths",
        "The product of the weights is their cosine only if both have length 1.",
        "What is the product of (3, 0) with itself, and what is the cosine?",
        angle="lengths forgotten",
    ),
    _alone(
        "divided by one length",
        "The product was divided by the old length squared. Old and new are not equally long.",
        "Which two lengths belong below?",
        angle="one length",
    ),
    _slip(
        "length of the step",
        "That is how far the weights moved, not by what angle they turned.",
        "If w became 2 · w, by how much did it turn?",
        "M15",
        angle="difference",
    ),
    _slip(
        "relative step",
        "That is the step divided by the weights' length. It counts shrinking as turning.",
        "If w became 2 · w, by how much did it turn?",
        "M15",
        angle="relative difference",
    ),
    _slip(
        "tangents",
        "Those are the tangents of the angles. For small angles they are close.",
        "What would come out for a quarter turn?",
        angle="tangent",
    ),
    _slip(
        "squares of angles",
        "Those are the angles squared.",
        "In which unit is your answer?",
        angle="squared",
    ),
    _slip(
        "rate times gradient over length",
        "That is the step's length divided by that of w: without decay the angle's tangent.",
        "What does decay do to the direction of w, and to its length?",
        angle="by hand",
    ),
    _slip(
        "angle without decay",
        "That is the angle of a step without decay. With it w gets shorter as well, so the "
        "angle is larger.",
        "Which two arrows enclose the angle?",
        angle="arctan by hand",
    ),
    _alone(
        "overwritten",
        "All angles are 0: old and new weights are the same array. After old = w, a step w -= … "
        "changes both.",
        "Which line makes a copy?",
        start="overwritten",
    ),
    _slip(
        "length set to 1",
        "After each step the weights were given length 1. Here they are free to grow and shrink.",
        "What does plain SGD do to the length of w?",
        "M15",
        step="length 1",
    ),
    _slip(
        "from the start",
        "Each angle was measured from the first weights. It is asked for step by step.",
        "Which weights are compared with the new ones?",
        start="first",
    ),
    _slip(
        "never moved on",
        "Every step started from the first weights.",
        "What is w when the second step begins?",
        start="not moved",
    ),
    _slip(
        "mean of angles",
        "That is one number, the mean. An angle for each step was asked for.",
        "How many numbers should come back?",
        result="mean",
    ),
    _slip(
        "sum of angles",
        "That is one number, the sum. An angle for each step was asked for.",
        "How many numbers should come back?",
        result="sum",
    ),
    _slip(
        "root mean square",
        "That is one number, the root mean square. Each step was to have an angle.",
        "How many numbers should come back?",
        result="root mean square",
    ),
    _slip(
        "running sum",
        "The angles were added up on the way. Each step's own was asked for.",
        "What should the second number be?",
        result="running sum",
    ),
    _slip(
        "the last angle alone",
        "Only the last angle came back.",
        "How many numbers should come back?",
        result="last",
    ),
)
