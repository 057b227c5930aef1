"""10.4b: mend a group norm whose reshape almost works."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.group_norm.almost_slips import MISCONCEPTIONS, given, group_norm_last


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw maps with the channels last, some on which the code as found is right."""

    def draw(label, shape, groups, eps=1e-5, sd=2.0):
        n, h, w, c = shape
        x = rng.normal(0, sd, shape) * rng.uniform(0.5, 2, (n, 1, 1, c))
        x = x + rng.normal(2, sd, (n, 1, 1, c)) + rng.normal(0, sd, (1, h, w, 1))
        gamma = rng.choice([-1, 1], c) * rng.uniform(0.5, 2, c)
        return Case(label, (x, groups, gamma, rng.normal(1, 1, c), eps))

    return [
        draw("one pixel, eight channels in two groups", (1, 1, 1, 8), 2),
        draw("two images, six channels in two groups", (2, 2, 3, 6), 2),
        draw("six channels in three groups", (3, 3, 2, 6), 3, 1e-2),
        draw("twelve channels in four groups", (2, 2, 3, 12), 4),
        draw("one group", (3, 2, 4, 5), 1),
        draw("as many groups as channels", (3, 2, 4, 5), 5),
        draw("nine channels in three groups", (2, 3, 2, 9), 3, 1e-3),
        draw("as many channels as pixels in a row", (2, 2, 6, 6), 2),
    ]


def _four_axes(x, groups, gamma, beta, eps=1e-5):
    n, h, w, c = x.shape
    t = x.reshape(n, h, w, groups, c // groups)
    mean, var = t.mean((1, 2, 4), keepdims=True), t.var((1, 2, 4), keepdims=True)
    return gamma * ((t - mean) / np.sqrt(var + eps)).reshape(x.shape) + beta


def _channels_first(x, groups, gamma, beta, eps=1e-5):
    n, h, w, c = x.shape
    t = np.moveaxis(x, -1, 1).reshape(n, groups, -1)
    t = (t - t.mean(-1, keepdims=True)) / np.sqrt(t.var(-1, keepdims=True) + eps)
    return gamma * np.moveaxis(t.reshape(n, c, h, w), 1, -1) + beta


def _slices(x, groups, gamma, beta, eps=1e-5):
    y, k = np.zeros_like(x), x.shape[-1] // groups
    for first in range(0, x.shape[-1], k):
        part = x[..., first : first + k]
        mean, var = part.mean((1, 2, 3), keepdims=True), part.var((1, 2, 3), keepdims=True)
        y[..., first : first + k] = (part - mean) / np.sqrt(var + eps)
    return gamma * y + beta


def _put_in_order(x, groups, gamma, beta, eps=1e-5):
    """The code as found, on channels that were put where it takes them from."""
    order = np.arange(x.shape[-1]).reshape(groups, -1).T.ravel()
    y = np.empty_like(x)
    ones = np.ones_like(gamma)
    y[..., order] = given(x[..., order], groups, ones, 0 * ones, eps)
    return gamma * y + beta


TASK = Task(
    id="10.4b",
    title="the reshape that almost works",
    entry="group_norm_last",
    objective="Find a wrong reshape that every look at mean and spread lets through",
    minutes=8,
    params=("x", "groups", "gamma", "beta", "eps"),
    outputs=("y",),
    cases=cases,
    reference=group_norm_last,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Put np.arange(8.0).reshape(1, 1, 1, 8) in, with two groups, and print t after the "
        "reshape. Which channels stand along the axes that are averaged?",
        "The last two axes of t are filled from the channels, the last one fastest. Neighbours lie "
        "along the last axis, so that must be the channels of one group; the axis in front of it "
        "numbers the groups. If the axes change places, what runs over them must follow.",
        "A table (N, 6) in 2 groups: t = x.reshape(N, 2, 3) holds 0 1 2 and 3 4 5, and each mean "
        "runs over axis 2; (N, 3, 2) holds 0 1, 2 3 and 4 5, and axis 1 of it runs 0 2 4. Here "
        "the places are an axis more, which every mean runs over as well.",
    ),
    stub=given,
    given=given,
    accepted=(_four_axes, _channels_first, _slices, _put_in_order),
    switchboard=group_norm_last,
)
