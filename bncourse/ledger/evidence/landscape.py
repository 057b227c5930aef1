"""Lesson 07: the loss along the gradient, stretched weights, and what an outlier gradient does."""

from __future__ import annotations

import numpy as np

from bncourse.experiments.landscape import load_landscape
from bncourse.layers.batch_norm import batchnorm_backward, batchnorm_forward
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


def _along(net: str, name: str) -> Value:
    runs = load_landscape()
    plain, normed = (runs.run(net, bn).typical(name) for bn in (False, True))
    return over(plain / normed)


@finding(
    "loss-range-relu",
    "how much the loss varies on the step, ReLU net without batch norm over with it, best rates",
    9,
    130,
    unit="times",
    by="landscape",
    stored="landscape",
)
def _() -> Value:
    return _along("ReLU", "loss_range")


@finding(
    "loss-range-sigmoid",
    "how much the loss varies on the step, sigmoid net without batch norm over with it, best rates",
    1.05,
    4,
    unit="times",
    by="landscape",
    stored="landscape",
)
def _() -> Value:
    return _along("sigmoid", "loss_range")


@finding(
    "loss-share-relu",
    "the same as a share of the loss that is left, ReLU net",
    2,
    15,
    unit="times",
    by="landscape",
    stored="landscape",
)
def _() -> Value:
    return _along("ReLU", "loss_share")


@finding(
    "loss-share-sigmoid",
    "the same as a share of the loss that is left, sigmoid net",
    0.1,
    0.6,
    unit="times",
    by="landscape",
    stored="landscape",
)
def _() -> Value:
    return _along("sigmoid", "loss_share")


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
    loose="the stored losses have four decimals",
)
def _() -> float:
    found = load_landscape().rescaled
    return abs(found.loss[1] - found.loss[0]).max()


@finding(
    "outlier-linear",
    "distance of batch norm's backward pass from linear, one image's gradient 1000 times as large",
    by="layers.batch_norm",
)
def _() -> float:
    rng = np.random.default_rng(5)
    _, cached = batchnorm_forward(rng.normal(size=(32, 5)), np.ones(5), np.zeros(5), 1e-5)
    usual, alone = rng.normal(size=(32, 5)), np.zeros((32, 5))
    alone[0] = usual[0]
    outlier = usual + 999 * alone
    got, rest, one = (batchnorm_backward(dy, cached)[0] for dy in (outlier, usual, alone))
    return abs(got - rest - 999 * one).max() / abs(got).max()
