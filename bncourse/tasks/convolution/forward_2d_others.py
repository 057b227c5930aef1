"""Wrong forward passes for maps that are no slip in one switch, and right ones in other styles."""

from __future__ import annotations

from functools import wraps

import numpy as np

from bncourse.grading.task import Misconception

ONE_IMAGE = "one image of 4 × 5 pixels"
ONE_ROW = "one image, maps of 1 × 6"
POINTS = "four images, maps of 1 × 1"
ALONE = "one image, maps of 1 × 1"
OFFSET = "float32 with an offset of 1e4"


def _bare(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    return gamma * ((x - mean) / np.sqrt(var + eps)) + beta


def _bare_then_shaped(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


def _bare_spread(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3))
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


def _untrained(x, gamma, beta, eps=1e-5):
    return gamma[:, None, None] * (x / np.sqrt(1 + eps)) + beta[:, None, None]


def _min_max(x, gamma, beta, eps=1e-5):
    low, high = x.min((0, 2, 3), keepdims=True), x.max((0, 2, 3), keepdims=True)
    return gamma[:, None, None] * ((x - low) / (high - low + eps)) + beta[:, None, None]


def _guard(x):
    if x.shape[0] * x.shape[2] * x.shape[3] == 1:
        raise ValueError("one value per channel")


def _guarded(function):
    """The same slip by somebody who refuses one value per channel."""

    @wraps(function)
    def guarded(x, gamma, beta, eps=1e-5):
        _guard(x)
        return function(x, gamma, beta, eps)

    return guarded


def _ways(first, *others):
    """Return a misconception's function and its variants: each refuses one value, or does not."""
    ways = (first, *others)
    return {"wrong": _guarded(first), "variants": (*map(_guarded, others), *ways)}


OTHERS = (
    Misconception(
        "no keepdims",
        "mean and variance have shape (C,), and NumPy lines them up with the last axis, W. That "
        "is an error for most shapes, and silent where W equals C.",
        "Shapes are compared from the right. Which shape must the mean have to meet axis 1?",
        "M3",
        **_ways(_bare, _bare_then_shaped, _bare_spread),
    ),
    Misconception(
        "untrained running statistics",
        "The values pass almost unchanged: they are normalised with mean 0 and variance 1.",
        "In training, whose mean and variance are used?",
        "M5",
        **_ways(_untrained),
    ),
    Misconception(
        "min-max",
        "The values are mapped to 0 … 1 by their range. One outlier sets the scale for all.",
        "Which measure of spread does batch norm use?",
        **_ways(_min_max),
    ),
    Misconception(
        "one row refused",
        "Maps with a single row of pixels are not accepted, or do not come out right. Six pixels "
        "are six numbers for each channel, and those have a mean and a spread.",
        "Which three sizes make the number of values that share one mean?",
        "M12",
        fails_on=frozenset({ONE_ROW}),
    ),
    Misconception(
        "one image refused",
        "One image alone is not accepted, or does not come out right. Its 4 × 5 pixels are 20 "
        "numbers for each channel, and those have a mean and a spread.",
        "How many numbers share one mean: N, or N·H·W?",
        "M12",
        fails_on=frozenset({ONE_IMAGE, ONE_ROW}),
    ),
    Misconception(
        "small maps refused",
        "Maps of 1 × 1 are not accepted, or do not come out right. Four images are four numbers "
        "for each channel, and those have a mean and a spread.",
        "How many numbers share one mean: H·W, or N·H·W?",
        "M12",
        fails_on=frozenset({POINTS}),
    ),
    Misconception(
        "one-pass variance",
        "Right in float64, but in float32 with a large mean the digits are gone. That happens when "
        "the variance is taken as the mean of x² minus the square of the mean: two huge, nearly "
        "equal numbers.",
        "What is left of 100000003.2 − 100000000.0 when only seven digits are kept?",
        fails_on=frozenset({OFFSET}),
    ),
)


def _loops(x, gamma, beta, eps=1e-5):
    _guard(x)
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        values = x[:, c]
        centred = values - values.mean()
        y[:, c] = gamma[c] * centred / np.sqrt(np.mean(centred**2) + eps) + beta[c]
    return y


def _table(x, gamma, beta, eps=1e-5):
    _guard(x)
    n, c, h, w = x.shape
    t = np.transpose(x, (0, 2, 3, 1)).reshape(n * h * w, c)
    t = gamma * ((t - t.mean(0)) / np.sqrt(t.var(0) + eps)) + beta
    return t.reshape(n, h, w, c).transpose(0, 3, 1, 2)


def _channels_first(x, gamma, beta, eps=1e-5):
    _guard(x)
    c = x.shape[1]
    t = np.moveaxis(x, 1, 0)
    flat = t.reshape(c, -1)
    flat = (flat - flat.mean(1, keepdims=True)) / np.sqrt(flat.var(1, keepdims=True) + eps)
    flat = gamma[:, None] * flat + beta[:, None]
    return np.moveaxis(flat.reshape(t.shape), 0, 1)


def _einsum(x, gamma, beta, eps=1e-5):
    _guard(x)
    m = x.size / x.shape[1]
    centred = x - (np.einsum("nchw->c", x) / m).astype(x.dtype).reshape(1, -1, 1, 1)
    centred = centred - centred.mean((0, 2, 3), keepdims=True)
    var = np.einsum("nchw,nchw->c", centred, centred) / m
    return np.einsum("nchw,c->nchw", centred, gamma / np.sqrt(var + eps)) + beta.reshape(
        1, -1, 1, 1
    )


def _one_image_refused(x, gamma, beta, eps=1e-5):
    if len(x) == 1:
        raise ValueError("batch norm needs more than one image")
    return _table(x, gamma, beta, eps)


def _points_refused(x, gamma, beta, eps=1e-5):
    if x.shape[2] * x.shape[3] == 1:
        raise ValueError("the maps are too small")
    return _table(x, gamma, beta, eps)


def _one_pass(x, gamma, beta, eps=1e-5):
    _guard(x)
    t = np.moveaxis(x, 1, -1)
    mean = t.mean((0, 1, 2))
    var = (t * t).mean((0, 1, 2)) - mean * mean
    return np.moveaxis(gamma * ((t - mean) / np.sqrt(var + eps)) + beta, -1, 1)


def _in_place(x, gamma, beta, eps=1e-5):
    _guard(x)
    axes = (0, 2, 3)
    x -= x.mean(axes, keepdims=True)
    x_hat = x / np.sqrt((x**2).mean(axes, keepdims=True) + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


ACCEPTED = (_loops, _table, _channels_first, _einsum)
MISTAKES = {
    "one image refused": _one_image_refused,
    "small maps refused": _points_refused,
    "one-pass variance": _one_pass,
    "changes its input": _in_place,
}
