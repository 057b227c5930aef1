"""Marking one notebook from the shell."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from pathlib import Path

from bncourse.grade.exercise import exercises, recognise
from bncourse.grade.notebook import Grader, Submitted
from bncourse.grade.settings import Settings, fingerprint, versions
from bncourse.grading.panel import as_text
from bncourse.grading.record import Result, to_json
from bncourse.grading.report.text import clean, one_line
from bncourse.grading.sandbox.box import Sandbox
from bncourse.grading.sandbox.tiers import MEANING
from bncourse.grading.submissions import MAX_BYTES


def check_notebook(path: Path, settings: Settings, exercise: str = "", *, as_json: bool) -> int:
    """Mark a notebook and print what was found; returns 0 when everything is right, else 1.

    Raises ValueError for a notebook that is no exercise, OSError where it cannot be read.
    """
    result = mark(path, settings, exercise)
    if as_json:
        print(json.dumps(to_json(result), indent=1))
    else:
        print(_in_words(result))
    return int(result.score < result.out_of or bool(result.failure))


def mark(path: Path, settings: Settings, exercise: str = "") -> Result:
    """Mark a notebook with inputs that are drawn now. Raises as ``check_notebook`` does."""
    if path.is_dir() or path.suffix != ".ipynb":
        raise ValueError(f"{path} is no notebook (.ipynb); for folders and zips: bncourse grade")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} is larger than {MAX_BYTES >> 20} MB: clear its outputs first")
    data = path.read_bytes()
    exercise = exercise or recognise(data, path.name, exercises())
    if not exercise:
        known = ", ".join(exercises())
        raise ValueError(f"{path} looks like no exercise of this course; say which: {known}")
    submitted = Submitted(
        path.stem, path.stem, exercise, path.name, fingerprint(data, settings), data
    )
    settings = replace(settings, run_seed=settings.run_seed or secrets.token_hex(16))
    with Sandbox(settings.time_limit, settings.at_least, settings.exactly) as box:
        return Grader(box, settings.run_seed, versions()).grade(submitted)


def _in_words(result: Result) -> str:
    lines = [as_text(t.verdict) for t in result.tasks] if not result.failure else []
    lines += [f"! {result.failure}"] if result.failure else []
    lines += [f"- {note}" for note in result.notes]
    lines += [f"- {one_line(flag)}" for flag in result.flags]
    lines += [f"- {t.verdict.task} {one_line(flag)}" for t in result.tasks for flag in t.flags]
    lines.append(f"{result.exercise}: {result.score:g} of {result.out_of:g} points")
    if result.tier:
        lines.append(f"Isolation: {result.tier}: {MEANING[result.tier]}.")
    return clean("\n".join(lines))
