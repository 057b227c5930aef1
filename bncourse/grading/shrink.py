"""Shrinking: from a failing case to the simplest one that still fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bncourse.grading.evidence import gather, measured
from bncourse.grading.outcome import Outcome
from bncourse.grading.run_local import run_cases
from bncourse.grading.task import Case, Task

MOST_ROUNDS = 40


def shrunk(
    task: Task, value: Any, cases: Sequence[Case], outcomes: Sequence[Outcome]
) -> tuple[Sequence[Case], Sequence[Outcome]]:
    """Return the cases and outcomes with the simplest failing case that was found added to them.

    ``task.smaller`` gives the next simpler versions of a case; of those that still fail the
    smallest is shrunk further. Where nothing fails, or nothing simpler does, nothing is added.
    """
    if task.smaller is None or len(outcomes) < len(cases):
        return cases, outcomes
    simplest = _smallest_failing(task, cases, outcomes)
    found = None
    for _ in range(MOST_ROUNDS):
        if simplest is None:
            break
        plain, tried = simplest[2], list(task.smaller(simplest[0]))
        simplest = _smallest_failing(task, tried, run_cases(task, value, tried))
        if simplest and plain and not simplest[2]:
            break  # smaller, but the fault could hardly be seen any more
        found = simplest or found
    if found is None:
        return cases, outcomes
    return [*cases, found[0]], [*outcomes, found[1]]


def _smallest_failing(
    task: Task, cases: Sequence[Case], outcomes: Sequence[Outcome]
) -> tuple[Case, Outcome, bool] | None:
    if not cases or len(outcomes) < len(cases):
        return None
    read = [measured(task, c, out) for c, out in zip(cases, outcomes, strict=True)]
    evidence = gather(task, cases, read)
    if evidence.clean:
        return None
    worst = evidence.smallest_failing()
    place = next(k for k, one in enumerate(evidence.cases) if one is worst)
    return cases[place], outcomes[place], worst.plain
