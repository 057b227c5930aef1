"""From what a learner wrote to a callable, and from what it returned to named arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Driver = Callable[[Any, Any], Callable[..., Any]]


class AnswerError(Exception):
    """The answer has not the form that was asked for; the message says what to change."""


class NotStarted(Exception):
    """The answer is still the untouched stub."""


def call_function(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a function: it is called as it is."""
    if value is None or value is Ellipsis:
        raise NotStarted
    if not callable(value):
        raise AnswerError(
            f"{task.entry} should be a function; it is {_kind(value)} now. "
            f"Was the name used again for something else?"
        )
    return value


def yes_or_no(
    task: Any, function: Callable[..., Any], judged: Any, tried: Sequence[Any]
) -> np.ndarray:
    """Return what a learner's check says of the thing that it judges: True or False.

    A failed ``assert`` in it says False. ``tried`` is not empty after the check has looked at it:
    None is an unwritten stub before, and a forgotten ``return True`` after.
    """
    try:
        said = function(judged)
    except AssertionError:
        said = False
    if said is None and tried:
        raise AnswerError(
            f"{task.entry} returned None where no assert failed: end it with return True."
        )
    if said is None or said is Ellipsis:
        raise NotStarted
    told = np.asarray(said)
    if told.dtype != bool or told.size != 1:
        raise AnswerError(f"{task.entry} should return True or False; {said!r} came.")
    return told.reshape(())


def named_arrays(value: Any, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Turn what a function returned into arrays, each under its name.

    A function with several outputs returns them as a tuple; a dict among them gives one
    array for each key. Raises AnswerError where the form is another, NotStarted where every
    part is still empty.
    """
    if value is None and len(names) > 1:
        raise AnswerError("None came back: does the function end without a return?")
    if value is None or value is Ellipsis:
        raise NotStarted
    if isinstance(value, Mapping) and len(names) > 1 and set(value) == set(names):
        value = tuple(value[name] for name in names)
    if isinstance(value, Mapping) and len(names) > 1 and set(value) & set(names):
        lacks = ", ".join(name for name in names if name not in value)
        more = ", ".join(str(name) for name in value if name not in names)
        raise AnswerError(
            "the dict that came back "
            + " and ".join(
                [f"lacks {lacks}"] * bool(lacks) + [f"has {more}, which was not asked"] * bool(more)
            )
            + "."
        )
    if len(names) == 1:
        value = (value,)
    elif not isinstance(value, (tuple, list)) or len(value) != len(names):
        wanted = ", ".join(names)
        raise AnswerError(f"{len(names)} things should come back ({wanted}); {_kind(value)} came.")
    if _empty(value[0]):
        raise NotStarted
    arrays: dict[str, np.ndarray] = {}
    for name, part in zip(names, value, strict=True):
        if isinstance(part, Mapping):
            for key, inner in part.items():
                arrays[f'{name}["{key}"]'] = as_numbers(inner, f'{name}["{key}"]')
        else:
            arrays[name] = as_numbers(part, name)
    return arrays


def as_numbers(value: Any, name: str) -> np.ndarray:
    """Return ``value`` as a plain array of numbers; raises AnswerError otherwise."""
    if _empty(value):
        raise AnswerError(f"{name} is still empty ({value!r}).")
    try:
        # A tensor that gradients flow through is no array until it is taken out of their graph.
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
    except Exception as error:
        raise AnswerError(f"{name} cannot be read as an array: {error}") from None
    if array.dtype.kind not in "biufc":
        raise AnswerError(f"{name} should hold numbers; {_kind(value)} came.")
    return np.array(array, copy=True, subok=False)


def _empty(value: Any) -> bool:
    return value is None or value is Ellipsis


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"one array of shape {value.shape}"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
