"""The forward pass for maps with a switch for each slip."""

from __future__ import annotations

import numpy as np

from bncourse.tasks.batch_norm.forward_slips import AFFINE, DIVISOR

AXES = {
    "channel": (0, 2, 3),
    "channel, one mean for all": (0, 2, 3),
    "channel, one spread for all": (0, 2, 3),
    "activation": (0,),
    "image and channel": (2, 3),
    "image": (1, 2, 3),
    "everything": None,
    "row": (0, 1, 3),
    "column": (0, 1, 2),
    "place": (0, 1),
    "pixel": (1,),
    "channel and column": (0, 2),
    "channel and row": (0, 3),
}


def forward_2d(
    x, gamma, beta, eps=1e-5, *,
    share="channel", centred=True, spread="own", divisor="right", affine="right", laid="right",
    scaled="the table", guard=True,
):  # fmt: skip
    """The forward pass for maps with a switch for each slip; without any it is right."""
    if guard and x.size == x.shape[1]:
        raise ValueError("one value per channel: its mean is the value itself")
    view, back = _shared_view(x, share)
    axes = AXES.get(share, (0,) if share == "rows of the reshape" else (1,))
    centre = centred * view.mean(axis=axes, keepdims=True)
    var = _variance(view, axes, spread)
    # One of the two alone may be taken of everything.
    if share == "channel, one mean for all":
        centre = np.full_like(centre, x.mean())
    if share == "channel, one spread for all":
        var = np.full_like(var, x.var())
    x_hat = back((view - centre) / DIVISOR[divisor](var, eps))
    if laid == "channels last, then reshaped":
        x_hat = x_hat.transpose(0, 2, 3, 1)
        return AFFINE[affine](x_hat, gamma, beta).reshape(x.shape)
    if laid == "channels first, then reshaped":
        return (
            AFFINE[affine](x_hat, gamma[:, None, None], beta[:, None, None])
            .transpose(1, 0, 2, 3)
            .reshape(x.shape)
        )
    if laid == "left channels last":
        return AFFINE[affine](x_hat.transpose(0, 2, 3, 1), gamma, beta)
    if affine == "on the last axis":
        return gamma * x_hat + beta
    if affine == "on the last axis, written the other way round":
        return x_hat * gamma + beta
    if view is not x and scaled == "the table":
        table, shape = x_hat.reshape(view.shape), (-1,) if axes == (0,) else (-1, 1)
        return back(AFFINE[affine](table, gamma.reshape(shape), beta.reshape(shape)))
    return AFFINE[affine](x_hat, gamma[:, None, None], beta[:, None, None])


def _shared_view(x, share):
    if share == "rows of the reshape":
        return x.reshape(-1, x.shape[1]), lambda a: a.reshape(x.shape)
    if share == "columns of the reshape":
        return x.reshape(x.shape[1], -1), lambda a: a.reshape(x.shape)
    return x, lambda a: a


def _variance(x, axes, how):
    own = x.var(axis=axes, keepdims=True)
    if how in ("within images", "of image means", "average sd"):
        inside = (2, 3) if x.ndim == 4 else axes
        within = x.var(axis=inside, keepdims=True)
        rest = (0,) if x.ndim == 4 else ()
        return {
            "within images": lambda: within.mean(axis=rest, keepdims=True),
            "of image means": lambda: x.mean(inside, keepdims=True).var(axis=rest, keepdims=True),
            "average sd": lambda: np.sqrt(within).mean(axis=rest, keepdims=True) ** 2,
        }[how]()
    n = x.size // own.size
    return {
        "own": lambda: own,
        "unbiased": lambda: own * np.array(n, x.dtype) / (n - 1),
        "batch minus one": lambda: own * np.array(n, x.dtype) / (n - n / len(x)),
        "sum": lambda: own * np.array(n, x.dtype),
        "over the batch alone": lambda: own * np.array(n / len(x), x.dtype),
        "about zero": lambda: np.square(x).mean(axis=axes, keepdims=True),
    }[how]()
