"""Drive a class of layers through a short use of it: forward and backward passes, in both modes.

What can happen: ``("train",)``, ``("eval",)``, ``("forward", x)`` and ``("backward", dy)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, as_numbers, call_function

USED = ("y", "dx", "dgamma", "dbeta", "running_mean", "running_var")
MEMORY = ("running_mean", "running_var")
GRADIENTS = ("dx", "dgamma", "dbeta")


def use_layer(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a class with forward, backward, train and eval.

    The driven class takes what its layers are made with, gamma, beta, the events and the names
    among `USED` that the case is about. It returns all of `USED`, each flat and one after the
    other over the events; what the case is not about is empty.
    """
    make = call_function(task, value)

    def use(settings: Any, gamma: Any, beta: Any, events: Any, about: Any) -> tuple:
        layer = make(*settings)
        if layer is None:
            raise NotStarted
        for name, given in (("gamma", gamma), ("beta", beta)):
            if not hasattr(layer, name):
                raise AnswerError(f"a new layer has no attribute {name}: make it in __init__.")
            setattr(layer, name, given.copy())
        seen: dict[str, list[np.ndarray]] = {name: [np.zeros(0)] for name in USED}
        for event, *given in events:
            if event == "forward":
                seen["y"].append(_like(layer.forward(given[0]), "y", given[0].shape))
                if set(MEMORY) & set(about):
                    _remember(layer, gamma.shape, seen)
            elif event == "backward":
                _went_back(layer.backward(given[0]), given[0].shape, gamma.shape, seen)
            else:
                getattr(layer, event)()
        return tuple(
            np.concatenate(seen[name] if name in about else seen[name][:1]) for name in USED
        )

    return use


def _remember(layer: Any, shape: tuple, seen: dict[str, list[np.ndarray]]) -> None:
    for name in MEMORY:
        if not hasattr(layer, name):
            raise AnswerError(f"the layer has no attribute {name}.")
        seen[name].append(_like(getattr(layer, name), name, shape))


def _went_back(came: Any, like: tuple, parameters: tuple, seen: dict[str, list]) -> None:
    if came is None or came is Ellipsis:
        raise NotStarted
    if not isinstance(came, (tuple, list)) or len(came) != 3:
        raise AnswerError("backward should return three arrays: dx, dgamma, dbeta.")
    for name, part, shape in zip(GRADIENTS, came, (like, parameters, parameters), strict=True):
        seen[name].append(_like(part, name, shape))


def _like(value: Any, name: str, shape: tuple) -> np.ndarray:
    if value is None or value is Ellipsis:
        raise NotStarted
    array = as_numbers(value, name)
    if array.shape != tuple(shape):
        raise AnswerError(f"{name} should have shape {tuple(shape)} here; it has {array.shape}.")
    return array.ravel().astype(float)
