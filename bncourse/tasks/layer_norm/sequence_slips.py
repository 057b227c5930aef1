"""The same wrong ruler in layer norm, in its backward pass and in RMSNorm: a sequence's."""

from __future__ import annotations

from bncourse.grading.kinds import slips
from bncourse.tasks.layer_norm.backward_board import backward
from bncourse.tasks.layer_norm.forward_board import normalised
from bncourse.tasks.layer_norm.rms_slips import rms

AXES = "all but first, if there are two"
KEY = "the whole sequence"
ASKS = "A later word of the sequence changes. Should the output of an earlier one?"


def _says(name: str) -> str:
    return (
        f"The tokens of one sequence share {name}: everything behind axis 0 is measured together. "
        "With tables (N, H) that is right; with (N, T, H) it is not."
    )


FORWARD = slips(normalised)(KEY, _says("one mean"), ASKS, "M3", axes=AXES)
BACKWARD = slips(backward)(
    KEY,
    "Both means run over everything behind axis 0. In a sequence (N, T, H) its tokens would share "
    "one mean then; in the forward pass each had its own.",
    "Which numbers shared one mean in the forward pass?",
    "M3",
    along=AXES,
)
RMS = slips(rms)(KEY, _says("one mean square"), ASKS, "M3", axes=AXES)
