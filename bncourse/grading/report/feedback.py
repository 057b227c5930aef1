"""One page for one learner: what was right, what was seen where it was not, what to do next.

It says no more about the answers than the panel in the notebook does, and nothing of what is
flagged for the instructor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath, PureWindowsPath

from bncourse.grading import panel
from bncourse.grading.learner import ANYBODY
from bncourse.grading.record import Result, TaskResult
from bncourse.grading.report.advice import next_steps
from bncourse.grading.report.markup import Child, Html, el, page
from bncourse.grading.report.style import FEEDBACK
from bncourse.grading.report.text import (
    clip,
    counted,
    exercise_title,
    known_as,
    moment,
    number,
    one_line,
    percent,
    points,
)

LINE_LIMIT = 600  # characters of one line of a message or of output
LINES_LIMIT = 20
_CODE = (panel.LABELS["seen"], "You printed")


def feedback_page(results: Sequence[Result], course: str = "", when: str = "") -> str:
    """Return the page of one learner, whose results these are, as HTML that needs no other file.

    ``course`` is named above the title; ``when`` below it is the time of grading, best in
    ISO 8601. Raises ValueError without results, or with those of several learners.
    """
    if len({result.learner for result in results}) != 1:
        raise ValueError("a feedback page is for the results of one learner")
    name = known_as(results[0].name, results[0].learner)
    return page(
        f"Feedback for {name}",
        FEEDBACK,
        el(
            "header",
            el("p", one_line(course, 200), class_="quiet") if course else None,
            el("h1", "Feedback for ", el("bdi", name)),
            el("p", f"Graded {moment(when)}", class_="quiet") if when else None,
        ),
        _overview(results) if len(results) > 1 else None,
        el("main", [_exercise(result, place) for place, result in enumerate(results, 1)]),
    )


def _overview(results: Sequence[Result]) -> Html:
    items = [
        el(
            "li",
            el("a", exercise_title(result.exercise), href=f"#exercise-{place}"),
            f": {number(result.score)} of {points(result.out_of)}" if result.out_of else None,
        )
        for place, result in enumerate(results, 1)
    ]
    return el("nav", el("ul", items), aria_label="Exercises")


def _exercise(result: Result, place: int) -> Html:
    title = f"exercise-{place}"
    broken = bool(result.failure)
    return el(
        "section",
        el("h2", exercise_title(result.exercise), id=title),
        _score(result),
        _about(result),
        _failure(result) if broken else None,
        _notes(result),
        None if broken or not result.tasks else _jump(result, place),
        _next(result),
        None if broken else [_task(task, place, k) for k, task in enumerate(result.tasks)],
        aria_labelledby=title,
    )


def _score(result: Result) -> Html | None:
    if not result.out_of:
        return None
    share = percent(result.score, result.out_of)
    return el(
        "p",
        el("strong", f"{number(result.score)} of {points(result.out_of)}"),
        f" ({share})",
        class_="score",
    )


def _about(result: Result) -> Html | None:
    said: list[Child] = []
    if result.source:
        file = PureWindowsPath(PurePath(result.source).name).name
        said.append(("Your file: ", el("bdi", one_line(file, 120)), ". "))
    if result.personal not in ("", ANYBODY):
        drawn = one_line(result.personal, 80)
        said.append(("Personal numbers drawn for: ", el("bdi", drawn), "."))
    return el("p", said, class_="quiet") if said else None


def _failure(result: Result) -> Html:
    tasks = counted(len(result.tasks), "task")
    return el(
        "div",
        el("p", el("strong", "! This submission could not be graded.")),
        el("p", _with_code(clip(result.failure, LINE_LIMIT)), class_="said"),
        el("p", f"So none of its {tasks} could be marked.") if result.tasks else None,
        class_="alert",
    )


def _notes(result: Result) -> Html | None:
    if not result.notes:
        return None
    notes = [
        el("li", _with_code(clip(note, LINE_LIMIT)), class_="said") for note in _few(result.notes)
    ]
    return el("div", el("h3", "About your notebook"), el("ul", notes))


def _jump(result: Result, place: int) -> Html:
    links = [
        el("li", el("a", _sign(task), f" {task.verdict.task}", href=f"#task-{place}-{k}"))
        for k, task in enumerate(result.tasks)
    ]
    return el("nav", el("ul", links, class_="jump"), aria_label="Tasks")


def _next(result: Result) -> Html | None:
    steps = next_steps(result)
    if not steps:
        return None
    items = [
        el("li", (el("strong", about), ": ") if about else None, _with_code(says))
        for about, says in steps
    ]
    return el("div", el("h3", "What to do next"), el("ul", items), class_="next")


def _with_code(text: str) -> list[Child]:
    """Return the text with what stands between backticks as code."""
    parts = re.split(r"`([^`\n]+)`", text)
    return [el("code", part) if place % 2 else part for place, part in enumerate(parts)]


def _task(task: TaskResult, place: int, k: int) -> Html:
    verdict = task.verdict
    _, colour = panel.SIGN[verdict.status]
    rows = panel.rows(verdict)
    return el(
        "section",
        el("h3", f"{verdict.task} {verdict.title}", id=f"task-{place}-{k}"),
        el(
            "p",
            _sign(task),
            " ",
            el("strong", panel.HEADLINE[verdict.status], style=f"color:{colour}"),
            f" · {_worth(task)}",
            class_="state",
        ),
        el("dl", [_row(heading, lines) for heading, lines in rows]) if rows else None,
        class_="task",
        style=f"border-left-color:{colour}",
    )


def _sign(task: TaskResult) -> Html:
    sign, colour = panel.SIGN[task.verdict.status]
    return el("span", sign, class_="sign", style=f"color:{colour}", aria_hidden="true")


def _worth(task: TaskResult) -> str:
    return f"{number(task.earned)} of {points(task.points)}" if task.points else "not marked"


def _row(heading: str, lines: Sequence[str]) -> Child:
    style = {panel.LABELS["asks"]: "asks"}.get(heading)
    style = "code" if heading in _CODE else style
    shown = [el("div", clip(line, LINE_LIMIT), class_=style) for line in _few(lines)]
    return el("dt", heading), el("dd", shown)


def _few(lines: Sequence[str]) -> list[str]:
    """Return the lines, at most LINES_LIMIT of them, and how many more there are."""
    left = len(lines) - LINES_LIMIT
    more = [f"… and {counted(left, 'more line')}"] if left > 0 else []
    return [*lines[:LINES_LIMIT], *more]
