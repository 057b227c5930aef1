"""Layer norm's backward pass as one function with a switch for each slip."""

from __future__ import annotations

import numpy as np


def sum_leading(a):
    """Return the sum over all axes but the last."""
    return a.sum(axis=tuple(range(a.ndim - 1)))


AXES = {
    "last": lambda n: (-1,),
    "second": lambda n: (1,),
    "batch": lambda n: (0,),
    "leading": lambda n: tuple(range(n - 1)),
    "all": lambda n: tuple(range(n)),
    "all but first, if there are two": lambda n: tuple(range(1, n)) or (0,),
}
SUMMED = {
    "leading": sum_leading,
    "first": lambda a: a.sum(axis=0),
    "last": lambda a: a.sum(axis=-1),
    "second": lambda a: a.sum(axis=1),
    "first mean": lambda a: a.mean(axis=0),
    "over N": lambda a: sum_leading(a) / len(a),
    "over H": lambda a: sum_leading(a) / a.shape[-1],
    "first two": lambda a: a.sum(axis=(0, 1)),
    "row mean": lambda a: a.mean(axis=-1),
    "nowhere": lambda a: a,
    "kept": lambda a: a.sum(axis=tuple(range(a.ndim - 1)), keepdims=True),
    "all": lambda a: a.sum(),
    "mean": lambda a: a.reshape(-1, a.shape[-1]).mean(axis=0),
}


def backward(
    dy, cache, *, gamma="before", along="last", counts=("H", "H"), paths=(1.0, 1.0),
    scale="right", values="x_hat", stretched=True, projected=False,
    summed=("leading", "leading"), dgamma="right", dbeta="right",
):  # fmt: skip
    """The closed form with a switch for each slip; without any it is right.

    ``gamma`` says where it enters, ``counts`` what divides the sums of the mean's path and of the
    variance's ("each": nothing is summed), ``paths`` weighs the two, and ``summed`` says how
    dgamma and dbeta are summed.
    """
    x_hat, inv_std, g = cache["x_hat"], cache["inv_std"], cache["gamma"]
    h = x_hat.shape[-1]
    before = {
        "before": g,
        "means and after": g,
        "one": g[0],
        "mean": g.mean(),
        "twice": g,
        "divided": 1 / g,
    }
    d = dy * before.get(gamma, 1)
    direct = dy * g if gamma in ("direct only", "not in the first", "not in the second") else d
    if gamma == "means and after":
        direct = dy
    axes = AXES[along](dy.ndim)
    over = h if along == "last" else x_hat.size // x_hat.sum(axis=axes, keepdims=True).size
    divide = {"H": over, "H - 1": h - 1, "1": 1, "N": len(dy), "H twice": h * h, "size": dy.size}
    divide["vectors"] = dy.size // h
    first = dy * g if gamma == "not in the second" else d
    by_mean = first
    if counts[0] != "each":
        by_mean = first.sum(axis=axes, keepdims=True) / divide[counts[0]]
    z = {"centred": x_hat / inv_std}.get(values, x_hat)
    if projected:
        z = x_hat / np.maximum(np.sqrt((x_hat**2).mean(axis=-1, keepdims=True)), 1e-300)
    second = dy * g if gamma == "not in the first" else d
    by_variance = second * z
    if counts[1] != "each":
        by_variance = by_variance.sum(axis=axes, keepdims=True) / divide[counts[1]]
    if stretched:
        by_variance = z * by_variance
    by_variance = by_variance * {"x_hat twice": inv_std, "x_hat thrice": inv_std**2}.get(values, 1)
    dx = direct - paths[0] * by_mean - paths[1] * by_variance
    dx = (
        dx
        * {
            "right": inv_std,
            "missing": np.ones_like(inv_std),
            "twice": inv_std**2,
            "inverted": 1 / inv_std,
            "times H": h * inv_std,
            "over H": inv_std / h,
            "direct only": 1,
            "not on the variance": 1,
        }[scale]
    )
    if scale == "direct only":
        dx = dx + direct * (inv_std - 1)
    if scale == "not on the variance":
        dx = dx + (direct - paths[0] * by_mean) * (inv_std - 1)
    if gamma in ("after", "twice", "means and after"):
        dx = dx * g
    of_gamma = {"right": x_hat, "centred": x_hat / inv_std, "with gamma": x_hat * g, "none": 1}
    of_gamma |= {"gamma": g, "with inv_std": x_hat * inv_std}
    grads = (
        SUMMED[summed[0]](dy * of_gamma[dgamma]),
        SUMMED[summed[1]](dy * {"right": 1, "gamma": g, "x_hat": x_hat}[dbeta]),
    )
    return dx, *grads
