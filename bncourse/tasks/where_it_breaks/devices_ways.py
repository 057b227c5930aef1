"""The statistics of several devices, combined in the ways of learners, right and wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

FAR = "float32, means near 3000"

# Over the devices, from the share w (K, 1) of each and their counts (K,).
AVERAGES: dict[str, Callable] = {
    "weighted": lambda values, w, counts: (w * values).sum(axis=0),
    "plain": lambda values, w, counts: values.mean(axis=0),
    "over k": lambda values, w, counts: (counts[:, None] * values).sum(axis=0) / len(values),
    "not divided": lambda values, w, counts: (counts[:, None] * values).sum(axis=0),
    "sum": lambda values, w, counts: values.sum(axis=0),
    "own": lambda values, w, counts: values[0],
    "less one": lambda values, w, counts: (
        ((counts - 1)[:, None] * values).sum(axis=0) / max((counts - 1).sum(), 1)
    ),
    "less one, over N": lambda values, w, counts: (
        ((counts - 1)[:, None] * values).sum(axis=0) / counts.sum()
    ),
    "less one, over N - 1": lambda values, w, counts: (
        ((counts - 1)[:, None] * values).sum(axis=0) / (counts.sum() - 1)
    ),
}
BETWEEN: dict[str, Callable] = {  # from the means (K, D), their mean, shares and counts
    "right": lambda means, mean, w, counts: (w * (means - mean) ** 2).sum(axis=0),
    "none": lambda means, mean, w, counts: 0 * mean,
    "plain": lambda means, mean, w, counts: means.var(axis=0),
    "plain around the mean": lambda means, mean, w, counts: ((means - mean) ** 2).mean(axis=0),
    "sum": lambda means, mean, w, counts: ((means - mean) ** 2).sum(axis=0),
    "squares": lambda means, mean, w, counts: (w * means**2).sum(axis=0),
    "not divided": lambda means, mean, w, counts: (counts[:, None] * (means - mean) ** 2).sum(
        axis=0
    ),
    "over N - 1": lambda means, mean, w, counts: (
        (counts[:, None] * (means - mean) ** 2).sum(axis=0) / (counts.sum() - 1)
    ),
    "around the plain mean": lambda means, mean, w, counts: (
        w * (means - means.mean(axis=0)) ** 2
    ).sum(axis=0),
    "root": lambda means, mean, w, counts: np.sqrt((w * (means - mean) ** 2).sum(axis=0)),
    "distance": lambda means, mean, w, counts: (w * np.abs(means - mean)).sum(axis=0),
    "subtracted": lambda means, mean, w, counts: -(w * (means - mean) ** 2).sum(axis=0),
}
WITHIN: dict[str, Callable] = {
    "right": lambda variances, n: variances,
    "none": lambda variances, n: 0 * variances,
    "sd": lambda variances, n: np.sqrt(variances),
}
RESULTS: dict[str, Callable] = {
    "right": lambda var, n: var,
    "unbiased": lambda var, n: var * n / (n - 1),
    "times n": lambda var, n: var * n,
    "root": lambda var, n: np.sqrt(var),
}
EMPTY: dict[str, Callable] = {  # which devices are used, and with which numbers
    "left out": lambda n, m, v: (n[n > 0], m[n > 0], v[n > 0]),
    "used": lambda n, m, v: (n, m, v),
    "as one": lambda n, m, v: (np.maximum(n, 1), np.nan_to_num(m), np.nan_to_num(v)),
}


def combine(
    counts, means, variances, *,
    mean_by="weighted", var_by="weighted", within="right", between="right", result="right",
    empty="left out", told="weighted",
):  # fmt: skip
    """Return the mean (D,) and the variance (D,) of all samples; keywords switch slips on."""
    counts, means, variances = EMPTY[empty](counts, means, variances)
    n = counts.sum()
    w = counts[:, None] / n
    mean = AVERAGES[mean_by](means, w, counts)
    inside = AVERAGES[var_by](WITHIN[within](variances, n), w, counts)
    if within == "sd":
        inside = inside**2
    var = RESULTS[result](inside + BETWEEN[between](means, mean, w, counts), n)
    if told != "weighted":
        mean = AVERAGES[told](means, w, counts)
    return mean.astype(means.dtype), var.astype(means.dtype)


def in_one_pass(counts, means, variances):
    """The mean of the squares minus the square of the mean, in the precision that came in."""
    seen = counts > 0
    w = (counts[seen] / counts.sum())[:, None].astype(means.dtype)
    mean = (w * means[seen]).sum(axis=0)
    return mean, (w * (variances[seen] + means[seen] ** 2)).sum(axis=0) - mean**2


def along_the_features(counts, means, variances, *, empty="left out", first="counts", mean="wrong"):
    """The counts (K,) without an axis for the features, so that NumPy lays them along those."""

    def weighted(values):
        product = counts * values if first == "counts" else values * counts
        return product.sum(axis=0) / counts.sum()

    counts, means, variances = EMPTY[empty](counts, means, variances)
    whole = weighted(means) if mean == "wrong" else counts @ means / counts.sum()
    return whole, weighted(variances + (means - whole) ** 2)
