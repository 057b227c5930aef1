"""Lesson 08: batch norm in recurrent nets."""

from __future__ import annotations

import numpy as np

from bncourse.experiments.recurrent_arms import load_recurrent_arms
from bncourse.ledger.measuring import Value, finding, over, paired


def _accuracy(
    arm: str, steps: int, how: str = "evaluated", start: str = "orthogonal", budget: int = -1
) -> np.ndarray:
    """Return accuracies in percent, (S,), after the longer of two budgets if none is named."""
    record = load_recurrent_arms()
    cases = list(zip(record.steps, record.starts, strict=True))
    return 100 * getattr(record, how)[cases.index((steps, start)), record.arms.index(arm), budget]


def _gain(arm: str, steps: int, start: str, budget: int = -1) -> Value:
    """Return by how much batch or layer norm is ahead of no norm."""
    both = (_accuracy(name, steps, start=start, budget=budget) for name in (arm, "none"))
    return paired(*both)


@finding(
    "rnn-per-step",
    "test accuracy of an RNN with batch norm and statistics for each of 16 steps, gamma from 1",
    89,
    100,
    unit="%",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return over(_accuracy("per step 1", 16))


@finding(
    "rnn-shared",
    "test accuracy of an RNN trained alike, gamma from 1, one running average shared by 16 steps",
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
    "test accuracy at 16 steps, BN per step (gamma from 1) minus no norm, orthogonal weights",
    -2,
    2.5,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return _gain("per step 1", 16, "orthogonal")


@finding(
    "rnn-gain-16-small",
    "test accuracy at 16 steps, BN per step (gamma from 0.1) minus no norm, orthogonal weights",
    -6,
    1,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return _gain("per step 0.1", 16, "orthogonal")


@finding(
    "rnn-gain-16-usual",
    "test accuracy at 16 steps, BN per step (gamma from 0.1) minus no norm, PyTorch's weights",
    0,
    9,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return _gain("per step 0.1", 16, "torch")


@finding(
    "rnn-gain-64",
    "test accuracy at 64 steps, BN per step (gamma from 0.1) minus no norm, orthogonal weights",
    -16,
    -1,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return _gain("per step 0.1", 64, "orthogonal")


@finding(
    "rnn-gain-64-usual",
    "test accuracy at 64 steps, BN per step (gamma from 0.1) minus no norm, PyTorch's weights",
    2,
    24,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return _gain("per step 0.1", 64, "torch")


@finding(
    "rnn-gain-64-usual-early",
    "that after 100 updates, not 200: BN per step minus no norm at 64 steps, PyTorch's weights",
    3,
    20,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return _gain("per step 0.1", 64, "torch", budget=0)


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
    "test accuracy at 16 steps, layer norm (gamma from 1) minus no norm, PyTorch's weights",
    -2.5,
    4.5,
    unit="points",
    by="recurrent_arms",
    stored="recurrent_arms",
)
def _() -> Value:
    return _gain("layer 1", 16, "torch")
