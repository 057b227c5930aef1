"""Gradescope's ``results.json``: what a learner sees there, and hidden from them, the flags."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bncourse.grading.panel import as_text
from bncourse.grading.record import Result, TaskResult
from bncourse.grading.report.advice import next_steps
from bncourse.grading.report.tables import all_flags
from bncourse.grading.report.text import clip, exercise_title, number, one_line, points
from bncourse.grading.verdict import Status

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
OUTPUT_LIMIT = 4000


def gradescope(results: Sequence[Result], visibility: str = "visible") -> dict[str, Any]:
    """Return one learner's results as Gradescope reads them.

    ``visibility`` says when learners see the tests: one of VISIBILITIES, or ValueError is
    raised, as it is for results of several learners. All texts are plain text, which Gradescope
    shows as it is. What is printed while grading stays hidden.
    """
    if visibility not in VISIBILITIES:
        raise ValueError(f"visibility {visibility!r} is none of {', '.join(VISIBILITIES)}")
    if len({result.learner for result in results}) != 1:
        raise ValueError("Gradescope's file is for the results of one learner")
    tests = [_test(task, visibility) for result in results for task in result.tasks]
    flags = [flag for result in results for flag in all_flags(result)]
    if flags:
        tests.append(_for_the_instructor(flags))
    return {
        "score": round(sum(result.score for result in results), 3),
        "execution_time": round(sum(result.seconds for result in results), 2),
        "output": "\n\n".join(_summary(result) for result in results),
        "output_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": {
            "misconceptions": [
                key for r in results for t in r.tasks for key in t.verdict.misconceptions
            ],
            "tiers": sorted({result.tier for result in results if result.tier}),
        },
    }


def gradescope_text(results: Sequence[Result], visibility: str = "visible") -> str:
    """Return the same as the text of ``results.json``."""
    return json.dumps(gradescope(results, visibility), indent=1, allow_nan=False) + "\n"


def _test(task: TaskResult, visibility: str) -> dict[str, Any]:
    verdict = task.verdict
    passed = verdict.status in (Status.CORRECT, Status.RECORDED)
    return {
        "name": one_line(verdict.title, 200),
        "name_format": "text",
        "number": one_line(verdict.task, 40),
        "score": task.earned,
        "max_score": task.points,
        "status": "passed" if passed else "failed",
        "output": clip(as_text(verdict), OUTPUT_LIMIT, lines=80),
        "output_format": "text",
        "visibility": visibility,
        "extra_data": {"misconceptions": list(verdict.misconceptions)},
    }


def _for_the_instructor(flags: Sequence[str]) -> dict[str, Any]:
    """Return a test worth nothing: instructors see hidden ones, learners never do."""
    return {
        "name": "For the instructor: needs a look",
        "name_format": "text",
        "score": 0.0,
        "max_score": 0.0,
        "output": clip("\n".join(one_line(flag, 300) for flag in flags), OUTPUT_LIMIT, lines=40),
        "output_format": "text",
        "visibility": "hidden",
    }


def _summary(result: Result) -> str:
    lines = [exercise_title(result.exercise)]
    if result.out_of:
        lines[0] += f": {number(result.score)} of {points(result.out_of)}"
    if result.failure:
        lines.append(f"This submission could not be graded. {clip(result.failure, 600)}")
    lines += [f"Note: {clip(note, 300)}" for note in result.notes[:20]]
    for about, says in next_steps(result):
        lines.append(f"- {about}: {says}" if about else f"- {says}")
    return "\n".join(lines)
