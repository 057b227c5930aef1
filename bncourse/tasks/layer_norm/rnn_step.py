"""9.4: one step of a recurrent net with layer norm."""

from __future__ import annotations

import math

import numpy as np

from bncourse.grading.task import Case, Task
from bncourse.tasks.layer_norm.rnn_step_board import step
from bncourse.tasks.layer_norm.rnn_step_others import OTHERS
from bncourse.tasks.layer_norm.rnn_step_places import PLACES
from bncourse.tasks.layer_norm.rnn_step_slips import SLIPS

EARLIER = 499


def reference(h, x, Wh, Wx, gamma, beta, eps):
    """One step, number by number (Ba, Kiros & Hinton 2016, eq. 4)."""
    new = np.empty_like(h)
    units = range(h.shape[1])
    for n, (state, given) in enumerate(zip(h, x, strict=True)):
        a = [float(state @ Wh[:, k] + given @ Wx[:, k]) for k in units]
        mean = sum(a) / len(a)
        sd = math.sqrt(sum((v - mean) ** 2 for v in a) / len(a) + eps)
        new[n] = [math.tanh(gamma[k] * (a[k] - mean) / sd + beta[k]) for k in units]
    return new


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw steps with one sequence and with several, small and large weights, and a late step."""

    def draw(label, n, d, width, eps, *, scale=1.0, rtol=1e-7, strided=False):
        gamma = rng.choice([-1, 1], width) * rng.uniform(0.4, 1.2, width)
        args = (
            np.tanh(rng.normal(0, 1, (n, width))),
            rng.normal(0.5, 1, (n, d)),
            scale * rng.normal(0, 1, (width, width)) / np.sqrt(width),
            scale * rng.normal(0, 1, (d, width)) / np.sqrt(d),
            gamma,
            rng.normal(0.3, 0.5, width),
            eps,
        )
        return Case(label, args, rtol, strided)

    first = draw("the first step, h = 0", 2, 2, 4, 1e-2)
    first.args[0][...] = 0.0
    late = draw("step 500, large weights", 2, 3, 5, 1e-5, scale=4.0)
    h, *rest = late.args
    for _ in range(EARLIER):
        h = step(h, *rest)
    late.args[0][...] = h
    return [
        draw("one sequence, three units", 1, 2, 3, 1e-2),
        draw("two sequences", 2, 3, 4, 1e-3),
        first,
        draw("as many inputs as units", 3, 4, 4, 1e-2),
        draw("as many sequences as units", 3, 2, 3, 1e-1),
        draw("a large eps", 2, 1, 3, 1.0, scale=0.3),
        draw("small weights", 2, 2, 5, 1e-4, scale=0.02),
        late,
        draw("not contiguous in memory", 4, 3, 6, 1e-5, strided=True),
    ]


def _stacked(h, x, Wh, Wx, gamma, beta, eps):
    a = np.concatenate([h, x], axis=1) @ np.concatenate([Wh, Wx])
    a = a - a.mean(axis=1, keepdims=True)
    return np.tanh(gamma * a / np.sqrt((a * a).mean(axis=1, keepdims=True) + eps) + beta)


def _columns(h, x, Wh, Wx, gamma, beta, eps):
    a = Wh.T @ h.T + Wx.T @ x.T
    z = (a - a.mean(0)) / np.sqrt(a.var(0) + eps)
    return np.tanh(gamma[:, None] * z + beta[:, None]).T


def _one_by_one(h, x, Wh, Wx, gamma, beta, eps):
    rows = []
    for state, given in zip(h, x, strict=True):
        a = np.dot(state, Wh) + np.dot(given, Wx)
        rows.append(np.tanh((a - np.mean(a)) / np.sqrt(np.var(a) + eps) * gamma + beta))
    return np.stack(rows)


def _in_place(h, x, Wh, Wx, gamma, beta, eps):
    h[...] = step(h, x, Wh, Wx, gamma, beta, eps)
    return h


def stub(h, x, Wh, Wx, gamma, beta, eps):
    """The exercise as learners find it."""
    h_next = None
    return h_next


TASK = Task(
    id="9.4",
    title="a recurrent step",
    entry="ln_rnn_step",
    objective="Put layer norm into a recurrent net, on the sum of what comes in",
    minutes=15,
    params=("h", "x", "Wh", "Wx", "gamma", "beta", "eps"),
    outputs=("h_next",),
    cases=cases,
    reference=reference,
    misconceptions=SLIPS + PLACES + OTHERS,
    hints=(
        "Draw the way of one sequence: two products meet in a sum. At which place of this way is "
        "there one vector of H numbers that decides what tanh does?",
        "Form the sum of both products first. It has the shape (N, H), and layer norm is that of "
        "9.2, over its last axis, with gamma and beta. tanh comes last.",
        "For one unit: a = h[0] @ Wh[:, 0] + x[0] @ Wx[:, 0] is what comes in. For all units of "
        "all sequences it is one sum of two matrix products. You may call your layer_norm on it.",
    ),
    stub=stub,
    accepted=(_stacked, _columns, _one_by_one),
    mistakes={"changes its input": _in_place},
    switchboard=step,
)
