"""Group norm with a switch for each slip."""

from __future__ import annotations

import numpy as np

from bncourse.tasks.batch_norm.forward_slips import AFFINE, DIVISOR

# How x (N, C, H, W) is seen, with G groups of K channels, and which axes of that share a mean.
FIVE = "n g k h w"
SHARES = {
    "group": (FIVE, (2, 3, 4)),
    "samples too": (FIVE, (0, 2, 3, 4)),
    "at each place": (FIVE, (2,)),
    "space alone": (FIVE, (3, 4)),
    "rows too many": (FIVE, (2, 3)),
    "columns too many": (FIVE, (2, 4)),
    "everything of a sample": (FIVE, (1, 2, 3, 4)),
    "groups at each channel": (FIVE, (1, 3, 4)),
    "groups alone": (FIVE, (1,)),
    "an axis too early": (FIVE, (1, 2, 3)),
    "two axes": (FIVE, (1, 2)),
    "samples alone": (FIVE, (0,)),
    "batch norm": (FIVE, (0, 3, 4)),
    "everything": (FIVE, (0, 1, 2, 3, 4)),
    "dealt": ("n k g h w", (1, 3, 4)),
    "size": ("n k g h w", (2, 3, 4)),
    "samples in the groups": ("g rest", (1,)),
}


def group_norm(
    x, groups, gamma, beta, eps=1e-5, *,
    share="group", centred=True, spread="own", divisor="right", affine="right", order="right",
    laid="right", guard=True, test="channels", cut="right",
):  # fmt: skip
    """Return y (N, C, H, W); without any switch it is right."""
    n, c, h, w = x.shape
    if guard and {"channels": c % groups, "turned": groups % c, "samples": n % groups}[test]:
        raise ValueError(f"{groups} groups do not divide {c} channels")
    if c % groups:
        return x.copy()  # whatever came: the case asks for an error
    if cut != "right":
        return _cut(x, groups, gamma, beta, eps, cut)
    sizes = {"n": n, "g": groups, "k": c // groups, "h": h, "w": w, "rest": x.size // groups}
    letters, axes = SHARES[share]
    view = x.reshape([sizes[letter] for letter in letters.split()])
    mean = view.mean(axes, keepdims=True)
    var = _variance(view, axes, spread)
    if spread == "of each channel":
        var = x.var((2, 3), keepdims=True).reshape(*view.shape[:-2], 1, 1)
    if spread == "one of the sample":
        var = np.broadcast_to(x.var((1, 2, 3)).reshape(n, *[1] * (view.ndim - 1)), var.shape)
    if centred == "of each channel":
        mean = x.mean((2, 3), keepdims=True).reshape(*view.shape[:-2], 1, 1)
    if centred == "of the sample":
        mean = x.mean((1, 2, 3)).reshape(n, *[1] * (view.ndim - 1))
    if divisor == "eps behind":
        x_hat = (view - mean) / np.sqrt(var) + eps
    elif centred == "no brackets":
        x_hat = view - mean / DIVISOR[divisor](var, eps)
    else:
        x_hat = (view - mean if centred else view) / DIVISOR[divisor](var, eps)
    x_hat = x_hat.reshape(x.shape)
    if laid == "shuffled":
        x_hat = x_hat.reshape(n, groups, -1, h, w).swapaxes(1, 2).reshape(x.shape)
    gamma, beta = (_ordered(v, order, groups) for v in (gamma, beta))
    if affine == "on the last axis":
        return gamma * x_hat + beta
    if affine == "on the last axis, turned":
        return x_hat * gamma + beta
    y = AFFINE[affine](x_hat, gamma[:, None, None], beta[:, None, None])
    return y.reshape(n, groups, c // groups, h, w) if laid == "five axes" else y


def _cut(x, groups, gamma, beta, eps, cut):
    """A loop over the groups that takes the wrong slices; what no slice reaches stays 0."""
    x_hat, size = np.zeros_like(x), x.shape[1] // groups
    for g in range(groups):
        first, length = {"at its number": (g, size), "G long": (g * groups, groups)}[cut]
        part = x[:, first : first + length]
        if part.size:
            mean, var = part.mean((1, 2, 3), keepdims=True), part.var((1, 2, 3), keepdims=True)
            x_hat[:, first : first + length] = (part - mean) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


def _ordered(v, order, groups):
    """Return gamma or beta as somebody lines them up with the channels."""
    each = len(v) // groups
    return {
        "right": lambda: v,
        "per group": lambda: np.repeat(v[:groups], each),
        "the group's first": lambda: np.repeat(v[::each], each),
        "dealt per group": lambda: np.tile(v[:groups], each),
        "the group's mean": lambda: np.repeat(v.reshape(groups, each).mean(1), each),
        "per place in the group": lambda: np.tile(v[:each], groups),
        "turned": lambda: v.reshape(each, groups).T.ravel(),
    }[order]()


def _variance(view, axes, how):
    own = view.var(axes, keepdims=True)
    m = np.array(view.size // own.size, view.dtype)
    if how in ("of the channels", "of channel means"):
        space = tuple(k for k in axes if k > 2)
        rest = tuple(k for k in axes if k <= 2)
        inside = view.var(space, keepdims=True) if space else 0 * view
        means = view.mean(space, keepdims=True) if space else view
        if how == "of the channels":
            return inside.mean(rest, keepdims=True)
        return means.var(rest, keepdims=True)
    return {
        "own": lambda: own,
        "of each channel": lambda: own,
        "one of the sample": lambda: own,
        "unbiased": lambda: own * m / np.maximum(m - 1, 1),
        "sum": lambda: own * m,
        "about zero": lambda: np.square(view).mean(axes, keepdims=True),
    }[how]()
