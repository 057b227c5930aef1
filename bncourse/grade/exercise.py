"""Which exercises there are, what their tasks are worth, and which one a notebook is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from bncourse.grading.task import Task
from bncourse.registry import LESSONS, tasks

WITHOUT_EXERCISES = "00"


@cache
def exercises() -> tuple[str, ...]:
    """Return the name of every exercise: that of its notebook without suffix."""
    return tuple(
        f"{number}_{stem}" for stem, number in LESSONS.items() if number != WITHOUT_EXERCISES
    )


@cache
def tasks_of(exercise: str) -> tuple[Task, ...]:
    """Return an exercise's tasks; raises KeyError for an unknown one."""
    return tuple(t for t in tasks(exercise.split("_", 1)[-1]) if not t.recorded)


def points(task: Task) -> float:
    """Return what a task is worth at most; a checkpoint is worth nothing."""
    return task.points if task.graded else 0.0


def find_exercise(key: str) -> str:
    """Return the exercise called "3", "03", "batch_norm" or "03_batch_norm". Raises KeyError."""
    for name in exercises():
        if key in (name, *name.split("_", 1)) or key.zfill(2) == name.split("_", 1)[0]:
            return name
    raise KeyError(f"there is no exercise {key!r}; there are {', '.join(exercises())}")


def recognise(data: bytes, filename: str, among: Sequence[str]) -> str:
    """Return which exercise a notebook is, or "" when it is none of them.

    It is the one that its name tells, if more than half of that one's answers are defined in it;
    otherwise the one most of whose answers are; where that tells nothing (a broken file), the one
    that its name tells after all, and of one exercise alone that one.
    """
    named = [name for name in among if name in filename or name.split("_", 1)[1] in filename]
    for name in named[:1]:  # the tasks of the other exercises need not be loaded then
        if 2 * _defined(data, tasks_of(name)) > len(tasks_of(name)):
            return name
    counts = {name: _defined(data, tasks_of(name)) for name in among}
    best = max(counts, key=counts.__getitem__, default="")
    if best and counts[best]:
        return best
    if named:
        return named[0]
    return among[0] if len(among) == 1 else ""


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[bytes]:
    ways = "|".join(re.escape(name) for name in names)
    # A cell may be one text to JSON: then an escaped line end stands right before a name.
    return re.compile(rf"(?:\\n|\b)(?:(?:def|class)\s+({ways})\b|({ways})\s*=)".encode())


def _defined(data: bytes, chosen: Sequence[Task]) -> int:
    found = _pattern(tuple(task.entry for task in chosen)).findall(data)
    return len({name for pair in found for name in pair if name})
