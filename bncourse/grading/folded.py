"""Drive a layer class together with a function that folds it into the linear layer before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, as_numbers, call_function

FOLDED = ("weight", "bias", "unfolded", "one_by_one", "memory_before", "memory_after")


def fold_layer(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a pair (layer class, ``f(weight, bias, layer) -> (weight, bias)``).

    The driven pair takes weight, bias, gamma, beta, the running mean and variance, eps, and the
    inputs of an evaluation. It returns the folded weight and bias, what the unfolded layers say of
    the inputs, all at once and one by one, and the running statistics before and after that.
    """
    if value is None or value is Ellipsis:
        raise NotStarted
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise AnswerError(f"{task.entry} should be a pair: your BatchNorm and your fold.")
    make, fold = value
    for part, name in ((make, "BatchNorm"), (fold, "fold")):
        if not callable(part):
            raise AnswerError(f"{task.entry} should be a pair; its {name} is {part!r}.")

    def folded(
        weight: Any, bias: Any, gamma: Any, beta: Any, mean: Any, var: Any, eps: float, x: Any
    ) -> tuple:
        layer = call_function(task, make)(len(gamma), eps)
        layer.gamma, layer.beta = gamma.copy(), beta.copy()
        layer.running_mean, layer.running_var = mean.copy(), var.copy()
        layer.eval()
        before = _memory(layer)
        z = x @ weight + bias
        at_once = as_numbers(layer.forward(z), "y")
        alone = [as_numbers(layer.forward(row[None]), "y") for row in z]
        after = _memory(layer)
        came = fold(weight, bias, layer)
        if came is None or came is Ellipsis:
            raise NotStarted
        if not isinstance(came, (tuple, list)) or len(came) != 2:
            raise AnswerError("fold should return two arrays: weight and bias.")
        return (*came, at_once, np.concatenate(alone), before, after)

    return folded


def _memory(layer: Any) -> np.ndarray:
    return np.stack([as_numbers(layer.running_mean, "mean"), as_numbers(layer.running_var, "var")])
