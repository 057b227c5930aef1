"""The numbers of 10.3, and how they are misread."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.task import Misconception
from bncourse.tasks.group_norm.tables import (
    AT_32,
    BY_CHANNELS,
    BY_GROUPS,
    SIZES,
    error,
    of_channels,
    of_groups,
)

ENDS = (
    "layer norm's, and instance norm's",
    "instance norm's, and layer norm's",
    "batch norm's, and instance norm's",
    "layer norm's, and batch norm's",
)
CONCLUSIONS = (
    "GN is better than BN and should replace it",
    "BN needs enough images on a device, while GN's error hardly depends on that",
    "the more images on a device, the better are both",
    "GN needs 32 groups: with another number its error is like LN's",
)
ROWS = {"groups": (of_groups, BY_GROUPS), "channels": (of_channels, BY_CHANNELS)}


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return what the tables say of the columns that are asked for."""
    return told(
        crossing=max(size for size in SIZES if error("GN", size) < error("BN", size)),
        gap=error("GN", p["gap"]) - error("BN", p["gap"]),
        widest=max(abs(error("GN", size) - error("BN", size)) for size in SIZES),
        loses=error("BN", p["small"]) - AT_32[p["rival"]],
        growth=100 * (error("BN", p["grown"]) / error("BN", 32) - 1),
        cost=_cost(p["row"], p["count"]),
        ends=0,
        shown=1,
    )


def told(**values: float) -> dict[str, np.ndarray]:
    """Return only these fields."""
    return {name: np.asarray(float(value)) for name, value in values.items()}


def _cost(row: str, count: int, best_of: str = "") -> float:
    return ROWS[row][0](count) - min(ROWS[best_of or row][1])


def _other(p: Mapping) -> str:
    return "channels" if p["row"] == "groups" else "groups"


def _gap(size: int) -> float:
    return error("GN", size) - error("BN", size)


def _gap_further_right(size: int) -> float:
    gaps = [_gap(other) for other in SIZES if other < size]
    return next(gap for gap in gaps if abs(gap - _gap(size)) > 0.01)


def _gap_at_32(p: Mapping) -> dict[str, np.ndarray]:
    """Return the first column's gap, or nothing where the gap that was asked for is as large."""
    here = _gap(32)
    return {} if abs(here - _gap(p["gap"])) < 0.1 else told(gap=here)


def _m(key, says, asks, wrong, code=""):
    return Misconception(key, says, asks, code, wrong)


