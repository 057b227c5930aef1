"""Drive a function that compares batch sizes: the trainer here only keeps a record of the runs.

What a run returns is made up, but from everything that it was asked to do, so that two sweeps give
the same numbers only if they asked for the same runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, as_numbers, call_function

SWEPT = ("errors", "rates", "updates", "evaluated", "seeds", "norms")
NORMS = ("none", "batch", "layer", "group")
MODES = ("train", "eval")
COLUMNS = 6  # of a run: batch size, rate, updates, mode, seed, norm


class Recorder:
    """``train_and_test`` as learners are handed it: it notes the run and returns an error."""

    def __init__(self) -> None:
        self.runs: list[tuple[float, ...]] = []

    def __call__(
        self,
        norm: str,
        batch_size: int,
        *,
        learning_rate: float,
        updates: int,
        seed: int,
        mode: str = "train",
    ) -> float:
        """Train a net with that norm and return its test error in per cent.

        `mode` is the one in which it is tested; without it, the one in which training leaves it.
        Raises ValueError for a norm, a mode or a number that cannot be.
        """
        if norm not in NORMS or mode not in MODES:
            raise ValueError(
                f"norm {norm!r} and mode {mode!r} are not both known: the norm is one of "
                f"{_quoted(NORMS)}, the mode one of {_quoted(MODES)}"
            )
        if updates != int(updates) or min(batch_size, updates, learning_rate) <= 0:
            raise ValueError(f"{updates} updates of {batch_size} samples, rate {learning_rate}")
        run = (batch_size, learning_rate, updates, MODES.index(mode), seed, NORMS.index(norm))
        self.runs.append(tuple(float(value) for value in run))
        return _error(*self.runs[-1])


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _error(
    size: float, rate: float, updates: float, mode: float, seed: float, norm: float
) -> float:
    small = 20 / size if norm == 1 else 2 / size
    # Two weights: a wrong rate and a wrong number of updates must not give the same error.
    off = abs(math.log(rate * 32 / size / 0.3)) + 0.8 * abs(math.log(updates * size / 7680))
    draw = math.sin(12.9898 * seed + 3.1 * size + 7.7 * norm) * 43758.5453
    return 3 + 2 * small + 1.5 * off + (0.9 if mode == 0 else 0) * small + 2 * (draw % 1)


def run_sweep(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``f(norm, sizes, seeds, train_and_test) -> {size: error}``.

    The driven function returns the errors in the order of the sizes, and of the runs that were
    asked for, without repeats and in one order, these columns: rates, updates, whether it was
    evaluation mode, seeds and norms. Sizes stand before them in each.
    """
    function = call_function(task, value)

    def sweep(norm: str, sizes: Any, seeds: Any) -> tuple[np.ndarray, ...]:
        recorder = Recorder()
        told = function(norm, list(sizes), list(seeds), recorder)
        if told is None or told is Ellipsis:
            raise NotStarted
        if not isinstance(told, Mapping):
            raise AnswerError(f"{task.entry} should return a dict {{size: error}}; {told!r} came.")
        if set(told) != set(sizes):
            raise AnswerError(
                f"the dict should have the keys {', '.join(map(str, sizes))}; it has "
                f"{', '.join(map(str, told)) or 'none'}."
            )
        errors = np.array([as_numbers(told[size], f"the error of {size}") for size in sizes])
        if errors.shape != (len(sizes),):
            raise AnswerError(
                "each size should have one number, the mean over the seeds; an array of shape "
                f"{errors.shape[1:]} came for each."
            )
        runs = np.array(sorted(set(recorder.runs))).reshape(-1, COLUMNS)
        return (errors, *(_pairs(runs, column) for column in range(1, COLUMNS)))

    return sweep


def _pairs(runs: np.ndarray, column: int) -> np.ndarray:
    """Return each size with each value of a column that was used with it, (pairs, 2)."""
    return np.unique(runs[:, [0, column]], axis=0)
