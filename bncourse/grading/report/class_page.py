"""The instructor's page: how the class did, which misconceptions it has, what needs a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean, median

from bncourse.grading.record import Result
from bncourse.grading.report import plots, roster
from bncourse.grading.report.markup import Child, Html, el, page
from bncourse.grading.report.style import CLASS
from bncourse.grading.report.summary import (
    KINDS,
    ExerciseSummary,
    answers_of,
    score_bins,
    summarise,
)
from bncourse.grading.report.tables import all_flags
from bncourse.grading.report.text import counted, exercise_title, moment, number, one_line, percent
from bncourse.grading.sandbox.tiers import PROCESS
from bncourse.grading.verdict import Status


def class_page(results: Sequence[Result], course: str = "", when: str = "") -> str:
    """Return the class's page as HTML that needs no other file.

    ``course`` is named above the title; ``when`` below it is the time of grading, best in
    ISO 8601. The page links to each learner's page, ``feedback/`` and files.page_name(learner).
    """
    summaries = summarise(results)
    limit = max(5, min(40, 30_000 // max(len(results), 1)))
    return page(
        "Class report",
        CLASS,
        plots.patterns(),
        el(
            "header",
            el("p", one_line(course, 200), class_="quiet") if course else None,
            el("h1", "Class report"),
            el("p", f"Graded {moment(when)}", class_="quiet") if when else None,
        ),
        el(
            "main",
            _isolation(results),
            _tiles(results, summaries),
            [_exercise(summary, limit) for summary in summaries],
            _attention(results, summaries),
            _everybody(summaries),
        ),
    )


def _isolation(results: Sequence[Result]) -> Html | None:
    tiers = Counter(result.tier for result in results if result.tier)
    weak = tiers[PROCESS]
    said = ", ".join(f"{one_line(tier, 40)} ({count:,})" for tier, count in sorted(tiers.items()))
    if not weak:
        return (
            el("p", f"Isolation of the learners' code: {said}.", class_="quiet") if said else None
        )
    return el(
        "div",
        el("p", el("strong", "! Isolation: process. Weaker than it should be for marks.")),
        el(
            "p",
            f"{counted(weak, 'submission')} of {sum(tiers.values()):,} ran as ordinary processes: "
            "their code could read files, the course's own among them, and use the network. Grade "
            "on Linux, and refuse less with --require-isolation. "
            f"In use: {said}.",
        ),
        class_="alert",
    )


def _tiles(results: Sequence[Result], summaries: Sequence[ExerciseSummary]) -> Html:
    shares = [r.score / s.out_of for s in summaries if s.out_of for r in s.results]
    tiles = [
        ("Learners", f"{len({r.learner for r in results}):,}"),
        ("Exercises", str(len(summaries))),
        ("Submissions", f"{len(results):,}"),
        ("Mean", percent(fmean(shares), 1) if shares else "–"),
        ("Median", percent(median(shares), 1) if shares else "–"),
        ("Not graded", f"{sum(bool(r.failure) for r in results):,}"),
        ("Flagged", f"{sum(bool(all_flags(r)) for r in results):,}"),
    ]
    return el("dl", [el("div", el("dt", k), el("dd", v)) for k, v in tiles], class_="tiles")


def _exercise(summary: ExerciseSummary, limit: int) -> Html:
    return el(
        "section",
        el("h2", exercise_title(summary.exercise)),
        _scores(summary),
        _tasks(summary),
        _misconceptions(summary, limit),
        _answers(summary, "What was not recognised", (Status.UNRECOGNISED,)),
        _answers(summary, "Where no answer came", (Status.ERROR, Status.UNREADABLE)),
    )


def _scores(summary: ExerciseSummary) -> Child:
    if not summary.out_of:
        return el("p", "Nothing in this exercise is marked.")
    bins = score_bins(summary.scores, summary.out_of)
    said = (
        f"{counted(len(summary.results), 'submission')}: mean {number(summary.mean, 2)}, median "
        f"{number(summary.median, 2)} of {number(summary.out_of)} points."
    )
    zero = f" {counted(len(summary.broken), 'file')} that could not be graded: 0 points."
    label = f"Distribution of scores. {'; '.join(f'{b.words}: {b.count}' for b in bins)}."
    second = bins[1]
    meaning = f"; {second.label} is {second.words}" if second.label.endswith("+") else None
    rows = [roster.row(b.words, str(b.count), kinds="-n") for b in bins]
    return (
        el("h3", "Scores"),
        el("p", said, zero if summary.broken else None),
        el(
            "figure",
            el("figcaption", "How many reached how many points", meaning),
            plots.histogram(bins, label),
        ),
        _numbers(roster.table("Scores", [("Points", ""), ("Submissions", "n")], rows)),
    )


def _tasks(summary: ExerciseSummary) -> Child:
    if not summary.tasks:
        return None
    kinds = [kind for kind in KINDS if any(task.counts[kind] for task in summary.tasks)]
    key = [el("li", plots.swatch(kind), f"{kind.sign} {kind.word}") for kind in kinds]
    rows = [
        roster.row(
            f"{task.task} {task.title}",
            *(str(task.counts[kind]) for kind in kinds),
            percent(task.correct, task.total),
            kinds="-" + "n" * (len(kinds) + 1),
        )
        for task in summary.tasks
    ]
    head = [("Task", ""), *((kind.word, "n") for kind in kinds), ("correct, share", "n")]
    return (
        el("h3", "Tasks"),
        el(
            "figure",
            el("figcaption", "How each task went, and the share that is correct"),
            el("ul", key, class_="key"),
            plots.task_bars(summary.tasks),
        ),
        _numbers(roster.table("Tasks", head, rows)),
    )


def _misconceptions(summary: ExerciseSummary, limit: int) -> Child:
    graded = len({r.learner for r in summary.results if not r.failure})
    if not summary.found:
        return el("h3", "Misconceptions"), el("p", "None was recognised.")
    more = len(summary.found) - plots.BARS_LIMIT
    return (
        el("h3", "Misconceptions"),
        el(
            "figure",
            el(
                "figcaption",
                "How many learners have each",
                f"; the {plots.BARS_LIMIT} most frequent of {len(summary.found)}"
                if more > 0
                else None,
            ),
            plots.misconception_bars(summary.found),
        ),
        roster.misconceptions(summary.found, graded, limit),
    )


def _answers(summary: ExerciseSummary, heading: str, statuses: tuple[Status, ...]) -> Child:
    answers = answers_of(summary.results, statuses)
    if not answers:
        return None
    caption = f"{counted(len(answers), 'answer')}, with the smallest failing case"
    return el("h3", heading), roster.to_look_at(caption, answers)


def _attention(results: Sequence[Result], summaries: Sequence[ExerciseSummary]) -> Child:
    flagged = [(r, "; ".join(all_flags(r))) for s in summaries for r in s.results if all_flags(r)]
    flagged += _twice(summaries)
    broken = [(r, r.failure) for s in summaries for r in s.broken]
    parts: list[Child] = []
    if flagged:
        caption = f"{counted(len(flagged), 'submission')}, for a person to look at"
        parts += [el("h3", "Flagged"), roster.reasons(caption, flagged, "Flag")]
    if broken:
        caption = counted(len(broken), "file")
        heading = el("h3", "Files that could not be graded")
        parts += [heading, roster.reasons(caption, broken, "Reason")]
    for s in summaries:
        if s.missing:
            heading = f"{exercise_title(s.exercise)}: nothing handed in"
            parts += [
                el("h3", heading),
                roster.names(s.missing, 100, counted(len(s.missing), "learner")),
            ]
    if not parts:
        parts = [el("p", "Nothing is flagged, every file could be graded and none is missing.")]
    return el("section", el("h2", "Needs a look"), parts)


def _twice(summaries: Sequence[ExerciseSummary]) -> list[tuple[Result, str]]:
    """Return whoever has two results of one exercise; the table of learners shows the first."""
    found = []
    for s in summaries:
        times = Counter(result.learner for result in s.results)
        seen = set()
        for result in s.results:
            if times[result.learner] > 1 and result.learner in seen:
                found.append((result, "another result of the same learner and exercise"))
            seen.add(result.learner)
    return found


def _everybody(summaries: Sequence[ExerciseSummary]) -> Child:
    if not summaries:
        return el("p", "There are no results.")
    key = " · ".join(f"{kind.sign} {kind.word}" for kind in KINDS)
    return el(
        "section",
        el("h2", "Learners"),
        el("p", key, class_="quiet") if len(summaries) == 1 else None,
        roster.everybody(summaries),
    )


def _numbers(inside: Html) -> Html:
    return el("details", el("summary", el("span", "The same in numbers")), inside)
