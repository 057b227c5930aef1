"""8.7: batch norm in ghost batches, parts of a batch that each have their own statistics."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.where_it_breaks.ghost_slips import MISCONCEPTIONS
from bncourse.tasks.where_it_breaks.ghost_ways import ghost_bn


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw batches of several ghosts, of one, and some that cannot be cut."""

    def draw(label, n, virtual, d, momentum=0.1, eps=1e-3, raises=""):
        x = rng.normal(rng.normal(0, 3, d), rng.uniform(0.5, 2, d), (n, d))
        # A batch that drifts, so that the ghosts differ.
        x += np.linspace(0, 3, n)[:, None]
        mean, var = rng.normal(0, 1, d), rng.uniform(0.5, 2, d)
        return Case(label, (x, virtual, mean, var, momentum, eps), raises=raises)

    pairs = np.array([[1.0], [3.0], [10.0], [20.0]])
    return [
        Case("two ghosts of two", (pairs, 2, np.zeros(1), np.ones(1), 0.1, 1e-3)),
        draw("three ghosts of four", 12, 4, 2),
        draw("two ghosts of five, momentum 0.3", 10, 5, 3, 0.3),
        draw("five ghosts of three, eps = 0.1", 15, 3, 2, 0.2, 0.1),
        draw("one ghost", 8, 8, 3),
        draw("sixteen ghosts of two", 32, 2, 4),
        draw("10 samples in ghosts of 4", 10, 4, 2, raises="ValueError"),
        draw("6 samples in ghosts of 8", 6, 8, 2, raises="ValueError"),
        draw("ghosts of one", 6, 1, 2, raises="ValueError"),
    ]


def _loop(x, virtual, running_mean, running_var, momentum, eps):
    if len(x) % virtual != 0 or virtual < 2:
        raise ValueError("no")
    parts = []
    for start in range(0, len(x), virtual):
        part = x[start : start + virtual]
        parts.append((part - part.mean(0)) / np.sqrt(part.var(0) + eps))
    new_mean = running_mean + momentum * (x.mean(0) - running_mean)
    new_var = running_var + momentum * (x.var(0, ddof=1) - running_var)
    return np.concatenate(parts), new_mean, new_var


def _split(x, virtual, running_mean, running_var, momentum, eps):
    ghosts, rest = divmod(len(x), virtual)
    if rest or virtual == 1:
        raise ValueError("a ghost needs two samples, and all ghosts as many")
    parts = np.split(x, ghosts)
    means = np.array([part.mean(0) for part in parts])
    x_hat = np.vstack(
        [(p - m) / (p.var(0) + eps) ** 0.5 for p, m in zip(parts, means, strict=True)]
    )
    # Within and between, and then over n - 1.
    var = np.mean([part.var(0) for part in parts], axis=0) + means.var(0)
    var = var * len(x) / (len(x) - 1)
    new = ((1 - momentum) * old + momentum * b
           for old, b in ((running_mean, means.mean(0)), (running_var, var)))  # fmt: skip
    return (x_hat, *new)


def stub(x, virtual, running_mean, running_var, momentum, eps):
    """The exercise as learners find it."""
    x_hat = new_mean = new_var = None
    return x_hat, new_mean, new_var


TASK = Task(
    id="8.7",
    title="ghost batches",
    entry="ghost_bn",
    objective="Normalise parts of a batch by themselves, and remember the whole",
    minutes=12,
    params=("x", "virtual", "running_mean", "running_var", "momentum", "eps"),
    outputs=("x_hat", "new_mean", "new_var"),
    cases=cases,
    reference=ghost_bn,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "x has shape (N, D). Which shape has it if the ghosts get an axis of their own, and over "
        "which axis does a mean run then?",
        "x.reshape(-1, virtual, D) lays the ghosts one behind the other: mean and variance over "
        "axis 1, with keepdims=True. For the running statistics forget the ghosts: they learn from "
        "the whole batch, once, with the variance over N − 1.",
        "Samples 1, 3, 10, 20 in ghosts of two: (1, 3) becomes ∓1, and so does (10, 20). The mean "
        "of all is 8.5: a running mean of 0 becomes 0.85 with momentum 0.1. For the refusals: "
        "if virtual < 2 or len(x) % virtual: raise ValueError(…).",
    ),
    stub=stub,
    accepted=(_loop, _split),
    switchboard=ghost_bn,
    graded=False,
)
