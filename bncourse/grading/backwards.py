"""Drive a function that judges backward passes: each one is somewhere else, and only answers.

The learner's function is handed a callable ``backward(dy, cache)`` that puts its arguments to the
task's oracle. What stands behind it cannot be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bncourse.grading.answers import call_function, yes_or_no

CACHE = ("x_hat", "inv_std", "gamma", "eps")


def hand_in_backward(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``f(backward) -> bool``, where ``backward(dy, cache)`` returns dx, dgamma, dbeta.

    A failed ``assert`` in it says no as well. The driven function takes the number by which the
    oracle knows the backward pass, and returns the truth value.
    """
    function = call_function(task, value)

    def judge_one(number: int) -> np.ndarray:
        asked = []

        def backward(dy: Any, cache: Any) -> tuple[np.ndarray, ...]:
            if not isinstance(cache, Mapping) or not set(CACHE) <= set(cache):
                raise TypeError(
                    f"cache should be the dict that forward returned, with {', '.join(CACHE)}"
                )
            asked.append(number)
            parts = (np.array(a, dtype=float) for a in (dy, *(cache[name] for name in CACHE)))
            return task.oracle(number, *parts)

        return yes_or_no(task, function, backward, asked)

    return judge_one
