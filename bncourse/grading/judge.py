"""Judging: one pure function from a task, its cases and what came back to a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bncourse.grading.diagnose import Explanation, explain, untouched
from bncourse.grading.evidence import Evidence, gather, measured
from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.task import Case, Task
from bncourse.grading.verdict import Status, Verdict
from bncourse.grading.words import describe_case, describe_failure, describe_stage

NOTHING_YET = "So far it returns None."
NO_STAGE = "So far every stage is 0.0."
AS_FOUND = "It still does exactly what it did when you found it."


def judge(task: Task, cases: Sequence[Case], outcomes: Sequence[Outcome], seed: int = 0) -> Verdict:
    """Judge the outcomes of one answer.

    Correct: every case has the reference's values, shape and precision, with the inputs left
    as they were. Named: a misconception gives these very numbers wherever it differs from the
    reference, and no other explains them as well. Not recognised: the verdict says so, with
    the smallest failing case. It never guesses.
    """
    blank = Verdict(task.id, task.title, Status.NOT_STARTED, seed=seed)
    # Not strict: a run that was stopped has fewer outcomes than cases, and ends below.
    outcomes = [measured(task, c, out) for c, out in zip(cases, outcomes, strict=False)]
    printed = "".join(outcome.printed for outcome in outcomes)[:600]
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    if any(failure.kind == "not started" for failure in failures):
        return blank if task.form else replace(blank, notes=(NOTHING_YET,))
    for failure in failures:
        if failure.kind in ("form", "timeout", "ended"):
            status = Status.UNREADABLE if failure.kind == "form" else Status.ERROR
            seen = describe_failure(failure, None) + _where(failure, cases, outcomes)
            return replace(blank, status=status, seen=seen, printed=printed)
    evidence = gather(task, cases, outcomes)
    if evidence.clean:
        return replace(
            blank,
            status=Status.CORRECT,
            credit=1.0,
            passed=evidence.passed,
            seen=task.tell(evidence) if task.tell and task.tell_success else (),
            printed=printed,
        )
    if evidence.stages and set(evidence.unwritten) == set(evidence.stages):
        return replace(blank, notes=(NO_STAGE,), printed=printed)
    if untouched(task, evidence):
        return replace(blank, notes=(AS_FOUND,), printed=printed)
    explanations = explain(task, evidence)
    failures = [c.failure for c in evidence.cases if c.failure]
    verdict = replace(
        blank,
        status=_status(evidence, explanations, failures),
        credit=_credit(task, evidence),
        passed=evidence.passed,
        failed=evidence.failed,
        seen=_seen(task, evidence),
        looks_like=tuple(e.says for e in explanations),
        asks=tuple(e.asks for e in explanations),
        misconceptions=tuple(e.key for e in explanations),
        notes=_left_open(task, evidence, explanations) + _also(evidence) + _raised(evidence),
        printed=printed,
    )
    return verdict


def _where(failure: Failure, cases: Sequence[Case], outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Say with which input an answer could not be read, if others could be."""
    place = next(k for k, outcome in enumerate(outcomes) if outcome.failure is failure)
    if failure.kind != "form" or place == 0 or not cases[place].label:
        return ()
    wanted = f"; {cases[place].raises} was expected there" if cases[place].raises else ""
    return (f"that was with {cases[place].label}{wanted}",)


def _status(
    evidence: Evidence, explanations: Sequence[Explanation], failures: Sequence[Failure]
) -> Status:
    if evidence.only_empty:
        return Status.UNFINISHED
    if explanations:
        return Status.NAMED
    # What is shown is the smallest failing case; another may have raised.
    return Status.ERROR if evidence.smallest_failing().failure else Status.UNRECOGNISED


def _credit(task: Task, evidence: Evidence) -> float:
    if task.credit is not None:
        return min(max(task.credit(evidence), 0.0), 1.0)
    return evidence.share if task.partial or evidence.stages else 0.0


def _left_open(
    task: Task, evidence: Evidence, explanations: Sequence[Explanation]
) -> tuple[str, ...]:
    """Say which fields of a form no named mistake explains."""
    explained = {name for e in explanations for name in e.fields}
    left = [name for name in evidence.filled_wrong if name not in explained]
    if not (task.partial and explanations and left):
        return ()
    return (f"I do not recognise the mistake in {' and '.join(left)}.",)


def _also(evidence: Evidence) -> tuple[str, ...]:
    """Say that the input was changed, where that is not the only fault."""
    changed = any(c.outcome.mutated for c in evidence.cases)
    wrong = any(c.faulty for c in evidence.cases)
    return ("It also changes the arrays that it was given.",) if changed and wrong else ()


def _raised(evidence: Evidence) -> tuple[str, ...]:
    """Tell of an exception that the case shown did not raise."""
    if evidence.smallest_failing().failure:
        return ()
    for c in evidence.cases:
        if c.failure and c.failure.kind == "raised":
            told = f"{c.failure.type}: {c.failure.message}".removesuffix(": ")
            where = f"With {c.case.label}" if c.case.label else "Elsewhere"
            return (f"{where} it raised {told}.",)
    return ()


def _seen(task: Task, evidence: Evidence) -> tuple[str, ...]:
    worst = evidence.smallest_failing()
    if task.tell is not None and not worst.failure:
        return task.tell(evidence)
    if evidence.stages and not worst.failure:
        return describe_stage(task, evidence)
    if worst.failure:
        return describe_failure(worst.failure, worst.case, task.params)
    return describe_case(task, worst)
