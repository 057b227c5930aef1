"""Backward passes, right ones in several styles and wrong ones: whom the learner's checker meets.

Each takes dy (m, D), x_hat (m, D), inv_std (D,), gamma (D,) and eps, and returns dx, dgamma, dbeta.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LARGEST = 20_000  # numbers in dy: checkers need few


def backward(
    dy, x_hat, inv_std, gamma, eps, *, paths=(1.0, 1.0), scale="right",
    along="samples", mean_count=0, variance_count=0, dgamma="right", dbeta="right",
    values="x_hat", stretched=True, projected=False, reused=False, swapped=False,
):  # fmt: skip
    """The closed form with a switch for each slip; without any it is right.

    ``paths`` weighs the way through the mean and the one through the variance. ``mean_count`` and
    ``variance_count`` replace the m that a path is divided by when positive, and are added to it
    when negative.
    """
    m = len(dy)
    axis = {"samples": 0, "features": 1, "all": None}[along]
    counts = [(n if n > 0 else m + n) for n in (mean_count, variance_count)]
    share = [m / n for n in counts]
    factor = {
        "right": gamma * inv_std,
        "gamma missing": inv_std,
        "gamma twice": gamma**2 * inv_std,
        "absolute gamma": np.abs(gamma) * inv_std,
        "inv_std missing": gamma * np.ones_like(inv_std),
        "variance": gamma * inv_std**2,
        "inverted": gamma / inv_std,
        "no eps": gamma / np.sqrt(np.maximum(1 / inv_std**2 - eps, 1e-300)),
    }[scale]
    by_mean = share[0] * dy.mean(axis=axis, keepdims=True)
    z = {"x_hat": x_hat, "y": gamma * x_hat}[values]
    by_variance = share[1] * z * (dy * z).mean(axis=axis, keepdims=True)
    if not stretched:
        by_variance = share[1] * (dy * z).mean(axis=axis, keepdims=True)
    if projected:
        unit = x_hat / np.maximum(np.sqrt((x_hat**2).mean(axis=0)), 1e-300)
        by_variance = share[1] * unit * (dy * unit).mean(axis=axis, keepdims=True)
    if reused:
        by_mean, by_variance = by_mean / m, by_variance / m
    dx = factor * (dy - paths[0] * by_mean - paths[1] * by_variance)
    grads = {
        "dgamma": {
            "right": lambda: (dy * x_hat).sum(axis=0),
            "mean": lambda: (dy * x_hat).mean(axis=0),
            "centred": lambda: (dy * x_hat / inv_std).sum(axis=0),
            "y": lambda: (dy * gamma * x_hat).sum(axis=0),
        }[dgamma](),
        "dbeta": {
            "right": lambda: dy.sum(axis=0),
            "mean": lambda: dy.mean(axis=0),
            "gamma": lambda: gamma * dy.sum(axis=0),
        }[dbeta](),
    }
    if swapped:
        grads = {"dgamma": grads["dbeta"], "dbeta": grads["dgamma"]}
    return dx, grads["dgamma"], grads["dbeta"]


def _with(**switches):
    return lambda *args: backward(*args, **switches)


def half_of_the_rest(*args):
    """Wrong, though both sums are right: only what lies along x_hat has its full size."""
    dx, dgamma, dbeta = backward(*args)
    x_hat = args[1]
    along = x_hat * (dx * x_hat).sum(axis=0) / np.maximum((x_hat**2).sum(axis=0), 1e-300)
    return along + (dx - along) / 2, dgamma, dbeta


def last_left_out(*args):
    """Wrong: a loop over the samples that ends one too early."""
    dx, dgamma, dbeta = backward(*args)
    dx = dx.copy()
    dx[-1] = 0
    return dx, dgamma, dbeta


def staged(dy, x_hat, inv_std, gamma, eps):
    """Right: one node after the other, with the term of the mean's path that is always 0."""
    centred = x_hat / inv_std
    m = len(dy)
    dx_hat = dy * gamma
    dvar = (dx_hat * centred * -0.5 * inv_std**3).sum(axis=0)
    dmean = -(dx_hat * inv_std).sum(axis=0) + dvar * (-2 * centred).sum(axis=0) / m
    dx = dx_hat * inv_std + dvar * 2 * centred / m + dmean / m
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


def by_jacobian(dy, x_hat, inv_std, gamma, eps):
    """Right: the Jacobian of each feature, written out (as a product, so that m may be large)."""
    m = len(dy)
    dx = np.empty_like(dy)
    for j in range(dy.shape[1]):
        away = np.stack([np.ones(m), x_hat[:, j]])
        dx[:, j] = gamma[j] * inv_std[j] * (dy[:, j] - away.T @ (away @ dy[:, j]) / m)
    return dx, np.einsum("ij,ij->j", dy, x_hat), np.ones(m) @ dy


def by_sums(dy, x_hat, inv_std, gamma, eps):
    """Right: the parameters' gradients used again."""
    m = len(dy)
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    return gamma * inv_std / m * (m * dy - dbeta - x_hat * dgamma), dgamma, dbeta


RIGHT: dict[str, Callable] = {
    "the closed form": backward,
    "node by node": staged,
    "by the Jacobian": by_jacobian,
    "by sums": by_sums,
}
WRONG: dict[str, Callable] = {
    "statistics frozen": _with(paths=(0.0, 0.0)),
    "mean path missing": _with(paths=(0.0, 1.0)),
    "variance path missing": _with(paths=(1.0, 0.0)),
    "half of the rest": half_of_the_rest,
    "unbiased variance path": _with(variance_count=-1),
    "five samples always": _with(mean_count=5, variance_count=5),
    "projected as without eps": _with(projected=True),
    "eps left out": _with(scale="no eps"),
    "last sample left out": last_left_out,
    "gamma missing": _with(scale="gamma missing"),
    "absolute gamma": _with(scale="absolute gamma"),
    "whole table's mean": _with(along="all"),
    "mean for dgamma": _with(dgamma="mean"),
    "gamma in dbeta": _with(dbeta="gamma"),
}


def oracle(number, dy, x_hat, inv_std, gamma, eps):
    """Return what backward pass ``number`` gives: the right ones first, then the wrong ones.

    Raises ValueError for arrays that do not fit together, or are far larger than a check needs.
    """
    bank = (*RIGHT.values(), *WRONG.values())
    dy, x_hat, inv_std, gamma = (np.asarray(a, dtype=float) for a in (dy, x_hat, inv_std, gamma))
    fits = dy.ndim == 2 and x_hat.shape == dy.shape and np.ndim(eps) == 0
    if not (fits and inv_std.shape == gamma.shape == dy.shape[1:]):
        raise ValueError(
            f"dy {dy.shape}, x_hat {x_hat.shape}, inv_std {inv_std.shape} and gamma {gamma.shape} "
            "do not fit: (m, D), (m, D), (D,) and (D,) are expected"
        )
    if not 0 < dy.size <= LARGEST:
        raise ValueError(f"dy holds {dy.size} numbers; from 1 to {LARGEST} are taken")
    with np.errstate(all="ignore"):
        return bank[int(number)](dy, x_hat, inv_std, gamma, float(eps))
