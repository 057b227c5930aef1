"""Drive lines that make a block of a net from sub-layers: norms, attention, feed-forward layers.

A function cannot be sent to the learner's process. The case holds a dict instead, whose
``"function"`` says what it becomes there, as in `handed`; the other entries are what it is made
from. A norm only asks there: the task's oracle normalises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.assembly import assemble
from bncourse.grading.handed import FUNCTION

NORM = "layer norm"


def assemble_block(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a Parsons answer some of whose arguments are sub-layers."""
    block = assemble(task, value)

    def run(*args: Any) -> Any:
        return block(*(sublayer(a, task.oracle) for a in args))

    return run


def sublayer(value: Any, ask: Callable[..., Any]) -> Any:
    """Return the sub-layer that a dict stands for, a function of x; anything else as it is.

    A norm puts x to ``ask(gamma, beta, eps, x)``.
    """
    if isinstance(value, dict) and FUNCTION in value:
        rest = {name: part for name, part in value.items() if name != FUNCTION}
        if value[FUNCTION] == NORM:
            return norm(ask, **rest)
        return SUBLAYERS[value[FUNCTION]](**rest)
    return value


def norm(
    ask: Callable[..., Any], gamma: np.ndarray, beta: np.ndarray, eps: float
) -> Callable[[Any], np.ndarray]:
    """Return layer norm over the last axis."""
    return lambda x: ask(gamma, beta, eps, np.array(x))[0]


def attention(mix: np.ndarray, weights: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a sub-layer that mixes the tokens (T, H) by fixed shares: ``mix @ x @ weights``."""
    return lambda x: mix @ x @ weights


def feed_forward(inner: np.ndarray, outer: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return two linear layers with a ReLU between them, for each token alone."""
    return lambda x: np.maximum(x @ inner, 0) @ outer


def nothing() -> Callable[[np.ndarray], np.ndarray]:
    """Return a sub-layer that gives 0."""
    return np.zeros_like


SUBLAYERS: dict[str, Callable[..., Callable[[np.ndarray], np.ndarray]]] = {
    "attention": attention,
    "feed-forward": feed_forward,
    "gives 0": nothing,
}
