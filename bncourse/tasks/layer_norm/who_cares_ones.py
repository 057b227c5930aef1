"""Wrong counts of 1, where what is done reaches no row or many."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Misconception


def _one(cell: str, key: str, says: str, asks: str, code: str = "") -> Misconception:
    return Misconception(key, says, asks, code, lambda p: {cell: np.asarray(1.0)})


ONES = (
    _one(
        "unit_bn",
        "the unit counted",
        "One unit was changed, but rows are counted. And batch norm undoes what happens to a whole "
        "column alike.",
        "All numbers of a column become k times larger. What becomes of its standard deviation?",
    ),
    _one(
        "bright_rms",
        "brighter in one row",
        "The number was added to every row of the table, and RMSNorm takes it away from none.",
        "How many rows does it reach before the norm?",
    ),
    _one(
        "bright_ln",
        "brighter in one row, for layer norm",
        "The number was added to every row of the table, and layer norm takes it away from each.",
        "1 is added to each unit of a row. What becomes of the mean of that row?",
    ),
    _one(
        "bright_bn",
        "brighter in one row, for batch norm",
        "The number was added to every row of the table, so to whole columns alike.",
        "1 is added to all numbers of a column. What becomes of its mean?",
    ),
    _one(
        "out_bn",
        "only the one that is gone",
        "The sample that was left out is no row any more. The others had it in their mean, and are "
        "measured without it now.",
        "Of which numbers is the mean of a column made?",
        "M5",
    ),
)
