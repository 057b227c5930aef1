"""Wrong steps of a recurrent net that are no slip in one place: columns for rows, lost axes."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Misconception


def _finish(a, gamma, beta, eps):
    z = (a - a.mean(axis=-1, keepdims=True)) / np.sqrt(a.var(axis=-1, keepdims=True) + eps)
    return np.tanh(gamma * z + beta)


def _from_the_left(h, x, Wh, Wx, gamma, beta, eps):
    return _finish(Wh @ h + Wx @ x, gamma, beta, eps)


def _input_first(h, x, Wh, Wx, gamma, beta, eps):
    return _finish(Wx @ x + Wh @ h, gamma, beta, eps)


def _state_from_the_left(h, x, Wh, Wx, gamma, beta, eps):
    return _finish(Wh @ h + x @ Wx, gamma, beta, eps)


def _without_keepdims(h, x, Wh, Wx, gamma, beta, eps):
    a = h @ Wh + x @ Wx
    return np.tanh(gamma * ((a - a.mean(axis=-1)) / np.sqrt(a.var(axis=-1) + eps)) + beta)


def _mean_without_keepdims(h, x, Wh, Wx, gamma, beta, eps):
    a = h @ Wh + x @ Wx
    sd = np.sqrt(a.var(axis=-1, keepdims=True) + eps)
    return np.tanh(gamma * ((a - a.mean(axis=-1)) / sd) + beta)


def _sd_without_keepdims(h, x, Wh, Wx, gamma, beta, eps):
    a = h @ Wh + x @ Wx
    sd = np.sqrt(a.var(axis=-1) + eps)
    return np.tanh(gamma * ((a - a.mean(axis=-1, keepdims=True)) / sd) + beta)


OTHERS = (
    Misconception(
        "matrices from the left",
        "The matrices stand on the left, as in W h for columns. Here h and x are tables of rows.",
        "h is (N, H) and Wh is (H, H). In which order do their inner sizes fit for every N?",
        wrong=_from_the_left,
        variants=(_input_first, _state_from_the_left),
    ),
    Misconception(
        "without keepdims",
        "Mean or variance has lost its last axis, and lies beside the columns now: NumPy lines "
        "shapes up from the right.",
        "Which shape must the mean have so that each row meets its own?",
        "M3",
        _without_keepdims,
        variants=(_mean_without_keepdims, _sd_without_keepdims),
    ),
)
