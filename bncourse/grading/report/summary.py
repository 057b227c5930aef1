"""What a class's results add up to: counts and lists, no pictures and no markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from bncourse.grading import panel
from bncourse.grading.record import Result, TaskResult
from bncourse.grading.report.text import known_as, number
from bncourse.grading.verdict import Status


@dataclass(frozen=True)
class Kind:
    """A kind of finding that is counted as one, and its word."""

    word: str
    statuses: tuple[Status, ...]

    @property
    def sign(self) -> str:
        """The sign that the panel gives it."""
        return panel.SIGN[self.statuses[0]][0]


KINDS = (
    Kind("correct", (Status.CORRECT,)),
    Kind("recorded", (Status.RECORDED,)),
    Kind("right so far", (Status.UNFINISHED,)),
    Kind("mistake named", (Status.NAMED,)),
    Kind("not recognised", (Status.UNRECOGNISED,)),
    Kind("no answer came", (Status.ERROR, Status.UNREADABLE)),
    Kind("not started", (Status.NOT_STARTED,)),
)
KIND_OF = {status: kind for kind in KINDS for status in kind.statuses}


@dataclass(frozen=True)
class TaskSummary:
    """How one task went: how many results of each kind, in KINDS' order."""

    task: str
    title: str
    counts: dict[Kind, int]

    @property
    def total(self) -> int:
        """How many results there are."""
        return sum(self.counts.values())

    @property
    def correct(self) -> int:
        """How many are correct."""
        return self.counts[KINDS[0]]


@dataclass(frozen=True)
class Found:
    """A misconception, and whose answers have it."""

    task: str
    key: str
    says: str
    who: tuple[Result, ...]


@dataclass(frozen=True)
class Bin:
    """A range of scores: its label, the same in words, and how many lie in it."""

    label: str
    words: str
    count: int


@dataclass(frozen=True)
class ExerciseSummary:
    """One exercise of the class. Files that could not be graded count in the scores alone."""

    exercise: str
    results: tuple[Result, ...]
    out_of: float
    tasks: tuple[TaskSummary, ...]
    found: tuple[Found, ...]
    broken: tuple[Result, ...]
    missing: tuple[Result, ...]  # one result of each learner who handed in other exercises only

    @property
    def scores(self) -> list[float]:
        """All scores."""
        return [result.score for result in self.results]

    @property
    def mean(self) -> float:
        """The mean score."""
        return fmean(self.scores)

    @property
    def median(self) -> float:
        """The median score."""
        return median(self.scores)


def by_name(results: Iterable[Result]) -> list[Result]:
    """Return the results in the order of the learners' names."""
    return sorted(results, key=lambda r: (known_as(r.name, r.learner).casefold(), r.learner))


def summarise(results: Sequence[Result]) -> list[ExerciseSummary]:
    """Return a summary of each exercise, in the order of their names."""
    learners = {result.learner: result for result in by_name(results)}
    names = sorted({result.exercise for result in results})
    return [
        _exercise(name, by_name(r for r in results if r.exercise == name), learners)
        for name in names
    ]


def _exercise(name: str, results: Sequence[Result], learners: dict[str, Result]) -> ExerciseSummary:
    graded = [result for result in results if not result.failure]
    here = {result.learner for result in results}
    return ExerciseSummary(
        name,
        tuple(results),
        max((result.out_of for result in results), default=0.0),
        tuple(_tasks(graded)),
        tuple(_found(graded)),
        tuple(result for result in results if result.failure),
        tuple(result for learner, result in learners.items() if learner not in here),
    )


def task_titles(results: Iterable[Result]) -> dict[str, str]:
    """Return the title of each task, in the order that the fullest result has them."""
    titles: dict[str, str] = {}
    for result in sorted(results, key=lambda r: -len(r.tasks)):
        for task in result.tasks:
            titles.setdefault(task.verdict.task, task.verdict.title)
    return titles


def _tasks(results: Sequence[Result]) -> Iterable[TaskSummary]:
    counts: dict[str, Counter[Kind]] = {}
    for result in results:
        for task in result.tasks:
            kind = KIND_OF[task.verdict.status]
            counts.setdefault(task.verdict.task, Counter())[kind] += 1
    for task, title in task_titles(results).items():
        yield TaskSummary(task, title, {kind: counts[task][kind] for kind in KINDS})


def _found(results: Sequence[Result]) -> list[Found]:
    """Return the misconceptions, those of most learners first."""
    says: dict[tuple[str, str], str] = {}
    who: dict[tuple[str, str], dict[str, Result]] = {}
    for result in results:
        for task in result.tasks:
            verdict = task.verdict
            for place, key in enumerate(verdict.misconceptions):
                at = (verdict.task, key)
                says.setdefault(at, "".join(verdict.looks_like[place : place + 1]))
                who.setdefault(at, {})[result.learner] = result
    found = [Found(*at, says[at], tuple(results.values())) for at, results in who.items()]
    return sorted(found, key=lambda f: (-len(f.who), f.task, f.key))


def answers_of(
    results: Iterable[Result], statuses: Iterable[Status]
) -> list[tuple[Result, TaskResult]]:
    """Return the answers of these statuses, ordered by task."""
    wanted = set(statuses)
    found = [
        (r, t) for r in results if not r.failure for t in r.tasks if t.verdict.status in wanted
    ]
    return sorted(found, key=lambda pair: pair[1].verdict.task)


def score_bins(scores: Sequence[float], out_of: float) -> list[Bin]:
    """Return how many scores lie in each range; all points have one of their own.

    Up to ten points the ranges are one point wide, beyond that a tenth of them.
    """
    if out_of <= 0:
        return []
    whole = out_of <= 10 and float(out_of).is_integer()
    ranges = int(out_of) if whole else 10
    counts = [0] * (ranges + 1)
    for score in scores:
        share = 1.0 if score >= out_of else max(score, 0.0) / out_of
        counts[min(int(share * ranges + 1e-9), ranges if share == 1 else ranges - 1)] += 1
    exact = whole and all(float(score).is_integer() for score in scores)
    bins = [_bin(k, counts[k], out_of, ranges, exact) for k in range(ranges)]
    return [*bins, Bin(f"all {number(out_of)}", f"all {number(out_of)}", counts[-1])]


def _bin(k: int, count: int, out_of: float, ranges: int, exact: bool) -> Bin:
    low, high = number(k * out_of / ranges), number((k + 1) * out_of / ranges)
    if exact:
        return Bin(low, low, count)
    words = f"{low} to under {high}" if k else f"under {high}"
    return Bin(f"{low}+" if k else f"<{high}", words, count)
