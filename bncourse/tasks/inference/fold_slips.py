"""What learners get wrong when they fold batch norm."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.inference.fold_switches import (
    fold_bn,
    none_added,
    none_minus,
    none_times,
    none_times_right,
    truth_of_array,
)

_slip = slips(fold_bn)


def _also(entry: Misconception, *others: str) -> Misconception:
    """Add other ways of writing the same slip in the rows of W."""
    return replace(entry, variants=tuple(partial(fold_bn, rows=rows) for rows in others))


MISCONCEPTIONS = (
    _slip(
        "bias not scaled",
        "The layer's own bias was left as it was. It goes through batch norm like everything "
        "else that the layer puts out.",
        "What does batch norm do to Wx + b: does it know which part of it is b?",
        "M9",
        shift="bias not scaled",
    ),
    _slip(
        "bias dropped",
        "The layer's own bias is gone. Training makes it useless; but at inference a number is "
        "subtracted that was measured with it.",
        "The running mean is that of Wx + b. If b is left out, what is left of its mean?",
        "M9",
        shift="bias dropped",
    ),
    _slip(
        "mean not scaled",
        "The mean was subtracted after the scaling. Batch norm subtracts it before.",
        "In gamma · (z − mean) / sd, is the mean divided by sd or not?",
        shift="mean not scaled",
    ),
    _slip(
        "shift not scaled",
        "W was scaled, but b − mean was not.",
        "What should b2 be when gamma is 0?",
        shift="nothing scaled",
    ),
    _slip(
        "bias without gamma",
        "The bias was divided by the standard deviation, but not multiplied by gamma.",
        "What should b2 be when gamma is 0?",
        "M9",
        shift="bias without gamma",
    ),
    _slip(
        "mean without gamma",
        "The mean was divided by the standard deviation, but not multiplied by gamma.",
        "What should b2 be when gamma is 0?",
        shift="mean without gamma",
    ),
    _slip(
        "shift without gamma",
        "gamma scales W, but not b − mean.",
        "What should b2 be when gamma is 0?",
        shift="without gamma",
    ),
    _slip(
        "mean added",
        "The mean was added to the bias; batch norm subtracts it.",
        "For an input with Wx + b = mean, what should come out?",
        shift="mean added",
    ),
    _slip(
        "bias and mean exchanged",
        "The bias was subtracted from the mean: b and mean have changed places.",
        "For an input with Wx + b = mean, what should come out?",
        shift="bias subtracted",
    ),
    _slip(
        "mean forgotten",
        "The mean is missing from b2.",
        "For an input with Wx + b = mean, what should come out?",
        shift="mean forgotten",
    ),
    _slip(
        "beta forgotten",
        "beta is missing from b2.",
        "For an input with Wx + b = mean, what should come out?",
        "M8",
        shift="beta forgotten",
    ),
    _slip(
        "beta scaled",
        "beta was scaled as well. Batch norm adds it last.",
        "For an input with Wx + b = mean, what should come out?",
        "M8",
        shift="beta scaled",
    ),
    _slip(
        "beta subtracted",
        "beta was subtracted; batch norm adds it.",
        "For an input with Wx + b = mean, what should come out?",
        shift="beta subtracted",
    ),
    _slip(
        "old bias",
        "The bias came back as it was.",
        "For x = 0, what does batch norm make of b?",
        shift="old bias",
    ),
    _slip(
        "beta alone",
        "b2 is beta, and nothing else.",
        "For x = 0, what does batch norm make of b?",
        shift="beta alone",
    ),
    _slip(
        "old bias and beta",
        "beta was added to the old bias, but the mean was not subtracted and nothing was scaled.",
        "For an input with Wx + b = mean, what should come out?",
        shift="old bias and beta",
    ),
    _slip(
        "eps left out",
        "eps is missing under the root. Where a unit hardly varied in training, that is most of "
        "the divisor.",
        "By what does batch norm divide when the stored variance is 0?",
        "M17",
        divisor="no eps",
    ),
    replace(
        _slip(
            "eps fixed",
            "eps is always the same in your code, whatever was passed in.",
            "Where does the argument eps enter your code?",
            "M17",
            divisor="fixed eps",
        ),
        variants=(partial(fold_bn, divisor="fixed eps 1e-3"),),
    ),
    _slip(
        "eps outside the root",
        "eps was added to the standard deviation; batch norm adds it to the variance.",
        "By what does batch norm divide when the stored variance is 0: eps or its root?",
        "M17",
        divisor="eps outside",
    ),
    replace(
        _slip(
            "variance for sd",
            "The variance was used where its root belongs.",
            "Which of the two, variance or standard deviation, has the unit of Wx + b?",
            "M1",
            divisor="variance",
        ),
        variants=(partial(fold_bn, divisor="variance, no eps"),),
    ),
    _slip(
        "multiplied",
        "W was multiplied by the standard deviation instead of divided.",
        "Should a unit with a large spread get larger or smaller weights?",
        divisor="multiplied",
    ),
    _slip(
        "gamma missing",
        "gamma appears nowhere in your numbers.",
        "What should W2 be when gamma is 0?",
        "M8",
        slope="missing",
    ),
    _slip(
        "gamma without its sign",
        "gamma came in without its sign. It is learned, and may well be negative.",
        "What does a negative gamma do to the output of its unit?",
        slope="absolute",
    ),
    _slip(
        "one gamma for all",
        "The first gamma serves all units.",
        "How many gammas does the layer have, and which row of W belongs to each?",
        "M3",
        slope="first",
    ),
    _slip(
        "one plus gamma",
        "1 was added to gamma.",
        "What should W2 be when gamma is 0?",
        slope="plus one",
    ),
    _slip(
        "W as it was",
        "W came back as it was, unscaled.",
        "Twice the gamma should make the output of a unit twice as large. Does it?",
        rows="unscaled",
    ),
    _also(
        _slip(
            "scaled along the last axis",
            "The scale was laid along the last axis of W, so it multiplies inputs, not units. With "
            "a square W nobody complains.",
            "Which axis of W (O, I) counts the units that gamma belongs to?",
            "M3",
            rows="last axis",
        ),
        "last axis, other way",
        "last axis, as a row",
        "last axis, by a matrix",
    ),
    _slip(
        "scaled along the input axis",
        "The scale was laid along the axis of the inputs. With as many inputs as units nobody "
        "complains.",
        "Which axis of W counts the units that gamma belongs to?",
        "M3",
        rows="input axis",
    ),
    _also(
        _slip(
            "tables only",
            "With a table W the scale lies along the units. With the kernels of a convolution, "
            "which have four axes, it does not.",
            "Which shape must s have to be multiplied with W (O, I, kH, kW) along O?",
            "M3",
            rows="table",
        ),
        "table, other way",
        "table, by a matrix",
        "table, reshaped",
        "table, reshaped, other way",
    ),
    _slip(
        "kernels only",
        "The scale got four axes. That fits the kernels of a convolution, but not a table W.",
        "How many axes must s have for W (O, I), and how many for W (O, I, kH, kW)?",
        "M3",
        rows="kernels",
    ),
    _slip(
        "not turned back",
        "W2 has its axes in the reverse order.",
        "W.T turned the axes round so that s fits. What turns them back?",
        rows="transposed",
    ),
    _slip(
        "W divided by the scale",
        "W was divided by gamma / sd instead of multiplied.",
        "Twice the gamma should make the output of a unit twice as large. Does it?",
        rows="divided",
    ),
    _slip(
        "no bias, no mean",
        "Where b is None, the mean is missing from b2: a layer without a bias puts out Wx, and the "
        "mean is subtracted from that as well.",
        "If b is None, what is the layer's output before batch norm?",
        none="beta alone",
    ),
    _slip(
        "no bias, no beta",
        "Where b is None, beta is missing from b2.",
        "If b is None, does batch norm still add beta?",
        "M8",
        none="mean only",
    ),
    _slip(
        "no bias, no scale",
        "Where b is None, the mean was subtracted without being scaled.",
        "In gamma · (z − mean) / sd, is the mean divided by sd or not?",
        none="mean as it is",
    ),
    Misconception(
        "None in the sum",
        "b may be None, a layer without a bias, and nothing can be added to or multiplied with "
        "None.",
        "Which number added to Wx is the same as no bias at all?",
        "",
        none_minus,
        variants=(none_times, none_times_right, none_added),
    ),
    Misconception(
        "truth of an array",
        "Python was asked whether the array b is true. For several numbers there is no answer to "
        "that.",
        "How do you ask whether b is None, and nothing else?",
        "",
        truth_of_array,
    ),
)
