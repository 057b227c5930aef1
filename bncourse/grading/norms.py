"""Drive a function that is handed a normalisation: which cells share a mean is in the case.

A function cannot be sent to the learner's process. The case holds an array of labels instead, one
for each cell of x: cells with the same label share one mean and one variance, and one gamma and
one beta, which are drawn as if the layer had been trained. The task's oracle normalises; the
process of the learner's function only asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import call_function

NORM = "norm"  # the parameter that gets a function; its case holds the labels


def hand_in_norm(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a function one of whose arguments is a function from an array to one like it."""
    function = call_function(task, value)
    place = task.params.index(NORM)

    def handed(*args: Any) -> Any:
        return function(*args[:place], by_labels(task.oracle, args[place]), *args[place + 1 :])

    return handed


def by_labels(ask: Callable[..., Any], labels: np.ndarray) -> Callable[[Any], np.ndarray]:
    """Return the normalisation of arrays of that shape whose cells share as the labels say.

    It puts them to ``ask(labels, x)``, and raises ValueError for an array of another shape.
    """

    def norm(x: Any) -> np.ndarray:
        x = np.array(x)
        if x.shape != labels.shape:
            raise ValueError(f"this norm takes arrays of shape {labels.shape}; {x.shape} came")
        (y,) = ask(labels, x)
        return y

    return norm
