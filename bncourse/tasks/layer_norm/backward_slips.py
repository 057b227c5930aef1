"""Wrong dx of layer norm, each a setting of the switchboard."""

from __future__ import annotations

from dataclasses import replace

from bncourse.grading.kinds import slips
from bncourse.tasks.layer_norm.backward_board import backward

_slip = slips(backward)
# Slips that, with another one, come to what a third slip does or to what is right.
ALONE = (
    "gamma only in the direct term",
    "x_hat for the centred values",
    "x_hat for the centred values, twice",
)


SLIPS = (
    _slip(
        "gamma after projecting",
        "gamma multiplies the finished projection, as in batch norm. There it was one number for "
        "all that share a mean; here it differs within the row, and the two orders disagree.",
        "In which order does the gradient meet gamma and the norm on its way back from y?",
        "M13",
        gamma="after",
    ),
    _slip(
        "gamma only in the direct term",
        "gamma multiplies dy alone; in the two means dy stands without it.",
        "Which gradient arrives at x_hat: dy, or gamma · dy?",
        gamma="direct only",
    ),
    _slip(
        "gamma not in the first mean",
        "The first of the two means is that of dy without gamma.",
        "Which gradient arrives at x_hat, in all of its three places in dx?",
        gamma="not in the first",
    ),
    _slip(
        "gamma not in the second mean",
        "In the mean that goes with x_hat, dy stands without gamma.",
        "Which gradient arrives at x_hat, in all of its three places in dx?",
        gamma="not in the second",
    ),
    _slip(
        "divided by gamma",
        "gamma divides dy where it should multiply.",
        "y = gamma · x_hat + beta. If x_hat moves by 1, by how much does y move?",
        gamma="divided",
    ),
    _slip(
        "gamma missing",
        "gamma does not enter dx.",
        "y = gamma · x_hat + beta. What does the gradient pass on its way to x_hat?",
        gamma="missing",
    ),
    _slip(
        "gamma twice",
        "gamma multiplies dy, and once more the result.",
        "In how many places of the forward pass does gamma appear?",
        gamma="twice",
    ),
    _slip(
        "gamma twice in the means",
        "gamma multiplies dy inside the means, and the whole result as well.",
        "How often does each of the three terms meet gamma?",
        gamma="means and after",
    ),
    _slip(
        "one gamma",
        "The first gamma stands for all.",
        "How many numbers does gamma hold, and which of them has this unit passed?",
        gamma="one",
    ),
    _slip(
        "gamma averaged",
        "The mean of gamma stands for all.",
        "How many numbers does gamma hold, and which of them has this unit passed?",
        gamma="mean",
    ),
    _slip(
        "statistics frozen",
        "Mean and variance are treated as constants. In layer norm they never are: evaluation "
        "measures the row, too.",
        "Add the same number to all units of a row. How much does y change, and what does your "
        "dx say?",
        "M4",
        paths=(0.0, 0.0),
    ),
    _slip(
        "variance path missing",
        "The way through the variance is missing, or what stands for it comes to 0.",
        "Take gamma · dy = x_hat. What should dx be, and what is yours?",
        "M4",
        paths=(1.0, 0.0),
    ),
    _slip(
        "mean path missing",
        "The way through the mean is missing: each row of your dx has a sum that is not 0.",
        "Take gamma · dy = 1 everywhere. What should dx be, and what is yours?",
        "M4",
        paths=(0.0, 1.0),
    ),
    _slip(
        "mean path added",
        "The mean of the gradient is added where it is subtracted.",
        "Take gamma · dy = 1 everywhere. What should dx be, and what is yours?",
        "M4",
        paths=(-1.0, 1.0),
    ),
    _slip(
        "variance path added",
        "The term with x_hat is added where it is subtracted.",
        "Take gamma · dy = x_hat. What should dx be, and what is yours?",
        "M4",
        paths=(1.0, -1.0),
    ),
    _slip(
        "variance path halved",
        "The term with x_hat is half as large as it should be: the 2 of the square was lost.",
        "What is the derivative of (x − mean)² by x?",
        "M4",
        paths=(1.0, 0.5),
    ),
    _slip(
        "variance path doubled",
        "The term with x_hat is twice as large as it should be: the ½ of the root was lost.",
        "What is the derivative of (var + eps)^(−½) by var?",
        "M4",
        paths=(1.0, 2.0),
    ),
    _slip(
        "along the second axis",
        "The two means run over axis 1. In a table those are the units; in a sequence (N, T, H) "
        "they are the time steps, and a single vector has no axis 1.",
        "Which axis holds the units, counted from the right?",
        "M3",
        along="second",
    ),
    _slip(
        "along the batch",
        "The two means run over axis 0, as in batch norm.",
        "Which numbers shared one mean in the forward pass?",
        "M3",
        along="batch",
    ),
    _slip(
        "along all leading axes",
        "The two means run over all axes but the last, as in batch norm.",
        "Which numbers shared one mean in the forward pass?",
        "M3",
        along="leading",
    ),
    _slip(
        "along everything",
        "The two means run over the whole array.",
        "Which numbers shared one mean in the forward pass?",
        "M3",
        along="all",
    ),
    _slip(
        "divided by N",
        "The two sums over a row are divided by the number of samples.",
        "How many numbers share one mean here: N or H?",
        "M3",
        counts=("N", "N"),
    ),
    _slip(
        "divided by the number of vectors",
        "The two sums over a row are divided by the number of vectors, N · T in a sequence.",
        "How many numbers share one mean here?",
        "M3",
        counts=("vectors", "vectors"),
    ),
    _slip(
        "divided by the size",
        "The two sums over a row are divided by the size of the whole array.",
        "How many numbers share one mean here?",
        "M3",
        counts=("size", "size"),
    ),
    _slip(
        "divided by H − 1",
        "The two sums over a row are divided by H − 1.",
        "With which count were mean and variance made in the forward pass?",
        "M2",
        counts=("H - 1", "H - 1"),
    ),
    _slip(
        "unbiased variance path",
        "The term with x_hat is divided by H − 1. The forward pass divided by H.",
        "With which count was the variance made that is in inv_std?",
        "M2",
        counts=("H", "H - 1"),
    ),
    _slip(
        "sums for means",
        "Both sums over a row are subtracted where their means belong.",
        "By how much does the mean move when one of H units moves by 1?",
        counts=("1", "1"),
    ),
    _slip(
        "sum for the first mean",
        "The sum of the gradient is subtracted where its mean belongs.",
        "By how much does the mean move when one of H units moves by 1?",
        counts=("1", "H"),
    ),
    _slip(
        "sum for the second mean",
        "The sum of gradient · x_hat is used where its mean belongs.",
        "The variance is a mean too. Over how many units?",
        counts=("H", "1"),
    ),
    _slip(
        "means divided again",
        "The two terms that are subtracted are H times too small: a mean was divided by H once "
        "more.",
        "What does mean() divide by already?",
        counts=("H twice", "H twice"),
    ),
    _slip(
        "not divided",
        "inv_std does not multiply dx.",
        "If x moves by 1 with the statistics held fixed, by how much does x_hat move?",
        scale="missing",
    ),
    _slip(
        "inv_std on the first term only",
        "inv_std multiplies the direct term alone; the two means go without it.",
        "What does inv_std multiply: one term, or all three?",
        scale="direct only",
    ),
    _slip(
        "inv_std not on the variance's term",
        "inv_std does not multiply the term with x_hat: brackets are missing, or in the derivative "
        "of 1/√(var + eps) the power of inv_std is 2 in place of 3.",
        "What does inv_std multiply: two terms, or all three?",
        scale="not on the variance",
    ),
    _slip(
        "variance for sd",
        "inv_std multiplies dx twice.",
        "If x moves by 1 with the statistics held fixed, by how much does x_hat move?",
        "M1",
        scale="twice",
    ),
    _slip(
        "H times too large",
        "dx is H times too large: in H · dx_hat − Σ dx_hat − x_hat · Σ(dx_hat · x_hat) everything "
        "was multiplied by H, and is to be divided by it.",
        "What does the row 1 3 5 7 9 of the question give?",
        scale="times H",
    ),
    _slip(
        "H times too small",
        "dx is H times too small: with means in it nothing is left to be divided by H.",
        "What does mean() divide by already?",
        scale="over H",
    ),
    _slip(
        "divided by inv_std",
        "inv_std divides where it should multiply.",
        "inv_std is 1/√(var + eps). Does a wide spread make dx larger or smaller?",
        scale="inverted",
    ),
    _slip(
        "centred for x_hat",
        "The term of the variance has the centred values in it where x_hat belongs.",
        "What is the spread of what you project on, and what should it be?",
        values="centred",
    ),
    _slip(
        "x_hat for the centred values",
        "The term of the variance is inv_std times too small: x_hat stands once where the centred "
        "values belong.",
        "How many factors inv_std does each of the three terms have?",
        values="x_hat twice",
    ),
    _slip(
        "x_hat for the centred values, twice",
        "The term of the variance is inv_std² times too small: x_hat stands twice where the "
        "centred values belong.",
        "How many factors inv_std does each of the three terms have?",
        values="x_hat thrice",
    ),
    _slip(
        "x_hat forgotten once",
        "The mean of gradient · x_hat is subtracted as it is. It says how much of the gradient "
        "lies along x_hat; what is taken away must lie along x_hat too.",
        "What is the shape of what you subtract, and what should it be?",
        "M4",
        stretched=False,
    ),
    _slip(
        "projected as without eps",
        "x_hat is treated as if its variance were exactly 1, or you divided by Σ x_hat². With eps "
        "its variance is var / (var + eps); the derivative wants H there.",
        "Where did the 1/H come from in the derivative of the variance?",
        "M17",
        projected=True,
    ),
)
SLIPS = tuple(replace(m, switches={}) if m.key in ALONE else m for m in SLIPS)
