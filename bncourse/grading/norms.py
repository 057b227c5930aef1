"""Drive a function that is handed a normalisation: which cells share a mean is in the case.

A function cannot be sent to the learner's process. The case holds an array of labels instead, one
for each cell of x: cells with the same label share one mean and one variance, and one gamma and
one beta, which are drawn as if the layer had been trained.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import call_function

NORM = "norm"  # the parameter that gets a function; its case holds the labels
EPS = 1e-5


def hand_in_norm(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a function one of whose arguments is a function from an array to one like it."""
    function = call_function(task, value)
    place = task.params.index(NORM)

    def handed(*args: Any) -> Any:
        return function(*args[:place], by_labels(args[place]), *args[place + 1 :])

    return handed


def by_labels(labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the normalisation of arrays of that shape whose cells share as the labels say.

    It raises ValueError for an array of another shape, and changes nothing that it is given.
    """
    _, groups = np.unique(labels, return_inverse=True)
    groups = groups.reshape(-1)
    sizes = np.bincount(groups)
    trained = np.random.default_rng(0)
    gamma, beta = trained.uniform(0.5, 2, len(sizes)), trained.normal(0, 1, len(sizes))

    def norm(x: np.ndarray) -> np.ndarray:
        x = np.asarray(x)
        if x.shape != labels.shape:
            raise ValueError(f"this norm takes arrays of shape {labels.shape}; {x.shape} came")
        flat = x.reshape(-1).astype(float)
        centred = flat - (np.bincount(groups, flat) / sizes)[groups]
        variance = np.bincount(groups, centred**2) / sizes
        x_hat = centred / np.sqrt(variance + EPS)[groups]
        return (gamma[groups] * x_hat + beta[groups]).reshape(x.shape)

    return norm
