"""Ways to fold batch norm, right and wrong: one function with a switch for each slip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

DIVISORS: dict[str, Callable] = {
    "right": lambda var, eps: np.sqrt(var + eps),
    "no eps": lambda var, eps: np.sqrt(var),
    "fixed eps": lambda var, eps: np.sqrt(var + np.asarray(1e-5, var.dtype)),
    "fixed eps 1e-3": lambda var, eps: np.sqrt(var + np.asarray(1e-3, var.dtype)),
    "eps outside": lambda var, eps: np.sqrt(var) + eps,
    "variance": lambda var, eps: var + eps,
    "variance, no eps": lambda var, eps: var,
    "multiplied": lambda var, eps: 1 / np.sqrt(var + eps),
}
GAMMAS: dict[str, Callable] = {
    "right": lambda gamma: gamma,
    "missing": np.ones_like,
    "absolute": np.abs,
    "first": lambda gamma: np.full_like(gamma, gamma[0]),
    "plus one": lambda gamma: 1 + gamma,
}
# Of the slope s, the old bias b, beta and the mean m; d is one over the divisor.
SHIFTS: dict[str, Callable] = {
    "right": lambda s, d, b, beta, m: s * (b - m) + beta,
    "bias not scaled": lambda s, d, b, beta, m: b - s * m + beta,
    "bias without gamma": lambda s, d, b, beta, m: d * b - s * m + beta,
    "bias dropped": lambda s, d, b, beta, m: -s * m + beta,
    "mean not scaled": lambda s, d, b, beta, m: s * b - m + beta,
    "nothing scaled": lambda s, d, b, beta, m: b - m + beta,
    "mean without gamma": lambda s, d, b, beta, m: s * b - d * m + beta,
    "without gamma": lambda s, d, b, beta, m: d * (b - m) + beta,
    "mean added": lambda s, d, b, beta, m: s * (b + m) + beta,
    "bias subtracted": lambda s, d, b, beta, m: s * (m - b) + beta,
    "mean forgotten": lambda s, d, b, beta, m: s * b + beta,
    "beta forgotten": lambda s, d, b, beta, m: s * (b - m),
    "beta scaled": lambda s, d, b, beta, m: s * (b - m + beta),
    "beta subtracted": lambda s, d, b, beta, m: s * (b - m) - beta,
    "old bias": lambda s, d, b, beta, m: b,
    "beta alone": lambda s, d, b, beta, m: beta + 0 * b,
    "old bias and beta": lambda s, d, b, beta, m: b + beta,
}


def _column(s, W):
    return s.reshape(-1, *[1] * (W.ndim - 1))


ROWS: dict[str, Callable] = {
    "right": lambda s, W: _column(s, W) * W,
    "unscaled": lambda s, W: W,
    "last axis": lambda s, W: W * s,
    "last axis, other way": lambda s, W: s * W,
    "last axis, as a row": lambda s, W: W * s[None, :],
    "last axis, by a matrix": lambda s, W: W @ np.diag(s),
    "input axis": lambda s, W: W * s.reshape(1, -1, *[1] * (W.ndim - 2)),
    "table": lambda s, W: s[:, None] * W,
    "table, other way": lambda s, W: W * s[:, None],
    "table, by a matrix": lambda s, W: np.diag(s) @ W,
    "table, reshaped": lambda s, W: s.reshape(-1, 1) * W,
    "table, reshaped, other way": lambda s, W: W * s.reshape(-1, 1),
    "kernels": lambda s, W: s.reshape(-1, 1, 1, 1) * W,
    "transposed": lambda s, W: W.T * s,
    "divided": lambda s, W: W / _column(s, W),
}


def fold_bn(
    W, b, gamma, beta, mean, var, eps, *,
    divisor="right", slope="right", shift="right", rows="right", none="zeros",
):  # fmt: skip
    """Return the folded W2 and b2; the keywords switch single slips on."""
    d = 1 / DIVISORS[divisor](var, eps)
    s = GAMMAS[slope](gamma) * d
    W2 = ROWS[rows](s, W)
    if b is None:
        if none == "beta alone":
            return W2, beta + 0 * mean
        if none == "mean only":
            return W2, -s * mean
        if none == "mean as it is":
            return W2, beta - mean
        b = np.zeros_like(mean)
    return W2, SHIFTS[shift](s, d, b, beta, mean)


def _slope(gamma, var, eps):
    return gamma / np.sqrt(var + eps)


def none_minus(W, b, gamma, beta, mean, var, eps):
    """Subtract the mean from b, which may be None."""
    s = _slope(gamma, var, eps)
    return _column(s, W) * W, s * (b - mean) + beta


def none_times(W, b, gamma, beta, mean, var, eps):
    """Multiply b, which may be None, from the left."""
    s = _slope(gamma, var, eps)
    return _column(s, W) * W, s * b - s * mean + beta


def none_times_right(W, b, gamma, beta, mean, var, eps):
    """Multiply b, which may be None, from the right."""
    s = _slope(gamma, var, eps)
    return _column(s, W) * W, b * s - mean * s + beta


def none_added(W, b, gamma, beta, mean, var, eps):
    """Add s times b, which may be None, last."""
    s = _slope(gamma, var, eps)
    return _column(s, W) * W, beta - s * mean + s * b


def truth_of_array(W, b, gamma, beta, mean, var, eps):
    """Ask an array for its truth to find out whether it is None."""
    s = _slope(gamma, var, eps)
    return _column(s, W) * W, s * ((b if b else 0) - mean) + beta
