"""The table that nbgrader exports, with proper quoting."""

from __future__ import annotations

from collections.abc import Sequence

from bncourse.grading.record import Result
from bncourse.grading.report.sheet import csv_text
from bncourse.grading.report.text import one_line

COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


def nbgrader_csv(results: Sequence[Result], duedate: str = "", timestamp: str = "") -> str:
    """Return a row for each learner's exercise in nbgrader's columns.

    ``duedate`` and ``timestamp`` are taken over as they are. There is no byte order mark: the
    programs that read this take it for part of the first column's name.
    """
    rows = [_row(result, duedate, timestamp) for result in results]
    return csv_text(COLUMNS, rows, bom=False)


def _row(result: Result, duedate: str, timestamp: str) -> list[str | float]:
    ids = result.ids or {}
    group = ", " in ids.get("email", "")  # Gradescope's groups: several people, several commas
    last, first = ("", result.name) if group else split_name(result.name)
    return [
        *(result.exercise, duedate, timestamp, result.learner),
        *(ids.get("last_name", last), ids.get("first_name", first)),
        ids.get("email", result.learner if "@" in result.learner else ""),
        *(result.score, 0.0, result.score, result.out_of),
    ]


def split_name(name: str) -> tuple[str, str]:
    """Return (last, first) of a name written "Last, First".

    Where no comma says which is which, the whole name is the first one: a guess would be wrong
    for half the world.
    """
    name = one_line(name)
    last, comma, first = name.partition(",")
    return (last.strip(), first.strip()) if comma else ("", name)
