"""Wrong forward passes: one function with a switch for each slip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bncourse.grading.kinds import slips

AFFINE: dict[str, Callable] = {
    "right": lambda x_hat, gamma, beta: gamma * x_hat + beta,
    "none": lambda x_hat, gamma, beta: x_hat,
    "swapped": lambda x_hat, gamma, beta: beta * x_hat + gamma,
    "shift first": lambda x_hat, gamma, beta: gamma * (x_hat + beta),
    "no shift": lambda x_hat, gamma, beta: gamma * x_hat,
    "no scale": lambda x_hat, gamma, beta: x_hat + beta,
    "one gamma": lambda x_hat, gamma, beta: gamma[0] * x_hat + beta[0],
}
DIVISOR: dict[str, Callable] = {
    "right": lambda var, eps: np.sqrt(var + eps),
    "variance": lambda var, eps: var + eps,
    "eps outside": lambda var, eps: np.sqrt(var) + eps,
    "eps squared": lambda var, eps: np.sqrt(var + eps**2),
    "eps twice": lambda var, eps: np.sqrt(var + 2 * eps),
    "no eps": lambda var, eps: np.sqrt(var),
    "fixed eps": lambda var, eps: np.sqrt(var + np.asarray(1e-5, var.dtype)),
    "fixed eps 1e-3": lambda var, eps: np.sqrt(var + np.asarray(1e-3, var.dtype)),
    "eps 1e-8": lambda var, eps: np.sqrt(var + np.asarray(1e-8, var.dtype)),
}
KEPT: dict[str, Callable] = {
    "right": lambda inv_std: inv_std,
    "std": lambda inv_std: 1 / inv_std,
    "var": lambda inv_std: 1 / inv_std**2,
}


def forward(
    x, gamma, beta, eps=1e-5, *, axis=0, ddof=0, about="mean", centre=True, divisor="right",
    affine="right", kept="right", cached="x_hat",
    one_spread=False, one_mean=False, average=True,
):  # fmt: skip
    """The forward pass with a switch for each slip; without any it is right."""
    mean = x.mean(axis=axis, keepdims=True)
    origin = mean if about == "mean" else 0
    n = x.size // mean.size if average else 1
    var = ((x - origin) ** 2).sum(axis=axis, keepdims=True) / (n - ddof)
    if one_mean:
        mean = np.full_like(mean, x.mean())
    if one_spread:
        var = np.full_like(mean, x.var())
    divide_by = DIVISOR[divisor](var, eps)
    x_hat = (x - mean if centre else x) / divide_by
    y = AFFINE[affine](x_hat, gamma, beta)
    stored = {"x_hat": x_hat, "y": y, "centred": x - mean}[cached]
    return y, {"x_hat": stored, "inv_std": KEPT[kept](1 / divide_by)[0], "gamma": gamma}


_slip = slips(forward)


SLIPS = (
    _slip(
        "variance for sd",
        "The centred values are divided by the variance. Each output shrinks tenfold when x "
        "is measured in units ten times smaller.",
        "What should the standard deviation of x_hat be, and what is yours?",
        "M1",
        divisor="variance",
    ),
    _slip(
        "unbiased",
        "The variance is divided by N − 1. It estimates a population; here these N numbers "
        "themselves are to get variance 1.",
        "With two samples x_hat should be ±1. What do you get, and why 0.707?",
        "M2",
        ddof=1,
    ),
    _slip(
        "sum for average",
        "The squared deviations are added up but not averaged.",
        "What should x_hat's spread be when there are twice as many samples?",
        average=False,
    ),
    _slip(
        "per sample",
        "Each row is normalised by itself: the mean runs over the features of one sample.",
        "Which numbers share one gamma? They are the ones that share one mean.",
        "M3",
        axis=1,
    ),
    _slip(
        "whole table",
        "One mean and one variance serve the whole table, so features on large scales drown "
        "the others.",
        "Age and kilometres stand side by side. Should they share one mean?",
        "M3",
        axis=None,
    ),
    _slip(
        "one spread for all",
        "Each feature has its own mean, but one variance of the whole table serves them all.",
        "What is the standard deviation of each column of x_hat?",
        "M3",
        one_spread=True,
    ),
    _slip(
        "one mean for all",
        "Each feature has its own variance, but the table's one mean is subtracted from all.",
        "What is the mean of each column of x_hat?",
        "M3",
        one_mean=True,
    ),
    _slip(
        "eps outside the root",
        "eps is added to the standard deviation instead of the variance. For a small spread "
        "the two differ a lot.",
        "Take variance 0 and eps = 1e-5: what should the divisor be, √eps or eps?",
        "M17",
        divisor="eps outside",
    ),
    _slip(
        "eps squared",
        "eps is squared before it joins the variance.",
        "What exactly stands under the root in STEP 3?",
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
        "eps is never used: a feature that is constant over the batch gives 0/0.",
        "A ReLU may be 0 for the whole batch. What is its variance then?",
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
    _slip(
        "eps fixed at 1e-3",
        "eps is always 1e-3, another library's default, whatever was passed in.",
        "Where does the argument eps enter your code?",
        "M17",
        divisor="fixed eps 1e-3",
    ),
    _slip(
        "eps fixed at 1e-8",
        "eps is always 1e-8, an optimiser's habit, whatever was passed in.",
        "Where does the argument eps enter your code?",
        "M17",
        divisor="eps 1e-8",
    ),
    _slip(
        "not centred",
        "The mean is never subtracted from the values that are divided.",
        "What is the mean of each column of x_hat, and what should it be?",
        centre=False,
    ),
    _slip(
        "variance about zero",
        "The variance is the mean of the squares of x itself, as if the mean were 0.",
        "The spread around what?",
        about="zero",
    ),
    _slip(
        "affine forgotten",
        "y is x_hat: gamma and beta are never used. A test with gamma = 1 and beta = 0 would "
        "not have shown it.",
        "Where do gamma and beta come in?",
        "M8",
        affine="none",
    ),
    _slip(
        "beta forgotten",
        "gamma scales, but beta is never added.",
        "What should the mean of each output column be?",
        "M8",
        affine="no shift",
    ),
    _slip(
        "gamma forgotten",
        "beta is added, but gamma never scales.",
        "What should the standard deviation of each output column be?",
        "M8",
        affine="no scale",
    ),
    _slip(
        "gamma and beta swapped",
        "gamma and beta have changed places. With the usual start, gamma = 1 and beta = 0, every "
        "output would be the constant 1.",
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
        "one gamma for all",
        "All features share the first gamma and beta.",
        "gamma has D entries. How should they line up with the columns of x_hat?",
        "M3",
        affine="one gamma",
    ),
    _slip(
        "std kept",
        "y is right, but the cache holds the standard deviation where its inverse was asked for.",
        "Which one would the backward pass multiply by?",
        kept="std",
    ),
    _slip(
        "variance kept",
        "y is right, but the cache holds the variance (with eps) as inv_std.",
        "What does the name inv_std say, part by part?",
        kept="var",
    ),
    _slip(
        "output kept as x_hat",
        "y is right, but the cache's x_hat is the output, after gamma and beta.",
        "At which step does x_hat stop being x_hat?",
        cached="y",
    ),
    _slip(
        "centred kept as x_hat",
        "y is right, but the cache's x_hat is only centred, not yet divided.",
        "What is the standard deviation of the x_hat you kept?",
        cached="centred",
    ),
)
