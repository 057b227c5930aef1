"""Drive a function that tests layers: each layer is somewhere else, and only answers.

The learner's function is handed ``make(num_features, eps=1e-5, momentum=0.1)``, which returns a
`RemoteLayer`. What a layer holds between two calls travels with each call as arrays, so that
whoever answers keeps nothing, and nothing of how a layer works can be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import call_function, yes_or_no

STATE = ("gamma", "beta", "running_mean", "running_var")


class RemoteLayer:
    """A batch norm layer that answers from elsewhere; whether it is a right one is the question.

    Attributes:
        gamma, beta: (C,), start at 1 and 0; may be set.
        running_mean, running_var: (C,), start at 0 and 1; may be set.
        eps, momentum: as handed in; momentum is the weight of the new batch.
        training: True until ``eval()`` is called.
    """

    def __init__(
        self,
        ask: Callable[..., Any],
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
    ) -> None:
        self._ask = ask
        self.eps, self.momentum = float(eps), float(momentum)
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)
        self._batches = 0
        self.training = True
        self._last: tuple[Any, ...] | None = None

    def train(self) -> RemoteLayer:
        """Go to training mode. Returns the layer."""
        self.training = True
        return self

    def eval(self) -> RemoteLayer:
        """Go to evaluation mode. Returns the layer."""
        self.training = False
        return self

    def forward(self, x: Any) -> np.ndarray:
        """Return y for x (N, C) or (N, C, H, W).

        Raises ValueError where the layer refuses x.
        """
        given = np.asarray(x)
        before = self._sent(given)
        y, mean, var, count, x_after = self._ask("forward", *before)
        self.running_mean, self.running_var = mean, var
        self._batches = int(count)
        if isinstance(x, np.ndarray) and not np.array_equal(x_after, x, equal_nan=True):
            x[...] = x_after  # a layer that writes into its input does so here, too
        self._last = before
        return y

    __call__ = forward

    def backward(self, dy: Any) -> tuple[np.ndarray, ...]:
        """Return dx, dgamma and dbeta for the last forward pass.

        Raises RuntimeError where there was none, ValueError for a dy that does not fit.
        """
        if self._last is None:
            raise RuntimeError("backward needs a forward pass first: call forward(x)")
        dy = np.array(dy, dtype=np.result_type(dy, np.float32))
        if dy.shape != self._last[0].shape:
            raise ValueError(f"dy has shape {dy.shape}; y had {self._last[0].shape}")
        return tuple(self._ask("backward", *self._last, dy))

    def _sent(self, x: np.ndarray) -> tuple[Any, ...]:
        state = (np.array(getattr(self, name), dtype=float) for name in STATE)
        settings = [self._batches, bool(self.training), self.eps, self.momentum]
        return (np.array(x), *state, np.array(settings, dtype=float))


def hand_in_layers(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``f(make) -> bool``, which says whether the layers that ``make`` makes are right.

    A failed ``assert`` in it says no as well. The driven function takes the number by which the
    oracle knows the layer, and returns the truth value.
    """
    function = call_function(task, value)

    def judge_one(number: int) -> np.ndarray:
        def ask(event: str, *arrays: np.ndarray) -> Any:
            return task.oracle(number, event, *arrays)

        made = []

        def make(num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> RemoteLayer:
            made.append(num_features)
            return RemoteLayer(ask, num_features, eps, momentum)

        return yes_or_no(task, function, make, made)

    return judge_one
