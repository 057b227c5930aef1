"""4.3: write the backward pass node by node."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.backprop.staged_slips import SLIPS, staged

OUTPUTS = ("dx_hat", "dvar", "dmean", "dx", "dgamma", "dbeta")


def made_cache(x, gamma, eps):
    """Return the cache of a forward pass as 3.3 keeps it: x_hat (m, D), inv_std and gamma (D,)."""
    inv_std = 1 / np.sqrt(x.var(axis=0) + eps)
    return {"x_hat": (x - x.mean(axis=0)) * inv_std, "inv_std": inv_std, "gamma": gamma}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw batches of odd sizes, with gamma of both signs and eps that cannot be overlooked."""

    def draw(label, m, d, eps, spread=2.0):
        x = rng.normal(1, spread, (m, d)) * rng.uniform(0.5, 2, d)
        gamma = rng.choice([-1, 1], d) * rng.uniform(0.5, 2, d)
        return Case(label, (rng.normal(0.5, 1, (m, d)), made_cache(x, gamma, eps)))

    five = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]])
    push = np.array([[1.0], [0.0], [0.0], [0.0], [0.0]])
    return [
        Case("1 3 5 7 9 with gamma 2", (push, made_cache(five, np.array([2.0]), 0.0))),
        draw("three samples, two features", 3, 2, 1e-2),
        draw("seven samples, three features", 7, 3, 1e-5),
        draw("four samples, a large eps", 4, 3, 1.0, 1.0),
    ]


def _with_the_term_that_is_zero(dy, cache):
    x_hat, inv_std, gamma = cache["x_hat"], cache["inv_std"], cache["gamma"]
    m, centred = len(dy), x_hat / inv_std
    dx_hat = np.multiply(dy, gamma)
    dvar = np.einsum("md,md,d->d", dx_hat, centred, -(inv_std**3) / 2)
    dmean = -np.einsum("md,d->d", dx_hat, inv_std) + dvar * (-2 * centred).mean(axis=0)
    dx = dx_hat * inv_std + 2 * dvar * centred / m + dmean / m
    return dx_hat, dvar, dmean, dx, np.einsum("md,md->d", dy, x_hat), np.ones(m) @ dy


def _row_vectors(dy, cache):
    told = staged(dy, cache)
    return {name: a if a.ndim == 2 else a[None] for name, a in told.items()}


def stub(dy, cache):
    """The exercise as learners find it."""
    return dict.fromkeys(OUTPUTS, 0.0)


TASK = Task(
    id="4.3",
    title="the backward pass in stages",
    entry="batchnorm_backward_staged",
    objective="Derive each stage of the backward pass and write it down",
    minutes=25,
    params=("dy", "cache"),
    outputs=OUTPUTS,
    cases=cases,
    reference=staged,
    misconceptions=SLIPS,
    hints=(
        "One stage at a time, in the order of the list: run the check after each. It names the "
        "first stage that is not right.",
        "d(x_hat) by the variance is centred · (−½) (var + eps)^(−3/2), and the variance is shared "
        "by the whole column, so the column is summed. centred is x_hat / inv_std. The mean is "
        "reached through every centred value, with the sign of a subtraction.",
        "dvar = (dx_hat * centred * -0.5 * inv_std**3).sum(axis=0). dx then has three terms: one "
        "is dx_hat · inv_std; then dvar · (what one sample does to the variance) and dmean · (what "
        "one sample does to the mean).",
    ),
    stub=stub,
    accepted=(_with_the_term_that_is_zero, _row_vectors),
    switchboard=staged,
    loose_shapes=frozenset(OUTPUTS),
    stages={"dx": ("dx_hat", "dvar", "dmean")},
)
