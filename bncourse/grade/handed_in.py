"""From what was handed in to one notebook for each learner and exercise."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from bncourse.grade.exercise import exercises, recognise
from bncourse.grade.notebook import Submitted
from bncourse.grade.settings import Settings, fingerprint
from bncourse.grading.sandbox.preload import LIBRARIES
from bncourse.grading.submissions import File, Submission, Unreadable


@dataclass(frozen=True)
class Entry:
    """One learner's file for one exercise, not read yet; ``others`` were handed in beside it."""

    submission: Submission
    exercise: str
    file: File | None
    fingerprint: str = ""
    heavy: bool = False
    others: tuple[str, ...] = ()


def entries(
    submissions: Sequence[Submission], wanted: Sequence[str], settings: Settings
) -> list[Entry]:
    """Return who handed in what: an entry for each learner and each exercise of the class.

    The exercises are those ``wanted``, or else those that anybody handed in. Of several files
    for one exercise the one that is named like it counts, then the latest.
    """
    among = list(wanted) or list(exercises())
    sorted_in = [(s, _by_exercise(s, among, settings)) for s in submissions]
    found = {name for _, files in sorted_in for name in files if name}
    asked = [name for name in among if name in found or wanted] or among[:1]
    out = []
    for submission, files in sorted_in:
        for exercise in asked:
            own = sorted(files.get(exercise, []), key=lambda seen: _rank(seen[0], exercise))
            if not own and len(asked) == 1:
                own = files.get("", [])  # broken, or answering nothing: it is graded as that
            file, mark, heavy = own[-1] if own else (None, "", False)
            others = tuple(seen[0].name for seen in own[:-1])
            out.append(Entry(submission, exercise, file, mark, heavy, others))
    return out


def read(entry: Entry, settings: Settings) -> Submitted:
    """Read an entry's notebook; where it cannot be read the reason stands in its place."""
    submission, file = entry.submission, entry.file
    notes = submission.notes
    if entry.others:
        notes = (*notes, f"{file.name} was graded; not {', '.join(entry.others)}.")
    empty = Submitted(
        submission.learner,
        submission.name,
        entry.exercise,
        file.name if file else "",
        "",
        b"",
        submission.ids,
        notes,
    )
    if file is None:
        return replace(empty, failure=f"No notebook was handed in for {entry.exercise}.")
    try:
        data = file.read()
    except Unreadable as error:
        return replace(empty, failure=str(error))
    return replace(empty, data=data, fingerprint=fingerprint(data, settings))


def readings(chosen: Sequence[Entry], settings: Settings) -> Iterator[Submitted]:
    """Read entries one after the other, as they are wanted.

    Those that need large libraries come first and together: they take longest to begin with.
    """
    ordered = sorted(chosen, key=lambda entry: not entry.heavy)
    return (read(entry, settings) for entry in ordered)


Seen = tuple[File, str, bool]  # a file, its fingerprint, and whether it needs large libraries


def _by_exercise(
    submission: Submission, among: Sequence[str], settings: Settings
) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for file in submission.files:
        data, mark = b"", ""
        with contextlib.suppress(Unreadable):
            data = file.read()
            mark = fingerprint(data, settings)
        heavy = any(name.encode() in data for name in LIBRARIES)
        found.setdefault(recognise(data, file.name, among), []).append((file, mark, heavy))
    return found


def _rank(file: File, exercise: str) -> tuple[bool, float, str]:
    return PurePosixPath(file.name).stem == exercise, file.modified or 0.0, file.name
