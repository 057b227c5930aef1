"""What learners get wrong when they combine the statistics of devices."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.where_it_breaks.devices_ways import EMPTY, FAR, along_the_features, combine

_plain = partial(combine, mean_by="plain", var_by="plain")
_slip = slips(combine)


def _told(average, *words, **switches):
    """Return a slip of the mean; the variance may have been made with the right one."""
    return replace(_slip(*words, **switches), variants=(partial(combine, told=average),))


MISCONCEPTIONS = (
    _slip(
        "nothing between the devices",
        "The variance is the average of the variances. What the devices differ by in their means "
        "is lost: it was left out, or it was added without its square and cancelled itself.",
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
    replace(
        _slip(
            "weighted with n − 1",
            "The variances got the weights n − 1, which belong to unbiased ones. These are over n.",
            "A variance over n: by what must it be multiplied to give the sum of squares?",
            "M2",
            var_by="less one",
        ),
        variants=(
            partial(combine, var_by="less one, over N"),
            partial(combine, var_by="less one, over N - 1"),
            partial(combine, var_by="less one, over N - 1", between="over N - 1"),
        ),
    ),
    Misconception(
        "pooled variance",
        "The variances were pooled with the weights n − 1, as in a test of means. That is for "
        "unbiased variances, and these are over n; and it leaves out what the devices differ by in "
        "their means.",
        "One device near 0, one near 10, each with hardly any spread: what is the spread of all?",
        "M2",
        partial(combine, var_by="less one, over N - 1", between="none"),
        variants=(partial(combine, var_by="less one, over N", between="none"),),
    ),
    Misconception(
        "counts along the features",
        "counts is (K,), means is (K, D), and NumPy sets their last axes side by side: the counts "
        "went along the features, or did not fit them. counts[:, None] has the shape (K, 1).",
        "counts is (2,) and means is (2, 3): which axes does counts * means set side by side?",
        wrong=along_the_features,
        variants=tuple(
            partial(along_the_features, empty=empty, first=first, mean=mean)
            for empty, first, mean in product(EMPTY, ("counts", "values"), ("wrong", "right"))
        ),
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
