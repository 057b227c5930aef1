"""Lesson 07: which learning rates are usable, and what becomes of the weights' lengths."""

from __future__ import annotations

import numpy as np

from bncourse.experiments.rate_range import load_rate_range
from bncourse.experiments.weight_decay import load_weight_decay
from bncourse.ledger.measuring import Value, finding, over

LONGER = -1  # the budget of 1000 updates


def _at(values: np.ndarray, net: str, norm: str) -> np.ndarray:
    record = load_rate_range()
    return values[record.nets.index(net), record.norms.index(norm)]


def _times_higher(net: str) -> float:
    return _at(load_rate_range().times_higher(), net, "batch")[LONGER]


@finding(
    "times-higher-relu",
    "largest usable rate with batch norm over that without, 3 ReLU layers, 1000 updates",
    2,
    16,
    unit="times",
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _times_higher("3 x 64 ReLU")


@finding(
    "times-higher-he",
    "largest usable rate with batch norm over that without, He's weights, 1000 updates",
    4,
    64,
    unit="times",
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _times_higher("3 x 64 ReLU, He")


@finding(
    "times-higher-tanh",
    "largest usable rate with batch norm over that without, 3 tanh layers, 1000 updates",
    2,
    16,
    unit="times",
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _times_higher("3 x 64 tanh")


def _span(norm: str) -> float:
    record = load_rate_range()
    ends = [
        _at(end, "3 x 64 ReLU, He", norm)[LONGER] for end in (record.largest(), record.smallest())
    ]
    return ends[0] / ends[1]


@finding(
    "span-with-bn",
    "largest over smallest usable rate with batch norm, He's weights, 1000 updates",
    128,
    2048,
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _span("batch")


@finding(
    "span-without-bn",
    "largest over smallest usable rate without batch norm, He's weights, 1000 updates",
    8,
    128,
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _span("none")


@finding(
    "largest-with-bn",
    "largest usable rate with batch norm, He's weights, 1000 updates",
    1,
    16,
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _at(load_rate_range().largest(), "3 x 64 ReLU, He", "batch")[LONGER]


@finding(
    "beyond-with-bn",
    "test accuracy with batch norm at four times the largest usable rate, He's weights",
    5,
    30,
    unit="%",
    by="rate_range",
    stored="rate_range",
)
def _() -> Value:
    record = load_rate_range()
    largest = _at(record.largest(), "3 x 64 ReLU, He", "batch")[LONGER]
    at = list(record.rates).index(4 * largest)
    return over(100 * _at(record.recomputed, "3 x 64 ReLU, He", "batch")[at, LONGER])


@finding(
    "overflow-with-bn",
    "nets with batch norm, of 5, whose loss overflows at the rate 64, 3 ReLU layers",
    1,
    5,
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _at(load_rate_range().overflowed, "3 x 64 ReLU", "batch")[-1, LONGER]


@finding(
    "deep-usual-weights",
    "best test accuracy of 8 ReLU layers without batch norm at any rate, PyTorch's weights",
    5,
    40,
    unit="%",
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _best("8 x 64 ReLU", "none")


@finding(
    "deep-he-weights",
    "best test accuracy of 8 ReLU layers without batch norm at any rate, He's weights",
    92,
    100,
    unit="%",
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _best("8 x 64 ReLU, He", "none")


@finding(
    "deep-with-bn",
    "best test accuracy of 8 ReLU layers with batch norm at any rate, PyTorch's weights",
    95,
    100,
    unit="%",
    by="rate_range",
    stored="rate_range",
)
def _() -> float:
    return _best("8 x 64 ReLU", "batch")


def _best(net: str, norm: str) -> float:
    return 100 * _at(load_rate_range().accuracy, net, norm)[:, LONGER].mean(axis=-1).max()


@finding(
    "lengths-without-decay",
    "length of the weights before batch norm after 2000 plain updates, over that at the start",
    1.01,
    2,
    unit="times",
    by="weight_decay",
    stored="weight_decay",
)
def _() -> Value:
    run = next(run for run in load_weight_decay().runs if run.decay == 0)
    return over(run.length[:, -1] / run.length[:, 0])
