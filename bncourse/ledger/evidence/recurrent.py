"""Lesson 08: batch norm in recurrent nets."""

from __future__ import annotations

import numpy as np

from bncourse.experiments.recurrent_arms import load_recurrent_arms
from bncourse.ledger.measuring import Value, finding, over, paired


def _accuracy(
    arm: str, steps: int, how: str = "evaluated", start: str = "orthogonal"
) -> np.ndarray:
    """Return accuracies in percent after the longer budget, (S,)."""
    record = load_recurrent_arms()
    cases = list(zip(record.steps, record.starts, strict=True))
    return 100 * getattr(record, how)[cases.index((steps, start)), record.arms.index(arm), -1]


@finding(
    "rnn-per-step",
    "test accuracy of an RNN with batch norm and statistics for each of 16 steps",
    85,
    100,
    unit="%",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return over(_accuracy("per step 1", 16))


@finding(
    "rnn-shared",
    "test accuracy of an RNN trained alike, one running average shared by 16 steps",
    20,
    80,
    unit="%",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return over(_accuracy("shared 1", 16))


@finding(
    "rnn-shared-by-batch",
    "test accuracy of the nets with a shared average, by the statistics of test batches instead",
    80,
    100,
    unit="%",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return over(_accuracy("shared 1", 16, "by_batch"))


@finding(
    "rnn-gain-16",
    "test accuracy at 16 steps, batch norm per step minus no norm, orthogonal weights",
    -4,
    4,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return paired(_accuracy("per step 1", 16), _accuracy("none", 16))


@finding(
    "rnn-gain-16-usual",
    "test accuracy at 16 steps, batch norm per step minus no norm, PyTorch's weights",
    0,
    10,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    both = (_accuracy(arm, 16, start="torch") for arm in ("per step 0.1", "none"))
    return paired(*both)


@finding(
    "rnn-gain-64",
    "test accuracy at 64 steps, batch norm per step minus no norm, orthogonal weights",
    -20,
    5,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return paired(_accuracy("per step 0.1", 64), _accuracy("none", 64))


@finding(
    "rnn-by-twos",
    "test accuracy of the nets with statistics per step by those of batches of two instead",
    10,
    60,
    unit="%",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return over(_accuracy("per step 1", 16, "by_twos"))


@finding(
    "rnn-layer-gain-16-usual",
    "test accuracy at 16 steps, layer norm minus no norm, PyTorch's weights",
    -3,
    6,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    both = (_accuracy(arm, 16, start="torch") for arm in ("layer 1", "none"))
    return paired(*both)
