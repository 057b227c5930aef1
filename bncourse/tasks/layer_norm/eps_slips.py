"""eps in two places, in layer norm and in RMSNorm."""

from __future__ import annotations

from bncourse.grading.kinds import slips
from bncourse.tasks.layer_norm.forward_board import normalised
from bncourse.tasks.layer_norm.rms_slips import rms

KEY = "eps under the root and outside"
SAYS = "eps joins the {name}, under the root, and once more the root itself."
ASKS = "In which two places does eps appear, and what is each of them for?"
SWITCH = {"divisor": "eps outside, too"}

FORWARD_EPS = slips(normalised)(KEY, SAYS.format(name="variance"), ASKS, "M17", **SWITCH)
RMS_EPS = slips(rms)(KEY, SAYS.format(name="mean square"), ASKS, "M17", **SWITCH)
