"""``try_out`` in a notebook: see what your own function does in a net or on numbers of the course.

It is no check. While an exercise is marked it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

# By exercise: the function of `bncourse.experiments.trials`.
TRIALS = {
    "7.1": "scales",
    "7.3": "noise",
    "7.4": "growth",
    "7.6": "turns",
    "8.2": "fair_sweep",
}
NOT_YET = "Nothing to try yet: your function did not return what the exercise asks for."


def try_out(key: str, function: Callable[..., Any]) -> None:
    """Print what comes of your function in the trial of that exercise, "7.3" say.

    Raises KeyError for an exercise without a trial, saying which there are.
    """
    if key not in TRIALS:
        raise KeyError(f"exercise {key!r} has no trial; there are {', '.join(TRIALS)}")
    trial = getattr(import_module("bncourse.experiments.trials"), TRIALS[key])
    try:
        lines = trial(function)
    except (TypeError, AttributeError, ValueError, IndexError) as error:
        # Most often the untouched exercise, which returns None.
        lines = [NOT_YET, f"({type(error).__name__}: {error})"]
    print("\n".join(lines))
