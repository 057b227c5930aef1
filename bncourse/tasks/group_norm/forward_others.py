"""Wrong group norms that are no slip in one switch, and right ones in other styles."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Misconception
from bncourse.tasks.group_norm.forward_switches import group_norm

ONE_SAMPLE = "one image, twelve channels in four groups"
POINTS = "maps of 1 × 1, twelve channels in three groups"
OFFSET = "float32 with an offset of 1e4"


def _guard(x, groups):
    if x.shape[1] % groups:
        raise ValueError("groups are equal slices of the channels")


def _untrained(x, groups, gamma, beta, eps=1e-5):
    _guard(x, groups)
    return gamma[:, None, None] * (x / np.sqrt(1 + eps)) + beta[:, None, None]


def _min_max(x, groups, gamma, beta, eps=1e-5):
    _guard(x, groups)
    t = x.reshape(len(x), groups, -1)
    low, high = t.min(2, keepdims=True), t.max(2, keepdims=True)
    x_hat = ((t - low) / (high - low + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


def _affine_first(x, groups, gamma, beta, eps=1e-5):
    return group_norm(
        gamma[:, None, None] * x + beta[:, None, None],
        groups,
        np.ones_like(gamma),
        np.zeros_like(beta),
        eps,
    )


def _eps_twice(x, groups, gamma, beta, eps=1e-5):
    _guard(x, groups)
    t = x.reshape(len(x), groups, -1)
    sd = np.sqrt(t.var(2, keepdims=True) + eps) + eps
    x_hat = ((t - t.mean(2, keepdims=True)) / sd).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


OTHERS = (
    Misconception(
        "gamma and beta before the norm",
        "Gamma and beta were applied to x, and the norm came behind: it takes away again what a "
        "group has in common of them.",
        "Which numbers do gamma and beta change: x, or x_hat?",
        "M8",
        wrong=_affine_first,
    ),
    Misconception(
        "eps twice",
        "eps is added to the variance and to the standard deviation.",
        "How often does eps stand in the formula, and where?",
        "M17",
        wrong=_eps_twice,
    ),
    Misconception(
        "stored statistics",
        "The values pass almost unchanged, as by a layer whose stored mean is 0 and whose stored "
        "variance is 1. Group norm stores nothing.",
        "Which numbers does group norm take its mean of?",
        "M5",
        wrong=_untrained,
    ),
    Misconception(
        "min-max",
        "The values are mapped to 0 … 1 by their range. One outlier sets the scale for all.",
        "Which measure of spread does group norm use?",
        wrong=_min_max,
    ),
    Misconception(
        "one-pass variance",
        "Right in float64, but in float32 with a large mean the digits are gone. That happens when "
        "the variance is taken as the mean of x² minus the square of the mean: two huge, nearly "
        "equal numbers.",
        "What is left of 100000003.2 − 100000000.0 when only seven digits are kept?",
        fails_on=frozenset({OFFSET}),
    ),
    Misconception(
        "one image refused",
        "One image alone is not accepted, or does not come out right. Group norm never looks at "
        "another one.",
        "Which numbers share a mean here, and how many of them are there in one image?",
        "M12",
        fails_on=frozenset(
            {"one image, four channels in two groups, 1 × 2 pixels", ONE_SAMPLE},
        ),
    ),
    Misconception(
        "small maps refused",
        "Maps of 1 × 1 are not accepted, or do not come out right. The four channels of a group "
        "are four numbers, and those have a mean and a spread.",
        "How many numbers share one mean: H·W, or C / G · H·W?",
        "M12",
        fails_on=frozenset({POINTS}),
    ),
)


def _loops(x, groups, gamma, beta, eps=1e-5):
    _guard(x, groups)
    y, size = np.empty_like(x), x.shape[1] // groups
    for n in range(len(x)):
        for first in range(0, x.shape[1], size):
            values = x[n, first : first + size]
            values = (values - values.mean()) / np.sqrt(values.var() + eps)
            for k in range(size):
                y[n, first + k] = gamma[first + k] * values[k] + beta[first + k]
    return y


def _flat(x, groups, gamma, beta, eps=1e-5):
    _guard(x, groups)
    t = x.reshape(x.shape[0], groups, -1)
    t = (t - t.mean(-1, keepdims=True)) / np.sqrt(t.var(-1, keepdims=True) + eps)
    return t.reshape(x.shape) * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)


def _affine_in_five(x, groups, gamma, beta, eps=1e-5):
    n, c, h, w = x.shape
    t = x.reshape(n, groups, c // groups, h, w)  # itself raises ValueError where it cannot
    mean, var = t.mean((2, 3, 4), keepdims=True), t.var((2, 3, 4), keepdims=True)
    shape = (1, groups, c // groups, 1, 1)
    y = gamma.reshape(shape) * (t - mean) / np.sqrt(var + eps) + beta.reshape(shape)
    return y.reshape(x.shape)


def _split(x, groups, gamma, beta, eps=1e-5):
    parts = np.split(x, groups, axis=1)
    parts = [p - p.mean((1, 2, 3), keepdims=True) for p in parts]
    parts = [p / np.sqrt((p**2).mean((1, 2, 3), keepdims=True) + eps) for p in parts]
    return gamma[:, None, None] * np.concatenate(parts, axis=1) + beta[:, None, None]


def _sums(x, groups, gamma, beta, eps=1e-5):
    """Sums of channels, then of neighbours: np.add.reduceat and einsum."""
    _guard(x, groups)
    size = x.shape[1] // groups
    m, starts = size * x.shape[2] * x.shape[3], np.arange(0, x.shape[1], size)

    def spread(sums):
        mean = np.add.reduceat(sums, starts, axis=1) / m
        return np.repeat(mean, size, axis=1)[:, :, None, None].astype(x.dtype)

    centred = x - spread(np.einsum("nchw->nc", x))
    centred = centred - spread(np.einsum("nchw->nc", centred))
    var = spread(np.einsum("nchw,nchw->nc", centred, centred))
    scaled = np.einsum("nchw,c->nchw", centred / np.sqrt(var + eps), gamma)
    return scaled + beta.reshape(1, -1, 1, 1)


def _one_pass(x, groups, gamma, beta, eps=1e-5):
    _guard(x, groups)
    t = x.reshape(len(x), groups, -1)
    mean = t.mean(2, keepdims=True)
    var = (t * t).mean(2, keepdims=True) - mean * mean
    x_hat = ((t - mean) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


def _one_image_refused(x, groups, gamma, beta, eps=1e-5):
    if len(x) == 1:
        raise ValueError("a batch needs more than one image")
    return _flat(x, groups, gamma, beta, eps)


def _points_refused(x, groups, gamma, beta, eps=1e-5):
    if x.shape[2] * x.shape[3] == 1:
        raise ValueError("the maps are too small")
    return _flat(x, groups, gamma, beta, eps)


def _in_place(x, groups, gamma, beta, eps=1e-5):
    _guard(x, groups)
    size = x.shape[1] // groups
    for g in range(groups):
        part = x[:, g * size : (g + 1) * size]
        part -= part.mean((1, 2, 3), keepdims=True)
        part /= np.sqrt((part**2).mean((1, 2, 3), keepdims=True) + eps)
    return gamma[:, None, None] * x + beta[:, None, None]


ACCEPTED = (_loops, _flat, _affine_in_five, _split, _sums)
MISTAKES = {
    "one-pass variance": _one_pass,
    "one image refused": _one_image_refused,
    "small maps refused": _points_refused,
    "changes its input": _in_place,
}
