"""Grading one notebook: its cells run in the sandbox, its answers are judged here."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bncourse.grade.exercise import points, tasks_of
from bncourse.grade.prepared import Prepared, personal, prepare, run_seed_for
from bncourse.grading.form import Form, readable
from bncourse.grading.judge import judge
from bncourse.grading.learner import ANYBODY, normal_name
from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.record import Result, TaskResult
from bncourse.grading.sandbox.box import Ran, Sandbox
from bncourse.grading.sandbox.preload import FULL
from bncourse.grading.sandbox.refusals import DIGGING
from bncourse.grading.submissions import Cell, Unreadable, read_cells
from bncourse.grading.task import Task
from bncourse.grading.time_limit import TimeLimit, deadline
from bncourse.grading.verdict import Status, Verdict
from bncourse.grading.words import describe_failure

# A cell that only asks or checks does nothing while marking.
_IDLE = re.compile(r"\s*(?:check|ask|hint|progress|explain)\([^()\n;]*\)\s*")
NAMELESS = "The notebook has no name in `learner`: its forms were marked with nobody's numbers."
NOT_FORM = Failure("form", message="What came back is no filled form.")
MOST_NOTES = 8
JUDGING = 20.0  # seconds for one answer; it takes some hundredths


@dataclass(frozen=True)
class Submitted:
    """One notebook that was handed in: whose it is, which exercise, and its bytes."""

    learner: str
    name: str
    exercise: str
    source: str
    fingerprint: str
    data: bytes
    ids: Mapping[str, str] | None = None
    notes: tuple[str, ...] = ()
    failure: str = ""


@dataclass
class Grader:
    """Grades notebooks one after the other with inputs that are drawn once for the run.

    ``seeds`` gives tasks the seeds of an earlier run instead.
    """

    box: Sandbox
    run_seed: str
    versions: Mapping[str, str]
    seeds: Mapping[str, int] = field(default_factory=dict)
    _ready: dict[str, tuple[Prepared, ...]] = field(default_factory=dict)

    def grade(self, submitted: Submitted) -> Result:
        """Grade one notebook; there is always a result with a reason.

        Raises IsolationError where no sandbox can be started.
        """
        begun = time.perf_counter()
        nothing = blank(submitted, self.versions)
        if submitted.failure:
            return replace(nothing, failure=submitted.failure)
        try:
            cells = read_cells(submitted.data)
        except Unreadable as error:
            return replace(nothing, failure=str(error))
        ready = self._tasks(submitted.exercise)
        ran = self.box.run(
            [(c.number, c.source) for c in cells if not _IDLE.fullmatch(c.source)],
            [p.question for p in ready],
        )
        graded = tuple(_graded(p, ran, cells) for p in ready)
        return replace(
            nothing,
            tasks=graded,
            notes=(*submitted.notes, *_notes(ran, cells, [p.task for p in ready])),
            flags=(
                *submitted.notes,
                *[NAMELESS] * _nameless(ran, [p.task for p in ready]),
                *_general(ran, ready),
                *_digging(ran, cells),
            ),
            tier=self.box.tier,
            personal=normal_name(ran.learner),
            seconds=round(time.perf_counter() - begun, 4),
        )

    def _tasks(self, exercise: str) -> tuple[Prepared, ...]:
        if exercise not in self._ready:
            self._ready[exercise] = tuple(
                prepare(t, self.seeds.get(t.id, run_seed_for(self.run_seed, t.id)))
                for t in tasks_of(exercise)
            )
        return self._ready[exercise]


def blank(submitted: Submitted, versions: Mapping[str, str]) -> Result:
    """Return the result of a notebook of which nothing is known yet."""
    tasks = tuple(
        TaskResult(Verdict(t.id, t.title, Status.NOT_STARTED), points(t))
        for t in tasks_of(submitted.exercise)
    )
    return Result(
        learner=submitted.learner,
        name=submitted.name,
        exercise=submitted.exercise,
        source=submitted.source,
        fingerprint=submitted.fingerprint,
        tasks=tasks,
        notes=submitted.notes,
        flags=submitted.notes,  # handed in late, several files: the instructor decides
        ids=submitted.ids,
        versions=versions,
    )


def _graded(ready: Prepared, ran: Ran, cells: Sequence[Cell]) -> TaskResult:
    task = ready.task
    flags = tuple(f.removeprefix(f"{task.id} ") for f in _flags_of(task, ran))
    if task.id in ran.absent or task.id not in ran.outcomes:
        return TaskResult(_missing(task, ran, cells), points(task), flags)
    outcomes = ran.outcomes[task.id]
    if task.personal:
        ready = personal(ready, ran.learner or ANYBODY)
        outcomes = outcomes[:1] * len(ready.cases)
    verdict = _judged(task, ready, [_of_a_form(task, o) for o in outcomes])
    return TaskResult(verdict, points(task), flags)


def _general(ran: Ran, ready: Sequence[Prepared]) -> list[str]:
    """Return the flags that belong to no single task."""
    particular = {flag for p in ready for flag in _flags_of(p.task, ran)}
    return [flag for flag in ran.flags if flag not in particular]


def _digging(ran: Ran, cells: Sequence[Cell]) -> list[str]:
    """Flag words that speak of torch's internals, by which a refused layer can be reached."""
    if ran.kind != FULL:
        return []
    words = {word for cell in cells for word in DIGGING.findall(cell.source)}
    return [f"speaks of {', '.join(sorted(words)[:5])}: look at the code"] if words else []


