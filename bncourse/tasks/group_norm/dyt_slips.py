"""What learners get wrong about dynamic tanh: one function with a switch for each slip."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.batch_norm.forward_slips import AFFINE

FAR = "numbers in the thousands"


def _normalised(x, axis):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + 1e-5)


def _exactly(x, axis):
    return (x - x.mean(axis, keepdims=True)) / x.std(axis, keepdims=True)


FIRST: dict[str, Callable] = {  # what is done to x before anything else
    "nothing": lambda x: x,
    "layer norm": lambda x: _normalised(x, -1),
    "batch norm": lambda x: _normalised(x, tuple(range(x.ndim - 1))),
    "layer norm, no eps": lambda x: _exactly(x, -1),
    "first axis, no eps": lambda x: _exactly(x, 0),
    "all, no eps": lambda x: _exactly(x, None),
    "centred": lambda x: x - x.mean(-1, keepdims=True),
    "by its sd": lambda x: x / np.sqrt(x.var(-1, keepdims=True) + 1e-5),
    "by its rms": lambda x: x / np.sqrt(np.square(x).mean(-1, keepdims=True) + 1e-5),
    "by its largest": lambda x: x / np.abs(x).max(-1, keepdims=True),
    "by the largest": lambda x: x / np.abs(x).max(),
}
BENT: dict[str, Callable] = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 0.5 * (1 + np.tanh(z / 2)),
    "clipped": lambda z: np.clip(z, -1, 1),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "straight": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "arctan": np.arctan,
    "arctan to 1": lambda z: np.arctan(z) * 2 / np.pi,
    "half": lambda z: np.tanh(z / 2),
    "root": lambda z: z / np.sqrt(1 + z * z),
    "sine": np.sin,
    "erf": np.vectorize(math.erf),
}


def dyt(
    x, alpha, gamma, beta, *, first="nothing", bent="tanh", at="x", inside="none", affine="right",
    after="nothing",
):  # fmt: skip
    """Return y with the shape of x; without any switch it is right."""
    z = FIRST[first](x)
    z = {
        "outside": z,
        "forgotten": z,
        "divided": z / alpha,
        "fixed": z * 0.5,
        "added": z + alpha,
    }.get(at, z * alpha)
    if inside in ("gamma", "both"):
        z = gamma * z
    if inside in ("beta", "both"):
        z = z + beta
    bent_z = FIRST[after](BENT[bent](z))
    if at in ("outside", "twice"):
        bent_z = alpha * bent_z
    if at == "slope of 1":
        bent_z = bent_z / alpha
    if inside == "both":
        return bent_z
    if inside != "none":
        return bent_z + beta if inside == "gamma" else gamma * bent_z
    return AFFINE[affine](bent_z, gamma, beta)


def _per_sample(x, alpha, gamma, beta):
    return gamma[:, None] * np.tanh(alpha * x) + beta[:, None]


_slip = slips(dyt)

MISCONCEPTIONS = (
    replace(
        _slip(
            "a norm in front",
            "x was normalised before tanh. This layer measures nothing: each number goes through "
            "by itself.",
            "If one feature of a sample changes, should the outputs of its others change?",
            "",
            first="layer norm",
        ),
        variants=(
            partial(dyt, first="batch norm"),
            partial(dyt, first="layer norm, no eps"),
            partial(dyt, first="first axis, no eps"),
            partial(dyt, first="all, no eps"),
            partial(dyt, first="by its sd"),
            partial(dyt, first="by its rms"),
        ),
    ),
    _slip(
        "centred first",
        "The mean was subtracted before tanh. This layer measures nothing.",
        "If one feature of a sample changes, should the outputs of its others change?",
        "",
        first="centred",
    ),
    replace(
        _slip(
            "divided by the largest",
            "x was divided by its largest number before tanh. This layer measures nothing: tanh "
            "alone keeps the output bounded.",
            "If one feature of a sample changes, should the outputs of its others change?",
            "",
            first="by its largest",
        ),
        variants=(partial(dyt, first="by the largest"),),
    ),
    replace(
        _slip(
            "a norm behind",
            "The output of tanh was normalised. This layer measures nothing.",
            "If one feature of a sample changes, should the outputs of its others change?",
            "",
            after="layer norm",
        ),
        variants=(partial(dyt, after="batch norm"),),
    ),
    _slip(
        "alpha outside",
        "alpha multiplies the output of tanh. Then it only does what gamma does already.",
        "What should alpha change: how high the curve goes, or how soon it bends?",
        "",
        at="outside",
    ),
    _slip(
        "alpha inside and outside",
        "alpha multiplies x, and the output of tanh as well: the slope is alpha² · gamma, and the "
        "output stays within ± alpha · gamma.",
        "How large can y − beta become?",
        "",
        at="twice",
    ),
    _slip(
        "alpha added",
        "alpha is added to x. It should change how soon the curve bends.",
        "What is y for x = 0?",
        "",
        at="added",
    ),
    _slip(
        "alpha fixed",
        "alpha is always 0.5, whatever was passed in.",
        "Where does the argument alpha enter your code?",
        "",
        at="fixed",
    ),
    _slip(
        "alpha forgotten",
        "alpha is never used: the curve bends at ± 1 whatever it is.",
        "What is the output for x = 1 and alpha = 0?",
        "",
        at="forgotten",
    ),
    _slip(
        "divided by alpha",
        "x was divided by alpha. A larger alpha makes the curve bend sooner.",
        "With alpha = 2, is the slope at 0 larger or smaller than with 1?",
        "",
        at="divided",
    ),
    _slip(
        "slope made one",
        "The output of tanh was divided by alpha, so that the slope at 0 is gamma. It is to be "
        "alpha · gamma, and the output stays within ± gamma of beta.",
        "How large can y − beta become?",
        "",
        at="slope of 1",
    ),
    _slip(
        "gamma inside",
        "gamma stands inside tanh, so that no output gets further than 1 from beta.",
        "How large can y − beta become, for gamma = 2?",
        "M8",
        inside="gamma",
    ),
    _slip(
        "beta inside",
        "beta stands inside tanh: it shifts where the curve bends, not the output.",
        "What is y for x = 0?",
        "M8",
        inside="beta",
    ),
    _slip(
        "gamma and beta inside",
        "gamma and beta stand inside tanh, so that all outputs lie between − 1 and 1.",
        "What is y for x = 0, and how large can it become?",
        "M8",
        inside="both",
    ),
    _slip(
        "a sigmoid",
        "That is a sigmoid: it goes from 0 to 1. tanh goes from − 1 to 1.",
        "What is tanh(0)?",
        "",
        bent="sigmoid",
    ),
    _slip(
        "clipped",
        "The numbers were cut off at ± 1. tanh bends before that.",
        "What is tanh(0.8)?",
        "",
        bent="clipped",
    ),
    replace(
        _slip(
            "another bend",
            "That is another curve than tanh.",
            "What is tanh(1), and what does your curve give there?",
            "",
            bent="softsign",
        ),
        variants=tuple(
            partial(dyt, bent=bent)
            for bent in ("arctan", "arctan to 1", "relu", "half", "root", "sine", "erf")
        ),
    ),
    _slip(
        "not bent",
        "There is no tanh: the layer is a straight line, and large numbers go through as they are.",
        "How large can the output become?",
        "",
        bent="straight",
    ),
    _slip(
        "affine forgotten",
        "gamma and beta are never used.",
        "Where do gamma and beta come in?",
        "M8",
        affine="none",
    ),
    _slip(
        "beta forgotten",
        "gamma scales, but beta is never added.",
        "What is y for x = 0?",
        "M8",
        affine="no shift",
    ),
    _slip(
        "gamma forgotten",
        "beta is added, but gamma never scales.",
        "How large can y − beta become, for gamma = 2?",
        "M8",
        affine="no scale",
    ),
    _slip(
        "gamma and beta swapped",
        "gamma and beta have changed places.",
        "Which of the two multiplies tanh?",
        "",
        affine="swapped",
    ),
    _slip(
        "shift before scale",
        "beta is added before gamma multiplies, so the shift is scaled as well.",
        "What is y for x = 0?",
        "",
        affine="shift first",
    ),
    _slip(
        "one gamma for all",
        "All features have the first gamma and beta.",
        "gamma has H entries. How should they line up with x?",
        "M3",
        affine="one gamma",
    ),
    Misconception(
        "gamma per sample",
        "gamma and beta are lined up with the samples. That is an error for most shapes, and "
        "silent where there are as many samples as features.",
        "gamma has H entries: which axis of x has that length?",
        "M3",
        wrong=_per_sample,
    ),
    Misconception(
        "overflow",
        "Right, until numbers get large: there an exponential overflows, and not-a-number comes "
        "out.",
        "What is e to the power of 2000, and which function of NumPy has no such trouble?",
        fails_on=frozenset({FAR}),
    ),
)
