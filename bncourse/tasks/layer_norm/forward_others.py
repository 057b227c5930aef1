"""Wrong layer norms that are no slip in one place: other rulers, lost axes, lost digits."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Misconception


def _without_keepdims(x, gamma, beta, eps):
    m = x.mean(axis=-1)
    return gamma * ((x - m) / np.sqrt(x.var(axis=-1) + eps)) + beta


def _variance_without_keepdims(x, gamma, beta, eps):
    centred = x - x.mean(axis=-1, keepdims=True)
    return gamma * (centred / np.sqrt(x.var(axis=-1) + eps)) + beta


def _mean_without_keepdims(x, gamma, beta, eps):
    var = x.var(axis=-1, keepdims=True)
    return gamma * ((x - x.mean(axis=-1)) / np.sqrt(var + eps)) + beta


def _rows_without_keepdims(x, gamma, beta, eps):
    m = x.mean(axis=1)
    return gamma * ((x - m) / np.sqrt(x.var(axis=1) + eps)) + beta


def _untrained_running(x, gamma, beta, eps):
    return gamma * (x / np.sqrt(np.asarray(1 + eps, x.dtype))) + beta


def _brackets(x, gamma, beta, eps):
    m, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return gamma * x - m / np.sqrt(var + eps) + beta


def _eps_last(x, gamma, beta, eps):
    centred = x - x.mean(-1, keepdims=True)
    return gamma * (centred / x.std(-1, keepdims=True)) + eps + beta


def _eps_after(x, gamma, beta, eps):
    centred = x - x.mean(-1, keepdims=True)
    return gamma * (centred / x.std(-1, keepdims=True) + eps) + beta


def _min_max(x, gamma, beta, eps):
    low, high = x.min(-1, keepdims=True), x.max(-1, keepdims=True)
    return gamma * ((x - low) / (high - low + eps)) + beta


def _absolute(x, gamma, beta, eps):
    centred = x - x.mean(-1, keepdims=True)
    return gamma * (centred / (np.abs(centred).mean(-1, keepdims=True) + eps)) + beta


def _softmax(x, gamma, beta, eps):
    e = np.exp(x - x.max(-1, keepdims=True))
    return gamma * (e / (e.sum(-1, keepdims=True) + eps)) + beta


OTHERS = (
    Misconception(
        "without keepdims",
        "Mean or variance has lost its last axis, and lies beside the columns now: NumPy lines "
        "shapes up from the right.",
        "Which shape must the mean have so that each row meets its own?",
        "M3",
        _without_keepdims,
        variants=(_variance_without_keepdims, _mean_without_keepdims),
    ),
    Misconception(
        "the second axis without keepdims",
        "The mean runs over axis 1 and has lost that axis: NumPy lines shapes up from the right.",
        "Which shape must the mean have so that each row meets its own?",
        "M3",
        _rows_without_keepdims,
    ),
    Misconception(
        "untrained running statistics",
        "The values pass almost unchanged: they are normalised with mean 0 and variance 1, the "
        "state of a running average before any batch. Layer norm keeps none.",
        "Which mean and variance does layer norm use in evaluation?",
        "M5",
        _untrained_running,
    ),
    Misconception(
        "brackets missing around x − mean",
        "Only the mean is divided: * and / come before + and −.",
        "What does g * x - m / s mean in Python?",
        wrong=_brackets,
    ),
    Misconception(
        "eps after dividing",
        "eps is added to the quotient: / comes before +.",
        "What does c / s + eps mean in Python?",
        "M17",
        _eps_last,
        variants=(_eps_after,),
    ),
    Misconception(
        "min-max",
        "The values are mapped to 0 … 1 by their range. One outlier sets the scale for all.",
        "Which measure of spread does layer norm use?",
        wrong=_min_max,
    ),
    Misconception(
        "mean absolute deviation",
        "The spread is the mean absolute deviation, not the root of the mean square.",
        "What happens to the deviations before they are averaged?",
        wrong=_absolute,
    ),
    Misconception(
        "softmax",
        "The row is turned into shares that sum to 1.",
        "What should the mean of x_hat be, and what its spread?",
        wrong=_softmax,
    ),
    Misconception(
        "one-pass variance",
        "Right in float64, but in float32 with a large mean the digits are gone. That happens when "
        "the variance is taken as the mean of x² minus the square of the mean: two huge, nearly "
        "equal numbers.",
        "What is left of 100000003.2 − 100000000.0 when only seven digits are kept?",
        fails_on=frozenset({"float32 with an offset of 1e4"}),
    ),
    Misconception(
        "float32 inside",
        "Small numbers are right; float64 with a large mean has lost its digits. That happens when "
        "x is turned into float32 on the way.",
        "What is left of 10000.00012 when only seven digits are kept?",
        fails_on=frozenset({"float64 with an offset of 1e4"}),
    ),
    Misconception(
        "one-pass variance in float32",
        "All cases with a large mean are wrong, the others right: x is turned into float32 on the "
        "way, and the variance is taken as the mean of x² minus the square of the mean.",
        "What is left of 100000003.2 − 100000000.0 when only seven digits are kept?",
        fails_on=frozenset({"float32 with an offset of 1e4", "float64 with an offset of 1e4"}),
    ),
)
