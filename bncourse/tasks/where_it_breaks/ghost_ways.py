"""Batch norm in ghost batches in the ways of learners, right and wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def _chunks(x, virtual):
    return x.reshape(-1, virtual, x.shape[1])


CUTS: dict[str, Callable] = {  # x (N, D) as (ghosts, samples, D), and how it goes back
    "right": lambda x, v: (_chunks(x, v), lambda g: g.reshape(x.shape)),
    "whole": lambda x, v: (x[None], lambda g: g[0]),
    "number": lambda x, v: (np.array_split(x, v), np.concatenate),
    "in turn": lambda x, v: (
        _chunks(x, len(x) // v).swapaxes(0, 1),
        lambda g: g.swapaxes(0, 1).reshape(x.shape),
    ),
    "across": lambda x, v: (
        _chunks(x, v).swapaxes(0, 1),
        lambda g: g.swapaxes(0, 1).reshape(x.shape),
    ),
    "features too": lambda x, v: (
        x.reshape(-1, v * x.shape[1], 1),
        lambda g: g.reshape(x.shape),
    ),
    "rows": lambda x, v: (x[:, :, None], lambda g: g[:, :, 0]),
}
DIVISORS: dict[str, Callable] = {
    "right": lambda g, eps: np.sqrt(g.var(0) + eps),
    "unbiased": lambda g, eps: np.sqrt(g.var(0, ddof=1) + eps),
    "outside": lambda g, eps: g.std(0) + eps,
    "no eps": lambda g, eps: g.std(0),
    "variance": lambda g, eps: g.var(0) + eps,
}
BATCH: dict[str, Callable] = {  # what the running mean and variance move towards
    "right": lambda x, c: (x.mean(0), x.var(0, ddof=1)),
    "biased": lambda x, c: (x.mean(0), x.var(0)),
    "corrected by ghosts": lambda x, c: (
        x.mean(0),
        x.var(0) * c.shape[1] / (c.shape[1] - 1),
    ),
    "within": lambda x, c: (x.mean(0), c.var(1, ddof=1).mean(0)),
    "within, biased": lambda x, c: (x.mean(0), c.var(1).mean(0)),
    "last": lambda x, c: (c[-1].mean(0), c[-1].var(0, ddof=1)),
    "last, biased": lambda x, c: (c[-1].mean(0), c[-1].var(0)),
    "first": lambda x, c: (c[0].mean(0), c[0].var(0, ddof=1)),
    "sd": lambda x, c: (x.mean(0), x.std(0, ddof=1)),
    "between": lambda x, c: (x.mean(0), c.mean(1).var(0)),
}


def ghost_bn(
    x, virtual, running_mean, running_var, momentum, eps, *,
    cut="right", divisor="right", batch="right", weight="right", steps="one", refused="all",
    by="ghost",
):  # fmt: skip
    """Return x_hat (N, D) and the running statistics (D,); the keywords switch slips on."""
    wrong = {
        "all": virtual < 2 or len(x) % virtual,
        "not one": len(x) % virtual,
        "one": virtual < 2,
        "one, and larger": virtual < 2 or virtual > len(x),
    }
    if wrong[refused]:
        raise ValueError(f"{len(x)} samples in ghosts of {virtual}")
    if len(x) % virtual:
        return x, running_mean, running_var
    ghosts, back = CUTS[cut](x, virtual)
    x_hat = [(g - g.mean(0)) / DIVISORS[divisor](g, eps) for g in ghosts]
    x_hat = back(np.array(x_hat) if cut != "number" else x_hat)
    w = {"right": momentum, "reversed": 1 - momentum, "all": 1.0}[weight]
    chunks = _chunks(x, virtual)
    old = running_mean, running_var
    for seen in [x] if steps == "one" else chunks:
        part = chunks if steps == "one" else seen[None]
        old = [(1 - w) * o + w * b for o, b in zip(old, BATCH[batch](seen, part), strict=True)]
    if steps == "none":
        old = running_mean, running_var
    if by != "ghost":
        mean, var = (running_mean, running_var) if by == "running" else old
        x_hat = (x - mean) / np.sqrt(var + eps)
    return x_hat, *old
