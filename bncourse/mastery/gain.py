"""The eight questions before and after the course: what was learnt, lost, or is still open."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from bncourse.grading import progress as log
from bncourse.grading.answers import AnswerError
from bncourse.grading.notice import Table
from bncourse.registry import find

BEFORE, AFTER = "0.1", "10.9"

# What the eight questions are about, and the lesson to read again.
TOPICS = {
    "divisor": ("variance or standard deviation", "03"),
    "axis": ("which axis is averaged", "03"),
    "backward": ("gradients through the statistics", "04"),
    "evaluation": ("training and evaluation", "05"),
    "momentum": ("what momentum weighs", "05"),
    "whitening": ("standardising and whitening", "02"),
    "small_batch": ("batches of two", "08"),
    "why": ("why it works", "07"),
}


@dataclass(frozen=True)
class Gain:
    """One question before and after the course; None where it was not answered.

    ``belief``, ``belief_after``: the misconceptions that wrong answers stood for, or "".
    """

    question: str
    before: bool | None
    after: bool | None
    belief: str = ""
    belief_after: str = ""

    @property
    def told(self) -> str:
        """The change in words."""
        if self.before is None or self.after is None:
            return "not known"
        if self.before:
            return "known before and after" if self.after else "lost"
        return "learnt" if self.after else "still open"


def gains() -> list[Gain]:
    """Return the current learner's gain for each of the eight questions.

    Before counts the last whole answer of lesson 00, which was not judged, up to the day on which
    the questions came again. After counts the first whole answer: later ones have seen the verdict.
    """
    before, after = _before(), _after()
    return [
        Gain(
            name,
            _right(BEFORE, before, name),
            _right(AFTER, after, name),
            _belief(BEFORE, before, name),
            _belief(AFTER, after, name),
        )
        for name in TOPICS
    ]


def normalised(found: list[Gain]) -> float | None:
    """Return what was gained of what could be gained, (after - before) / (all - before).

    Hake 1998, "Interactive-engagement versus traditional methods". None if nothing was open
    before, or if a question was not answered both times.
    """
    both = [g for g in found if g.before is not None and g.after is not None]
    before, after = sum(g.before for g in both), sum(g.after for g in both)
    if len(both) < len(found) or before == len(found):
        return None
    return (after - before) / (len(found) - before)


def gain() -> Table:
    """Show the eight questions before and after the course, and the normalised gain."""
    log.use_learner(sys._getframe(1).f_globals.get("learner"))
    found = gains()
    rows = tuple(
        (
            TOPICS[g.question][0],
            g.belief or _sign(g.before),
            g.belief_after or _sign(g.after),
            g.told,
            _again(g),
        )
        for g in found
    )
    head = ("question", "before, you said", "after, you said", "change", "read again")
    return Table(told(found), head, rows)


def told(found: list[Gain]) -> str:
    """Say in one line what was right before and after, and the normalised gain."""
    if all(g.before is None for g in found):
        return f"No answers of lesson 00 are kept under the name {log.current_learner()}"
    if all(g.after is None for g in found):
        return f"The questions after the course ({AFTER}) are not answered yet"
    before, after = (sum(bool(getattr(g, time)) for g in found) for time in ("before", "after"))
    said = f"{before} of {len(found)} right before, {after} after"
    left = [TOPICS[g.question][0] for g in found if None in (g.before, g.after)]
    if left:
        return f"{said}; not answered both times: {', '.join(left)}"
    share = normalised(found)
    if share is None:
        return f"{said}; nothing was left to gain"
    words = [g.told for g in found]
    learnt, lost, open_ = words.count("learnt"), words.count("lost"), len(found) - before
    gone = f", {lost} lost" if lost else ""
    return f"{said}: {learnt} of {open_} open ones learnt{gone}; normalised gain {share:.0%}"


def _sign(right: bool | None) -> str:
    return "–" if right is None else "right" if right else "wrong"


def _again(one: Gain) -> str:
    return "" if one.after in (True, None) else f"lesson {TOPICS[one.question][1]}"


def _before() -> dict[str, Any]:
    """Return the letters of the last whole answer given before the questions came again."""
    first = next((e["time"] for e in log.events("check", AFTER) if _letters(e)), float("inf"))
    kept = [_letters(e) for e in log.events("check", BEFORE) if e["time"] <= first]
    whole = [given for given in kept if set(given) >= set(TOPICS)]
    return (whole or [given for given in kept if given] or [{}])[-1]


def _after() -> dict[str, Any]:
    """Return the letters of the first whole answer after the course, or of the first one."""
    kept = [given for e in log.events("check", AFTER) if (given := _letters(e))]
    whole = [given for given in kept if set(given) >= set(TOPICS)]
    return (whole or kept or [{}])[0]


def _letters(event: dict[str, Any]) -> dict[str, Any]:
    """Return what was filled in; a form that was run empty has nothing."""
    given = (event["payload"] or {}).get("given") or {}
    return {name: letter for name, letter in given.items() if letter not in (None, "", ...)}


def _belief(task_id: str, given: dict[str, Any], name: str) -> str:
    """Return the misconception that a wrong answer stands for, as 10.9 names it, or ""."""
    if _right(task_id, given, name) is not False:
        return ""
    option = find(task_id).form.field(name).options[_place(task_id, given, name)]
    here = find(AFTER).form.field(name).options.index(option)
    slips = [m for m in find(AFTER).misconceptions if m.wrong({}).get(name) == here]
    return slips[0].key if slips else ""


def _place(task_id: str, given: dict[str, Any], name: str) -> int:
    return int(find(task_id).form.field(name).read(given[name]))


def _right(task_id: str, given: dict[str, Any], name: str) -> bool | None:
    letter = given.get(name)
    if not isinstance(letter, str) or not letter.strip():
        return None
    try:
        return bool(_place(task_id, given, name) == find(task_id).reference({})[name])
    except AnswerError:
        return None
