"""One run over a class: what is new is graded, everything is written."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bncourse.grade import worker
from bncourse.grade.classroom import grade_all
from bncourse.grade.exercise import exercises
from bncourse.grade.handed_in import Entry, entries, readings
from bncourse.grade.journal import Journal
from bncourse.grade.notebook import NAMELESS
from bncourse.grade.settings import Settings
from bncourse.grading.learner import ANYBODY
from bncourse.grading.record import Result
from bncourse.grading.report.class_page import class_page
from bncourse.grading.report.feedback import feedback_page
from bncourse.grading.report.files import page_name, write_text
from bncourse.grading.report.tables import grades_csv, grades_json
from bncourse.grading.submissions import find_submissions

SAME = "the same name in the notebook as"
COURSE = "Batch normalisation"
Progress = Callable[[int], None]
Pool = Callable[[], AbstractContextManager[tuple[Executor, int]]]


def new_seed() -> str:
    """Return a seed that nobody could have foreseen when they handed in."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Summary:
    """All results of a run, how many were graded just now, how many pages were written, and how
    many earlier results were left out because their submissions are not there."""

    results: tuple[Result, ...]
    graded: int
    pages: int
    left_out: int = 0


def run(
    paths: Sequence[Path],
    out: Path,
    settings: Settings,
    pool: Pool,
    wanted: Sequence[str] = (),
    begin: Callable[[int, int], Progress] = lambda _all, _new: lambda _n: None,
    again: bool = False,
) -> Summary:
    """Grade what was handed in at ``paths`` and write reports to ``out``.

    What was graded before, by this course and with these limits, is not run again, unless
    ``again``. ``begin`` is told how many notebooks there are and how many are new; what it
    returns is told how many were just graded. Raises SubmissionsError, IsolationError,
    BlockingIOError (another run writes there) and OSError; what was graded until then is kept.
    """
    chosen = entries(find_submissions(paths, exercises=exercises()), wanted, settings)
    with Journal(out) as journal:
        new = [e for e in chosen if again or not _known(journal, e)]
        tell = begin(len(chosen), len(new))
        if new:

            def done(results: list[Result]) -> None:
                journal.add(results)
                tell(len(results))

            try:
                with pool() as (executor, workers):
                    grade_all(readings(new, settings), len(new), executor, workers, settings, done)
            finally:
                worker.close()
        left_out = journal.keep_only({(e.submission.learner, e.exercise) for e in chosen})
        results = _same_names_flagged(list(journal.results.values()))
        pages = write_reports(out, results, {e.submission.learner for e in new})
    return Summary(tuple(results), len(new), pages, left_out)


def write_reports(out: Path, results: Sequence[Result], changed: set[str]) -> int:
    """Write tables, class page and feedback pages; returns how many feedback pages were written.

    Pages of learners who have not ``changed`` are written only where they are missing.
    """
    when = datetime.now(UTC).isoformat(timespec="seconds")
    ordered = sorted(results, key=lambda r: (r.exercise, r.learner))
    write_text(out / "grades.csv", grades_csv(ordered))
    write_text(out / "grades.json", grades_json(ordered, when))
    write_text(out / "class.html", class_page(ordered, COURSE, when))
    feedback = out / "feedback"
    feedback.mkdir(exist_ok=True)
    by_learner: dict[str, list[Result]] = {}
    for result in ordered:
        by_learner.setdefault(result.learner, []).append(result)
    pages = {page_name(learner): learner for learner in by_learner}
    there = {path.name for path in feedback.glob("*.html")}
    for stale in there - pages.keys():
        (feedback / stale).unlink()
    fresh = [name for name in pages if name not in there or pages[name] in changed]
    for name in fresh:
        write_text(feedback / name, feedback_page(by_learner[pages[name]], COURSE, when))
    return len(fresh)


def _known(journal: Journal, entry: Entry) -> bool:
    return journal.known(entry.submission.learner, entry.exercise, entry.fingerprint)


def _same_names_flagged(results: Sequence[Result]) -> list[Result]:
    """Flag learners who used another's name, or none: they had the same numbers in their forms."""
    users: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if _has_numbers(result):
            users.setdefault((result.exercise, result.personal), []).append(result.learner)
    out = []
    for result in results:
        others = [
            u for u in users.get((result.exercise, result.personal), ()) if u != result.learner
        ]
        if others and _has_numbers(result):
            same = "no name in the notebook, like" if result.personal == ANYBODY else SAME
            flag = f"has {same} {', '.join(sorted(others)[:5])}"
            result = replace(result, flags=(*(f for f in result.flags if f != flag), flag))
        out.append(result)
    return out


def _has_numbers(result: Result) -> bool:
    """Say whether somebody's numbers were asked for: an untouched notebook has no name either."""
    return bool(result.personal) and (result.personal != ANYBODY or NAMELESS in result.flags)
