"""5.7: the statistics of all samples from those of their batches."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.inference.precise_slips import MISCONCEPTIONS, pooled_statistics


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw real samples, cut into batches of equal and unequal size, and measure each batch."""

    def draw(label, sizes, d, apart=2.0, dtype=float, rtol=1e-7):
        batches = [
            rng.normal(rng.normal(0, apart, d), rng.uniform(0.5, 2, d), (n, d)) for n in sizes
        ]
        means = np.array([batch.mean(axis=0) for batch in batches]).astype(dtype)
        variances = np.array([batch.var(axis=0) for batch in batches]).astype(dtype)
        return Case(label, (means, variances, np.array(sizes)), rtol)

    three_and_one = (np.array([[2.0], [6.0]]), np.array([[1.0], [0.0]]), np.array([3, 1]))
    alike = draw("batches with the same mean", [5, 9, 2], 2)
    alike.args[0][:] = alike.args[0][0]
    return [
        Case("batches of 3 and 1", three_and_one),
        draw("three batches of 4", [4, 4, 4], 2),
        draw("a short last batch", [8, 8, 8, 3], 3),
        draw("two halves far apart", [6, 6], 2, 10.0),
        alike,
        draw("batches of one", [1, 1, 1, 1, 1], 2),
        draw("a single batch", [7], 3),
        draw("float32", [8, 8, 5], 4, dtype=np.float32, rtol=1e-4),
    ]


def _squares(means, variances, sizes):
    share = sizes[:, None] / sizes.sum()
    mean = (share * means).sum(axis=0)
    second = (share * (variances + means**2)).sum(axis=0)
    return _typed(means, mean, second - mean**2)


def _averaged(means, variances, sizes):
    mean = np.average(means, axis=0, weights=sizes)
    within = np.average(variances, axis=0, weights=sizes)
    between = np.average((means - mean) ** 2, axis=0, weights=sizes)
    return _typed(means, mean, within + between)


def _merged(means, variances, sizes):
    """Chan's rule: merge one batch after the other."""
    count, mean, var = 0, 0 * means[0], 0 * means[0]
    for m, v, n in zip(means, variances, sizes, strict=True):
        total = count + n
        var = (count * var + n * v) / total + count * n * (m - mean) ** 2 / total**2
        mean = mean + (m - mean) * n / total
        count = total
    return _typed(means, mean, var)


def _typed(means, *results):
    return tuple(result.astype(means.dtype) for result in results)


def stub(means, variances, sizes):
    """The exercise as learners find it."""
    mean = var = None
    return mean, var


TASK = Task(
    id="5.7",
    title="pooled statistics",
    entry="pooled_statistics",
    objective="Pool the statistics of batches into those of all samples",
    minutes=15,
    params=("means", "variances", "sizes"),
    outputs=("mean", "var"),
    cases=cases,
    reference=pooled_statistics,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Two batches, one of samples near 0 and one of samples near 10. Each has a small variance. "
        "Has the whole?",
        "Every sample counts the same, so a batch counts by its size. The variance of all is the "
        "mean of the variances plus the variance of the means, both with those weights.",
        "Batches (1, 2, 3) and (8): means 2 and 8, variances 2/3 and 0. The mean is "
        "(3 · 2 + 1 · 8) / 4 = 3.5. Within: (3 · 2/3 + 1 · 0) / 4 = 0.5. Between: "
        "(3 · 1.5² + 1 · 4.5²) / 4 = 6.75. Together 7.25, the variance of 1, 2, 3, 8.",
    ),
    stub=stub,
    accepted=(_squares, _averaged, _merged),
    switchboard=pooled_statistics,
    graded=False,
)
