"""The class page's tables of people: who has what, who needs a look, everybody's score."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from bncourse.grading.record import Result, TaskResult
from bncourse.grading.report.files import page_name
from bncourse.grading.report.markup import Child, Html, el
from bncourse.grading.report.summary import (
    KIND_OF,
    ExerciseSummary,
    Found,
    by_name,
)
from bncourse.grading.report.tables import all_flags
from bncourse.grading.report.text import (
    clip,
    counted,
    exercise_title,
    known_as,
    number,
    one_line,
    percent,
)

FOLDER = "feedback"
LIST_LIMIT = 25
TASK_COLUMNS_LIMIT = 14


def link(result: Result) -> Html:
    """Return a learner's name as a link to their page."""
    target = f"{FOLDER}/{quote(page_name(result.learner))}"
    return el("a", el("bdi", known_as(result.name, result.learner)), href=target)


def table(caption: str, head: Sequence[tuple[str, str]], rows: Sequence[Child]) -> Html:
    """Return a table that scrolls by itself where it is wider than the page.

    ``head`` gives each column's heading and class ("" for text, "n" for numbers).
    """
    headings = [el("th", text, scope="col", class_=kind or None) for text, kind in head]
    whole = el(
        "table",
        el("caption", caption),
        el("thead", el("tr", headings)),
        el("tbody", rows),
    )
    # The keyboard has to reach what scrolls.
    return el("div", whole, class_="wide", tabindex="0", role="region", aria_label=caption)


def row(*cells: Child, kinds: str = "") -> Html:
    """Return a table's row; ``kinds`` gives each cell's class, "-" for none."""
    made = []
    for place, cell in enumerate(cells):
        kind = kinds[place] if place < len(kinds) else "-"
        made.append(el("td", cell, class_=None if kind == "-" else kind))
    return el("tr", made)


def names(results: Sequence[Result], limit: int, said: str) -> Html:
    """Return the learners' names, ``limit`` at most, behind a summary that opens."""
    shown = by_name(results)[:limit]
    inside: list[Child] = []
    for place, result in enumerate(shown):
        inside += [", " if place else "", link(result)]
    if len(results) > limit:
        inside.append(f" and {len(results) - limit:,} more (all in grades.csv)")
    return el(
        "details",
        el("summary", el("span", said)),
        el("p", inside, class_="names"),
    )


def misconceptions(found: Sequence[Found], of: int, limit: int) -> Html:
    """Return a row for each misconception: how many, its sentence, who."""
    rows = [
        row(
            f.task,
            (el("strong", f.key), ": ", f.says),
            names(f.who, limit, f"{len(f.who)} ({percent(len(f.who), of)})"),
            kinds="-tw",
        )
        for f in found
    ]
    head = [("Task", ""), ("What it looks like", ""), ("Learners", "")]
    return table("Misconceptions, the most frequent first", head, rows)


def to_look_at(caption: str, answers: Sequence[tuple[Result, TaskResult]]) -> Child:
    """Return answers with the first lines of what was seen, at most LIST_LIMIT of them."""
    rows = [
        row(
            task.verdict.task,
            el("div", link(result), class_="who"),
            el("div", clip("\n".join(task.verdict.seen[:3]), 400, 4), class_="code"),
            kinds="--t",
        )
        for result, task in answers[:LIST_LIMIT]
    ]
    left = len(answers) - LIST_LIMIT
    return (
        table(caption, [("Task", ""), ("Learner", ""), ("What was seen", "")], rows),
        el("p", f"… and {left:,} more, in grades.json.") if left > 0 else None,
    )


def reasons(caption: str, pairs: Sequence[tuple[Result, str]], heading: str) -> Child:
    """Return a table of learners and a reason each, at most 4 × LIST_LIMIT."""
    limit = 4 * LIST_LIMIT
    rows = [
        row(
            el("div", link(r), class_="who"),
            exercise_title(r.exercise),
            el("bdi", one_line(r.source, 120)),
            clip(why, 300),
        )
        for r, why in pairs[:limit]
    ]
    left = len(pairs) - limit
    head = [("Learner", ""), ("Exercise", ""), ("File", ""), (heading, "")]
    return (
        table(caption, head, rows),
        el("p", f"… and {left:,} more, in grades.csv.") if left > 0 else None,
    )


def everybody(summaries: Sequence[ExerciseSummary]) -> Html:
    """Return a row for each learner with the score of each exercise.

    Of one exercise with few tasks, each task's sign stands beside it.
    """
    learners: dict[str, dict[str, Result]] = {}
    for summary in summaries:
        for result in summary.results:
            learners.setdefault(result.learner, {}).setdefault(summary.exercise, result)
    first = by_name(next(iter(own.values())) for own in learners.values())
    tasks = [task.task for task in summaries[0].tasks] if len(summaries) == 1 else []
    if len(tasks) > TASK_COLUMNS_LIMIT:
        tasks = []
    several = len(summaries) > 1
    head = [
        ("Learner", ""),
        ("Identity", ""),
        *((task, "c") for task in tasks),
        *((exercise_title(s.exercise) if several else "Score", "n") for s in summaries),
        *([("Total", "n")] if several else []),
        ("Share", "n"),
        ("Look", ""),
    ]
    rows = [_everything(result, learners[result.learner], summaries, tasks) for result in first]
    return table("Every learner, by name", head, rows)


def _everything(
    result: Result,
    own: dict[str, Result],
    summaries: Sequence[ExerciseSummary],
    tasks: Sequence[str],
) -> Html:
    signs = {}
    if tasks and not result.failure:
        signs = {t.verdict.task: KIND_OF[t.verdict.status] for t in result.tasks}
    scores = [number(own[s.exercise].score) if s.exercise in own else "–" for s in summaries]
    total, out_of = sum(r.score for r in own.values()), sum(s.out_of for s in summaries)
    look = ["not graded"] if any(r.failure for r in own.values()) else []
    flags = sum(len(all_flags(r)) for r in own.values())
    look += [counted(flags, "flag")] if flags else []
    return el(
        "tr",
        el("th", link(result), scope="row", class_="who"),
        el("td", el("bdi", one_line(result.learner, 40)), class_="who"),
        [_sign(signs.get(task)) for task in tasks],
        [el("td", score, class_="n") for score in scores],
        el("td", number(total), class_="n") if len(summaries) > 1 else None,
        el("td", percent(total, out_of), class_="n"),
        el("td", "; ".join(look)),
    )


def _sign(kind: object) -> Html:
    if kind is None:
        return el("td", "–", class_="c")
    return el("td", el("span", kind.sign, title=kind.word), class_="c")
