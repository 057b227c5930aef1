"""Drive lines that make a block of a net from sub-layers: norms, attention, feed-forward layers.

A function cannot be sent to the learner's process. The case holds a dict instead, whose
``"function"`` says what it becomes there, as in `handed`; the other entries are what it is made
from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.assembly import assemble
from bncourse.grading.handed import FUNCTION


def assemble_block(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a Parsons answer some of whose arguments are sub-layers."""
    block = assemble(task, value)

    def run(*args: Any) -> Any:
        return block(*(sublayer(a) for a in args))

    return run


def sublayer(value: Any) -> Any:
    """Return the sub-layer that a dict stands for, a function of x; anything else as it is."""
    if isinstance(value, dict) and FUNCTION in value:
        rest = {name: part for name, part in value.items() if name != FUNCTION}
        return SUBLAYERS[value[FUNCTION]](**rest)
    return value


def norm(gamma: np.ndarray, beta: np.ndarray, eps: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return layer norm over the last axis."""

    def run(x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        return gamma * centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps) + beta

    return run


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
    "layer norm": norm,
    "attention": attention,
    "feed-forward": feed_forward,
    "gives 0": nothing,
}