def _flags_of(task: Task, ran: Ran) -> list[str]:
    return [flag for flag in ran.flags if flag.startswith(f"{task.id} ")]


def _judged(task: Task, ready: Prepared, outcomes: Sequence[Outcome]) -> Verdict:
    """Judge; whatever strange arrays a learner's process sends, there is a verdict."""
    try:
        with deadline(JUDGING), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return judge(task, ready.cases, outcomes, ready.seed)
    except TimeLimit:
        seen = f"What came back could not be compared within {JUDGING:g} seconds."
        return Verdict(task.id, task.title, Status.UNREADABLE, seen=(seen,), seed=ready.seed)
    except Exception as error:
        seen = f"What came back could not be compared ({type(error).__name__})."
        return Verdict(task.id, task.title, Status.UNREADABLE, seen=(seen,), seed=ready.seed)


def _of_a_form(task: Task, outcome: Outcome) -> Outcome:
    values = outcome.values
    if not isinstance(task.form, Form) or values is None or readable(task.form, values):
        return outcome
    return Outcome(failure=NOT_FORM, printed=outcome.printed)


def _missing(task: Task, ran: Ran, cells: Sequence[Cell]) -> Verdict:
    """Say why there is no answer: its cell stopped, or there is none."""
    defines = _defines(task.entry)
    for cell in cells:
        if cell.number in ran.stopped and defines.search(cell.source):
            failure = ran.stopped[cell.number]
            seen = (
                f"the cell that defines {task.entry} stopped:",
                *describe_failure(failure, None),
            )
            return Verdict(task.id, task.title, Status.ERROR, seen=seen)
    note = f"There is no {task.entry} in this notebook. Was it renamed, or its cell deleted?"
    if any("admit(" in cell.source for cell in cells):
        note = f"There is no {task.entry} in this notebook. Was its cell with admit(…) never run?"
    return Verdict(task.id, task.title, Status.NOT_STARTED, notes=(note,))


def _notes(ran: Ran, cells: Sequence[Cell], asked: Sequence[Task]) -> list[str]:
    notes = []
    for task in asked:
        defines = _defines(task.entry)
        if sum(bool(defines.search(c.source)) for c in cells) > 1:
            notes.append(f"{task.entry} is defined in several cells; the last one counts.")
    for number, failure in sorted(ran.stopped.items()):
        notes.append(f"Code cell {number} stopped: {'; '.join(describe_failure(failure, None))}.")
    if ran.kind and any(task.personal for task in asked) and normal_name(ran.learner) == ANYBODY:
        notes.append(NAMELESS)
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"And {len(notes) - MOST_NOTES} more such notes."]
    return notes


def _nameless(ran: Ran, asked: Sequence[Task]) -> bool:
    """Say whether forms were filled in under no name: whoever does so has the same numbers."""
    filled = any(t.personal and t.id in ran.outcomes and _filled(ran.outcomes[t.id]) for t in asked)
    return filled and normal_name(ran.learner) == ANYBODY


def _filled(outcomes: Sequence[Outcome]) -> bool:
    return any(o.failure is None or o.failure.kind != "not started" for o in outcomes)


def _defines(entry: str) -> re.Pattern[str]:
    return re.compile(
        rf"^[ \t]*(?:(?:async\s+)?def\s+{entry}\b|class\s+{entry}\b|{entry}\s*=[^=])", re.MULTILINE
    )
