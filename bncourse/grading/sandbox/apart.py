"""Cases that may not meet: each is tried in a new process, which runs the notebook's cells anew.

An answer that judges layers is handed them under tags. With two of them in one process it could
compare what they say; who always says what most say is right. Alone, it can only be tested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.run_local import SOMETIMES_NOTHING
from bncourse.grading.sandbox.job import MOST_FLAGS, Question
from bncourse.grading.sandbox.needed import Cell, needed

QUICK = 0.1  # seconds; of cells that take longer only those are run again that the answer needs
FINAL = ("form", "timeout", "ended", "not started")  # whatever comes after them changes nothing
GONE = Failure("ended", message="it was there when the notebook ran first, and not again")


@dataclass(frozen=True)
class Ran:
    """What came of one notebook.

    ``outcomes`` has for each task one Outcome per case, ``absent`` the tasks whose entry was not
    defined, ``stopped`` why cells stopped, by number. ``cpu`` and ``size`` are the children's,
    ``cells_took`` and ``tasks_took`` the seconds that the last of them was waited for.
    """

    outcomes: dict[str, list[Outcome]]
    absent: frozenset[str]
    stopped: dict[int, Failure]
    learner: str
    flags: tuple[str, ...]
    kind: str
    tier: str
    cpu: float = 0.0
    size: int = 0
    cells_took: float = 0.0
    tasks_took: float = 0.0


def go_on(
    ran: Ran,
    question: Question,
    cells: Sequence[Cell],
    again: Callable[[Sequence[Cell], Question], Ran],
    seconds: float,
) -> Ran:
    """Try all cases of a question but the first, which was tried; returns everything together.

    ``again`` runs cells and a question in a new process. All cases together have ``seconds``.
    """
    outcomes = list(ran.outcomes.get(question.id, ()))
    every = [c for c in cells if not _ended(ran.stopped.get(c[0]))]
    cells = needed(every, question.asked["entry"]) if ran.cells_took > QUICK else every
    spent = 0.0
    for one in question.singly[1:]:
        if not outcomes or _kind(outcomes[-1]) in FINAL:
            break
        more = again(cells, one)
        if len(cells) < len(every) and _lacks_something(more, one.id):
            cells = every
            more = again(cells, one)
        outcome = more.outcomes.get(one.id, [Outcome(failure=GONE)])[0]
        spent += more.tasks_took
        if _kind(outcome) == "not started":
            outcome = replace(outcome, failure=SOMETIMES_NOTHING)
        elif spent > seconds:
            late = f"all its cases together were stopped after {seconds:g} seconds"
            outcome = Outcome(failure=Failure("timeout", message=late))
        outcomes.append(outcome)
        ran = replace(
            ran,
            flags=tuple(dict.fromkeys((*ran.flags, *more.flags)))[:MOST_FLAGS],
            cpu=ran.cpu + more.cpu,
            size=max(ran.size, more.size),
        )
    if outcomes:
        outcomes += [outcomes[-1]] * (len(question.cases) - len(outcomes))
        ran = replace(ran, outcomes={**ran.outcomes, question.id: outcomes})
    return ran


def _kind(outcome: Outcome) -> str:
    return outcome.failure.kind if outcome.failure else ""


def _ended(failure: Failure | None) -> bool:
    """Say whether a cell took the process with it, or all its time: it is not run again."""
    return failure is not None and failure.kind in ("ended", "timeout")


def _lacks_something(ran: Ran, task: str) -> bool:
    failures = [o.failure for o in ran.outcomes.get(task, ()) if o.failure]
    return task in ran.absent or any(f.type in ("NameError", "AttributeError") for f in failures)
