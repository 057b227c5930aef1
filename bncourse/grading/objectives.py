"""How far a learner is, as objectives: not started, tried, with help, independent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bncourse.grading import progress
from bncourse.grading.hints import LAST_RUNG
from bncourse.grading.task import Task

NOT_STARTED, TRIED, WITH_HELP, INDEPENDENT = "not started", "tried", "with help", "independent"
ORDER = (NOT_STARTED, TRIED, WITH_HELP, INDEPENDENT)


@dataclass(frozen=True)
class Objective:
    """An objective, its state, and the tasks that give evidence for it."""

    text: str
    state: str
    tasks: tuple[str, ...]


def task_state(task_id: str) -> str:
    """Return a task's state: solved before the last hint was seen is independent."""
    state = NOT_STARTED
    last_hint_seen = False
    for event in progress.events(name=task_id):
        payload = event["payload"] or {}
        if event["kind"] == "hint":
            last_hint_seen |= payload.get("rung") == LAST_RUNG
        elif event["kind"] == "check" and payload.get("status") == "correct":
            if not last_hint_seen:
                return INDEPENDENT
            state = WITH_HELP
        elif (
            event["kind"] == "check"
            and state == NOT_STARTED
            and payload.get("status") != NOT_STARTED
        ):
            state = TRIED
    return state


def objectives(tasks: Iterable[Task]) -> list[Objective]:
    """Return the objectives of these tasks; one with several tasks is as far as the weakest."""
    by_text: dict[str, list[str]] = {}
    for task in tasks:
        if not task.recorded:
            by_text.setdefault(task.objective, []).append(task.id)
    out = []
    for text, ids in by_text.items():
        states = [task_state(i) for i in ids]
        state = min(states, key=ORDER.index)
        if state == NOT_STARTED and any(s != NOT_STARTED for s in states):
            state = TRIED
        out.append(Objective(text, state, tuple(ids)))
    return out
