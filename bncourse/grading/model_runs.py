"""Drive a function that trains and validates a model: the model here only keeps a diary.

It has a mode and a memory, as a net with batch norm has; what it computes is made up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bncourse.grading.answers import call_function

DIARY = ("history", "memory", "the model is in training mode at the end")


class Diarist:
    """A model that remembers batches in training mode and uses the memory in evaluation mode."""

    def __init__(self) -> None:
        self._training = False
        self.memory = 0.0
        self.weight = 0.0

    @property
    def training(self) -> bool:
        """Whether the model is in training mode; set by train() and eval(), as a net's layers."""
        return self._training

    def train(self, mode: bool = True) -> Diarist:
        """Go to training mode, or with False to evaluation mode."""
        self._training = bool(mode)
        return self

    def eval(self) -> Diarist:
        """Go to evaluation mode."""
        return self.train(False)

    def update(self, batch: np.ndarray) -> None:
        """Make one update from a batch."""
        self.weight += 0.5 * (self._centre(batch) + 0.3 * float(np.mean(batch)) - self.weight)

    def loss(self, batch: np.ndarray) -> float:
        """Return the loss of a batch; no update is made."""
        return float(np.mean((np.asarray(batch) - self._centre(batch) - self.weight) ** 2))

    def _centre(self, batch: np.ndarray) -> float:
        if self.training:
            self.memory += 0.25 * (float(np.mean(batch)) - self.memory)
            return float(np.mean(batch))
        return self.memory


def fit_model(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``f(model, batches, validation, epochs) -> history``.

    The driven function takes the batches, the validation batches and the number of epochs, and
    returns the history, the model's memory and whether it is in training mode at the end.
    """
    function = call_function(task, value)

    def fit(batches: Sequence[Any], validation: Sequence[Any], epochs: int) -> tuple[Any, ...]:
        model = Diarist()
        history = function(model, list(batches), list(validation), epochs)
        return history, np.array([model.memory, model.weight]), np.array(model.training)

    return fit
