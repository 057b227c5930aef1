"""8.8: the statistics of a batch that lies on several devices."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.where_it_breaks.devices_slips import MISCONCEPTIONS
from bncourse.tasks.where_it_breaks.devices_ways import FAR, combine, in_one_pass


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw real shards, equal and unequal, of which some are empty, and measure each."""

    def draw(label, counts, d, apart=2.0, offset=0.0, dtype=float, rtol=1e-7):
        shards = [
            rng.normal(rng.normal(offset, apart, d), rng.uniform(0.5, 2, d), (n, d)) for n in counts
        ]
        # NumPy would warn about the mean of nothing; what it gives is nan.
        empty = np.full(d, np.nan)
        means = np.array([s.mean(axis=0) if len(s) else empty for s in shards]).astype(dtype)
        variances = np.array([s.var(axis=0) if len(s) else empty for s in shards]).astype(dtype)
        return Case(label, (np.array(counts), means, variances), rtol)

    three_and_one = (np.array([3, 1]), np.array([[2.0], [6.0]]), np.array([[1.0], [0.0]]))
    alike = draw("devices with the same mean", [5, 9], 2)
    alike.args[1][:] = alike.args[1][0]
    return [
        Case("devices with 3 and 1 samples", three_and_one),
        draw("two devices, 8 samples each", [8, 8], 2),
        draw("8 and 16 samples", [8, 16], 3),
        draw("two halves far apart", [6, 6], 2, 10.0),
        alike,
        draw("four devices, a short last one", [7, 7, 7, 2], 3),
        draw("one device", [7], 3),
        draw("one sample on each", [1, 1, 1, 1, 1], 2),
        draw("a device without samples", [6, 0, 3], 2),
        draw("two without samples", [0, 5, 4, 0], 3),
        draw(FAR, [40, 24], 8, 1.0, 3000.0, np.float32, 2e-3),
    ]


def _merged(counts, means, variances):
    """Merge one device after the other."""
    count, mean, squares = 0, 0 * means[counts > 0][0], 0 * means[counts > 0][0]
    for n, m, v in zip(counts, means, variances, strict=True):
        if n == 0:
            continue
        delta = m - mean
        squares = squares + n * v + delta**2 * (count * n / (count + n))
        mean = mean + delta * (n / (count + n))
        count = count + n
    return mean, squares / count


def _averages(counts, means, variances):
    means, variances = np.nan_to_num(means), np.nan_to_num(variances)
    mean = np.average(means, axis=0, weights=counts)
    return {"mean": mean, "var": np.average(variances + (means - mean) ** 2, axis=0,
                                            weights=counts)}  # fmt: skip


def _doubles(counts, means, variances):
    """Squares of the means, but in float64, where they keep their digits."""
    n, m, v = (np.nan_to_num(a.astype(float)) for a in (counts[:, None], means, variances))
    mean = (n * m).sum(0) / n.sum()
    return mean, (n * (v + m * m)).sum(0) / n.sum() - mean**2


def stub(counts, means, variances):
    """The exercise as learners find it."""
    mean = var = None
    return mean, var


TASK = Task(
    id="8.8",
    title="one batch on several devices",
    entry="combine",
    objective="Combine the statistics of several devices into those of one big batch",
    minutes=12,
    params=("counts", "means", "variances"),
    outputs=("mean", "var"),
    cases=cases,
    reference=combine,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "One device has samples near 0 and another one samples near 10; each has a small variance. "
        "Has the big batch?",
        "Weights are the counts over their sum. Mean: the weighted mean of the means. Variance: "
        "the weighted mean of the variances (within) plus that of (means − mean)² (between). Take "
        "the devices with count 0 out first.",
        "Counts 3 and 1, means 2 and 6, variances 1 and 0: mean (3 · 2 + 1 · 6) / 4 = 3; within "
        "(3 · 1 + 1 · 0) / 4 = 0.75, between (3 · 1 + 1 · 9) / 4 = 3, together 3.75. "
        "seen = counts > 0 chooses the rows: means[seen].",
    ),
    stub=stub,
    accepted=(_merged, _averages, _doubles),
    mistakes={"one pass": in_one_pass},
    switchboard=combine,
)
