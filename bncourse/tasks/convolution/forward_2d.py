"""6.3: write the forward pass for maps."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.layers.batch_norm import batchnorm_forward
from bncourse.tasks.convolution import forward_2d_others, forward_2d_slips
from bncourse.tasks.convolution.forward_2d_others import ALONE, OFFSET, ONE_IMAGE, ONE_ROW, POINTS
from bncourse.tasks.convolution.forward_2d_switches import forward_2d


def batchnorm2d_forward(x, gamma, beta, eps=1e-5):
    """Return y (N, C, H, W), normalised per channel; ValueError for one value per channel."""
    return batchnorm_forward(x, gamma, beta, eps)[0]


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw maps on which every slip shows somewhere; in one of them W equals C."""

    def draw(label, shape, eps, *, sd=3.0, mean=2.0, rtol=1e-7, dtype=float, **rest):
        n, c, _, _ = shape
        # Images differ in mean and contrast, and so do channels and places.
        x = rng.normal(0, sd, shape) * rng.uniform(0.5, 2, (n, c, 1, 1))
        x = x + mean + rng.normal(0, sd, (n, c, 1, 1)) + rng.normal(0, sd, (1, *shape[1:]))
        gamma = rng.choice([-1, 1], c) * rng.uniform(0.5, 2, c)
        args = tuple(a.astype(dtype) for a in (x, gamma, rng.normal(1, 1, c)))
        return Case(label, (*args, eps), rtol, **rest)

    constant = draw("a channel that is constant", (3, 2, 4, 5), 1e-3)
    constant.args[0][:, 1] = 3.0
    return [
        draw("two images, two channels, 1 × 3 pixels", (2, 2, 1, 3), 1e-2),
        draw("five images, three channels, 2 × 4 pixels", (5, 3, 2, 4), 1e-5),
        draw("four channels and W = 4", (2, 4, 3, 4), 1e-3),
        draw(ONE_IMAGE, (1, 3, 4, 5), 1e-5),
        draw(ONE_ROW, (1, 3, 1, 6), 1e-5),
        draw(POINTS, (4, 3, 1, 1), 1e-5),
        draw("a large eps", (3, 4, 2, 5), 1.0),
        constant,
        draw("a very small spread", (3, 2, 4, 3), 1e-5, mean=0.0, sd=1e-3),
        draw("not contiguous in memory", (4, 3, 5, 2), 1e-5, strided=True),
        draw(OFFSET, (4, 3, 5, 2), 1e-5, mean=1e4, sd=0.3, rtol=2e-2, dtype=np.float32),
        draw(ALONE, (1, 3, 1, 1), 1e-5, raises="ValueError"),
    ]


def stub(x, gamma, beta, eps=1e-5):
    """The exercise as learners find it."""
    y = None
    return y


TASK = Task(
    id="6.3",
    title="the forward pass for maps",
    entry="batchnorm2d_forward",
    objective="Write batch norm's forward pass for maps (N, C, H, W)",
    minutes=15,
    params=("x", "gamma", "beta", "eps"),
    outputs=("y",),
    cases=cases,
    reference=batchnorm2d_forward,
    misconceptions=forward_2d_slips.SLIPS + forward_2d_others.OTHERS,
    hints=(
        "You know the layer for tables: samples down, features across. Which numbers of a map are "
        "the samples here, and what is a feature?",
        "Either average over all axes but the channels' and keep the axes (keepdims=True), or make "
        "a table with one column for each channel. For that C must come last before you reshape.",
        "For series (N, C, L): t = x.transpose(0, 2, 1) is (N, L, C), t.reshape(N * L, C) is a "
        "table, and on the way back come reshape(N, L, C) and transpose(0, 2, 1). A map has one "
        "axis more. gamma.reshape(C, 1) meets axis 1 of (N, C, L).",
    ),
    stub=stub,
    accepted=forward_2d_others.ACCEPTED,
    mistakes=forward_2d_others.MISTAKES,
    switchboard=forward_2d,
)
