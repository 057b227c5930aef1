"""Drive a class of layers with running statistics through a life: a list of what happens to it.

What can happen: ``("train",)``, ``("eval",)``, ``("forward", x)``, ``("reset",)``, ``("save",)``,
``("load",)``, which makes a new layer from what was saved last, ``("restore",)``, which loads it
into the present one, and ``("other", x)``, which makes another layer and shows it a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, as_numbers, call_function
from bncourse.grading.time_limit import TimeLimit

LIVED = ("refused", "y", "running_mean", "running_var")
OTHERWISE = 2  # refused, but not by a ValueError
STATE = ("gamma", "beta", "running_mean", "running_var")


def live_through(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``cls(num_features, eps, momentum)`` with the methods forward, train, eval, reset,
    state and load.

    The driven class takes gamma, beta, eps, momentum and the list of events. It returns for each
    event 1 where a ValueError refused it, 2 where something else did, else 0; all outputs one after
    the other; and the running mean and variance after each event, (events, D).
    """
    make = call_function(task, value)

    def live(gamma: Any, beta: Any, eps: float, momentum: float, events: Any) -> tuple:
        def new() -> Any:
            return make(len(gamma), eps, momentum)

        layer, saved = new(), None
        _set(layer, gamma=gamma.copy(), beta=beta.copy())
        _read(layer, len(gamma))
        refused, outputs, means, variances = [], [np.zeros(0)], [], []
        for event in events:
            refused.append(0)
            if event[0] == "forward":
                try:
                    outputs.append(_output(layer.forward(event[1]), event[1]))
                except ValueError:
                    refused[-1] = 1
                except Exception as error:
                    ours = isinstance(error, (AnswerError, NotStarted, TimeLimit))
                    if ours or len(event[1]) > 1:
                        raise
                    refused[-1] = OTHERWISE
            elif event[0] == "save":
                saved = layer.state()
            elif event[0] == "other":
                new().forward(event[1])
            elif event[0] in ("load", "restore"):
                layer = new() if event[0] == "load" else layer
                layer.load(saved)
            else:
                getattr(layer, event[0])()
            state = _read(layer, len(gamma))
            means.append(state["running_mean"])
            variances.append(state["running_var"])
        return np.array(refused), np.concatenate(outputs), np.stack(means), np.stack(variances)

    return live


def _set(layer: Any, **values: np.ndarray) -> None:
    for name, value in values.items():
        if not hasattr(layer, name):
            raise AnswerError(f"a new layer has no attribute {name}: make it in __init__.")
        setattr(layer, name, value)


def _output(y: Any, x: np.ndarray) -> np.ndarray:
    if y is None and len(x) == 1:
        raise AnswerError(f"forward returned None for one row, x of shape {x.shape}.")
    if y is None or y is Ellipsis:
        raise NotStarted
    y = as_numbers(y, "y")
    if y.shape != x.shape:
        raise AnswerError(f"forward should return an array of x's shape {x.shape}; {y.shape} came.")
    return y.ravel()


def _read(layer: Any, d: int) -> dict[str, np.ndarray]:
    """Read a layer's state, and write over what was handed out: it should be copies."""
    state = layer.state()
    if state is None or state is Ellipsis:
        raise NotStarted
    if not isinstance(state, Mapping) or not set(STATE) <= set(state):
        raise AnswerError(f"state() should return a dict with {', '.join(STATE)}; {state!r} came.")
    read = {name: as_numbers(state[name], name) for name in STATE}
    for name, array in read.items():
        if array.shape != (d,):
            raise AnswerError(f"{name} should have shape ({d},) here; it has {array.shape}.")
        if isinstance(state[name], np.ndarray) and state[name].flags.writeable:
            state[name][...] = np.nan
    return read
