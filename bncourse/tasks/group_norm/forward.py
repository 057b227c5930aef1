"""10.2: write group norm."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.group_norm import forward_others, forward_slips
from bncourse.tasks.group_norm.forward_others import OFFSET, ONE_SAMPLE, POINTS
from bncourse.tasks.group_norm.forward_switches import group_norm


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw maps on which every slip shows somewhere; in one of them W equals C."""

    def draw(label, shape, groups, eps, *, sd=3.0, mean=2.0, rtol=1e-7, dtype=float, **rest):
        n, c, _, _ = shape
        # Samples differ in mean and contrast, and so do channels and places.
        x = rng.normal(0, sd, shape) * rng.uniform(0.5, 2, (n, c, 1, 1))
        x = x + mean + rng.normal(0, sd, (n, c, 1, 1)) + rng.normal(0, sd, (1, *shape[1:]))
        gamma = rng.choice([-1, 1], c) * rng.uniform(0.5, 2, c)
        given, gamma, beta = (a.astype(dtype) for a in (x, gamma, rng.normal(1, 1, c)))
        return Case(label, (given, groups, gamma, beta, eps), rtol, **rest)

    constant = draw("a group that is constant", (2, 4, 2, 3), 2, 1e-3)
    constant.args[0][1, 2:] = 3.0
    return [
        draw("one image, four channels in two groups, 1 × 2 pixels", (1, 4, 1, 2), 2, 1e-2),
        draw("three images, six channels in two groups", (3, 6, 2, 4), 2, 1e-5),
        draw("six channels in three groups", (2, 6, 3, 2), 3, 1e-3),
        draw("six channels in two groups and W = 6", (2, 6, 2, 6), 2, 1e-3),
        draw("one group", (3, 5, 2, 3), 1, 1e-5),
        draw("as many groups as channels", (3, 5, 2, 3), 5, 1e-5),
        draw(ONE_SAMPLE, (1, 12, 2, 3), 4, 1e-5),
        draw(POINTS, (4, 12, 1, 1), 3, 1e-5),
        draw("a large eps", (2, 6, 2, 5), 3, 1.0),
        constant,
        draw("a very small spread", (3, 6, 2, 3), 2, 1e-5, mean=0.0, sd=1e-3),
        draw("not contiguous in memory", (4, 6, 5, 2), 2, 1e-5, strided=True),
        draw(OFFSET, (4, 6, 5, 2), 3, 1e-5, mean=1e4, sd=0.3, rtol=2e-2, dtype=np.float32),
        draw("4 groups of 6 channels", (2, 6, 2, 2), 4, 1e-5, raises="ValueError"),
        draw("3 groups of 7 channels", (2, 7, 3, 1), 3, 1e-5, raises="ValueError"),
    ]


def stub(x, groups, gamma, beta, eps=1e-5):
    """The exercise as learners find it."""
    y = None
    return y


TASK = Task(
    id="10.2",
    title="group norm",
    entry="group_norm",
    objective="Write group norm's forward pass: statistics per group, gamma per channel",
    minutes=18,
    params=("x", "groups", "gamma", "beta", "eps"),
    outputs=("y",),
    cases=cases,
    reference=group_norm,
    misconceptions=forward_slips.SLIPS + forward_others.OTHERS,
    hints=(
        "Give the groups an axis of their own. Which five axes has x then, and which of them "
        "share a mean?",
        "The channels of a group are neighbours, so the axis of the groups comes before that of "
        "the channels inside a group. Take mean and variance over the last three axes, with "
        "keepdims=True. gamma and beta do not belong to groups: go back to four axes first.",
        "For series (N, C, L) with C = 6 in 3 groups: t = x.reshape(N, 3, 2, L), mean and variance "
        "of t over axes (2, 3), and t.reshape(N, 6, L) on the way back, where gamma[:, None] meets "
        "the channels. A map has one axis more. For the refusal: C % groups must be 0.",
    ),
    stub=stub,
    accepted=forward_others.ACCEPTED,
    mistakes=forward_others.MISTAKES,
    switchboard=group_norm,
)
