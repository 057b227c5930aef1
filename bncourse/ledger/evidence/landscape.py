"""Lesson 07: the loss along the gradient, and what stretching the weights does to a measure."""

from __future__ import annotations

import numpy as np

from bncourse.experiments.landscape import load_landscape
from bncourse.ledger.measuring import Value, finding, over


def _beta(net: str) -> Value:
    runs = load_landscape()
    plain, normed = (np.median(runs.run(net, bn).beta, axis=0) for bn in (False, True))
    return over(plain / normed)


@finding(
    "smoother-relu",
    "change of the gradient on the way, ReLU net without batch norm over with it, best rates",
    1.4,
    6,
    by="landscape",
    stored="landscape",
)
def _() -> Value:
    return _beta("ReLU")


@finding(
    "smoother-sigmoid",
    "change of the gradient on the way, sigmoid net without batch norm over with it, best rates",
    0.1,
    0.7,
    by="landscape",
    stored="landscape",
)
def _() -> Value:
    return _beta("sigmoid")


@finding(
    "curvature-rescaled",
    "largest curvature after the weights before batch norm were tripled, over that before",
    0.10,
    0.12,
    unit="times",
    by="landscape",
    stored="landscape",
)
def _() -> Value:
    found = load_landscape().rescaled
    return over(found.largest[1] / found.largest[0])


@finding(
    "loss-rescaled",
    "change of the loss by tripling these weights",
    0,
    1e-3,
    by="landscape",
    stored="landscape",
)
def _() -> float:
    found = load_landscape().rescaled
    return abs(found.loss[1] - found.loss[0]).max()
