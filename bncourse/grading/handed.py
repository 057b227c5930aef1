"""Drive a function that is handed other functions: nets, layers, gradients, random generators.

A function cannot be sent to the learner's process. The case holds a dict instead, whose
``"function"`` says what it becomes there; the other entries are what it is made from. A norm only
asks there: the task's oracle normalises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted, as_numbers, call_function

FUNCTION = "function"
CALLS = 60  # how often a function with noise is called in training
EVALUATIONS = 3
REPEATED = 6  # calls made once more from the same seed: few values could meet once by chance


def hand_in_functions(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a function some of whose arguments are functions."""
    function = call_function(task, value)

    def handed(*args: Any) -> Any:
        return function(*(made(a, task.oracle) for a in args))

    return handed


def call_many_times(task: Any, value: Any) -> Callable[..., Any]:
    """Drive ``f(x_hat, shift, spread, rng, training)``, which adds noise to x_hat (N, D).

    The case holds the generator's seed. The driven function returns `CALLS` outputs in training
    with one generator, (CALLS, N, D), then `EVALUATIONS` in evaluation, and the first `REPEATED` in
    training once more, with a fresh generator of the same seed.
    """
    function = call_function(task, value)

    def called(x_hat: np.ndarray, shift: float, spread: float, seed: int) -> tuple:
        written: list[np.ndarray] = []

        def one(rng: np.random.Generator, training: bool) -> np.ndarray:
            given = x_hat.copy()
            y = function(given, shift, spread, rng, training)
            if not np.array_equal(given, x_hat):
                written.append(given)
            if (y is None or y is Ellipsis) and not training:
                raise AnswerError(
                    "with training=True an array came, with training=False nothing did: does the "
                    "function end there without a return?"
                )
            if y is None or y is Ellipsis:
                raise NotStarted
            y = as_numbers(y, "y")
            if y.shape != x_hat.shape:
                raise AnswerError(
                    f"y should have x_hat's shape {x_hat.shape}; an array of shape {y.shape} came."
                )
            return y.copy()

        rng = np.random.default_rng(seed)
        trained = np.stack([one(rng, True) for _ in range(CALLS)])
        evaluated = np.stack([one(rng, False) for _ in range(EVALUATIONS)])
        rng = np.random.default_rng(seed)
        again = np.stack([one(rng, True) for _ in range(REPEATED)])
        if written:  # each call got numbers of its own; that they were written into is told, too
            x_hat[...] = written[0]
        return trained, evaluated, again

    return called


def made(value: Any, ask: Callable[..., Any] | None = None) -> Any:
    """Return the function that a dict stands for; anything else as it is.

    A norm puts what it is given to ``ask(event, axis, eps, *arrays)``.
    """
    if isinstance(value, dict) and FUNCTION in value:
        rest = {name: part for name, part in value.items() if name != FUNCTION}
        return MAKERS[value[FUNCTION]](ask, **rest)
    return value


def net(
    ask: Callable[..., Any],
    x: np.ndarray,
    gamma: Any,
    beta: Any,
    eps: float,
    towards: Any,
    axis: Any,
) -> Callable[..., Any]:
    """Return ``f(W) -> (y, dW)``: a norm over ``axis`` behind x @ W, and the loss's gradient.

    The loss is the sum of y * towards. Without an axis nothing is normalised.
    """
    layer = norm_layer(ask, axis, eps)

    def run(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z, back = layer(x @ weights)
        return gamma * z + beta, x.T @ back(gamma * towards)

    return run


def norm_layer(
    ask: Callable[..., Any], axis: int | None, eps: float = 1e-5
) -> Callable[[np.ndarray], tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]]:
    """Return ``f(a) -> (z, back)``: a norm over that axis, and ``back(dz) -> da``."""

    def forward(a: Any) -> tuple[np.ndarray, Callable[[Any], np.ndarray]]:
        kept = np.array(a)
        (z,) = ask("forward", axis, eps, kept)

        def back(dz: Any) -> np.ndarray:
            (da,) = ask("back", axis, eps, kept, np.array(dz))
            return da

        return z, back

    return forward


def a_gradient(_ask: Any, pushes: np.ndarray) -> Callable[[np.ndarray, int], np.ndarray]:
    """Return `sideways`, which asks nobody."""
    return sideways(pushes)


def sideways(pushes: np.ndarray) -> Callable[[np.ndarray, int], np.ndarray]:
    """Return ``f(w, step)``: a gradient of a loss that does not mind the length of w.

    It is the push of that step without its part along w, divided by the length of w.
    """

    def gradient(w: np.ndarray, step: int) -> np.ndarray:
        length = np.linalg.norm(w)
        along = w / length
        return (pushes[step] - along * (along @ pushes[step])) / length

    return gradient


MAKERS: dict[str, Callable[..., Any]] = {
    "a net with batch norm": net,
    "a net with layer norm": net,
    "a net without a norm": net,
    "batch norm": norm_layer,
    "layer norm": norm_layer,
    "no norm": norm_layer,
    "a gradient": a_gradient,
}
