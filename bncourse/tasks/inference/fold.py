"""5.5: fold batch norm into the layer before it."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.inference.fold_slips import MISCONCEPTIONS
from bncourse.tasks.inference.fold_switches import fold_bn


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw tables and kernels, square and not, with and without a bias, and small variances."""

    def draw(label, shape, eps=1e-3, bias=True, dtype=float, rtol=1e-7, **given):
        units = shape[0]
        drawn = {
            "W": rng.normal(0, 1, shape),
            "b": rng.normal(0, 2, units),
            "gamma": rng.uniform(0.4, 2, units) * rng.choice([-1, 1], units),
            "beta": rng.normal(0, 1, units),
            "mean": rng.normal(1, 2, units),
            "var": rng.uniform(0.2, 4, units),
        }
        drawn = {name: value.astype(dtype) for name, value in {**drawn, **given}.items()}
        if not bias:
            drawn["b"] = None
        return Case(label, (*drawn.values(), eps), rtol)

    one = (np.array([[2.0, 1.0]]), *(np.array([v]) for v in (3.0, 6.0, 1.0, 5.0, 3.75)), 0.25)
    dead = rng.uniform(0.5, 2, 4)
    dead[1] = 0.0
    return [
        Case("one unit", one),
        draw("as many inputs as units", (3, 3)),
        draw("two inputs, four units", (4, 2), 1e-2),
        draw("five inputs, two units, no bias", (2, 5), bias=False),
        draw("an eps of 0.5", (3, 2), 0.5),
        draw("variances of a few 1e-7, eps = 1e-5", (2, 3), 1e-5, var=rng.uniform(2e-7, 9e-7, 2)),
        draw("a unit that never varied", (4, 3), 1e-3, var=dead),
        draw("gammas negative, zero, positive", (3, 4), gamma=np.array([-1.5, 0.0, 0.7])),
        draw("four kernels of 3 × 2 on two channels", (4, 2, 3, 2)),
        draw("three kernels of 3 × 3 on three channels", (3, 3, 3, 3), 1e-2),
        draw("kernels without a bias", (3, 5, 2, 2), bias=False),
        draw("float32", (5, 4), dtype=np.float32, rtol=1e-4),
    ]


def _turned(W, b, gamma, beta, mean, var, eps):
    slope = gamma / np.sqrt(var + eps)
    return (W.T * slope).T, beta + slope * ((0 if b is None else b) - mean)


def _named_axes(W, b, gamma, beta, mean, var, eps):
    inverse = (var + eps) ** -0.5
    b2 = beta - gamma * mean * inverse
    if b is not None:
        b2 = b2 + gamma * b * inverse
    return np.einsum("o,o...->o...", gamma * inverse, W), b2


def _unit_by_unit(W, b, gamma, beta, mean, var, eps):
    W2, b2 = np.empty_like(W), np.empty_like(mean)
    for o in range(len(W)):
        s = gamma[o] / np.sqrt(var[o] + eps)
        W2[o] = s * W[o]
        b2[o] = s * ((b[o] if b is not None else 0) - mean[o]) + beta[o]
    return W2, b2


def _as_a_table(W, b, gamma, beta, mean, var, eps):
    s = gamma / np.sqrt(var + eps)
    flat = np.diag(s) @ W.reshape(len(W), -1)
    return {"W2": flat.reshape(W.shape), "b2": s * (np.zeros_like(mean) if b is None else b)
            - s * mean + beta}  # fmt: skip


def _in_place(W, b, gamma, beta, mean, var, eps):
    W2, b2 = fold_bn(W, b, gamma, beta, mean, var, eps)
    W[...] = W2
    return W, b2


def stub(W, b, gamma, beta, mean, var, eps):
    """The exercise as learners find it."""
    W2 = b2 = None
    return W2, b2


TASK = Task(
    id="5.5",
    title="fold batch norm away",
    entry="fold_bn",
    objective="Fold batch norm in eval mode into the layer before it",
    minutes=15,
    params=("W", "b", "gamma", "beta", "mean", "var", "eps"),
    outputs=("W2", "b2"),
    cases=cases,
    reference=fold_bn,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "In eval mode mean and var are constants, so batch norm is a straight line for each unit. "
        "What are its slope and its intercept?",
        "The slope is s = gamma / √(var + eps), one number for each unit. Put z = Wx + b into "
        "s · (z − mean) + beta and collect: what multiplies x, and what is left without x?",
        "One unit, W = (2, 1), b = 3, gamma = 6, beta = 1, mean = 5, var + eps = 4: s = 6/2 = 3, "
        "W2 = (6, 3), b2 = 3 · (3 − 5) + 1 = −5. For kernels (O, I, kH, kW), s needs the shape "
        "(O, 1, 1, 1): s.reshape(-1, 1, 1, 1).",
    ),
    stub=stub,
    accepted=(_turned, _named_axes, _unit_by_unit, _as_a_table),
    mistakes={"changes its input": _in_place},
    switchboard=fold_bn,
)
