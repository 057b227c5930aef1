"""What a learner calls in a notebook: check, hint, explain, progress. Feedback, never marks."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bncourse.grading import objectives
from bncourse.grading import progress as log
from bncourse.grading.form import CONFIDENCE, Form, read_confidence
from bncourse.grading.hints import LAST_RUNG, next_hint
from bncourse.grading.judge import judge
from bncourse.grading.learner import fresh_seed, personal_seed
from bncourse.grading.notice import Notice, Table
from bncourse.grading.run_local import run_cases
from bncourse.grading.shrink import shrunk
from bncourse.grading.task import Task
from bncourse.grading.verdict import Status, Verdict
from bncourse.registry import all_tasks, find

_ABSENT = object()
NAMING_RUNG = 2  # from this hint on, discreet tasks name faults


def check(what: Any, answer: Any = _ABSENT, *, seed: int | None = None) -> Verdict:
    """Judge an answer and say what was seen.

    ``check(batchnorm_forward)`` judges that function; ``check("3.1")`` the answer that the
    task's name holds in the notebook; ``check("3.1", value)`` that value. ``seed`` draws the
    inputs of an earlier verdict again. Raises KeyError for an unknown task.
    """
    scope = _notebook_names()
    if isinstance(what, str):
        task = find(what)
        value = scope.get(task.entry, _ABSENT) if answer is _ABSENT else answer
    else:
        task, value = find(getattr(what, "__name__", repr(what))), what
    log.use_learner(scope.get("learner"))
    if value is _ABSENT:
        missing = f"There is no {task.entry} yet: run the cell that defines it, then this one."
        return Verdict(task.id, task.title, Status.NOT_STARTED, notes=(missing,))
    verdict = judge_answer(task, value, seed)
    if os.environ.get("NBGRADER_EXECUTION") and task.graded and not verdict.ok:
        # nbgrader gives a cell its points unless it raises.
        raise AssertionError(f"\n{verdict!r}")
    return verdict


def judge_answer(task: Task, value: Any, seed: int | None = None) -> Verdict:
    """Judge a value for the current learner and note it in their progress."""
    if seed is None:
        seed = personal_seed(log.current_learner(), task.id) if task.personal else fresh_seed()
    cases = task.draw(seed)
    cases, outcomes = shrunk(task, value, cases, run_cases(task, value, cases))
    verdict = judge(task, cases, outcomes, seed)
    if task.recorded and verdict.status not in (Status.NOT_STARTED, Status.UNREADABLE):
        verdict = _recorded(task, value, verdict)
    confidence = _confidence(task, value, verdict)
    if confidence is not None and not task.recorded:
        verdict = replace(verdict, notes=verdict.notes + _calibration(verdict, confidence))
    kept = log.note(
        "check",
        task.id,
        {
            "status": verdict.status.value,
            "misconceptions": verdict.misconceptions,
            "failed": verdict.failed,
            "told": verdict.seen if task.tell else (),
            "credit": round(verdict.credit, 4),
            "seed": seed,
            "confidence": confidence,
            "answer": _fingerprint(value),
            **({"given": dict(value)} if _kept(task) and isinstance(value, Mapping) else {}),
        },
    )
    verdict = _discreet(task, verdict)
    if not kept:
        verdict = replace(
            verdict, notes=(*verdict.notes, f"Your progress could not be written to {log.path()}.")
        )
    return verdict


def hint(what: Any) -> Notice:
    """Show the next hint of a task: where to look, then the principle, then a near-worked line.

    Another one is due after another answer was checked, or after a minute.
    """
    log.use_learner(_notebook_names().get("learner"))
    task = find(what if isinstance(what, str) else getattr(what, "__name__", repr(what)))
    due = next_hint(task.id, time.time())
    if due.new:
        log.note("hint", task.id, {"rung": due.rung})
    lines = [task.hints[due.rung - 1]]
    if due.rung == LAST_RUNG:
        lines.append(f'When it works, say in one line what was missing: explain("{task.id}", "…")')
    elif not due.new:
        lines.append("Try something with this first, or think for a minute; then ask again.")
    return Notice(f"{task.id} {task.title}: a hint", tuple(lines))


def explain(what: Any, text: str = "") -> Notice:
    """Keep your own one-line explanation of a task; it stays in your progress file."""
    log.use_learner(_notebook_names().get("learner"))
    task = find(what if isinstance(what, str) else getattr(what, "__name__", repr(what)))
    words = " ".join(str(text).split())
    if len(words.split()) < 3:
        return Notice(f"{task.id}: say it in a short sentence, for your later self.")
    if not log.note("explanation", task.id, {"text": words}):
        return Notice(f"{task.id}: it could not be written to {log.path()}.")
    return Notice(f"{task.id}: kept.", (words,))


def progress(stem: str | None = None) -> Table:
    """Show your objectives, of one lesson ("batch_norm") or of all that you can practise."""
    name = log.use_learner(_notebook_names().get("learner"))
    chosen = [t for t in all_tasks().values() if stem is None or t in _of_lesson(stem)]
    rows = tuple((o.text, o.state, ", ".join(o.tasks)) for o in objectives.objectives(chosen))
    return Table(f"Objectives of {name}", ("objective", "state", "exercises"), rows)


def _of_lesson(stem: str) -> tuple[Task, ...]:
    from bncourse.registry import tasks

    return tasks(stem)


def _notebook_names() -> Mapping[str, Any]:
    """Return the names of whoever called check or its siblings: the notebook's."""
    return sys._getframe(2).f_globals


