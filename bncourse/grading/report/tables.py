"""``grades.csv`` for a spreadsheet and ``grades.json``, which holds everything and reads back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from bncourse.grading.record import Result, from_json, to_json
from bncourse.grading.report.sheet import csv_text
from bncourse.grading.report.summary import task_titles
from bncourse.grading.report.text import one_line

FORMAT, VERSION = "bncourse grades", 1
# What the annotations of records and verdicts stand for, where JSON could hold something else.
_TEXTS = "tuple[str, ...]"
_KINDS = {
    "str": str,
    "int": int,
    "float": (int, float),
    "Mapping[str, str] | None": (Mapping, type(None)),
}


def grades_csv(results: Sequence[Result]) -> str:
    """Return a row for each learner's exercise: score, points of each task, what was found.

    It starts with UTF-8's byte order mark, so that Excel reads names right.
    """
    titles: dict[str, str] = {}
    for exercise in sorted({result.exercise for result in results}):
        titles |= task_titles(r for r in results if r.exercise == exercise)
    ids = list(titles)
    header = [
        *("learner", "name", "exercise", "score", "out_of", "percent"),
        *(f"task {task}" for task in ids),  # a bare 3.1 would be read as a date
        *("misconceptions", "notes", "failure", "flags", "tier"),
    ]
    return csv_text(header, (_row(result, ids) for result in results), bom=True)


def _row(result: Result, ids: Sequence[str]) -> list[str | float | None]:
    earned = {task.verdict.task: task.earned for task in result.tasks if task.points}
    share = 100 * result.score / result.out_of if result.out_of else None
    return [
        *(result.learner, result.name, result.exercise, result.score, result.out_of, share),
        *(earned.get(task) for task in ids),
        "; ".join(key for task in result.tasks for key in task.verdict.misconceptions),
        "; ".join(result.notes),
        result.failure,
        "; ".join(all_flags(result)),
        result.tier,
    ]


def all_flags(result: Result) -> list[str]:
    """Return what an instructor should look at: the submission's flags and its tasks'."""
    own = [f"{task.verdict.task}: {flag}" for task in result.tasks for flag in task.flags]
    return [*result.flags, *own]


def grades_json(results: Sequence[Result], when: str = "") -> str:
    """Return everything as JSON, one line for each result.

    ``when`` is the time of grading in ISO 8601. The seed that draws a task's cases again stands
    in the task's verdict. Other characters than ASCII are escaped: so every name survives.
    """
    head = {
        "format": FORMAT,
        "version": VERSION,
        "when": when,
        "versions": _versions(results),
        "tiers": sorted({result.tier for result in results if result.tier}),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()]
    rows = ",\n".join(json.dumps(to_json(result), allow_nan=False) for result in results)
    return f'{{\n{"".join(lines)}"results": [\n{rows}\n]\n}}\n'


def _versions(results: Sequence[Result]) -> dict[str, list[str]]:
    """Return the versions in use of each package; several where results were graded apart."""
    found: dict[str, set[str]] = {}
    for result in results:
        for name, version in (result.versions or {}).items():
            found.setdefault(name, set()).add(version)
    return {name: sorted(versions) for name, versions in sorted(found.items())}


def read_grades(path: str | os.PathLike[str]) -> list[Result]:
    """Read ``grades.json`` back. Raises ValueError naming the file and its fault, and OSError."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return _results(json.loads(text, parse_constant=_no_number))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"{path}: not JSON ({error.msg} at {where})") from None
    except RecursionError:
        raise ValueError(f"{path}: nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number that JSON has")


def _results(data: Any) -> list[Result]:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f"not a file of grades: its format is not {FORMAT!r}")
    if data.get("version") != VERSION:
        found = one_line(repr(data.get("version")), 20)
        raise ValueError(f"version {found}; this bncourse reads version {VERSION}")
    rows = data.get("results")
    if not isinstance(rows, list):
        raise ValueError("it has no list of results")
    return [_result(row, place) for place, row in enumerate(rows, 1)]


def _result(row: Any, place: int) -> Result:
    try:
        result = from_json(row)
        _check_types(result)
        return result
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        learner = row.get("learner") if isinstance(row, Mapping) else None
        whose = f"result {place}" + (f" ({one_line(learner, 60)})" if learner else "")
        fault = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else error
        raise ValueError(f"{whose}: {one_line(fault, 200)}") from None


def _check_types(result: Result) -> None:
    """Raise TypeError where a value is of another kind: a hand has been at the file."""
    for owner in (result, *result.tasks, *(task.verdict for task in result.tasks)):
        for field in fields(owner):
            value, kinds = getattr(owner, field.name), _KINDS.get(field.type)
            fits = kinds is None or isinstance(value, kinds)
            if field.type == _TEXTS:
                fits = isinstance(value, tuple) and all(isinstance(text, str) for text in value)
            if not fits:
                raise TypeError(f"{field.name} is {one_line(repr(value), 40)}")
