"""GitHub Classroom: the payload that a workflow step hands to the autograding reporter."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from bncourse.grading import panel
from bncourse.grading.record import Result, TaskResult
from bncourse.grading.report.text import one_line
from bncourse.grading.verdict import Status

MESSAGE_LIMIT = 200
# The reporter gets it in an environment variable: Linux takes 128 KiB for one, others less.
PAYLOAD_LIMIT = 30_000


def classroom(results: Sequence[Result]) -> dict[str, Any]:
    """Return the results of one repository's learner in version 1 of the payload.

    The status is "pass" with all points and "fail" otherwise. Messages have at most
    MESSAGE_LIMIT characters, and fewer where the whole would not fit PAYLOAD_LIMIT.
    """
    for limit in (MESSAGE_LIMIT, 80, 0):
        payload = _payload(results, limit)
        if len(_encoded(payload)) <= PAYLOAD_LIMIT:
            break
    return payload


def classroom_text(results: Sequence[Result]) -> str:
    """Return the payload as the base64 text that the step gives out as ``result``."""
    return _encoded(classroom(results))


def _encoded(payload: dict[str, Any]) -> str:
    text = json.dumps(payload, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(text.encode()).decode()


def _payload(results: Sequence[Result], limit: int) -> dict[str, Any]:
    tests = [_test(task, result.failure, limit) for result in results for task in result.tasks]
    full = all(not r.failure and r.score >= r.out_of for r in results)
    return {
        "version": 1,
        "status": "pass" if full and results else "fail",
        "max_score": _plain(sum(result.out_of for result in results)),
        "tests": tests,
    }


def _test(task: TaskResult, failure: str, limit: int) -> dict[str, Any]:
    verdict = task.verdict
    passed = verdict.status in (Status.CORRECT, Status.RECORDED) and not failure
    broken = failure or verdict.status in (Status.ERROR, Status.UNREADABLE)
    says = failure or "; ".join(
        (panel.HEADLINE[verdict.status], *verdict.looks_like[:1], *verdict.seen[:1])
    )
    return {
        "name": one_line(f"{verdict.task} {verdict.title}", 80),
        "status": "pass" if passed else "error" if broken else "fail",
        "score": _plain(task.earned),
        "message": "" if passed or not limit else one_line(says, limit),
        # 0 is "no line"; without it the reporter writes "line undefined".
        "line_no": 0,
    }


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 3)
