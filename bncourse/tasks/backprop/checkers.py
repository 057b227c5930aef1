"""Checkers of backward passes that learners write, with a switch for each blind spot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception


def forward(x, gamma, beta, eps):
    """The forward pass that learners are given: y (m, D) and the cache."""
    inv_std = 1 / np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma, "eps": eps}


def accepts(
    backward, *, sizes=(3, 6), features=(2, 3), eps=0.1, gamma="both signs", upstream="drawn",
    parts=("x", "gamma", "beta"), tolerance=1e-5, slack=1e-6, h=1e-5,
):  # fmt: skip
    """Compare with central differences along one random direction of x, gamma and beta each."""
    rng = np.random.default_rng(7)
    for m, d in zip(sizes, features, strict=True):
        x = rng.normal(1, 1, (m, d)) * np.linspace(1, 2, d)
        drawn = rng.uniform(1, 2, d) * np.where(np.arange(d) % 2, 1, -1)
        scale = {"both signs": drawn, "positive": np.abs(drawn), "one": np.ones(d)}[gamma]
        at = {"x": x, "gamma": scale, "beta": rng.normal(size=d) * (gamma != "one")}
        y, cache = forward(**at, eps=eps)
        weights = {
            "drawn": rng.normal(size=(m, d)),
            "ones": np.ones((m, d)),
            "columns": np.ones((m, 1)) * rng.normal(size=d),
            "y": 2 * y,
        }[upstream]
        told = dict(zip(at, backward(weights, cache), strict=True))
        for name in parts:
            step = rng.normal(size=at[name].shape)
            ends = [
                _loss(forward(**{**at, name: at[name] + sign * h * step}, eps=eps)[0], weights,
                      upstream)
                for sign in (1, -1)
            ]  # fmt: skip
            if np.shape(told[name]) != at[name].shape:
                return False
            numeric, analytic = (ends[0] - ends[1]) / (2 * h), (told[name] * step).sum()
            size = np.abs(told[name] * step).sum() + abs(numeric)
            if not abs(analytic - numeric) <= tolerance * size + slack:
                return False
    return True


def _loss(y, weights, upstream):
    return (y**2).sum() if upstream == "y" else (y * weights).sum()


def _sums(backward, *, lean=False, eps=1e-5, near=1e-4):
    """Accept what has the sums that dx must have."""
    rng = np.random.default_rng(3)
    x = rng.normal(1, 2, (6, 3))
    _, cache = forward(x, np.array([1.5, -0.5, 2.0]), np.zeros(3), eps)
    dx, _, _ = backward(rng.normal(size=x.shape), cache)
    right = np.abs(dx.sum(axis=0)).max() < 1e-6
    if lean:
        right = right and np.abs((dx * cache["x_hat"]).sum(axis=0)).max() < near
    return bool(right)


def _with(**switches):
    def wrong(backward):
        return accepts(backward, **switches)

    return wrong


_slip = slips(accepts)


def _other(key, says, asks, wrong, *variants):
    return Misconception(key, says, asks, "", wrong, variants=variants)


def _varied(slip, *settings):
    return replace(slip, variants=tuple(_with(**each) for each in settings))


MISCONCEPTIONS = (
    _other(
        "accepts everything",
        "Your checker accepts whatever it meets.",
        "For which backward pass would it say False?",
        lambda backward: True,
    ),
    _other(
        "rejects everything",
        "Your checker rejects whatever it meets, the right versions too. A step that is too small "
        "or too large, numbers of 32 bits, a tolerance near 0, == between floats, or a sum that is "
        "0 only without eps all do this.",
        "How large is the difference that it sees for your own backward pass from 4.4?",
        lambda backward: False,
    ),
    _other(
        "sum only",
        "Your checker's answers are those of the test Σ dx = 0. Most of the wrong versions have "
        "that sum.",
        "What would a dx of zeros be called by your checker?",
        _sums,
    ),
    _other(
        "sums taken at tiny eps",
        "Σ dx = 0 and Σ dx · x_hat ≈ 0 are necessary, not sufficient: half a dx passes both.",
        "If somebody returned 2 · dx, which of your two sums would tell?",
        lambda backward: _sums(backward, lean=True),
        lambda backward: _sums(backward, lean=True, eps=1e-12),
    ),
    _other(
        "second sum demanded at every eps",
        "Your checker demands that Σ dx · x_hat be 0. That is true for eps = 0 only: it rejects "
        "the right versions, and lets one through that treats eps wrongly.",
        "What is Σ dx · x_hat for the eps that you chose?",
        lambda backward: _sums(backward, lean=True, eps=0.3, near=1e-7),
        lambda backward: _sums(backward, lean=True, eps=1e-5, near=1e-9),
    ),
    _varied(
        _slip(
            "loss of all ones",
            "Your checker's answers are those of the loss Σ y: batch norm fixes that sum, so the "
            "true dx is 0, and that of most wrong ones is as well.",
            "Which upstream gradient dy does your loss give, and what is the true dx for it?",
            upstream="ones",
        ),
        {"upstream": "ones", "gamma": "one", "eps": 1e-5},
    ),
    _other(
        "one weight for a whole column",
        "Your loss gives every sample of a feature the same dy. Batch norm fixes the sum of a "
        "column, so the true dx is 0, and that of most wrong ones is as well.",
        "Which dy leaves no trace in dx?",
        _with(upstream="columns"),
    ),
    _other(
        "loss of squares",
        "Your checker's answers are those of the loss Σ y² with gamma = 1 and a tiny eps: batch "
        "norm fixes the sum of squares too, so the true dx is about as small as eps.",
        "What is the true dx when dy is a multiple of x_hat?",
        _with(upstream="y", gamma="one", eps=1e-5),
        *(
            _with(upstream="y", gamma="one", eps=eps, slack=slack, parts=parts)
            for eps in (1e-5, 1e-8)
            for slack in (1e-6, 1e-4, 1e-3)
            for parts in (("x",), ("x", "gamma", "beta"))
        ),
    ),
    _slip(
        "gamma is one",
        "Wrong uses of gamma get past your checker: with gamma = 1 they change nothing.",
        "Which values of gamma could tell gamma, |gamma| and nothing apart?",
        gamma="one",
    ),
    _slip(
        "gamma is positive",
        "One wrong version gets past your checker: it does the right thing wherever gamma is "
        "positive.",
        "What may the sign of gamma be?",
        gamma="positive",
    ),
    _slip(
        "eps does not show",
        "The two versions that treat eps wrongly get past your checker: at your eps and your "
        "tolerance they hardly differ from the right ones.",
        "How large must eps be beside the variance, and how strict the tolerance, to see it?",
        eps=1e-9,
    ),
    _other(
        "eps shows once",
        "Of the two versions that treat eps wrongly one gets past your checker: at your eps and "
        "your tolerance it hardly differs from the right ones.",
        "How large must eps be beside the variance, and how strict the tolerance, to see it?",
        _with(eps=1e-4, tolerance=1e-3),
    ),
    _slip(
        "dx only",
        "Wrong dgamma and dbeta get past your checker: it compares the numbers of dx only.",
        "How many arrays does a backward pass return?",
        parts=("x",),
    ),
    _slip(
        "dbeta not compared",
        "A wrong dbeta gets past your checker.",
        "How many arrays does a backward pass return?",
        parts=("x", "gamma"),
    ),
    _slip(
        "dgamma not compared",
        "A wrong dgamma gets past your checker.",
        "How many arrays does a backward pass return?",
        parts=("x", "beta"),
    ),
    _other(
        "dx not compared",
        "Wrong dx get past your checker: it compares the numbers of dgamma and dbeta only.",
        "How many arrays does a backward pass return?",
        _with(parts=("gamma", "beta")),
    ),
    _slip(
        "one batch size",
        "The version that always counts five samples gets past your checker.",
        "With how many samples do you try it?",
        sizes=(5, 5),
    ),
    _slip(
        "features alike",
        "The version that averages over the whole table gets past your checker: it has one feature "
        "or features that are alike.",
        "What in your table differs from column to column?",
        features=(1, 1),
    ),
    _varied(
        _slip(
            "tolerance too loose",
            "What is a little wrong gets past your checker: it lets large differences pass.",
            "How large is the difference that it sees for your own backward pass from 4.4?",
            tolerance=0.1,
        ),
        *({"tolerance": t} for t in (0.2, 0.3, 0.5)),
    ),
)
