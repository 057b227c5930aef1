"""Batch norm layers, right ones in several styles and wrong ones: whom a learner's tests meet.

A layer here is one pure function of what happens: `answer` takes an event, the arrays and the
state that came along, and returns arrays. So whoever answers remembers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

LARGEST = 20_000  # numbers in x: tests need few


def axes_of(x: np.ndarray, kind: str) -> tuple[int, ...]:
    """Return the axes over which statistics of that kind are taken; x has its channels second."""
    space = tuple(range(2, x.ndim))
    return {
        "batch": (0, *space),
        "instance": space,
        "layer": (1, *space),
        "activation": (0,),
        "everything": (0, 1, *space),
        "rows": (0, *space[:-1]),
    }[kind]


def _wide(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


def _mean(x: np.ndarray, axes: tuple[int, ...], style: str) -> np.ndarray:
    if style == "shifted":
        return x.flat[0] + (x - x.flat[0]).mean(axes, keepdims=True)
    if style == "sums":
        return x.sum(axes, keepdims=True) / np.prod([x.shape[a] for a in axes])
    return x.mean(axes, keepdims=True)


def _var(x: np.ndarray, mean: np.ndarray, axes: tuple[int, ...], style: str) -> np.ndarray:
    if style == "library":
        return x.var(axes, keepdims=True)
    if style == "shifted":
        near = x - x.flat[0]
        square = np.square(near).mean(axes, keepdims=True)
        return square - np.square(near.mean(axes, keepdims=True))
    if style == "one pass":  # wrong in float32: two large, nearly equal numbers
        return np.maximum(np.square(x).mean(axes, keepdims=True) - np.square(mean), 0)
    return np.square(x - mean).mean(axes, keepdims=True)


def statistics(
    x: np.ndarray, *, over: str, style: str, spread: str
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return mean and variance with kept axes, and how many numbers each is made of."""
    axes = axes_of(x, over)
    m = int(np.prod([x.shape[a] for a in axes])) if axes else 1
    mean = _mean(x, axes, style)
    var = _var(x, mean, axes, style)
    if spread == "absolute":
        var = np.square(np.abs(x - mean).mean(axes, keepdims=True))
    elif spread == "median":
        mean = np.median(x, axes, keepdims=True)
    elif spread == "Bessel":
        var = var * m / max(m - 1, 1)
    return mean, var, m


def _root(var: np.ndarray, eps: float, where: str) -> np.ndarray:
    return {
        "inside": lambda: np.sqrt(var + eps),
        "outside": lambda: np.sqrt(var) + eps,
        "none": lambda: np.sqrt(np.maximum(var, 1e-30)),
        "default": lambda: np.sqrt(var + 1e-5),
        "squared": lambda: np.sqrt(var + eps * eps),
        "at least": lambda: np.sqrt(np.maximum(var, eps)),
        "variance": lambda: var + eps,
    }[where]()