def _recorded(task: Task, value: Mapping[str, Any], verdict: Verdict) -> Verdict:
    """Return a verdict that says what was kept and nothing of what is right."""
    empty = tuple(n for n in task.form.names if value.get(n) in (None, "", ...))
    notes = ["Kept for the end of the course, where you meet the questions again."]
    if empty:
        notes.append(f"Still empty: {', '.join(empty)}. A guess is welcome.")
    return Verdict(
        verdict.task, verdict.title, Status.RECORDED, notes=tuple(notes), seed=verdict.seed
    )


def _discreet(task: Task, verdict: Verdict) -> Verdict:
    """Leave out what a fault is called where that is to be found, until the second hint."""
    hints = log.events("hint", task.id)
    if not (task.discreet and verdict.looks_like) or any(
        event["payload"]["rung"] >= NAMING_RUNG for event in hints
    ):
        return verdict
    note = (
        f'Try to find it. What it is called comes after the second hint, hint("{task.id}"), with '
        "the next check."
    )
    return replace(verdict, looks_like=(), notes=(*verdict.notes, note))


def _kept(task: Task) -> bool:
    """Say whether the answer itself is kept: of forms that nobody marks."""
    return isinstance(task.form, Form) and not task.graded


def _confidence(task: Task, value: Any, verdict: Verdict) -> int | None:
    asked = isinstance(task.form, Form) and task.form.confidence
    unread = verdict.status in (Status.UNREADABLE, Status.ERROR)
    if not asked or not isinstance(value, Mapping) or unread:
        return None
    return read_confidence(value)


def _calibration(verdict: Verdict, confidence: int) -> tuple[str, ...]:
    words = CONFIDENCE[confidence]
    if verdict.ok and confidence == 1:
        return (f"You said “{words}”, and it is right: say why, so that it is yours.",)
    if confidence == 3 and verdict.failed and verdict.status is not Status.UNFINISHED:
        return (f"You said “{words}”: the mistakes one is sure of are the ones worth finding.",)
    return ()


def _fingerprint(value: Any) -> str:
    code = getattr(value, "__code__", None)
    text = repr((code.co_code, code.co_consts, code.co_names)) if code else repr(value)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
