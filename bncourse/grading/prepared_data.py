"""Drive a function that standardises data and deals it into batches; done twice, to compare.

The case holds the generator's seed; the generator is made beside the learner's code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, as_numbers, call_function

DEALT = ("x", "y", "sizes", "x_test", "same_seed", "next_epoch")


def prepare_data(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``f(x_train, y_train, x_test, batch_size, rng) -> (batches, x_test)``.

    The driven function returns the rows and labels of all batches, joined end to end, the batches'
    sizes, the test images, and the labels of another call with the same seed and of one with the
    generator that was used already.
    """
    function = call_function(task, value)

    def prepared(x: Any, y: Any, x_test: Any, batch_size: int, seed: int) -> tuple:
        rng = np.random.default_rng(seed)
        images, labels, sizes, test = _read(
            task, function(x, y, x_test, batch_size, rng), x, x_test
        )
        later = _read(task, function(x, y, x_test, batch_size, rng), x, x_test)[0]
        rng = np.random.default_rng(seed)
        again = _read(task, function(x, y, x_test, batch_size, rng), x, x_test)[0]
        return images, labels, sizes, test, again, later

    return prepared


def _read(task: Any, came: Any, x: np.ndarray, x_test: np.ndarray) -> tuple[np.ndarray, ...]:
    if came is None or came is Ellipsis:
        raise NotStarted
    if not isinstance(came, (tuple, list)) or len(came) != 2:
        raise AnswerError(
            f"{task.entry} should return two things: the batches and the test images."
        )
    try:
        pairs = [(as_numbers(a, "x"), as_numbers(b, "y")) for a, b in came[0]]
    except (TypeError, ValueError):
        raise AnswerError("the batches should be a list of pairs (x, y).") from None
    wrong = [a.shape for a, b in pairs if a.ndim != 2 or a.shape[1] != x.shape[1]]
    wrong += [b.shape for a, b in pairs if b.shape != a.shape[:1]]
    if wrong or not pairs:
        raise AnswerError(f"a batch should be x (B, {x.shape[1]}) and y (B,); {wrong} came.")
    test = as_numbers(came[1], "x_test")
    if test.shape != x_test.shape:
        raise AnswerError(f"the test images should have shape {x_test.shape}; {test.shape} came.")
    images, labels = (np.concatenate([pair[k] for pair in pairs]) for k in (0, 1))
    return images, labels, np.array([len(b) for _, b in pairs]), test
