"""Grading again with the seeds of an earlier run, to see whether the verdicts are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bncourse.grade import worker
from bncourse.grade.exercise import exercises
from bncourse.grade.handed_in import entries, read
from bncourse.grade.settings import Settings
from bncourse.grading.report.tables import read_grades
from bncourse.grading.submissions import find_submissions
from bncourse.grading.verdict import Verdict


@dataclass(frozen=True)
class Replayed:
    """A verdict as it was recorded and as it came out now."""

    learner: str
    exercise: str
    before: Verdict
    now: Verdict

    @property
    def same(self) -> bool:
        """Whether status, credit, misconceptions and the failing case are the same."""

        def of(v: Verdict) -> tuple:
            return v.status, v.credit, v.misconceptions, v.seen, v.passed, v.failed

        return of(self.before) == of(self.now)


def replay(
    paths: Sequence[Path], out: Path, settings: Settings, learner: str = "", task: str = ""
) -> Iterator[Replayed]:
    """Yield every recorded verdict beside what it is now, with the inputs of then.

    ``learner`` and ``task`` choose one. Nothing is written. Raises KeyError where no such
    verdict was recorded, ValueError or OSError where grades.json cannot be read.
    """
    recorded = [r for r in read_grades(out / "grades.json") if learner in ("", r.learner)]
    if not recorded:
        raise KeyError(f"no results of {learner!r} in {out / 'grades.json'}")
    if task and all(t.verdict.task != task for r in recorded for t in r.tasks):
        raise KeyError(f"no verdict on task {task!r} in {out / 'grades.json'}")
    asked = list(dict.fromkeys(r.exercise for r in recorded))
    found = {
        (e.submission.learner, e.exercise): e
        for e in entries(find_submissions(paths, exercises=exercises()), asked, settings)
    }
    try:
        for result in recorded:
            entry = found.get((result.learner, result.exercise))
            if entry is None:
                continue
            seeds = {t.verdict.task: t.verdict.seed for t in result.tasks if t.verdict.seed}
            grader = worker.grader_for(replace(settings, seeds=seeds))
            now = grader.grade(read(entry, settings))
            for before, after in zip(result.tasks, now.tasks, strict=True):
                if task in ("", before.verdict.task):
                    yield Replayed(result.learner, result.exercise, before.verdict, after.verdict)
    finally:
        worker.close()
