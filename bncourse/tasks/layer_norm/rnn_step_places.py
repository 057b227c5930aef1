"""Wrong recurrent steps in which something right stands in one place too many."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.layer_norm.rnn_step_board import step

_slip = slips(step)


def _either_way(*words: str, where: str) -> Misconception:
    """Return a slip that may be made with gamma and beta in the second place, or without."""
    return replace(_slip(*words, where=where), variants=(partial(step, where=f"{where}, scaled"),))


PLACES = (
    _either_way(
        "tanh's result normalised, too",
        "What comes out of tanh is normalised once more: the new state is not bounded by 1.",
        "How many means does one sample have in this step?",
        where="after tanh, too",
    ),
    _either_way(
        "the old state normalised, too",
        "The sum is normalised, and the old state as well, before it meets Wh: how far it had "
        "gone is lost.",
        "How many means does one sample have in this step?",
        where="old state, too",
    ),
    _either_way(
        "products side by side",
        "One norm runs over both products set side by side, 2H numbers. They were to be added "
        "first.",
        "What goes into tanh: H numbers that were normalised, or the sum of two such parts?",
        where="side by side",
    ),
    _slip(
        "old state in the sum",
        "The old state itself is added to the sum, beside h @ Wh.",
        "On which ways does the old state reach the new one?",
        added="in the sum",
    ),
)
