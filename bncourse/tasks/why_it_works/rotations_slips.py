"""Wrong angles per step, and what a tutor says of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.why_it_works.rotations_board import rotations

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
        "the whole step uphill",
        "The whole step has the wrong sign: the weights go along the gradient, and the decay lets "
        "them grow.",
        "Which sign stands in front of rate?",
        step="away",
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
        "always the first step's gradient",
        "Every step asked for the gradient of step 0.",
        "Which number do you hand to gradient(w, …)?",
        step="first push",
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
        "arctan of the relative step",
        "That is the arctan of the step divided by the weights' length. It holds for a step "
        "straight to the side; decay makes it point inwards, too.",
        "If w became w / 2, by how much did it turn?",
        angle="arctan of the step",
    ),
    replace(
        _alone(
            "theory for a measurement",
            "That is √(2 · rate · decay), where theory says the angles settle. They were to be "
            "measured, step by step.",
            "Where does your code use the gradient?",
            angle="theory",
        ),
        variants=(partial(rotations, angle="theory", result="last"),),
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
    replace(
        _slip(
            "one number too many",
            "A 0 came back as well. There is one angle for each step, none for the start.",
            "How many numbers should come back for one step?",
            result="a 0 first",
        ),
        variants=(partial(rotations, result="a 0 last"),),
    ),
)