MISCONCEPTIONS = (
    _m(
        "GN below BN everywhere",
        "With 32 images BN's error is the lower one: 23.6 against 24.1.",
        "What is GN minus BN in each column?",
        lambda p: told(crossing=32),
    ),
    _m(
        "one column too early",
        "With 16 images BN's error is still the lower one: 23.7 against 24.2.",
        "What is GN minus BN in each column?",
        lambda p: told(crossing=16),
    ),
    _m(
        "the widest gap as the crossing",
        "With 2 images the two are furthest apart; GN's error was below BN's before that.",
        "In which column does the sign of GN minus BN change?",
        lambda p: told(crossing=2),
    ),
    _m(
        "one column too late",
        "GN's error is below BN's with 8 images already: 24.0 against 24.8.",
        "In which column does the sign of GN minus BN change?",
        lambda p: told(crossing=4),
    ),
    _m(
        "gap with the wrong sign",
        "The size is right, and the sign is not: GN minus BN is negative where GN's error is the "
        "smaller one.",
        "Which of the two errors stands in front of the minus?",
        lambda p: told(gap=-_gap(p["gap"])),
    ),
    _m(
        "gap in per cent",
        "That is the difference in per cent of BN's error. Points were asked for: one number "
        "minus the other.",
        "24.1 minus 23.6: how much is that in points?",
        lambda p: told(gap=100 * _gap(p["gap"]) / error("BN", p["gap"])),
    ),
    _m(
        "gap of another column",
        "That is the difference in a column further to the right than the one that was asked for.",
        "Which column has your number of images on each device?",
        lambda p: told(gap=_gap_further_right(p["gap"])),
    ),
    _m(
        "gap of the first column",
        "That is the difference with 32 images on each device.",
        "Which column has your number of images on each device?",
        _gap_at_32,
    ),
    _m(
        "GN's error for the gap",
        "That is GN's error itself; BN's was not subtracted.",
        "How many numbers does a difference need?",
        lambda p: told(gap=error("GN", p["gap"])),
    ),
    _m(
        "the gap at 32",
        "That is how far they are apart with 32 images. With few images it is far more.",
        "In which column do the two rows differ most?",
        lambda p: told(widest=0.5),
    ),
    _m(
        "the last column left out",
        "With 4 images they are 3.1 points apart, but there is one more column.",
        "In which column do the two rows differ most?",
        lambda p: told(widest=3.1),
    ),
    _m(
        "BN against itself",
        "That is how far BN's own error moves along its row. The two rows were to be compared.",
        "Which two numbers stand in the column of 2?",
        lambda p: told(widest=error("BN", 2) - error("BN", 32)),
    ),
    _m(
        "widest in per cent",
        "That is the difference in per cent. Points were asked for: one number minus the other.",
        "34.7 minus 24.1: how much is that in points?",
        lambda p: told(widest=100 * (1 - error("GN", 2) / error("BN", 2))),
    ),
    _m(
        "compared the other way round",
        "The size is right, and the sign is not: BN's error stands in front of the minus.",
        "Which of the two errors is the larger one?",
        lambda p: told(loses=AT_32[p["rival"]] - error("BN", p["small"])),
    ),
    _m(
        "the other rival",
        "That is the difference to another norm of the second table than the one asked for.",
        "Which column of the second table belongs to your norm?",
        lambda p: told(loses=error("BN", p["small"]) - AT_32["LN" if p["rival"] == "IN" else "IN"]),
    ),
    _m(
        "BN with many images",
        "That takes BN's error with 32 images. With few images it is another one.",
        "How many images on each device has BN in the question, and which table knows that?",
        lambda p: told(loses=error("BN", 32) - AT_32[p["rival"]]),
    ),
    _m(
        "GN for BN",
        "That takes GN's error with few images. BN's was asked for.",
        "Which row of the first table is BN's?",
        lambda p: told(loses=error("GN", p["small"]) - AT_32[p["rival"]]),
    ),
    _m(
        "GN for the rival",
        "That subtracts GN's error with as few images. Another norm's was asked for, with 32.",
        "Which table knows your norm, and how many images are in its columns?",
        lambda p: told(loses=error("BN", p["small"]) - error("GN", p["small"])),
    ),
    _m(
        "a share for per cent",
        "That is the growth as a share of one. In per cent it is a hundred times as much.",
        "From 20 to 25: how many per cent is a quarter?",
        lambda p: told(growth=error("BN", p["grown"]) / error("BN", 32) - 1),
    ),
    _m(
        "points for per cent",
        "That is the growth in points. In per cent of the error with 32 it is another number.",
        "From 20 to 25 are 5 points: how many per cent of 20?",
        lambda p: told(growth=error("BN", p["grown"]) - error("BN", 32)),
    ),
    _m(
        "per cent of the end",
        "The growth was divided by the error that it ended at. It starts from the error with 32.",
        "From 20 to 25: is that a growth by 20 or by 25 per cent?",
        lambda p: told(growth=100 * (1 - error("BN", 32) / error("BN", p["grown"]))),
    ),
    _m(
        "the ratio for the growth",
        "That is the new error in per cent of the old one. The growth is what lies above 100.",
        "An error that does not change at all: by how many per cent does it grow?",
        lambda p: told(growth=100 * error("BN", p["grown"]) / error("BN", 32)),
    ),
    _m(
        "the factor for the growth",
        "That is the factor from one error to the other, not the growth in per cent.",
        "An error that does not change at all: by how many per cent does it grow?",
        lambda p: told(growth=error("BN", p["grown"]) / error("BN", 32)),
    ),
    _m(
        "against GN",
        "GN's error was the start. BN's own error with 32 images was asked for.",
        "Which row of the first table is BN's?",
        lambda p: told(growth=100 * (error("BN", p["grown"]) / error("GN", 32) - 1)),
    ),
    _m(
        "the other row",
        "That is the number of the other row. Groups in each layer and channels in each group are "
        "not the same.",
        "256 channels in 8 groups: how many channels has each group?",
        lambda p: told(cost=_cost(_other(p), p["count"])),
    ),
    _m(
        "the best of another row",
        "The smallest error of the other row was subtracted. Compare within one row.",
        "What is the smallest number of your row?",
        lambda p: told(cost=_cost(p["row"], p["count"], _other(p))),
    ),
    _m(
        "the error for the cost",
        "That is the error itself; the smallest one of its row was not subtracted.",
        "What is the cost of the best entry of a row?",
        lambda p: told(cost=ROWS[p["row"]][0](p["count"])),
    ),
    _m(
        "cost with the wrong sign",
        "The size is right, and the sign is not: the smallest error of the row is subtracted.",
        "Can an error be below the smallest one?",
        lambda p: told(cost=-_cost(p["row"], p["count"])),
    ),
    _m(
        "the ends exchanged",
        "The two ends have changed places. One group holds all channels of an image, and one "
        "channel in a group holds no other.",
        "Which norm takes one mean of a whole image, and which one of each channel?",
        lambda p: told(ends=1),
        "M3",
    ),
    _m(
        "one group as batch norm",
        "One group is no batch norm: group norm never looks at another image.",
        "Which norm takes one mean of a whole image, and which one of each channel?",
        lambda p: told(ends=2),
        "M3",
    ),
    _m(
        "one channel as batch norm",
        "A channel by itself would be batch norm if the images shared. Group norm never looks at "
        "another image.",
        "Whose statistics give 28.4 in the second table, too?",
        lambda p: told(ends=3),
        "M3",
    ),
    _m(
        "GN is always better",
        "With 16 and with 32 images BN's error is 0.5 points lower.",
        "In which columns is BN's error the smaller one?",
        lambda p: told(shown=0),
    ),
    _m(
        "more images, better GN",
        "That is so for BN. GN's errors lie within 0.2 points, and not in order.",
        "What is GN's error with 8, and what with 32?",
        lambda p: told(shown=2),
        "M12",
    ),
    _m(
        "32 groups or nothing",
        "From 2 to 64 groups the errors lie from 24.1 to 24.7; LN's is 25.3.",
        "What is the largest error of the row of groups, without its last column?",
        lambda p: told(shown=3),
    ),
)
