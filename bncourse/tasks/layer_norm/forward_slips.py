"""Wrong layer norms, each a setting of the switchboard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.tasks.layer_norm.forward_board import normalised


def _tiny(fixed):
    return lambda x, gamma, beta, eps: normalised(x, gamma, beta, np.asarray(fixed, x.dtype))


def _column_last(x, gamma, beta, eps):
    x_hat = normalised(x, gamma, beta, eps, affine="none")
    return x_hat * gamma[:, None] + beta[:, None]


_slip = slips(normalised)


SLIPS = (
    _slip(
        "over the batch",
        "The mean runs over axis 0, the batch: each sample is measured by its mates, as in batch "
        "norm.",
        "What would your layer do with a single sample?",
        "M3",
        axes="batch",
    ),
    _slip(
        "batch norm",
        "Every axis but the last is averaged over, so each unit has its own mean: that is "
        "batch norm.",
        "Which numbers share one mean in layer norm: one unit's, or one vector's?",
        "M3",
        axes="all but last",
    ),
    _slip(
        "the second axis",
        "The mean runs over axis 1. In a table those are the units; in a sequence (N, T, H) "
        "they are the time steps.",
        "Which axis holds the units, counted from the right?",
        "M3",
        axes="second",
    ),
    _slip(
        "the whole sample",
        "Everything behind axis 0 shares one mean. In a sequence each time step has a mean of its "
        "own, so that a later word changes nothing before it. A single vector has no batch axis: "
        "there you take each number by itself.",
        "Which axis is always there, in (H,), (N, H) and (N, T, H): the first or the last?",
        "M3",
        axes="all but first",
    ),
    _slip(
        "over the first two axes",
        "Mean and variance run over the axes 0 and 1, whatever they are: in a table these are all.",
        "Which axis is always there, in (H,), (N, H) and (N, T, H)?",
        "M3",
        axes="first two",
    ),
    _slip(
        "over the last two axes",
        "Mean and variance run over the last two axes: samples or steps are measured together.",
        "Should the output of one vector depend on the others?",
        "M3",
        axes="last two",
    ),
    _slip(
        "one mean for everything",
        "One mean and one variance serve the whole array, batch and all.",
        "Should the output of one sample depend on the others?",
        "M3",
        axes="all",
    ),
    _slip(
        "one spread for all",
        "Each vector has a mean of its own, but one variance of the whole array serves them all.",
        "What is the standard deviation of each row of x_hat?",
        "M3",
        spread="all",
    ),
    _slip(
        "deviations pooled",
        "The squared deviations are averaged over the whole array: one variance serves all "
        "vectors.",
        "Over which axis should the second mean run, too?",
        "M3",
        spread="pooled",
    ),
    _slip(
        "a spread of the batch",
        "Each vector has a mean of its own, but the variance is that of the batch, axis 0.",
        "Over which axis should the second mean run, too?",
        "M3",
        spread="batch",
    ),
    _slip(
        "deviations of the batch",
        "Each vector's deviations from its own mean are averaged over the batch, axis 0.",
        "Over which axis should the second mean run, too?",
        "M3",
        spread="batch, around the vectors' means",
    ),
    _slip(
        "deviations summed over everything",
        "The squared deviations are added up over the whole array: one number serves all vectors.",
        "Over which axis should the second mean run, too?",
        "M3",
        spread="total",
    ),
    _slip(
        "deviations not averaged",
        "The squared deviations are not averaged: each number is divided by its own deviation, so "
        "that only its sign is left.",
        "How many variances does one vector have?",
        spread="each",
    ),
    _slip(
        "unbiased",
        "The variance is divided by H − 1. Of (1, 0, 0, 0) the largest becomes 1.500 in place of "
        "1.732.",
        "Are these H numbers a sample of something, or all that are to get variance 1?",
        "M2",
        ddof=1,
    ),
    _slip(
        "sum for average",
        "The squared deviations are added up but not averaged.",
        "What should the spread of x_hat be when there are twice as many units?",
        count="1",
    ),
    _slip(
        "divided by N",
        "The sum of the squared deviations is divided by the length of axis 0, len(x).",
        "How many numbers share one mean here: N or H?",
        "M3",
        count="N",
    ),
    _slip(
        "average divided again",
        "The average of the squared deviations was divided by H once more.",
        "What does mean() divide by already?",
        count="H twice",
    ),
    _slip(
        "root twice",
        "The root was taken of a standard deviation, which is a root already.",
        "What does std() give: the variance, or its root?",
        "M1",
        divisor="root twice",
    ),
    _slip(
        "multiplied by the sd",
        "The centred values are multiplied by the standard deviation.",
        "Should a wide spread make x_hat larger or smaller?",
        divisor="inverted",
    ),
    _slip(
        "variance for sd",
        "The centred values are divided by the variance, so their spread is not 1 afterwards.",
        "Multiply a row by 10. By how much does your output change?",
        "M1",
        divisor="variance",
    ),
    _slip(
        "eps outside the root",
        "eps is added to the standard deviation in place of the variance.",
        "Take variance 0 and eps = 1e-5: what should the divisor be, √eps or eps?",
        "M17",
        divisor="eps outside",
    ),
    _slip(
        "eps as a floor",
        "eps is the smallest standard deviation allowed. It should join every variance, also those "
        "that are large enough.",
        "What is the divisor where the variance is 1 and eps is 1?",
        "M17",
        divisor="eps as a floor",
    ),
    _slip(
        "eps as the variance's floor",
        "eps is the smallest variance allowed. It should join every variance, also those that are "
        "large enough.",
        "What is the divisor where the variance is 1 and eps is 1?",
        "M17",
        divisor="eps as the variance's floor",
    ),
    _slip(
        "roots added",
        "√eps is added to the standard deviation. The root of a sum is not the sum of the roots.",
        "What is the divisor where the variance is 1 and eps is 1: √2 or 2?",
        "M17",
        divisor="roots added",
    ),
    _slip(
        "eps in the sum",
        "eps is added to the sum of the squares, so that it is divided by H with it.",
        "What is the divisor of a row of equal numbers?",
        "M17",
        divisor="eps in the sum",
    ),
    _slip(
        "eps squared",
        "eps is squared before it joins the variance.",
        "What exactly stands under the root?",
        "M17",
        divisor="eps squared",
    ),
    _slip(
        "eps twice",
        "eps joins the variance twice.",
        "In which two lines does eps appear?",
        "M17",
        divisor="eps twice",
    ),
    _slip(
        "no eps",
        "eps is never used: a row whose units are all equal gives 0/0.",
        "What is the variance of a row of H = 1 unit?",
        "M17",
        divisor="no eps",
    ),
    _slip(
        "eps fixed",
        "eps is always 1e-5, whatever was passed in.",
        "Where does the argument eps enter your code?",
        "M17",
        divisor="fixed eps",
    ),
    replace(
        _slip(
            "eps fixed at a smaller number",
            "eps is always the same tiny number, smaller than 1e-5, whatever was passed in.",
            "Where does the argument eps enter your code?",
            "M17",
            divisor="fixed eps 1e-6",
        ),
        variants=(_tiny(1e-8), _tiny(1e-10), _tiny(1e-12)),
    ),
    _slip(
        "not centred",
        "The mean is never subtracted from the values that are divided.",
        "What is the mean of each row of x_hat, and what should it be?",
        mean="not subtracted",
    ),
    _slip(
        "mean minus x",
        "The signs are turned: x is taken away from the mean.",
        "Which sign should a value above its mean get?",
        mean="turned",
    ),
    _slip(
        "the batch's mean",
        "The mean of each column is taken away, over the batch; only the spread is the vector's "
        "own.",
        "What is the mean of each row of x_hat, and what should it be?",
        "M3",
        mean="of the batch",
        spread="own",
    ),
    _slip(
        "mean after dividing",
        "x is divided first, and the mean of x is taken away afterwards: by then the values are on "
        "another scale.",
        "What is the mean of each row of x_hat, and what should it be?",
        mean="after dividing",
    ),
    _slip(
        "brackets missing",
        "Only the mean is divided: / comes before −.",
        "What does x - m / s mean in Python?",
        mean="divided alone",
    ),
    _slip(
        "one mean, own spread",
        "The mean of the whole array is taken away from every vector; only the spread is its own.",
        "What is the mean of each row of x_hat, and what should it be?",
        "M3",
        mean="of all",
        spread="own",
    ),
    _slip(
        "spread around one mean",
        "The mean of the whole array serves all vectors, also in the squared deviations.",
        "What is the mean of each row of x_hat, and what should it be?",
        "M3",
        mean="of all in both",
        spread="own",
    ),
    _slip(
        "variance about zero",
        "The variance is the mean of the squares of x itself, as if the mean were 0.",
        "The spread around what?",
        mean="not in the variance",
    ),
    _slip(
        "no mean at all",
        "The mean is missing everywhere: that is RMSNorm.",
        "Add 1 to all units of a row. Should the output change?",
        mean="nowhere",
    ),
    _slip(
        "affine forgotten",
        "gamma and beta are never used. A test with gamma = 1 and beta = 0 would not have shown "
        "it.",
        "Where do gamma and beta come in?",
        "M8",
        affine="none",
    ),
    _slip(
        "beta forgotten",
        "gamma scales, but beta is never added.",
        "What comes out where x_hat is 0?",
        "M8",
        affine="no shift",
    ),
    _slip(
        "gamma forgotten",
        "beta is added, but gamma never scales.",
        "By what is x_hat multiplied?",
        "M8",
        affine="no scale",
    ),
    _slip(
        "gamma and beta swapped",
        "gamma and beta have changed places.",
        "Which of the two multiplies x_hat?",
        affine="swapped",
    ),
    _slip(
        "shift before scale",
        "beta is added before gamma multiplies, so the shift is scaled as well.",
        "In gamma · x_hat + beta, what comes first?",
        affine="shift first",
    ),
    _slip(
        "beta divided too",
        "beta is added before the division, and is divided with the rest.",
        "In gamma · x_hat + beta, what is done last?",
        affine="beta divided",
    ),
    _slip(
        "one plus gamma",
        "1 + gamma multiplies. Some models keep gamma that way; here gamma itself was asked for.",
        "What should come out where gamma is 0?",
        affine="one plus gamma",
    ),
    _slip(
        "divided by gamma",
        "gamma divides where it should multiply.",
        "Does a large gamma make the output wider or narrower?",
        affine="divided by gamma",
    ),
    _slip(
        "one gamma for all",
        "All units share the first gamma and beta. They share the ruler, not the scale.",
        "How many numbers does a layer norm of H units learn?",
        "M3",
        affine="one gamma",
    ),
    _slip(
        "gamma averaged",
        "All units share the mean of gamma and the mean of beta. They share the ruler, not the "
        "scale.",
        "How many numbers does a layer norm of H units learn?",
        "M3",
        affine="mean gamma",
    ),
    replace(
        _slip(
            "gamma along the rows",
            "gamma and beta were turned into a column: they would belong to the rows then.",
            "gamma has H entries. Which axis of x has H entries?",
            "M3",
            affine="gamma along rows",
        ),
        variants=(_column_last,),
    ),
    _slip(
        "gamma before normalising",
        "gamma multiplies x before it is normalised, and changes mean and spread of the row.",
        "In gamma · x_hat + beta, what is done first?",
        first="gamma",
    ),
    _slip(
        "affine before normalising",
        "gamma and beta are applied before normalising, which takes part of them away again.",
        "In gamma · x_hat + beta, what is done first?",
        "M8",
        first="both",
    ),
    _slip(
        "left flat",
        "The vectors come back as one long table: the leading axes are lost.",
        "Which shape did x have?",
        back=False,
    ),
)
