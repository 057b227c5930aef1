"""Layer norm as one function with a switch for each slip, and the tables of its settings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

AXES: dict[str, Callable] = {
    "last": lambda n: (-1,),
    "batch": lambda n: (0,),
    "second": lambda n: (1,),
    "all but last": lambda n: tuple(range(n - 1)),
    "first two": lambda n: (0, 1),
    "last two": lambda n: (-2, -1),
    "all but first": lambda n: tuple(range(1, n)),
    "all but first, if there are two": lambda n: tuple(range(1, n)) or (0,),
    "all": lambda n: tuple(range(n)),
}
DIVISOR: dict[str, Callable] = {
    "right": lambda var, eps: np.sqrt(var + eps),
    "variance": lambda var, eps: var + eps,
    "eps outside": lambda var, eps: np.sqrt(var) + eps,
    "eps outside, too": lambda var, eps: np.sqrt(var + eps) + eps,
    "eps squared": lambda var, eps: np.sqrt(var + eps**2),
    "eps twice": lambda var, eps: np.sqrt(var + 2 * eps),
    "no eps": lambda var, eps: np.sqrt(var),
    "fixed eps": lambda var, eps: np.sqrt(var + np.asarray(1e-5, var.dtype)),
    "fixed eps 1e-6": lambda var, eps: np.sqrt(var + np.asarray(1e-6, var.dtype)),
    "eps as a floor": lambda var, eps: np.maximum(np.sqrt(var), eps),
    "eps as the variance's floor": lambda var, eps: np.sqrt(np.maximum(var, eps)),
    "roots added": lambda var, eps: np.sqrt(var) + np.sqrt(eps),
    "root twice": lambda var, eps: np.sqrt(np.sqrt(var) + eps),
    "inverted": lambda var, eps: 1 / np.sqrt(var + eps),
}
# Of the squared deviations, where each vector's own average is not what is taken.
SPREAD: dict[str, Callable] = {
    "all": lambda x, squares: np.full_like(squares[..., :1], x.var()),
    "pooled": lambda x, squares: np.full_like(squares[..., :1], squares.mean()),
    "total": lambda x, squares: np.full_like(squares[..., :1], squares.sum()),
    "batch": lambda x, squares: x.var(axis=0),
    "batch, around the vectors' means": lambda x, squares: squares.mean(axis=0),
    "each": lambda x, squares: squares,
}
AFFINE: dict[str, Callable] = {
    "right": lambda x_hat, gamma, beta: gamma * x_hat + beta,
    "none": lambda x_hat, gamma, beta: x_hat,
    "swapped": lambda x_hat, gamma, beta: beta * x_hat + gamma,
    "shift first": lambda x_hat, gamma, beta: gamma * (x_hat + beta),
    "no shift": lambda x_hat, gamma, beta: gamma * x_hat,
    "no scale": lambda x_hat, gamma, beta: x_hat + beta,
    "one gamma": lambda x_hat, gamma, beta: gamma[0] * x_hat + beta[0],
    "mean gamma": lambda x_hat, gamma, beta: gamma.mean() * x_hat + beta.mean(),
    "one plus gamma": lambda x_hat, gamma, beta: (1 + gamma) * x_hat + beta,
    "divided by gamma": lambda x_hat, gamma, beta: x_hat / gamma + beta,
    "gamma along rows": lambda x_hat, gamma, beta: gamma[:, None] * x_hat + beta[:, None],
}


def normalised(
    x, gamma, beta, eps, *, axes="last", ddof=0, mean="right", divisor="right", affine="right",
    first="nothing", count="H", back=True, spread="own",
):  # fmt: skip
    """Layer norm with a switch for each slip; without any it is right.

    ``mean`` says where it is missing or another one, ``first`` what is applied before
    normalising, ``count`` what divides the sum of the squares.
    """
    if first != "nothing":
        x = x * gamma + (beta if first == "both" else 0)
        affine = {"gamma": "beta", "both": "none"}[first]
    over = AXES[axes](x.ndim)
    m = x.mean(axis=over, keepdims=True)
    n = x.size // max(m.size, 1)
    if mean in ("of all", "of all in both"):
        m = x.mean(axis=over, keepdims=True) if mean == "of all" else x.mean()
    about = 0 if mean in ("not in the variance", "nowhere") else m
    squares = (x - about) ** 2
    var = squares.sum(axis=over, keepdims=True) / np.asarray(
        {"H": n - ddof, "1": 1, "H twice": n * n, "N": len(x)}[count], x.dtype
    )
    if spread != "own":
        var = SPREAD[spread](x, squares)
    if divisor == "eps in the sum":
        divisor, eps = "right", eps / n
    taken = {
        "not subtracted": 0,
        "nowhere": 0,
        "after dividing": 0,
        "of all": x.mean(),
        "of the batch": x.mean(axis=0),
    }
    divided = DIVISOR[divisor](var, eps)
    if mean == "divided alone":
        x_hat = x - m / divided
    else:
        x_hat = (x - taken.get(mean, m)) / divided - (m if mean == "after dividing" else 0)
    if mean == "turned":
        x_hat = -x_hat
    if affine == "beta divided":
        affine, beta = "right", beta / divided
    y = x_hat + beta if affine == "beta" else AFFINE[affine](x_hat, gamma, beta)
    return y if back else y.reshape(-1, x.shape[-1])
