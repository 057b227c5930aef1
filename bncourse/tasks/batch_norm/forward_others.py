"""Wrong forward passes that are no slip in one line: another ruler altogether, or lost digits."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Misconception


def _untrained_running(x, gamma, beta, eps=1e-5):
    inv_std = np.full(x.shape[1], 1 / np.sqrt(1 + eps))
    x_hat = x * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def _min_max(x, gamma, beta, eps=1e-5):
    inv_std = 1 / (x.max(axis=0) - x.min(axis=0) + eps)
    x_hat = (x - x.min(axis=0)) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def _absolute(x, gamma, beta, eps=1e-5):
    centred = x - x.mean(axis=0)
    inv_std = 1 / (np.abs(centred).mean(axis=0) + eps)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def _rows_without_keepdims(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=1)
    centred = x - mean
    inv_std = 1 / np.sqrt((centred**2).mean(axis=1) + eps)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


def _row_variance_without_keepdims(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(axis=1), x.var(axis=1)
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": 1 / np.sqrt(var + eps), "gamma": gamma}


def _row_std_without_keepdims(x, gamma, beta, eps=1e-5):
    inv_std = 1 / np.sqrt(x.var(axis=1) + eps)
    x_hat = (x - x.mean(axis=1)) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


OTHERS = (
    Misconception(
        "rows without keepdims",
        "The mean runs over the features of each sample (axis=1), which gives one number for "
        "each row; those do not fit beside the columns.",
        "x is (N, D). How many means should there be, N or D?",
        "M3",
        _rows_without_keepdims,
        variants=(_row_variance_without_keepdims, _row_std_without_keepdims),
    ),
    Misconception(
        "untrained running statistics",
        "The values pass almost unchanged: they are normalised with mean 0 and variance 1, the "
        "state of a running average before any batch.",
        "In training, whose mean and variance are used?",
        "M5",
        _untrained_running,
    ),
    Misconception(
        "min-max",
        "The values are mapped to 0 … 1 by their range. One outlier sets the scale for all.",
        "Which measure of spread does batch norm use?",
        wrong=_min_max,
    ),
    Misconception(
        "mean absolute deviation",
        "The spread is the mean absolute deviation, not the root of the mean square.",
        "What happens to the deviations before they are averaged?",
        wrong=_absolute,
    ),
    Misconception(
        "one-pass variance",
        "Right in float64, but in float32 with a large mean the digits are gone. That happens when "
        "the variance is taken as the mean of x² minus the square of the mean: two huge, nearly "
        "equal numbers.",
        "What is left of 100000003.2 − 100000000.0 when only seven digits are kept?",
        fails_on=frozenset({"float32 with an offset of 1e4"}),
    ),
)
