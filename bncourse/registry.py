"""Joins the tasks of all lessons: the one place that knows every one."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from bncourse.grading.task import Task

# Lesson stem and number; a lesson stands here once its tasks exist.
LESSONS = {
    "start_here": "00",
    "mini_batches": "01",
    "input_normalisation": "02",
    "batch_norm": "03",
    "backprop": "04",
    "inference": "05",
    "convolution": "06",
    "why_it_works": "07",
    "where_it_breaks": "08",
    "layer_norm": "09",
    "group_norm": "10",
    "capstone": "11",
}


@cache
def tasks(stem: str) -> tuple[Task, ...]:
    """Return a lesson's tasks; raises KeyError for an unknown lesson."""
    if stem not in LESSONS:
        raise KeyError(f"no lesson {stem!r}; there are {', '.join(LESSONS)}")
    return import_module(f"bncourse.tasks.{stem}").TASKS


def _likely(key: str, stem: str) -> bool:
    """Say whether a task's id tells this lesson."""
    return LESSONS[stem] == key.split(".")[0].replace("C", "11").zfill(2)


@cache
def all_tasks() -> dict[str, Task]:
    """Return every task by its id, in the course's order."""
    return {task.id: task for stem in LESSONS for task in tasks(stem)}


def find(key: str) -> Task:
    """Return the task of that id or entry name; raises KeyError saying which there are.

    No more lessons are loaded than it takes: the first check in a notebook waits for them.
    """
    for stem in sorted(LESSONS, key=lambda stem: not _likely(key, stem)):
        for task in tasks(stem):
            if key in (task.id, task.entry):
                return task
    known = ", ".join(f"{task.id} ({task.entry})" for task in all_tasks().values())
    raise KeyError(f"there is no task {key!r}; there are {known}")
