"""What learners get wrong when they pool the statistics of batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception

# Over the batches, from the share w (K, 1) of each and their sizes (K,).
AVERAGES: dict[str, Callable] = {
    "weighted": lambda values, w, sizes: (w * values).sum(axis=0),
    "plain": lambda values, w, sizes: values.mean(axis=0),
    "over k": lambda values, w, sizes: (sizes[:, None] * values).sum(axis=0) / len(values),
    "not divided": lambda values, w, sizes: (sizes[:, None] * values).sum(axis=0),
    "sum": lambda values, w, sizes: values.sum(axis=0),
    "last": lambda values, w, sizes: values[-1],
}
BETWEEN: dict[str, Callable] = {
    "right": lambda means, mean, w: (w * (means - mean) ** 2).sum(axis=0),
    "none": lambda means, mean, w: 0 * mean,
    "plain": lambda means, mean, w: means.var(axis=0),
    "plain around the mean": lambda means, mean, w: ((means - mean) ** 2).mean(axis=0),
    "sum": lambda means, mean, w: ((means - mean) ** 2).sum(axis=0),
    "over K - 1": lambda means, mean, w: (
        ((means - means.mean(axis=0)) ** 2).sum(axis=0) / (len(means) - 1)
    ),
    "squares": lambda means, mean, w: (w * means**2).sum(axis=0),
    "root": lambda means, mean, w: np.sqrt((w * (means - mean) ** 2).sum(axis=0)),
    "subtracted": lambda means, mean, w: -(w * (means - mean) ** 2).sum(axis=0),
}
WITHIN: dict[str, Callable] = {  # what is averaged over the batches
    "right": lambda variances, sizes: variances,
    "none": lambda variances, sizes: 0 * variances,
    "sd": lambda variances, sizes: np.sqrt(variances),
    "unbiased": lambda variances, sizes: variances * (sizes / (sizes - 1))[:, None],
    "taken as unbiased": lambda variances, sizes: variances * ((sizes - 1) / sizes)[:, None],
}
RESULTS: dict[str, Callable] = {
    "right": lambda var, n: var,
    "unbiased": lambda var, n: var * n / (n - 1),
    "over n": lambda var, n: var / n,
    "root": lambda var, n: np.sqrt(var),
}


def pooled_statistics(
    means, variances, sizes, *,
    mean_by="weighted", var_by="weighted", within="right", between="right", result="right",
):  # fmt: skip
    """Return the mean (D,) and the variance (D,) of all samples; keywords switch slips on."""
    n = sizes.sum()
    w = sizes[:, None] / n
    mean = AVERAGES[mean_by](means, w, sizes)
    inside = AVERAGES[var_by](WITHIN[within](variances, sizes), w, sizes)
    if within == "sd":
        inside = inside**2
    var = RESULTS[result](inside + BETWEEN[between](means, mean, w), n)
    return mean.astype(means.dtype), var.astype(means.dtype)


def _plain(means, variances, sizes):
    return pooled_statistics(
        means, variances, sizes, mean_by="plain", var_by="plain", between="plain"
    )


def _plain_averages(means, variances, sizes):
    return pooled_statistics(
        means, variances, sizes, mean_by="plain", var_by="plain", between="none"
    )


_slip = slips(pooled_statistics)

MISCONCEPTIONS = (
    _slip(
        "nothing between the batches",
        "The variance is the average of the variances. What the batches differ by in their means "
        "is lost.",
        "One batch near 0, one near 10, each with hardly any spread: what is the spread of all?",
        between="none",
    ),
    Misconception(
        "sizes not used",
        "Plain averages throughout: the sizes of the batches are not used. A short batch then "
        "counts as much as a long one.",
        "In batches of 8, 8 and 3: how much should a sample of the last one count?",
        wrong=_plain,
    ),
    _slip(
        "nothing within the batches",
        "The variance is that of the means. What the samples of a batch differ by is lost.",
        "With a single batch there is one mean. What should the variance be then?",
        within="none",
    ),
    Misconception(
        "plain averages",
        "The means were averaged and the variances were averaged, without the sizes. What the "
        "batches differ by in their means is lost, and a short batch counts as much as a long one.",
        "One batch near 0, one near 10, each with hardly any spread: what is the spread of all?",
        wrong=_plain_averages,
    ),
    _slip(
        "means unweighted",
        "The mean is the plain average of the means. A short batch then counts as much as a long "
        "one.",
        "In batches of 8, 8 and 3: how much should a sample of the last one count?",
        mean_by="plain",
    ),
    _slip(
        "variances unweighted",
        "The variances were averaged without the sizes. A short batch then counts as much as a "
        "long one.",
        "In batches of 8, 8 and 3: how much should a sample of the last one count?",
        var_by="plain",
    ),
    _slip(
        "spread of means unweighted",
        "The variance of the means was taken without the sizes, and around their plain average.",
        "In batches of 8, 8 and 3: how much should the last mean count?",
        between="plain",
    ),
    _slip(
        "distances unweighted",
        "The squared distances of the means were averaged without the sizes.",
        "In batches of 8, 8 and 3: how much should the last mean count?",
        between="plain around the mean",
    ),
    _slip(
        "distances added up",
        "The squared distances of the means were added up, but not averaged.",
        "If every batch were there twice, should the variance change?",
        between="sum",
    ),
    _slip(
        "means as a sample",
        "The variance of the means was divided by one less than their number, without the sizes.",
        "With a single batch, by what would that divide?",
        "M2",
        between="over K - 1",
    ),
    _slip(
        "mean not subtracted",
        "The squares of the means were added, but the square of the whole mean was not taken away.",
        "If all means are 5 and all variances 0, what should the variance be?",
        between="squares",
    ),
    _slip(
        "root of the spread of means",
        "To the variances the standard deviation of the means was added.",
        "Which unit has a variance, and which has what you add to it?",
        "M1",
        between="root",
    ),
    _slip(
        "spread of means subtracted",
        "The variance of the means was subtracted.",
        "If the batches lie further apart, should the variance of all samples grow or shrink?",
        between="subtracted",
    ),
    _slip(
        "sd averaged",
        "The standard deviations were averaged and the average squared. The mean of roots is "
        "below the root of the mean.",
        "If two batches have variance 1 and 9, is the average 4 or 5?",
        "M1",
        within="sd",
    ),
    _slip(
        "variances made unbiased",
        "Each variance was multiplied by n / (n − 1) first. A sum of squares is n times the "
        "variance that was passed in.",
        "What would that factor be for a batch of one?",
        "M2",
        within="unbiased",
    ),
    _slip(
        "variances taken for unbiased",
        "Each variance got the weight n − 1, as if it had been made with n − 1. It was made with "
        "n.",
        "A batch's variance over n: by what must it be multiplied to give the sum of squares?",
        "M2",
        within="taken as unbiased",
    ),
    _slip(
        "unbiased",
        "The variance is the one over n − 1. The one over n was asked for, as in the batches.",
        "The single batch is already all samples. What should come back for it?",
        "M2",
        result="unbiased",
    ),
    _slip(
        "divided by n once more",
        "The variance was divided by the number of samples once more: the weights had done that.",
        "The single batch is already all samples. What should come back for it?",
        result="over n",
    ),
    _slip(
        "root",
        "That is the standard deviation of all samples; the variance was asked for.",
        "The single batch is already all samples. What should come back for it?",
        "M1",
        result="root",
    ),
    _slip(
        "mean over the number of batches",
        "The means were multiplied by the sizes, but divided by the number of batches.",
        "If all means are 5, what should the mean be?",
        mean_by="over k",
    ),
    _slip(
        "mean not divided",
        "The mean is the sum over all samples, not yet their average.",
        "If all means are 5, what should the mean be?",
        mean_by="not divided",
    ),
    _slip(
        "means added up",
        "The means were added up and not averaged.",
        "If all means are 5, what should the mean be?",
        mean_by="sum",
    ),
    _slip(
        "mean of the last batch",
        "The mean is that of the last batch.",
        "Which batches hold the samples that you are to describe?",
        mean_by="last",
    ),
    _slip(
        "variances over the number of batches",
        "The variances were multiplied by the sizes, but divided by the number of batches.",
        "If all variances are 1 and all means 0, what should the variance be?",
        var_by="over k",
    ),
    _slip(
        "variances added up",
        "The variances were added up and not averaged.",
        "If all variances are 1 and all means 0, what should the variance be?",
        var_by="sum",
    ),
    _slip(
        "variance of the last batch",
        "The variances of the other batches are missing: only the last one is used.",
        "Which batches hold the samples that you are to describe?",
        var_by="last",
    ),
)