def answer(
    event: str, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, running_mean: np.ndarray,
    running_var: np.ndarray, settings: np.ndarray, dy: np.ndarray | None = None, *,
    over="batch", style="two passes", spread="biased", eps_where="inside", affine="right",
    remembers=("mean", "var"), remembers_in_eval=False, buffer="unbiased", rule="new",
    uses="mode", eval_eps="inside", paths=(1.0, 1.0), scale="right", dgamma="right",
    dbeta="right", eval_backward="constants", precision="kept", writes=False, lonely=False,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """Answer "forward" or "backward" of a layer; the keywords switch single faults on.

    Forward returns y, running_mean, running_var, the count of batches and x as it is afterwards;
    backward returns dx, dgamma and dbeta. Raises ValueError for one value per channel in training.
    """
    count, training, eps, momentum = (float(v) for v in settings)
    training = bool(training)
    kept = np.float32 if x.dtype == np.float32 else np.float64
    x_in = x
    inside = {"kept": kept, "single": np.float32, "double": np.float64}[precision]
    x = x.astype(inside)
    by_batch = {"mode": training, "batch": True, "memory": False}[uses]
    m_channel = x.size // x.shape[1]
    if training and m_channel < 2 and not lonely:
        raise ValueError("training needs at least two values per channel")
    mean, var, m = statistics(x, over=over, style=style, spread=spread)
    if not by_batch:
        mean, var = _wide(running_mean, x).astype(x.dtype), _wide(running_var, x).astype(x.dtype)
    root = _root(var, eps, eps_where if by_batch else eval_eps)
    x_hat = ((x - mean) / root).astype(x.dtype)
    g, b = _wide(gamma, x), _wide(beta, x)
    if event == "forward":
        y = {
            "right": lambda: g * x_hat + b,
            "none": lambda: x_hat,
            "no beta": lambda: g * x_hat,
            "no gamma": lambda: x_hat + b,
            "beta first": lambda: g * (x_hat + b),
            "first channel's": lambda: gamma[0] * x_hat + beta[0],
            "absolute": lambda: np.abs(g) * x_hat + b,
            "from one": lambda: (1 + g) * x_hat + b,
        }[affine]().astype(kept)
        if training or remembers_in_eval:
            plain = statistics(x.astype(float), over="batch", style="two passes", spread="biased")
            if over == "everything":
                plain = (*(v * np.ones_like(g) for v in (mean, var)), m)
            new_mean, new_var, size = plain[0].ravel(), plain[1].ravel(), plain[2]
            if buffer == "unbiased":
                new_var = new_var * size / max(size - 1, 1)
            elif buffer == "sd":
                new_var = np.sqrt(new_var * size / max(size - 1, 1))
            weight = {
                "new": momentum,
                "reversed": 1 - momentum,
                "fixed": 0.1,
                "first replaces": 1.0 if count == 0 else momentum,
                "cumulative": 1 / (count + 1),
            }[rule]
            if "mean" in remembers:
                running_mean = (1 - weight) * running_mean + weight * new_mean
            if "var" in remembers:
                running_var = (1 - weight) * running_var + weight * new_var
            count += 1
        after = np.array(x_in)
        if writes:
            after[...] = x - mean
        return y, running_mean, running_var, np.array(count), after
    dy = dy.astype(x.dtype)
    axes = axes_of(x, over)
    ours = axes_of(x, "batch")
    dx_hat = dy * {"right": g, "no gamma": 1.0, "absolute": np.abs(g)}[scale]
    if by_batch or eval_backward == "batch":
        if not by_batch:
            axes = ours
        if style == "node by node":
            centred = x - mean
            dvar = (dx_hat * centred).sum(axes, keepdims=True) * -0.5 / root**3
            dmean = -(dx_hat / root).sum(axes, keepdims=True)
            dx = dx_hat / root + dvar * 2 * centred / m + dmean / m
        else:
            by_mean = dx_hat.mean(axes, keepdims=True) if axes else dx_hat
            by_var = x_hat * ((dx_hat * x_hat).mean(axes, keepdims=True) if axes else 0)
            dx = (dx_hat - paths[0] * by_mean - paths[1] * by_var) / root
    else:
        dx = dx_hat / root
    by_gamma = {"right": x_hat, "centred": x - mean, "y": g * x_hat + b}[
        dgamma if dgamma in ("centred", "y") else "right"
    ]
    dg, db = (dy * by_gamma).sum(ours), dy.sum(ours)
    if dgamma == "mean":
        dg = dg / m_channel
    if dbeta == "mean":
        db = db / m_channel
    elif dbeta == "gamma":
        db = db * gamma
    return dx.astype(kept), dg.astype(kept), db.astype(kept)


# Right ones: other words for the same numbers.
RIGHT: Mapping[str, Mapping[str, Any]] = {
    "two passes": {},
    "by the library's mean and variance": {"style": "library"},
    "by sums": {"style": "sums"},
    "backward node by node": {"style": "node by node"},
    "in one pass around a number nearby": {"style": "shifted"},
    "in double precision whatever came": {"precision": "double"},
}

WRONG: Mapping[str, Mapping[str, Any]] = {
    # which numbers share a mean
    "each image by itself": {"over": "instance"},
    "layer norm": {"over": "layer"},
    "each activation by itself": {"over": "activation"},
    "one mean for everything": {"over": "everything"},
    "one mean for each column of pixels": {"over": "rows"},
    # what is divided by
    "Bessel in the forward pass": {"spread": "Bessel"},
    "mean absolute deviation": {"spread": "absolute"},
    "divided by the variance": {"eps_where": "variance"},
    "eps outside the root": {"eps_where": "outside", "eval_eps": "outside"},
    "eps fixed": {"eps_where": "default", "eval_eps": "default"},
    "eps outside the root in evaluation": {"eval_eps": "outside"},
    # gamma and beta
    "no gamma, no beta": {"affine": "none"},
    "beta before gamma": {"affine": "beta first"},
    "one gamma for all": {"affine": "first channel's"},
    "absolute gamma": {"affine": "absolute", "scale": "absolute"},
    # memory
    "running variance never updated": {"remembers": ("mean",)},
    "biased running variance": {"buffer": "biased"},
    "running standard deviation": {"buffer": "sd"},
    "momentum reversed": {"rule": "reversed"},
    "momentum fixed": {"rule": "fixed"},
    # two modes
    "remembers in evaluation": {"remembers_in_eval": True},
    "batch statistics always": {"uses": "batch"},
    "running statistics always": {"uses": "memory"},
    # backward
    "statistics frozen in backward": {"paths": (0.0, 0.0)},
    "variance path missing": {"paths": (1.0, 0.0)},
    "backward without gamma": {"scale": "no gamma"},
    # numbers
    "single precision inside": {"precision": "single"},
    "variance in one pass": {"style": "one pass"},
}


def oracle_for(
    right: Mapping[str, Mapping[str, Any]], wrong: Mapping[str, Mapping[str, Any]]
) -> Callable[..., Sequence[np.ndarray]]:
    """Return the oracle of a bank: the right layers have the first numbers, then the wrong ones.

    Raises ValueError for arrays that do not fit together, or are far larger than tests need.
    """
    bank = [partial(answer, **switches) for switches in (*right.values(), *wrong.values())]

    def oracle(number: Any, event: Any, x: Any, *rest: Any) -> tuple[np.ndarray, ...]:
        x, *rest = (np.asarray(a) for a in (x, *rest))
        if event not in ("forward", "backward") or len(rest) != (5 if event == "forward" else 6):
            raise ValueError("a layer knows forward(x) and backward(dy)")
        if x.ndim < 2 or not 0 < x.size <= LARGEST or x.dtype.kind not in "biuf":
            raise ValueError(
                f"x of shape {x.shape}: (N, C) or (N, C, H, W) is taken, up to {LARGEST} numbers"
            )
        *state, settings = rest[:5]
        if any(v.shape != x.shape[1:2] for v in state):
            raise ValueError(f"x of shape {x.shape} has another number of channels than the layer")
        if settings.shape != (4,) or (event == "backward" and rest[5].shape != x.shape):
            raise ValueError("dy should have the shape of y")
        with np.errstate(all="ignore"):
            return bank[int(number)](event, x, *rest)

    return oracle


oracle = oracle_for(RIGHT, WRONG)
