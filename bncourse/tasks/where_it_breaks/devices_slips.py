"""What learners get wrong when they combine the statistics of devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception

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


_plain = partial(combine, mean_by="plain", var_by="plain")
_slip = slips(combine)


def _told(average, *words, **switches):
    """Return a slip of the mean; the variance may have been made with the right one."""
    return replace(_slip(*words, **switches), variants=(partial(combine, told=average),))


MISCONCEPTIONS = (
    _slip(
        "nothing between the devices",
        "The variance is the average of the variances. What the devices differ by in their means "
        "is lost.",
        "One device near 0, one near 10, each with hardly any spread: what is the spread of all?",
        "",
        between="none",
    ),
    Misconception(
        "means averaged, variances averaged",
        "Means and variances were averaged without the counts. What the devices differ by is lost, "
        "and a device with few samples counts as much as one with many.",
        "One device near 0, one near 10, each with hardly any spread: what is the spread of all?",
        wrong=partial(_plain, between="none"),
    ),
    Misconception(
        "counts not used",
        "Plain averages throughout: the counts are not used. A device with few samples then counts "
        "as much as one with many.",
        "With 8 and 16 samples: how much should a sample of the first device count?",
        wrong=partial(_plain, between="plain"),
    ),
    _told(
        "plain",
        "mean of means",
        "The mean is the plain average of the means. A device with few samples then counts as much "
        "as one with many.",
        "With 8 and 16 samples: how much should a sample of the first device count?",
        "",
        mean_by="plain",
    ),
    _slip(
        "variances unweighted",
        "The variances were averaged without the counts.",
        "With 8 and 16 samples: how much should a sample of the first device count?",
        "",
        var_by="plain",
    ),
    replace(
        _slip(
            "spread of means unweighted",
            "The variance of the means was taken without the counts.",
            "With 8 and 16 samples: how much should the first mean count?",
            "",
            between="plain",
        ),
        variants=(partial(combine, between="plain around the mean"),),
    ),
    _slip(
        "distances added up",
        "The squared distances of the means were added up, but not averaged.",
        "If every device were there twice, should the variance change?",
        "",
        between="sum",
    ),
    _slip(
        "distances from the plain mean",
        "The distances of the means were taken from their plain average, not from the mean of all "
        "samples.",
        "With 8 and 16 samples: is the mean of all half-way between the two means?",
        "",
        between="around the plain mean",
    ),
    replace(
        _slip(
            "not divided by the number of samples",
            "The division by the number of samples is missing: that is a sum of squares, not yet "
            "their mean.",
            "If all variances are 1 and all means 0, what should the variance be?",
            "",
            result="times n",
        ),
        variants=(
            partial(combine, var_by="not divided"),
            partial(combine, between="not divided"),
        ),
    ),
    _slip(
        "nothing within the devices",
        "The variance is that of the means. What the samples of a device differ by is lost.",
        "With a single device there is one mean. What should the variance be then?",
        "",
        within="none",
    ),
    _slip(
        "mean not subtracted",
        "The squares of the means were added, but the square of the whole mean was not taken away.",
        "If all means are 5 and all variances 0, what should the variance be?",
        "",
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
        "distances not squared",
        "To the variances the distances of the means were added, not their squares.",
        "Which unit has a variance, and which has what you add to it?",
        "M1",
        between="distance",
    ),
    _slip(
        "spread of means subtracted",
        "The variance of the means was subtracted.",
        "If the devices lie further apart, should the variance of all grow or shrink?",
        "",
        between="subtracted",
    ),
    _slip(
        "sd averaged",
        "The standard deviations were averaged and the average squared. The mean of roots is "
        "below the root of the mean.",
        "If two devices have variance 1 and 9, is the average 4 or 5?",
        "M1",
        within="sd",
    ),
    _slip(
        "weighted with n − 1",
        "The variances got the weights n − 1, which belong to unbiased ones. These are over n.",
        "A variance over n: by what must it be multiplied to give the sum of squares?",
        "M2",
        var_by="less one",
    ),
    _slip(
        "unbiased",
        "The variance is the one over n − 1. Batch norm normalises with the one over n; the other "
        "is for the running variance.",
        "The one device already has the whole batch. What should come back for it?",
        "M2",
        result="unbiased",
    ),
    _slip(
        "root",
        "That is the standard deviation; the variance was asked for.",
        "The one device already has the whole batch. What should come back for it?",
        "M1",
        result="root",
    ),
    _told(
        "over k",
        "mean over the number of devices",
        "The means were multiplied by the counts, but divided by the number of devices.",
        "If all means are 5, what should the mean be?",
        "",
        mean_by="over k",
    ),
    _told(
        "not divided",
        "mean not divided",
        "The mean is the sum over all samples, not yet their average.",
        "If all means are 5, what should the mean be?",
        "",
        mean_by="not divided",
    ),
    _told(
        "sum",
        "means added up",
        "The means were added up and not averaged.",
        "If all means are 5, what should the mean be?",
        "",
        mean_by="sum",
    ),
    Misconception(
        "one device alone",
        "What comes back is what the first device had: nothing is synchronised.",
        "Which samples should the mean and the variance speak for?",
        wrong=partial(combine, mean_by="own", var_by="own", between="none"),
    ),
    _slip(
        "variances over the number of devices",
        "The variances were multiplied by the counts, but divided by the number of devices.",
        "If all variances are 1 and all means 0, what should the variance be?",
        "",
        var_by="over k",
    ),
    _slip(
        "variances added up",
        "The variances were added up and not averaged.",
        "If all variances are 1 and all means 0, what should the variance be?",
        "",
        var_by="sum",
    ),
    _slip(
        "nan of an empty device",
        "A device without samples has nan for a mean, and 0 · nan is nan: it went into everything.",
        "Which devices have something to say about the batch?",
        "",
        empty="used",
    ),
    _slip(
        "an empty device counted",
        "A device without samples was counted as if it had one.",
        "How many samples are there in all?",
        "",
        empty="as one",
    ),
    Misconception(
        "one pass",
        "The numbers are right until the means are large. Then the mean of the squares and the "
        "square of the mean are two large numbers that hardly differ, and float32 keeps little of "
        "their difference.",
        "What is 3000² + 2 in float32, and how far is the next number that it knows?",
        fails_on=frozenset({FAR}),
    ),
)
