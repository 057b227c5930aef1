"""What a learner can do next, by how each answer was found. It gives nothing away."""

from __future__ import annotations

from collections.abc import Sequence

from bncourse.grading.record import Result
from bncourse.grading.verdict import Status

# Steps in the order in which they pay, each for the tasks of its statuses.
_STEPS: tuple[tuple[tuple[Status, ...], str], ...] = (
    (
        (Status.ERROR,),
        "Look beside “What I saw”: it names the line and the error. Where it ran out of time, look "
        "for a loop that does not end.",
    ),
    (
        (Status.UNREADABLE,),
        "Write the answer in the form that the exercise asks for; the task below says what is "
        "amiss.",
    ),
    (
        (Status.NAMED,),
        "Answer the question beside “Ask yourself” before you change anything, then mend it.",
    ),
    (
        (Status.UNRECOGNISED,),
        "Follow the small case beside “What I saw” with a pencil, line by line, until your "
        "numbers part from the expected ones.",
    ),
    ((Status.UNFINISHED,), "What is there is right. Fill in what is still empty."),
    ((Status.NOT_STARTED,), "Have a go. A first wrong answer gets you further than none."),
)
_MEND_FILE = (
    "Open the notebook in JupyterLab and look whether your answers are in it. If it does not "
    "open, the copy is broken: go back to an older one.",
    "Choose Kernel → Restart Kernel and Run All Cells, save it, and hand in the file that ends in "
    "`.ipynb`.",
)


def next_steps(result: Result) -> list[tuple[str, str]]:
    """Return what to do next: the tasks that a step is for, if any, and the step.

    Code stands between backticks.
    """
    if result.failure:
        return [("", step) for step in _MEND_FILE]
    steps: list[tuple[str, str]] = []
    for statuses, says in _STEPS:
        found = [t.verdict.task for t in result.tasks if t.verdict.status in statuses]
        if found:
            steps.append((_listed(list(dict.fromkeys(found))), says))
    if steps:
        task = next(t.verdict.task for t in result.tasks if not _done(t.verdict.status))
        check, hint = f'`check("{task}")`', f'`hint("{task}")`'
        says = f"In your notebook, {check} judges an answer as often as you like, and {hint} helps"
        steps.append(("", f"{says} one step at a time."))
    elif result.tasks:
        steps.append(("", "Nothing is left to mend here. Go on."))
    return steps


def _done(status: Status) -> bool:
    return status in (Status.CORRECT, Status.RECORDED)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
