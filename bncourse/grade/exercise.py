"""Which exercises there are, what their tasks are worth, and which one a notebook is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from bncourse.grading.task import Task
from bncourse.registry import LESSONS, tasks

WITHOUT_EXERCISES = "00"


@cache
def exercises() -> dict[str, tuple[Task, ...]]:
    """Return the tasks of every exercise, by its notebook's name without suffix."""
    return {
        f"{number}_{stem}": tuple(t for t in tasks(stem) if not t.recorded)
        for stem, number in LESSONS.items()
        if number != WITHOUT_EXERCISES
    }


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

    It is the one most of whose answers are defined in it; where that tells nothing (a broken
    file), the one that its name tells, and of one exercise alone that one.
    """
    counts = {name: _defined(data, exercises()[name]) for name in among}
    best = max(counts, key=counts.__getitem__, default="")
    if best and counts[best]:
        return best
    named = [name for name in among if name in filename or name.split("_", 1)[1] in filename]
    if named:
        return named[0]
    return among[0] if len(among) == 1 else ""


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[bytes]:
    ways = "|".join(re.escape(name) for name in names)
    return re.compile(rf"\b(?:(?:def|class)\s+({ways})\b|({ways})\s*=)".encode())


def _defined(data: bytes, chosen: Sequence[Task]) -> int:
    found = _pattern(tuple(task.entry for task in chosen)).findall(data)
    return len({name for pair in found for name in pair if name})
