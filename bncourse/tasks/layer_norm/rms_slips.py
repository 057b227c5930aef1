"""Wrong RMSNorms: one function with a switch for each slip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.tasks.layer_norm.forward_board import AXES, DIVISOR

GAIN: dict[str, Callable] = {
    "right": lambda z, gamma: gamma * z,
    "none": lambda z, gamma: z,
    "one": lambda z, gamma: gamma[0] * z,
    "plus one": lambda z, gamma: (1 + gamma) * z,
    "added": lambda z, gamma: z + gamma,
    "along rows": lambda z, gamma: gamma[:, None] * z,
}


def rms(
    x, gamma, eps, *, mean="kept", axes="last", divisor="right", count="H", gain="right",
    first=False,
):  # fmt: skip
    """RMSNorm with a switch for each slip; without any it is right."""
    if first:
        x, gain = x * gamma, "none"
    over = AXES[axes](x.ndim)
    m = x.mean(axis=over, keepdims=True)
    squares = np.square(x - m if mean in ("in the root", "both") else x)
    total = squares.sum(axis=over, keepdims=True)
    n = x.size // total.size
    divide = {"H": n, "1": 1, "H - 1": n - 1, "H twice": n * n, "N": len(x)}
    mean_square = squares if count == "none" else total / np.asarray(divide[count], x.dtype)
    if divisor == "eps in the sum":
        divisor, eps = "right", eps / n
    z = (x - m if mean in ("above", "both") else x) / DIVISOR[divisor](mean_square, eps)
    return GAIN[gain](z, gamma)


def _tiny(fixed):
    return lambda x, gamma, eps: rms(x, gamma, np.asarray(fixed, x.dtype))


_slip = slips(rms)


SLIPS = (
    _slip(
        "the mean subtracted",
        "The mean is taken away: that is layer norm without beta.",
        "Add 1 to all units of a row. Should the output change?",
        mean="both",
    ),
    _slip(
        "the mean subtracted above",
        "The mean is taken away from the values that are divided.",
        "Add 1 to all units of a row. Should the output change?",
        mean="above",
    ),
    _slip(
        "divided by the sd",
        "The divisor is the standard deviation: spread around the mean. The root mean square "
        "measures from 0.",
        "Where all units of a row are 3, what is the divisor?",
        mean="in the root",
    ),
    _slip(
        "sum for mean",
        "The squares are added up but not averaged, so the row gets the length 1.",
        "What should the mean of z² be, and what is yours?",
        count="1",
    ),
    _slip(
        "length over H",
        "The squares are divided by H twice, or their root by H in place of √H.",
        "What is the root of Σ x² / H, if the length √Σ x² is given?",
        count="H twice",
    ),
    _slip(
        "divided by N",
        "The sum of the squares is divided by the length of axis 0, len(x).",
        "How many numbers share one divisor here: N or H?",
        "M3",
        count="N",
    ),
    _slip(
        "squares not averaged",
        "The squares are not averaged: each number is divided by its own size, so that only its "
        "sign is left.",
        "How many divisors does one row have?",
        count="none",
    ),
    _slip(
        "H − 1",
        "The sum of the squares is divided by H − 1.",
        "Of how many numbers is this the mean?",
        "M2",
        count="H - 1",
    ),
    _slip(
        "no root",
        "The row is divided by the mean square, without its root.",
        "Multiply a row by 10. By how much does your output change?",
        "M1",
        divisor="variance",
    ),
    _slip(
        "eps outside the root",
        "eps is added to the root in place of the mean square.",
        "Take a row of zeros and eps = 1e-5: what should the divisor be, √eps or eps?",
        "M17",
        divisor="eps outside",
    ),
    _slip(
        "eps as a floor",
        "eps is the smallest root mean square allowed. It should join every mean square.",
        "What is the divisor where the mean square is 1 and eps is 1?",
        "M17",
        divisor="eps as a floor",
    ),
    _slip(
        "eps as the mean square's floor",
        "eps is the smallest mean square allowed. It should join every mean square.",
        "What is the divisor where the mean square is 1 and eps is 1?",
        "M17",
        divisor="eps as the variance's floor",
    ),
    _slip(
        "roots added",
        "√eps is added to the root mean square. The root of a sum is not the sum of the roots.",
        "What is the divisor where the mean square is 1 and eps is 1: √2 or 2?",
        "M17",
        divisor="roots added",
    ),
    _slip(
        "eps in the sum",
        "eps is added to the sum of the squares, so that it is divided by H with it.",
        "What is the divisor of a row of zeros?",
        "M17",
        divisor="eps in the sum",
    ),
    _slip(
        "root twice",
        "The root was taken twice.",
        "In which order are squaring, averaging and taking the root done?",
        "M1",
        divisor="root twice",
    ),
    _slip(
        "multiplied by the size",
        "The row is multiplied by its root mean square.",
        "Should a large row be made larger or smaller?",
        divisor="inverted",
    ),
    _slip(
        "eps squared",
        "eps is squared before it joins the mean square.",
        "What exactly stands under the root?",
        "M17",
        divisor="eps squared",
    ),
    _slip(
        "eps twice",
        "eps joins the mean square twice.",
        "In which two lines does eps appear?",
        "M17",
        divisor="eps twice",
    ),
    _slip(
        "no eps",
        "eps is never used: a row of zeros gives 0/0.",
        "What is divided by what, where all units of a row are 0?",
        "M17",
        divisor="no eps",
    ),
    _slip(
        "eps fixed",
        "eps is always 1e-5, whatever was passed in.",
        "Where does the argument eps enter your code?",
        "M17",
        divisor="fixed eps",
    ),
    replace(
        _slip(
            "eps fixed at a smaller number",
            "eps is always the same tiny number, smaller than 1e-5, whatever was passed in.",
            "Where does the argument eps enter your code?",
            "M17",
            divisor="fixed eps 1e-6",
        ),
        variants=(_tiny(1e-8), _tiny(1e-10), _tiny(1e-12)),
    ),
    _slip(
        "over the batch",
        "The mean runs over axis 0, the batch.",
        "What would your function do with a single sample?",
        "M3",
        axes="batch",
    ),
    _slip(
        "over all axes but the last",
        "Each unit has a mean square of its own, over all samples, as in batch norm.",
        "Which numbers share one divisor: one unit's, or one vector's?",
        "M3",
        axes="all but last",
    ),
    _slip(
        "the second axis",
        "The mean runs over axis 1. In a table those are the units; in a sequence (N, T, H) "
        "they are the time steps.",
        "Which axis holds the units, counted from the right?",
        "M3",
        axes="second",
    ),
    _slip(
        "the whole sample",
        "Everything behind axis 0 shares one mean square. In a sequence each time step has its "
        "own. A single vector has no batch axis: there you take each number by itself.",
        "Which axis is always there, in (H,), (N, H) and (N, T, H): the first or the last?",
        "M3",
        axes="all but first",
    ),
    _slip(
        "over the first two axes",
        "The mean runs over the axes 0 and 1, whatever they are: in a table these are all.",
        "Which axis is always there, in (H,), (N, H) and (N, T, H)?",
        "M3",
        axes="first two",
    ),
    _slip(
        "one for everything",
        "One mean square serves the whole array, batch and all.",
        "Should the output of one sample depend on the others?",
        "M3",
        axes="all",
    ),
    _slip(
        "gamma forgotten",
        "gamma is never used.",
        "Where does gamma come in?",
        "M8",
        gain="none",
    ),
    _slip(
        "one gamma for all",
        "All units share the first gamma. They share the ruler, not the scale.",
        "How many numbers does gamma hold?",
        gain="one",
    ),
    _slip(
        "one plus gamma",
        "1 + gamma multiplies. Some models keep gamma that way; here gamma itself was asked for.",
        "What should come out where gamma is 0?",
        gain="plus one",
    ),
    _slip(
        "gamma added",
        "gamma is added. It is a scale; RMSNorm has no shift.",
        "What should come out for a row of zeros?",
        gain="added",
    ),
    _slip(
        "gamma along the rows",
        "gamma was turned into a column: it would belong to the rows then.",
        "gamma has H entries. Which axis of x has H entries?",
        "M3",
        gain="along rows",
    ),
    _slip(
        "gamma before normalising",
        "gamma multiplies x before the size of the row is measured.",
        "What is done first: dividing or scaling?",
        first=True,
    ),
)
