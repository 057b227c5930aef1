"""Wrong ways to fit a standardiser: one function with a switch for each slip, and others."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception

OFFSETS = ("float32 with an offset of 3e5", "an offset of 1e7")
GUARDS = {
    "changes": lambda sd, X: np.where(X.max(axis=0) == X.min(axis=0), 1, sd),
    "exactly zero": lambda sd, X: np.where(sd == 0, 1, sd),
    "none": lambda sd, X: sd,
    "small number": lambda sd, X: np.where(sd < 1e-12, 1e-8, sd),
    "eps added": lambda sd, X: sd + 1e-8,
    "eps in the root": lambda sd, X: np.sqrt(sd**2 + 1e-5),
    "fine": lambda sd, X: np.where(sd < 1e-12, 1, sd),
    "floor": lambda sd, X: np.maximum(sd, 1e-8),
    "coarse": lambda sd, X: np.where(sd < 1e-8, 1, sd),
    "all below one": lambda sd, X: np.maximum(sd, 1),
}


def fit_standardizer(
    X, *, axis=0, ddof=0, spread="sd", guard="changes", centre="mean", swapped=False
):  # fmt: skip
    """Return mean (D,) and sd (D,) of X (N, D); the keywords switch single slips on."""
    mean = {"mean": X.mean, "zero": lambda axis: 0 * X.mean(axis=axis)}[centre](axis=axis)
    if centre == "middle":
        mean = np.sort(X, axis=0)[len(X) // 2]
    values = {
        "sd": lambda: X.std(axis=axis, ddof=ddof),
        "variance": lambda: X.var(axis=axis, ddof=ddof),
        "range": lambda: X.max(axis=axis) - X.min(axis=axis),
        "norm": lambda: np.sqrt(((X - X.mean(axis=axis, keepdims=True)) ** 2).sum(axis=axis)),
        "largest": lambda: np.abs(X).max(axis=axis),
        "absolute": lambda: np.abs(X - X.mean(axis=axis, keepdims=True)).mean(axis=axis),
        "root mean square": lambda: np.sqrt((X**2).mean(axis=axis)),
    }[spread]()
    if axis != 0:
        return mean, values
    sd = GUARDS[guard](values, X).astype(X.dtype)
    return (sd, mean) if swapped else (mean, sd)


def _first_two_alike(X):
    return X.mean(axis=0), np.where(X[0] == X[1], 1, X.std(axis=0)).astype(X.dtype)


def _ends_alike(X):
    return X.mean(axis=0), np.where(X[0] == X[-1], 1, X.std(axis=0)).astype(X.dtype)


def _coarse(below, X):
    sd = X.std(axis=0)
    return X.mean(axis=0), np.where(sd < below, 1, sd).astype(X.dtype)


def _close_to_the_first(X):
    same = np.isclose(X, X[0]).all(axis=0)
    return X.mean(axis=0), np.where(same, 1, X.std(axis=0)).astype(X.dtype)


_slip = slips(fit_standardizer)

MISCONCEPTIONS = (
    _slip(
        "variance for sd",
        "That is the variance. Divided by it, data in centimetres come out a hundred times smaller "
        "than data in metres.",
        "Which of the two has the unit of the feature?",
        "M1",
        spread="variance",
    ),
    _slip(
        "unbiased",
        "The sum of squares was divided by N − 1. That is a fair habit for estimating; here the "
        "training columns are to have a standard deviation of exactly 1, measured over N.",
        "Which ddof does x.std() use when you give none?",
        "M2",
        ddof=1,
    ),
    _slip(
        "per sample",
        "The statistics are those of each row. Age and kilometres of one person were averaged.",
        "How many means does a table with D features need?",
        "M3",
        axis=1,
    ),
    _slip(
        "whole table",
        "One mean and one spread came back for the whole table.",
        "Should age and kilometres share one ruler?",
        "M3",
        axis=None,
    ),
    _slip(
        "range for sd",
        "The spread is the range, largest minus smallest. A single outlier sets it.",
        "What does standard deviation average over?",
        spread="range",
    ),
    _slip(
        "mean absolute deviation",
        "The spread is the mean distance from the mean, not the root of the mean square.",
        "What happens to the deviations before they are averaged?",
        spread="absolute",
    ),
    _slip(
        "root mean square",
        "The squares were averaged without subtracting the mean first.",
        "How large should the spread of a feature be that is always close to 1000?",
        spread="root mean square",
    ),
    _slip(
        "no guard",
        "A column that never changes has a spread of 0, and whoever divides by it gets 0/0.",
        "What do you want such a column to be divided by?",
        "M17",
        guard="none",
    ),
    _slip(
        "guard for an exact zero",
        "The guard relies on exact arithmetic: it asks for a spread of exactly 0, or for values "
        "that equal their mean. For a column of 0.1s rounding leaves 1e-17, and dividing by that "
        "blows the rounding up.",
        "How else can you see that a column never changes, without any rounding?",
        "M17",
        guard="exactly zero",
    ),
    replace(
        _slip(
            "coarse guard",
            "Every spread below some small number became 1, also where there is one: a column in "
            "metres that holds nanometres is left as it is.",
            "Which columns never change: those with a small spread, or those whose largest and "
            "smallest value are the same?",
            "M17",
            guard="coarse",
        ),
        variants=(*(partial(_coarse, 10.0**-k) for k in (3, 4, 5, 6, 7)), _close_to_the_first),
    ),
    _slip(
        "a tiny number for a constant column",
        "A constant column got a tiny spread. It is 0 in training, but the first new value that "
        "differs from the constant comes out enormous.",
        "What should a new value, 1 above the constant, become?",
        "M17",
        guard="small number",
    ),
    replace(
        _slip(
            "fixed threshold",
            "A fixed threshold is to catch what rounding leaves. For a column of large numbers "
            "rounding leaves more than that.",
            "What is np.full(7, 98765.4321).std()?",
            "M17",
            guard="fine",
        ),
        variants=tuple(partial(_coarse, 10.0**-k) for k in (11, 13, 14, 15, 16)),
    ),
    _slip(
        "floor",
        "Every spread below a small number was raised to it: too much for a column in tiny units, "
        "and a tiny spread for a column that never changes.",
        "What should a new value of a constant column be divided by?",
        "M17",
        guard="floor",
    ),
    _slip(
        "swapped",
        "The two came back in the other order.",
        "The task asks for (mean, sd). Which one is subtracted?",
        swapped=True,
    ),
    _slip(
        "not averaged",
        "The squares were added up but not averaged before the root.",
        "How many squares are there?",
        spread="norm",
    ),
    _slip(
        "eps added",
        "A small number was added to every spread, also where there is one.",
        "Is the spread of a feature measured in nanometres still right?",
        "M17",
        guard="eps added",
    ),
    _slip(
        "eps in the root",
        "A small number was added to every variance, also where there is one: what batch norm will "
        "do in lesson 03. Here the spread itself was asked for.",
        "Is the spread of a feature with small units still right?",
        "M17",
        guard="eps in the root",
    ),
    _slip(
        "spreads below one raised",
        "Every spread below 1 was raised to 1. Only a column that never changes needs that.",
        "What happens to a feature whose values lie between 0 and 1?",
        "M17",
        guard="all below one",
    ),
    _slip(
        "mean left at zero",
        "The means came back as zeros.",
        "What should the average of a standardised column be?",
        centre="zero",
    ),
    _slip(
        "median for mean",
        "The centre is the middle value, not the mean.",
        "Which centre makes the standardised column sum to 0?",
        centre="middle",
    ),
    Misconception(
        "two rows compared",
        "Two rows were compared, not all: a column may change and still have the same value twice.",
        "Which two numbers tell whether a column changes at all?",
        wrong=_first_two_alike,
        variants=(_ends_alike,),
    ),
    Misconception(
        "one-pass variance",
        "Right where the mean is small, but where it is large the digits are gone. That happens "
        "when the variance is the mean of x² minus the square of the mean.",
        "How many digits do two huge, nearly equal numbers leave for their difference?",
        fails_on=frozenset(OFFSETS),
    ),
)
