"""Wrong RMSNorms that are no slip in one place: other sizes, lost axes, lost signs."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Misconception


def _absolute(x, gamma, eps):
    return gamma * x / (np.abs(x).mean(-1, keepdims=True) + eps)


def _absolute_in_root(x, gamma, eps):
    return gamma * x / np.sqrt(np.abs(x).mean(-1, keepdims=True) ** 2 + eps)


def _absolute_alone(x, gamma, eps):
    return gamma * x / np.abs(x).mean(-1, keepdims=True)


def _no_square(x, gamma, eps):
    return gamma * (x / np.sqrt(x.mean(-1, keepdims=True) + eps))


def _eps_last(x, gamma, eps):
    return gamma * (x / np.sqrt((x**2).mean(-1, keepdims=True))) + eps


def _eps_after(x, gamma, eps):
    return gamma * (x / np.sqrt((x**2).mean(-1, keepdims=True)) + eps)


def _length_over_count(x, gamma, eps):
    return gamma * (x / (np.sqrt((x**2).sum(-1, keepdims=True) + eps) / x.shape[-1]))


def _largest(x, gamma, eps):
    return gamma * x / (np.abs(x).max(-1, keepdims=True) + eps)


def _largest_alone(x, gamma, eps):
    return gamma * x / np.abs(x).max(-1, keepdims=True)


def _largest_with_its_sign(x, gamma, eps):
    return gamma * x / (x.max(-1, keepdims=True) + eps)


def _largest_with_its_sign_alone(x, gamma, eps):
    return gamma * x / x.max(-1, keepdims=True)


def _eps_in_the_square(x, gamma, eps):
    return gamma * x / np.sqrt(((x + eps) ** 2).mean(-1, keepdims=True))


def _sign_lost(x, gamma, eps):
    return gamma * np.sqrt(x**2 / ((x**2).mean(-1, keepdims=True) + eps))


def _sign_lost_with_gamma(x, gamma, eps):
    return np.abs(_sign_lost(x, gamma, eps))


def _without_keepdims(x, gamma, eps):
    return gamma * (x / np.sqrt((x**2).mean(axis=-1) + eps))


def _second_without_keepdims(x, gamma, eps):
    return gamma * (x / np.sqrt((x**2).mean(axis=1) + eps))


def _mean_before_squaring(x, gamma, eps):
    return gamma * (x / np.sqrt(x.mean(-1, keepdims=True) ** 2 + eps))


def _root_before_mean(x, gamma, eps):
    return gamma * x / np.sqrt(x**2 + eps).mean(-1, keepdims=True)


OTHERS = (
    Misconception(
        "mean of absolute values",
        "The row is divided by the mean of the absolute values, not by the root of the mean "
        "square.",
        "In which order are squaring, averaging and taking the root done?",
        wrong=_absolute,
        variants=(_absolute_in_root, _root_before_mean, _absolute_alone),
    ),
    Misconception(
        "mean before squaring",
        "The mean is squared; the squares were to be averaged.",
        "In which order are squaring and averaging done?",
        wrong=_mean_before_squaring,
    ),
    Misconception(
        "no squares",
        "The numbers themselves are averaged, not their squares: of a negative mean there is no "
        "root.",
        "In which order are squaring, averaging and taking the root done?",
        wrong=_no_square,
    ),
    Misconception(
        "eps after dividing",
        "eps is added to the quotient: / comes before +.",
        "What does x / r + eps mean in Python?",
        "M17",
        _eps_last,
        variants=(_eps_after,),
    ),
    Misconception(
        "length with eps over H",
        "The root is divided by H. Inside the root it would be right.",
        "What is the root of Σ x² / H, if the length √Σ x² is given?",
        wrong=_length_over_count,
    ),
    Misconception(
        "largest value",
        "The row is divided by its largest value.",
        "How many of the units should have a say in the divisor?",
        wrong=_largest,
        variants=(_largest_alone, _largest_with_its_sign, _largest_with_its_sign_alone),
    ),
    Misconception(
        "eps in the square",
        "eps is added to x before squaring. There it moves the numbers, and keeps no row from a "
        "divisor near 0.",
        "What is the divisor of a row whose numbers are all −eps?",
        "M17",
        _eps_in_the_square,
    ),
    Misconception(
        "sign lost",
        "The root of a square is a size: the signs of x are lost.",
        "What should come out for −3, something above 0 or below?",
        wrong=_sign_lost,
        variants=(_sign_lost_with_gamma,),
    ),
    Misconception(
        "without keepdims",
        "The mean square has lost its last axis, and lies beside the columns now: NumPy lines "
        "shapes up from the right.",
        "Which shape must it have so that each row meets its own?",
        "M3",
        _without_keepdims,
    ),
    Misconception(
        "the second axis without keepdims",
        "The mean runs over axis 1 and has lost that axis: NumPy lines shapes up from the right.",
        "Which shape must it have so that each row meets its own?",
        "M3",
        _second_without_keepdims,
    ),
)
