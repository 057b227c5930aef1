"""Drive a class of loaders: three epochs, from two seeds, and the entropy of some batches.

The cases hold seeds; generators are made beside the learner's code. What comes back are index
arrays, joined end to end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, as_numbers, call_function

LOADED = (
    "written", "entropy", "steady", "indices", "sizes", "next_epoch", "same_rng", "other_rng",
)  # fmt: skip


def load_epochs(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``cls(labels, batch_size, rng)`` with batches() and label_entropy(batches).

    The driven class takes labels, batch_size, a seed and a list of batches. It returns whether
    label_entropy of those returned anything, and what, with 0 for None; whether it says the same
    of some batches before and after two epochs; the first epoch and its batch sizes; the second
    epoch; the first one of a new loader with the same seed; and that of one with another seed.
    """
    make = call_function(task, value)

    def load(labels: np.ndarray, batch_size: int, seed: int, asked: Any) -> tuple:
        def new(seed: int) -> Any:
            return make(labels, batch_size, np.random.default_rng(seed))

        loader = new(seed)
        entropy = loader.label_entropy(list(asked))
        written = entropy is not None and entropy is not Ellipsis
        told = np.array(_number(entropy) if written else 0.0)
        # The file is sorted, so that its beginning is one class as long as the labels stay.
        probes = ([np.arange(batch_size)], list(asked))
        before = [_number(loader.label_entropy(p)) for p in probes] if written else []
        first, second = (_batches(loader.batches()) for _ in range(2))
        after = [_number(loader.label_entropy(p)) for p in probes] if written else []
        steady = np.array(np.allclose(before, after, equal_nan=True))
        same, other = _batches(new(seed).batches()), _batches(new(seed + 1).batches())
        sizes = np.array([len(batch) for batch in first], dtype=int)
        epochs = [
            np.concatenate([np.zeros(0, dtype=int), *e]) for e in (first, second, same, other)
        ]
        return np.array(written), told, steady, epochs[0], sizes, *epochs[1:]

    return load


def _number(value: Any) -> float:
    number = as_numbers(value, "label_entropy")
    if number.size != 1:
        raise AnswerError(f"label_entropy should return one number; shape {number.shape} came.")
    return float(np.real(number).item())


def _batches(value: Any) -> list[np.ndarray]:
    if value is None or value is Ellipsis:
        raise NotStarted
    try:
        # Copies: the next epoch may be dealt from the same array, shuffled in place.
        batches = [np.array(batch) for batch in value]
    except TypeError:
        raise AnswerError(
            f"batches() should return a list of index arrays; {value!r} came."
        ) from None
    for batch in batches:
        if batch.ndim != 1 or (batch.size and batch.dtype.kind not in "iu"):
            raise AnswerError(
                f"each batch should be a one-dimensional array of whole numbers; one has shape "
                f"{batch.shape} and type {batch.dtype}."
            )
    return batches
