"""Lesson 03's run: a sigmoid net with and without batch norm, and with a good start."""

from __future__ import annotations

from functools import cache

import numpy as np

from bncourse import results
from bncourse.experiments.sigmoid_nets import SigmoidNets, train_sigmoid_nets
from bncourse.ledger.measuring import Value, finding, over, paired

TARGET = 0.9


# The arms in the order of `SigmoidNets.runs`, with their learning rates in the stored search.
SEARCHED = {0: ("without BN", 0.5), 2: ("without BN", 2.0)}


@cache
def _nets(quick: bool) -> SigmoidNets:
    """Train as the lesson does; quickly, only as long as nets with BN or a good start need."""
    if quick:
        return train_sigmoid_nets((0, 1), tuple(range(0, 151, 5)))
    return train_sigmoid_nets()


def _updates(k: int, quick: bool) -> np.ndarray:
    if quick and k in SEARCHED:  # the nets without BN take long: what the search stored will do
        name, rate = SEARCHED[k]
        return _search(name)[rate]
    nets = _nets(quick)
    return nets.updates_to(nets.runs[k], TARGET)


def _factor(slow: int, fast: int, quick: bool) -> Value:
    one, other = _updates(slow, quick), _updates(fast, quick)
    if quick:
        return Value(one.mean() / other.mean())
    sd = (one / other).std(ddof=1)
    return Value(one.mean() / other.mean(), sd, f"sd over {len(one)} seeds")


@finding(
    "faster-same-rate",
    "updates to 90 % without batch norm over with it, sigmoid net, same rate",
    15,
    80,
    unit="times",
    by="sigmoid_nets",
)
def _(quick: bool = False) -> Value:
    return _factor(0, 1, quick)


@finding(
    "faster-own-rate",
    "updates to 90 % without batch norm over with it, sigmoid net, each at its own best rate",
    8,
    60,
    unit="times",
    by="sigmoid_nets",
)
def _(quick: bool = False) -> Value:
    return _factor(2, 3, quick)


@finding(
    "faster-good-start",
    "updates to 90 %, good start without batch norm over usual start with it",
    1.5,
    8,
    unit="times",
    by="sigmoid_nets",
)
def _(quick: bool = False) -> Value:
    return _factor(4, 3, quick)


def _end(one: int, other: int) -> Value:
    runs = _nets(False).runs
    return paired(100 * runs[one].accuracy[:, -1], 100 * runs[other].accuracy[:, -1])


def _searched_end(other: str) -> Value:
    """Compare what the stored search saw at the end, on other seeds."""
    arms = results.load("sigmoid_rates")["arms"]
    ends = []
    for name in ("with BN", other):
        best = arms[name]["best_learning_rate"]
        tried = next(t for t in arms[name]["search"] if t["learning_rate"] == best)
        ends.append(np.multiply(100, tried["final_accuracy"]))
    return paired(*ends)


@finding(
    "accuracy-own-rate",
    "test accuracy after 1,400 updates, sigmoid net with batch norm minus without",
    0.3,
    5,
    unit="points",
    by="sigmoid_nets",
)
def _(quick: bool = False) -> Value:
    return _searched_end("without BN") if quick else _end(3, 2)


@finding(
    "accuracy-good-start",
    "test accuracy after 1,400 updates, usual start with batch norm minus good one without",
    0,
    1.9,
    unit="points",
    by="sigmoid_nets",
)
def _(quick: bool = False) -> Value:
    return _searched_end("without BN, good initialisation") if quick else _end(3, 4)


@finding(
    "first-unit-width",
    "width of a sigmoid's inputs after 100 updates, 15th to 85th percentile, without batch norm",
    0.007,
    0.08,
    by="sigmoid_nets",
)
def _(quick: bool = False) -> Value:
    run = _nets(quick).runs[0]
    at = list(run.steps).index(100)
    return over(run.percentiles[:, at, 2] - run.percentiles[:, at, 0])


@finding(
    "first-unit-middle",
    "distance from 0 of the median of a sigmoid's inputs after 100 updates, without batch norm",
    0.2,
    2.6,
    by="sigmoid_nets",
)
def _(quick: bool = False) -> Value:
    run = _nets(quick).runs[0]
    return over(abs(run.percentiles[:, list(run.steps).index(100), 1]))


def _search(name: str) -> dict[float, np.ndarray]:
    arm = results.load("sigmoid_rates")["arms"][name]["search"]
    return {
        tried["learning_rate"]: np.array([np.inf if u is None else u
                                          for u in tried["updates_to_target"]])
        for tried in arm
    }  # fmt: skip


@finding(
    "rates-with-bn",
    "rates of the 7 tried, 1/8 to 8, at which all five sigmoid nets with batch norm reach 90 %",
    6,
    7,
    by="sigmoid_nets",
    stored="sigmoid_rates",
)
def _() -> float:
    return sum(np.isfinite(updates).all() for updates in _search("with BN").values())


@finding(
    "rates-without-bn",
    "rates of the 7 tried, 1/8 to 8, at which all five nets without batch norm reach 90 %",
    1,
    5,
    by="sigmoid_nets",
    stored="sigmoid_rates",
)
def _() -> float:
    return sum(np.isfinite(updates).all() for updates in _search("without BN").values())


@finding(
    "low-rate-is-as-fast",
    "updates with batch norm at the rate 1/8 over those at 2, sixteen times higher",
    0.5,
    2,
    unit="times",
    by="sigmoid_nets",
    stored="sigmoid_rates",
)
def _() -> Value:
    search = _search("with BN")
    return over(search[0.125] / search[2.0])


@finding("sigmoid-slope", "slope of the sigmoid at 10, a quarter at 0", 4e-5, 5e-5, by="hand")
def _() -> float:
    at = 1 / (1 + np.exp(-10.0))
    return at * (1 - at)
