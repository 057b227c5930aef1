"""Wrong dx of layer norm in which a mean along the row was forgotten."""

from __future__ import annotations

from bncourse.grading.kinds import slips
from bncourse.tasks.layer_norm.backward_board import backward

_slip = slips(backward)

UNSUMMED = (
    _slip(
        "second mean forgotten",
        "In the term with x_hat nothing is averaged: x_hat is multiplied by gradient · x_hat of "
        "the same unit alone.",
        "When one unit moves, the spread of the whole row does. Over which units must that term "
        "collect gradient · x_hat?",
        "M4",
        counts=("H", "each"),
    ),
    _slip(
        "first mean forgotten",
        "The gradient is taken away from itself: its mean along the row belongs there.",
        "By how much does the mean move when one of H units moves by 1?",
        "M4",
        counts=("each", "H"),
    ),
)
