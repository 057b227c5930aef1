"""Lesson 07: weights in front of batch norm, their lengths and their gradients."""

from __future__ import annotations

from functools import cache

from bncourse.experiments.scale_invariance import NO_EPS, ScaledNet, scaled
from bncourse.ledger.measuring import finding


@cache
def _net(eps: float | None, norm: str | None) -> ScaledNet:
    factors = (0.001, 1.0, 10.0)
    return scaled(factors, norm=norm) if eps is None else scaled(factors, eps=eps, norm=norm)


@finding(
    "net-loss-scaled",
    "change of a net's loss by all hidden weights ten times as large, eps = 0",
    by="scale_invariance",
)
def _() -> float:
    loss = _net(NO_EPS, "batch").loss
    return abs(loss[2] - loss[1])


@finding(
    "net-gradient-scaled",
    "distance of their gradient from a tenth, relative, eps = 0",
    by="scale_invariance",
)
def _() -> float:
    gradient = _net(NO_EPS, "batch").gradient
    return abs(10 * gradient[2] / gradient[1] - 1)


@finding(
    "net-gradient-cosine",
    "largest cosine of a unit's weights and their gradient in that net",
    by="scale_invariance",
)
def _() -> float:
    return abs(_net(NO_EPS, "batch").cosine).max()


@finding(
    "plain-loss-scaled",
    "change of the loss by weights ten times as large without batch norm",
    1.5,
    20,
    by="scale_invariance",
)
def _() -> float:
    loss = _net(None, None).loss
    return abs(loss[2] - loss[1])


@finding(
    "gradient-felt-eps",
    "gradient at a thousandth of the weights and eps = 1e-5, over what scale invariance gives",
    0.0015,
    0.02,
    unit="times",
    by="scale_invariance",
)
def _() -> float:
    gradient = _net(None, "batch").gradient
    return float(gradient[0] * 0.001 / gradient[1])


@finding(
    "length-grows",
    "growth of the squared length of weights by a plain step, over rate² times gradient², minus 1",
    by="hand",
)
def _() -> float:
    from bncourse.ledger.evidence.backward import weights_and_gradient

    w, g = weights_and_gradient()
    after = w - 0.3 * g
    grown = (after**2).sum() - (w**2).sum()
    return abs(grown / (0.09 * (g**2).sum()) - 1)
