"""10.7: a layer in the place of a norm that measures nothing."""

from __future__ import annotations

import math

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.group_norm.dyt_slips import FAR, MISCONCEPTIONS, dyt


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw tables and sequences with means of their own, so that every statistic shows."""

    def draw(label, shape, alpha, *, sd=1.5, mean=1.0, **rest):
        x = rng.normal(0, sd, shape) + rng.normal(mean, sd, (*shape[:-1], 1))
        gamma = rng.choice([-1, 1], shape[-1]) * rng.uniform(0.5, 2, shape[-1])
        return Case(label, (x, alpha, gamma, rng.normal(1, 1, shape[-1])), **rest)

    return [
        draw("one sample of three features", (1, 3), 0.5),
        draw("four samples of six features", (4, 6), round(rng.uniform(0.2, 0.8), 2)),
        draw("alpha = 2", (5, 3), 2.0, sd=0.5, mean=0.3),
        draw("a negative alpha", (3, 4), -0.7),
        draw("as many samples as features", (4, 4), 0.5),
        draw("two sequences of three steps", (2, 3, 5), 0.3),
        draw("very small numbers", (3, 4), 0.5, sd=1e-4, mean=0.0),
        draw(FAR, (3, 5), 0.5, sd=4e3, mean=0.0),
        draw("not contiguous in memory", (6, 4), 0.4, strided=True),
    ]


def _loops(x, alpha, gamma, beta):
    y = np.empty_like(x)
    for place, value in np.ndenumerate(x):
        y[place] = gamma[place[-1]] * math.tanh(alpha * value) + beta[place[-1]]
    return y


def _exp(x, alpha, gamma, beta):
    """Tanh from an exponential that cannot overflow."""
    z = alpha * x
    e = np.exp(-2 * np.abs(z))
    return gamma * np.sign(z) * -np.expm1(-2 * np.abs(z)) / (1 + e) + beta


def _einsum(x, alpha, gamma, beta):
    return np.einsum("...h,h->...h", np.tanh(np.multiply(x, alpha)), gamma) + beta


def _overflowing(x, alpha, gamma, beta):
    up, down = np.exp(alpha * x), np.exp(-alpha * x)
    return gamma * (up - down) / (up + down) + beta


def _in_place(x, alpha, gamma, beta):
    x *= alpha
    return gamma * np.tanh(x) + beta


def stub(x, alpha, gamma, beta):
    """The exercise as learners find it."""
    y = None
    return y


TASK = Task(
    id="10.7",
    title="no norm at all",
    entry="dyt",
    objective="Write a bounded layer that takes a norm's place, and say what it does not do",
    minutes=12,
    params=("x", "alpha", "gamma", "beta"),
    outputs=("y",),
    cases=cases,
    reference=dyt,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "No mean and no variance: each number of x goes through by itself. What bends it, and "
        "which of the three parameters stand inside that?",
        "alpha says how soon the curve bends, so it multiplies x before tanh. gamma and beta do "
        "afterwards what they do in layer norm.",
        "x = 3, alpha = 0.5, gamma = 2, beta = 1: tanh(1.5) = 0.905, and 2 · 0.905 + 1 = 2.81. "
        "Arrays (…, H) and (H,) line up by themselves, at the last axis.",
    ),
    stub=stub,
    accepted=(_loops, _exp, _einsum),
    mistakes={"overflow": _overflowing, "changes its input": _in_place},
    switchboard=dyt,
    graded=False,
)
