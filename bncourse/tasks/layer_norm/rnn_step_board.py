"""One step of a recurrent net with layer norm: one function with a switch for each slip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bncourse.tasks.layer_norm.forward_board import DIVISOR

AXES = {"units": -1, "batch": 0, "all": None}
AFFINE: dict[str, Callable] = {
    "right": lambda z, gamma, beta: gamma * z + beta,
    "none": lambda z, gamma, beta: z,
    "no shift": lambda z, gamma, beta: gamma * z,
    "no scale": lambda z, gamma, beta: z + beta,
    "swapped": lambda z, gamma, beta: beta * z + gamma,
    "shift first": lambda z, gamma, beta: gamma * (z + beta),
    "one gamma": lambda z, gamma, beta: gamma[0] * z + beta[0],
}
BEND: dict[str, Callable] = {
    "tanh": np.tanh,
    "none": lambda a: a,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
}


def step(
    h, x, Wh, Wx, gamma, beta, eps, *, where="the sum", axis="units", ddof=0, divisor="right",
    mean="right", spread="own", affine="right", bend="tanh", added="no", turned="none",
    drive=(1, 1),
):  # fmt: skip
    """One step with a switch for each slip; without any it is right.

    ``drive`` weighs what comes from the state and what comes from the input.
    """

    def norm(a):
        m = a.mean(axis=AXES[axis], keepdims=True)
        n = a.size // m.size
        squares = np.square(a - (0 if mean in ("nowhere", "above") else m))
        var = squares.sum(axis=AXES[axis], keepdims=True) / (n - ddof)
        var = {"own": var, "summed": var * (n - ddof), "each": squares}[spread]
        return (a - (0 if mean in ("nowhere", "below") else m)) / DIVISOR[divisor](var, eps)

    def scaled(z):
        return AFFINE[affine](z, gamma, beta)

    bent = BEND[bend]
    W = Wh.T if turned in ("state", "both") else Wh
    from_h = drive[0] * (h @ W)
    from_x = drive[1] * (x @ (Wx.T if turned in ("input", "both") else Wx))
    held = h if added == "inside" else 0
    carried = h if added == "in the sum" else 0

    def beside():
        return np.split(norm(np.concatenate([from_h, from_x], axis=1)), 2, axis=1)

    new = {
        "the sum": lambda: bent(scaled(norm(from_h + from_x + carried)) + held),
        "the parts": lambda: bent(scaled(norm(from_h) + norm(from_x)) + held),
        "each part": lambda: bent(scaled(norm(from_h)) + scaled(norm(from_x)) + held),
        "the state's part": lambda: bent(scaled(norm(from_h)) + from_x + held),
        "the input's part": lambda: bent(from_h + scaled(norm(from_x)) + held),
        "the old state": lambda: bent(drive[0] * (scaled(norm(h)) @ W) + from_x + held),
        "after tanh": lambda: scaled(norm(bent(from_h + from_x + held))),
        "before affine": lambda: scaled(bent(norm(from_h + from_x) + held)),
        "nowhere": lambda: bent(scaled(from_h + from_x) + held),
        "over beta": lambda: bent(gamma * norm(from_h + from_x + beta) + held),
        "over gamma": lambda: bent(norm(gamma * (from_h + from_x)) + beta + held),
        "over both": lambda: bent(norm(scaled(from_h + from_x)) + held),
        "before beta": lambda: bent(gamma * norm(from_h + from_x) + held) + beta,
        "before gamma": lambda: gamma * bent(norm(from_h + from_x) + beta + held),
        "after tanh, too": lambda: norm(bent(scaled(norm(from_h + from_x)) + held)),
        "after tanh, too, scaled": lambda: scaled(norm(bent(scaled(norm(from_h + from_x)) + held))),
        "old state, too": lambda: bent(scaled(norm(drive[0] * (norm(h) @ W) + from_x)) + held),
        "old state, too, scaled": lambda: bent(
            scaled(norm(drive[0] * (scaled(norm(h)) @ W) + from_x)) + held
        ),
        "side by side": lambda: bent(scaled(sum(beside())) + held),
        "side by side, scaled": lambda: bent(sum(map(scaled, beside())) + held),
        "twice": lambda: bent(scaled(norm(norm(from_h) + norm(from_x))) + held),
        "between two tanh": lambda: bent(scaled(norm(bent(from_h + from_x + held)))),
    }[where]()
    return {"after": h + new, "half": (h + new) / 2}.get(added, new)
