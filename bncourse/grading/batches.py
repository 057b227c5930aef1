"""Drive a function that deals samples into batches: two epochs, and the first one once more.

The case holds the seed; the generator is made beside the learner's code, since a generator cannot
be sent there. What comes back are index arrays, joined end to end with the batches' sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, call_function

GENERATOR = "rng"  # the parameter that gets a generator; its case holds the seed
DEALT = ("indices", "sizes", "next_epoch", "same_seed")


def deal_batches(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``f(n, batch_size, rng, drop_last)``, which returns a list of index arrays.

    The driven function returns the first epoch's indices and batch sizes, the indices of a second
    call with the same generator, and those of a call with a fresh generator of the same seed.
    """
    function = call_function(task, value)
    place = task.params.index(GENERATOR)

    def deal(*args: Any) -> tuple[np.ndarray, ...]:
        def epoch(rng: np.random.Generator) -> list[np.ndarray]:
            return _batches(task.entry, function(*args[:place], rng, *args[place + 1 :]))

        rng = np.random.default_rng(args[place])
        first, second = epoch(rng), epoch(rng)
        again = epoch(np.random.default_rng(args[place]))
        sizes = np.array([len(batch) for batch in first], dtype=int)
        return _joined(first), sizes, _joined(second), _joined(again)

    return deal


def _batches(entry: str, value: Any) -> list[np.ndarray]:
    if value is None or value is Ellipsis:
        raise NotStarted
    try:
        parts = iter(value)
    except TypeError:
        raise AnswerError(
            f"{entry} should return a list of index arrays; {type(value).__name__} came."
        ) from None
    batches = [np.asarray(batch) for batch in parts]
    for batch in batches:
        if batch.ndim != 1 or (batch.size and batch.dtype.kind not in "iu"):
            raise AnswerError(
                f"each batch should be a one-dimensional array of whole numbers; one has shape "
                f"{batch.shape} and type {batch.dtype}."
            )
    return batches


def _joined(batches: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype=int), *batches])
