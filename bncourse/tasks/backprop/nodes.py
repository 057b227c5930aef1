"""4.2: put the backward pass in order, node by node."""

from __future__ import annotations

import numpy as np

from bncourse.grading.assembly import Assembly, Line
from bncourse.grading.kinds import assembly_task, slips
from bncourse.grading.task import Case


def through_the_nodes(
    dy, centred, inv_std, gamma, *, sign=-1, variance=True, mean="right", scaled=True
):  # fmt: skip
    """The backward pass, node by node; the keywords switch single slips on."""
    m = len(dy)
    x_hat = centred * inv_std
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    dx_hat = dy * gamma if scaled else dy
    dvar = (dx_hat * centred).sum(axis=0) * sign * 0.5 * inv_std**3
    dcentred = dx_hat * inv_std
    if variance:
        dcentred = dcentred + dvar * 2 * centred / m
    dmean = -dcentred.sum(axis=0)
    return dcentred + {"right": dmean / m, "m - 1": dmean / (m - 1), "none": 0}[mean], dgamma, dbeta


_slip = slips(through_the_nodes)


MISCONCEPTIONS = (
    _slip(
        "variance path missing",
        "Nothing flows back through the variance.",
        "Two arrows leave the centred values in the forward graph. Where do they go?",
        "M4",
        variance=False,
    ),
    _slip(
        "sign of the variance",
        "The step back through 1/√(var + eps) has the wrong sign.",
        "If the variance grows, does 1/√(var + eps) grow or shrink?",
        "M4",
        sign=1,
    ),
    _slip(
        "mean path missing",
        "Nothing flows back through the mean, so the sum of dx is not 0.",
        "What is subtracted from every sample in the forward pass, and what is it made of?",
        "M4",
        mean="none",
    ),
    _slip(
        "mean by m − 1",
        "The mean's gradient is shared out among m − 1 samples; the mean is made of m.",
        "By how much does the mean move when one of m samples moves by 1?",
        "M2",
        mean="m - 1",
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw batches of different sizes, with the five samples first."""
    five = np.array([[-4.0], [-2.0], [0.0], [2.0], [4.0]])
    push = np.array([[1.0], [0.0], [0.0], [0.0], [0.0]])
    drawn = [Case("1 3 5 7 9, the first one pushed", (push, five, np.array([8**-0.5]), np.ones(1)))]
    for m in (3, 6):
        x = rng.normal(0, rng.uniform(0.5, 3, 3), (m, 3))
        centred = x - x.mean(axis=0)
        inv_std = 1 / np.sqrt(x.var(axis=0) + 0.01)
        gamma = rng.choice([-1, 1], 3) * rng.uniform(0.5, 2, 3)
        args = (rng.normal(1, 1, (m, 3)), centred, inv_std, gamma)
        drawn.append(Case(f"{m} samples, three features", args))
    return drawn


ASSEMBLY = Assembly(
    question=(
        "Put the lines of the backward pass in order. The forward pass has kept `centred` (x minus "
        "its mean, (m, D)) and `inv_std` (1/√(var + eps), (D,)). Lines marked with the same sign "
        "are alternatives: take one of each. The answer is judged by running it, so every order "
        "that works is right."
    ),
    head="def backward(dy, centred, inv_std, gamma):\n    m = len(dy)",
    lines=(
        Line("A", "    dx = dcentred", "◇"),
        Line("B", "    dvar = (dx_hat * centred).sum(axis=0) * 0.5 * inv_std**3", "△"),
        Line("C", "    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)"),
        Line("D", "    dcentred = dx_hat * inv_std + dvar * 2 * centred / m", "□"),
        Line("E", "    dx = dcentred + dmean / m", "◇"),
        Line("F", "    dx_hat = dy * gamma"),
        Line("G", "    dcentred = dx_hat * inv_std", "□"),
        Line("H", "    dvar = (dx_hat * centred).sum(axis=0) * -0.5 * inv_std**3", "△"),
        Line("K", "    x_hat = centred * inv_std"),
        Line("L", "    dx = dcentred + dmean / (m - 1)", "◇"),
        Line("M", "    dmean = -dcentred.sum(axis=0)"),
    ),
    tail="    return dx, dgamma, dbeta",
)

TASK = assembly_task(
    ASSEMBLY,
    id="4.2",
    title="backward through the nodes",
    entry="node_order",
    objective="Go back through the computation graph, one node at a time",
    minutes=12,
    params=("dy", "centred", "inv_std", "gamma"),
    outputs=("dx", "dgamma", "dbeta"),
    cases=cases,
    reference=through_the_nodes,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Reverse the arrows of the forward graph. What is used last in the forward pass comes "
        "first in the backward pass.",
        "A line can only use names that a line above it has made. Where two arrows leave a node in "
        "the forward pass, two terms are added in the backward pass: that happens at centred and "
        "at x.",
        "It may begin K C F: x_hat is rebuilt, the parameters take their share, then gamma is "
        "passed. What hangs on x_hat next: the division by the standard deviation.",
    ),
    accepted=("K C F H D M E", ["F", "H", "D", "M", "E", "K", "C"]),
    mistakes={
        "variance path missing": "K C F G M E",
        "sign of the variance": "K C F B D M E",
        "mean path missing": "K C F H D A",
        "mean by m − 1": "K C F H D M L",
    },
    switchboard=through_the_nodes,
)
