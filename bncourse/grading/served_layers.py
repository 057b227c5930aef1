"""Serve a learner's normalisation layer to a net that is somewhere else.

The net, its weights, the images and their labels stay with the oracle. What crosses the line are
orders (make a layer, forward, backward, ...) with their arrays, and the arrays that the layer
returns. So how well a net learns with the layer is measured where the learner's code is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, call_function

# What can be ordered; an order is a row of five numbers: what, which layer, rows, columns and one
# number more (the learning rate for backward, the time step for a forward pass in a sequence).
MAKE, TRAIN, EVAL, RECALIBRATE, FORWARD, SINGLY, BACKWARD, END = range(8)
NO_STEP = -1.0
RESULTS = ("results", "receipt")
CLAIM = ("norm", "batch_size", "seeds", "accuracies", "tolerance")


def serve_layers(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``f(num_features) -> layer``; the driven function takes the number of the run.

    A layer has ``forward(x)`` (in sequences ``forward(x, t)``), ``backward(dy)``, which returns dx
    or (dx, dgamma, dbeta), ``train()`` and ``eval()``, and may have gamma, beta and
    ``recalibrate()``. The results are the oracle's, with a receipt that only it can write.
    """
    make = call_function(task, value)
    return lambda *run: _serve(task, make, run)


def serve_claim(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a dict of claims: the layer in it is run again, with the seeds that it states.

    Returns what was claimed, the tolerance, the results and the receipt.
    """
    if value is None or value is Ellipsis:
        raise NotStarted
    if not isinstance(value, Mapping) or not set(CLAIM) <= set(value):
        raise AnswerError(f"{task.entry} should be a dict with {', '.join(CLAIM)}; {value!r} came.")
    if any(value[name] is None or value[name] is Ellipsis for name in CLAIM):
        raise NotStarted

    def claim(count: int) -> tuple[Any, ...]:
        stated = {name: _numbers(value[name], name) for name in CLAIM[1:]}
        for name in ("seeds", "accuracies"):
            if stated[name].shape != (count,):
                raise AnswerError(f"{name} should be {count} numbers; {value[name]!r} came.")
        if stated["batch_size"].shape or stated["tolerance"].shape:
            raise AnswerError("batch_size and tolerance are one number each.")
        if not callable(value["norm"]):
            raise AnswerError(
                f"norm should be the function itself, without quotes; {value['norm']!r} came."
            )
        make = call_function(task, value["norm"])
        run = (int(stated["batch_size"]), *(int(s) for s in stated["seeds"]))
        # What is claimed goes first: it is sealed with the results, and known before them.
        claimed = (*stated["accuracies"].tolist(), float(stated["tolerance"]))
        results = _serve(task, make, (*run, *claimed))
        return stated["accuracies"], stated["tolerance"], np.array(run), *results

    return claim


def _numbers(value: Any, name: str) -> np.ndarray:
    try:
        return np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise AnswerError(f"{name} should hold numbers; {value!r} came.") from None


def _serve(task: Any, make: Callable[..., Any], run: tuple[Any, ...]) -> tuple[np.ndarray, ...]:
    layers: dict[int, Any] = {}
    orders, sent = task.oracle("begin", *run)
    while orders[0, 0] != END:
        replies, refused, place = [np.zeros(0)], np.zeros(len(orders)), 0
        for k, (what, which, rows, columns, number) in enumerate(orders.tolist()):
            rows, columns, which = int(rows), int(columns), int(which)
            if what == MAKE:
                layer = _made(task, make, columns)
                if any(layer is other for other in layers.values()):
                    raise AnswerError(
                        f"{getattr(make, '__name__', task.entry)} should return a new layer each "
                        "time it is called; it returned the same one again."
                    )
                layers[which] = layer
                continue
            layer = layers[which]
            if what in (TRAIN, EVAL):
                getattr(layer, "train" if what == TRAIN else "eval")()
                continue
            if what == RECALIBRATE:
                if hasattr(layer, "recalibrate"):
                    layer.recalibrate()
                continue
            x = sent[place : place + rows * columns].reshape(rows, columns)
            place += rows * columns
            if what == BACKWARD:
                replies.append(_backward(layer, x, number))
                continue
            try:
                parts = [x[i : i + 1] for i in range(rows)] if what == SINGLY else [x]
                replies += [_forward(layer, part, number) for part in parts]
            except ValueError:
                if rows > 1 and what == FORWARD and number == NO_STEP:
                    raise
                refused[k] = 1  # a layer may refuse one row, and a step that it does not know
            except IndexError:
                if number == NO_STEP:
                    raise
                refused[k] = 1
        orders, sent = task.oracle("reply", np.concatenate(replies), refused)
    size = int(orders[0, 2])
    return sent[:size], sent[size:]


def _made(task: Any, make: Callable[..., Any], width: int) -> Any:
    layer = make(width)
    if layer is None or layer is Ellipsis:
        raise NotStarted
    if isinstance(layer, type):
        raise AnswerError(
            f"{task.entry} should return a layer; the class {layer.__name__} came. A layer is made "
            f"by calling it: {layer.__name__}(num_features)."
        )
    lacks = [name for name in ("forward", "train", "eval") if not hasattr(layer, name)]
    if lacks:
        raise AnswerError(f"{task.entry} should return a layer; what came has no {lacks[0]}().")
    return layer


def _forward(layer: Any, x: np.ndarray, step: float) -> np.ndarray:
    y = layer.forward(x) if step == NO_STEP else layer.forward(x, int(step))
    return _shaped(y, x, "forward")


def _backward(layer: Any, dy: np.ndarray, rate: float) -> np.ndarray:
    """Return dx, after a step of gamma and beta where the layer has them."""
    came = layer.backward(dy)
    if came is None or came is Ellipsis:
        raise AnswerError("backward returned nothing; it should return dx, or dx, dgamma, dbeta.")
    if not isinstance(came, (tuple, list)):
        return _shaped(came, dy, "backward")
    if len(came) != 3:
        raise AnswerError(f"backward should return dx, dgamma, dbeta; {len(came)} things came.")
    for name, gradient in zip(("gamma", "beta"), came[1:], strict=True):
        if hasattr(layer, name):
            setattr(layer, name, getattr(layer, name) - rate * np.asarray(gradient))
    return _shaped(came[0], dy, "backward")


def _shaped(y: Any, x: np.ndarray, name: str) -> np.ndarray:
    if y is None or y is Ellipsis:
        raise NotStarted
    try:
        y = np.asarray(y, dtype=float)
    except (TypeError, ValueError):
        raise AnswerError(f"{name} should return an array of numbers.") from None
    if y.shape != x.shape:
        raise AnswerError(f"{name} should return an array of shape {x.shape}; {y.shape} came.")
    return y.ravel()
