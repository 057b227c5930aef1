"""4.4: write the backward pass in closed form."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Case, Task
from bncourse.layers.batch_norm import batchnorm_backward as reference
from bncourse.tasks.backprop.backward_bank import backward
from bncourse.tasks.backprop.staged import made_cache


def closed(dy, cache, **switches):
    """The closed form from the cache; the keywords are those of the bank's ``backward``."""
    return backward(dy, cache["x_hat"], cache["inv_std"], cache["gamma"], 0.0, **switches)


_slip = slips(closed)


SLIPS = (
    _slip(
        "variance path missing",
        "dx is dy without its mean: the way through the variance is missing.",
        "Take dy = x_hat. What should dx be, and what is yours?",
        "M4",
        paths=(1.0, 0.0),
    ),
    _slip(
        "mean path missing",
        "The way through the mean is missing: the sum of your dx over the batch is not 0.",
        "Take dy = 1 everywhere. What should dx be, and what is yours?",
        "M4",
        paths=(0.0, 1.0),
    ),
    _slip(
        "mean path added",
        "mean(dy) is added where it is subtracted.",
        "Take dy = 1 everywhere. What should dx be, and what is yours?",
        "M4",
        paths=(-1.0, 1.0),
    ),
    _slip(
        "variance path added",
        "The term with x_hat is added where it is subtracted.",
        "Take dy = x_hat. What should dx be, and what is yours?",
        "M4",
        paths=(1.0, -1.0),
    ),
    _slip(
        "statistics frozen",
        "Mean and variance are treated as constants: that is the backward pass of evaluation mode.",
        "Add the same number to every sample. How much does y change, and what does your dx say?",
        "M4",
        paths=(0.0, 0.0),
    ),
    _slip(
        "unbiased variance path",
        "The term with x_hat is divided by m − 1. The forward pass divided by m, and the backward "
        "pass belongs to it.",
        "With which count was the variance made that is in inv_std?",
        "M2",
        variance_count=-1,
    ),
    _slip(
        "unbiased mean path",
        "mean(dy) is divided by m − 1.",
        "How many samples is the mean made of?",
        "M2",
        mean_count=-1,
    ),
    _slip(
        "sum for mean of dy",
        "Σ dy is subtracted where its mean belongs.",
        "By how much does the mean move when one of m samples moves by 1?",
        mean_count=1,
    ),
    _slip(
        "sum for mean of dy · x_hat",
        "Σ dy · x_hat is used where its mean belongs.",
        "The variance is a mean too. Over how many samples?",
        variance_count=1,
    ),
    _slip(
        "gamma missing",
        "gamma does not multiply dx.",
        "y = gamma · x_hat + beta. What does the gradient pass on its way to x_hat?",
        scale="gamma missing",
    ),
    _slip(
        "gamma twice",
        "gamma multiplies dx twice.",
        "In how many places of the forward pass does gamma appear?",
        scale="gamma twice",
    ),
    _slip(
        "absolute gamma",
        "dx has the right size and loses the sign of a negative gamma.",
        "What does a negative gamma do to y when x_hat grows?",
        scale="absolute gamma",
    ),
    _slip(
        "not divided",
        "inv_std does not multiply dx.",
        "If x moves by 1 with the statistics held fixed, by how much does x_hat move?",
        scale="inv_std missing",
    ),
    _slip(
        "variance for sd",
        "inv_std multiplies dx twice.",
        "If x moves by 1 with the statistics held fixed, by how much does x_hat move?",
        "M1",
        scale="variance",
    ),
    _slip(
        "whole table",
        "The means run over the whole table; each feature has its own.",
        "Which numbers share one mean in the forward pass?",
        "M3",
        along="all",
    ),
    _slip(
        "features for samples",
        "The means run over the features of one sample (axis=1).",
        "Which numbers share one mean in the forward pass?",
        "M3",
        along="features",
    ),
    _slip(
        "y for x_hat",
        "The term of the variance has gamma · x_hat in it where x_hat belongs.",
        "Which quantity lies along the direction that is taken out?",
        values="y",
    ),
    _slip(
        "x_hat forgotten once",
        "mean(dy · x_hat) is subtracted as it is. It says how much of dy lies along x_hat; what is "
        "taken away must lie along x_hat too.",
        "What is the shape of what you subtract, and what should it be?",
        "M4",
        stretched=False,
    ),
    _slip(
        "projected as without eps",
        "x_hat is treated as if its variance were exactly 1, or you divided by Σ x_hat². With eps "
        "its variance is var / (var + eps); the derivative wants m there.",
        "Go back to the stages: where did the 1/m come from?",
        "M17",
        projected=True,
    ),
    _slip(
        "divided by inv_std",
        "inv_std divides where it should multiply.",
        "inv_std is 1/√(var + eps). Does a wide spread make dx larger or smaller?",
        scale="inverted",
    ),
    _slip(
        "means divided again",
        "The two terms that are subtracted are m times too small: a mean was divided by m once "
        "more.",
        "Are dgamma and dbeta sums or means where dx uses them?",
        reused=True,
    ),
    _slip(
        "dgamma and dbeta swapped",
        "dgamma and dbeta have changed places.",
        "Which of the two parameters multiplies x_hat?",
        swapped=True,
    ),
    _slip(
        "mean for dgamma",
        "dgamma was averaged over the batch; every sample uses gamma, so their shares add up.",
        "Where an arrow fans out forward, what happens backward?",
        dgamma="mean",
    ),
    _slip(
        "centred for dgamma",
        "dgamma was made with the centred values; gamma multiplies x_hat.",
        "What does gamma multiply?",
        dgamma="centred",
    ),
    _slip(
        "gamma in dgamma",
        "gamma itself stands in dgamma.",
        "y = gamma · x_hat + beta. What is the derivative of y by gamma?",
        dgamma="y",
    ),
    _slip(
        "mean for dbeta",
        "dbeta was averaged over the batch; every sample uses beta, so their shares add up.",
        "Where an arrow fans out forward, what happens backward?",
        dbeta="mean",
    ),
    _slip(
        "gamma in dbeta",
        "gamma multiplies dbeta; beta is added after gamma.",
        "y = gamma · x_hat + beta. What is the derivative of y by beta?",
        dbeta="gamma",
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw batches of 2, 3, 7 and more, with gamma negative and zero and with a large eps."""

    def draw(label, m, d, eps, *, rtol=1e-7, strided=False, dtype=float):
        x = rng.normal(1, 2, (m, d)) * rng.uniform(0.5, 2, d)
        gamma = rng.choice([-1, 1], d) * rng.uniform(0.5, 2, d)
        cache = made_cache(x, gamma, eps)
        dy = rng.normal(0.5, 1, (m, d)).astype(dtype)
        return Case(label, (dy, {k: v.astype(dtype) for k, v in cache.items()}), rtol, strided)

    five = np.array([[1.0], [3.0], [5.0], [7.0], [9.0]])
    push = np.array([[1.0], [0.0], [0.0], [0.0], [0.0]])
    dead = draw("gamma = 0 for one feature", 4, 2, 1e-2)
    dead.args[1]["gamma"][0] = 0.0
    return [
        Case("1 3 5 7 9 with gamma 2", (push, made_cache(five, np.array([2.0]), 0.0))),
        draw("two samples", 2, 3, 1e-2),
        draw("three samples, two features", 3, 2, 1.0),
        draw("seven samples", 7, 3, 1e-5),
        dead,
        draw("more features than samples", 3, 5, 1e-2),
        draw("not contiguous in memory", 6, 2, 1e-2, strided=True),
        draw("float32", 12, 4, 1e-5, rtol=1e-4, dtype=np.float32),
    ]


def _by_matrix(dy, cache):
    x_hat, m = cache["x_hat"], len(dy)
    dx = np.empty_like(dy)
    for j in range(dy.shape[1]):
        jacobian = np.eye(m) - np.ones((m, m)) / m - np.outer(x_hat[:, j], x_hat[:, j]) / m
        dx[:, j] = cache["gamma"][j] * cache["inv_std"][j] * jacobian @ dy[:, j]
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


def _through_dx_hat(dy, cache):
    dx_hat = dy * cache["gamma"]
    x_hat, m = cache["x_hat"], dy.shape[0]
    inner = m * dx_hat - dx_hat.sum(0) - x_hat * (dx_hat * x_hat).sum(0)
    return inner * cache["inv_std"] / m, (dy * x_hat).sum(0), dy.sum(0)


def stub(dy, cache):
    """The exercise as learners find it."""
    dx = dgamma = dbeta = None
    return dx, dgamma, dbeta


TASK = Task(
    id="4.4",
    title="the backward pass in closed form",
    entry="batchnorm_backward",
    objective="Collect the stages into one line and read it as a projection",
    minutes=20,
    params=("dy", "cache"),
    outputs=("dx", "dgamma", "dbeta"),
    cases=cases,
    reference=reference,
    misconceptions=SLIPS,
    hints=(
        "Write the three terms of dx from 4.3 side by side, put dvar and dmean into them, and take "
        "out what all have in common.",
        "gamma · inv_std is common to all three. What is left is dy, and two things that are "
        "subtracted: each is an average over the batch.",
        "The first of the two is mean(dy). The second comes from dvar · 2 centred / m with dvar = "
        "−½ inv_std³ gamma Σ dy · centred: replace each centred by x_hat / inv_std, and count the "
        "powers of inv_std.",
    ),
    stub=stub,
    accepted=(_by_matrix, _through_dx_hat),
    switchboard=closed,
)
