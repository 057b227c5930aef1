"""3.3: write the forward pass."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.layers.batch_norm import batchnorm_forward
from bncourse.tasks.batch_norm import forward_others, forward_slips, forward_styles


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw inputs on which every slip shows somewhere, with odd and different sizes."""

    def draw(label, n, d, eps, *, mean=2.0, sd=3.0, rtol=1e-7, strided=False, dtype=float):
        x = rng.normal(mean, sd, (n, d)) * rng.uniform(0.5, 2, d)
        gamma = rng.choice([-1, 1], d) * rng.uniform(0.5, 2, d)
        args = tuple(a.astype(dtype) for a in (x, gamma, rng.normal(1, 1, d)))
        return Case(label, (*args, eps), rtol, strided)

    constant = draw("a constant feature", 5, 2, 1e-5)
    constant.args[0][:, 0] = 3.0
    five = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]])
    return [
        Case("the samples 1 3 5 7 9", (five, np.ones(1), np.zeros(1), 1e-5)),
        draw("three samples, two features", 3, 2, 1e-2),
        draw("two samples", 2, 3, 1e-5),
        draw("a large eps", 4, 3, 1.0),
        constant,
        draw("a very small spread", 6, 2, 1e-5, mean=0.0, sd=1e-3),
        draw("more features than samples", 4, 7, 1e-3),
        draw("not contiguous in memory", 7, 3, 1e-5, strided=True),
        draw("float32 with an offset of 1e4", 11, 3, 1e-5, mean=1e4, sd=0.3, rtol=2e-2,
             dtype=np.float32),
    ]  # fmt: skip


def stub(x, gamma, beta, eps=1e-5):
    """The exercise as learners find it."""
    y = x_hat = inv_std = None
    return y, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


TASK = Task(
    id="3.3",
    title="the forward pass",
    entry="batchnorm_forward",
    objective="Write batch norm's forward pass for a table of samples and features",
    minutes=20,
    params=("x", "gamma", "beta", "eps"),
    outputs=("y", "cache"),
    cases=cases,
    reference=batchnorm_forward,
    misconceptions=forward_slips.SLIPS + forward_others.OTHERS,
    hints=(
        "Look at the shapes first. x is (N, D). How many means must there be, and along which "
        "axis do you then average?",
        "Each feature is its own ruler: one mean and one variance for each column, over the "
        "samples. eps belongs to the variance, so that nothing is ever divided by 0.",
        "For the mean: mean = x.mean(axis=0), an array of shape (D,). Do the same for the average "
        "of (x - mean) ** 2, then form inv_std = 1 / sqrt(that + eps).",
    ),
    stub=stub,
    accepted=forward_styles.ACCEPTED,
    mistakes=forward_styles.MISTAKES,
    switchboard=forward_slips.forward,
    loose_shapes=frozenset({'cache["inv_std"]'}),
)
