"""Lesson 07: six sigmoid layers and three of ReLUs, each at its own best rate."""

from __future__ import annotations

from bncourse.experiments.deep_sigmoid import Speeds, load_deep_sigmoid
from bncourse.ledger.measuring import Value, finding, over


def _speeds(net: str) -> Speeds:
    return next(each for each in load_deep_sigmoid() if each.net == net)


def _end(net: str, arm: int) -> Value:
    record = _speeds(net)
    return over(100 * record.at_own_rate(record.final)[arm])


@finding(
    "six-sigmoids-plain",
    "test accuracy of 6 sigmoid layers, small weights, without batch norm, 1000 updates",
    5,
    30,
    unit="%",
    by="deep_sigmoid",
    stored="deep_sigmoid",
)
def _() -> Value:
    return _end("6 x 100 sigmoid", 0)


@finding(
    "six-sigmoids-good",
    "test accuracy of 6 sigmoid layers, good weights, without batch norm, 1000 updates",
    92,
    100,
    unit="%",
    by="deep_sigmoid",
    stored="deep_sigmoid",
)
def _() -> Value:
    return _end("6 x 100 sigmoid", 1)


@finding(
    "six-sigmoids-bn",
    "test accuracy of 6 sigmoid layers, small weights, with batch norm, 1000 updates",
    95,
    100,
    unit="%",
    by="deep_sigmoid",
    stored="deep_sigmoid",
)
def _() -> Value:
    return _end("6 x 100 sigmoid", 2)


def _other_rate(net: str) -> Value:
    record = _speeds(net)
    return over(record.updates[2, 1, 0] / record.updates[2, 2, 0])


@finding(
    "six-sigmoids-other-rate",
    "updates to 90 % with batch norm, 6 sigmoid layers: at the best rate without over at its own",
    0.6,
    1.6,
    unit="times",
    by="deep_sigmoid",
    stored="deep_sigmoid",
)
def _() -> Value:
    return _other_rate("6 x 100 sigmoid")


@finding(
    "relu-other-rate",
    "updates to 90 % with batch norm, 3 ReLU layers: at the best rate without over at its own",
    0.6,
    1.6,
    unit="times",
    by="deep_sigmoid",
    stored="deep_sigmoid",
)
def _() -> Value:
    return _other_rate("3 x 100 ReLU")


def _times(net: str) -> Value:
    return over(_speeds(net).times_faster(1, 2)[0])


@finding(
    "six-sigmoids-times",
    "updates to 90 %, 6 sigmoid layers, good weights over small ones with batch norm",
    2,
    20,
    unit="times",
    by="deep_sigmoid",
    stored="deep_sigmoid",
)
def _() -> Value:
    return _times("6 x 100 sigmoid")


@finding(
    "relu-times",
    "updates to 90 %, 3 ReLU layers, good weights over usual ones with batch norm",
    1.2,
    5,
    unit="times",
    by="deep_sigmoid",
    stored="deep_sigmoid",
)
def _() -> Value:
    return _times("3 x 100 ReLU")
