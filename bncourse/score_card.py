"""The capstone's score card: the latest checks, added up. Feedback; marks are the grader's."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from typing import Any

from bncourse.grading import progress as log
from bncourse.registry import find
from bncourse.tasks.capstone import PARTS

HONEST = "From your latest checks here. What counts is the grader's run, on numbers of its own."
WIDTH, ROW, LEFT, RIGHT, BAR = 780, 30, 150, 290, 16
FONT = "Arial, Helvetica, sans-serif"
INK, QUIET, EARNED, OPEN = "#1A1A1A", "#595959", "#0072B2", "#E4E4E4"


@dataclass(frozen=True)
class Part:
    """One part of the card.

    Attributes:
        name: of the part.
        points, earned: what it is worth, and what was earned of that.
        unchecked: its tasks that were not checked yet.
        weakest: the task that misses most points.
        missing: what the last check saw of each task that is not yet whole.
    """

    name: str
    points: float
    earned: float
    unchecked: tuple[str, ...]
    weakest: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """The parts of one learner; it shows as text and as bars."""

    learner: str
    parts: tuple[Part, ...]

    @property
    def earned(self) -> float:
        """All that was earned."""
        return sum(part.earned for part in self.parts)

    @property
    def points(self) -> float:
        """All that can be earned."""
        return sum(part.points for part in self.parts)

    @property
    def advice(self) -> str:
        """Say which part has most to gain."""
        best = max(self.parts, key=lambda part: part.points - part.earned)
        if best.points - best.earned < 0.05:
            return "Nothing is missing: save, and hand in."
        gain = f"{best.points - best.earned:.1f}"
        return f"Most is to be gained in {best.name} ({gain} points): look at {best.weakest}."

    @property
    def missing(self) -> tuple[str, ...]:
        """Say for each task that was checked and is not whole what the check saw."""
        return tuple(line for part in self.parts for line in part.missing)

    def lines(self) -> list[str]:
        """Return a line for each part, the sum, the advice, what is missing, what it all is."""
        rows = []
        for part in self.parts:
            open_ = f"   not checked yet: {', '.join(part.unchecked)}" if part.unchecked else ""
            rows.append(f"{part.name:<18}{part.earned:6.1f} of {part.points:3.0f}{open_}")
        total = f"{'all':<18}{self.earned:6.1f} of {self.points:3.0f}"
        return [*rows, total, self.advice, *self.missing, HONEST]

    def __repr__(self) -> str:
        return "\n".join([f"Score card of {self.learner}", *self.lines()])

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        missing = "".join(f"<li>{escape(line)}</li>" for line in self.missing)
        told = f'<div>{escape(self.advice)}</div><ul style="margin:4px 0">{missing}</ul>'
        told += f"<div>{escape(HONEST)}</div>"
        html = (
            '<div role="group" aria-label="Score card" style="max-width:56em;font-size:14px;'
            f'font-family:{FONT};color:{INK};background:#fff;padding:6px 12px">'
            f"<strong>Score card of {escape(self.learner)}</strong>{self.svg()}{told}</div>"
        )
        return {"text/html": html, "text/plain": repr(self)}

    def svg(self) -> str:
        """Draw a bar for each part, as long as its points, filled as far as they are earned."""
        scale = (WIDTH - LEFT - RIGHT) / max(part.points for part in self.parts)
        rows = [self._row(part, k, scale) for k, part in enumerate(self.parts)]
        high = ROW * (len(self.parts) + 1) + 6
        total = (
            f'<text x="0" y="{high - 12}" font-weight="bold">all</text><text x="{LEFT}" '
            f'y="{high - 12}" font-weight="bold">{self.earned:.1f} of {self.points:.0f}</text>'
        )
        label = "; ".join(f"{p.name} {p.earned:.1f} of {p.points:.0f}" for p in self.parts)
        return (
            f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {high}" '
            f'width="{WIDTH}" style="max-width:100%;display:block" font-size="14" fill="{INK}" '
            f'font-family="{FONT}">{"".join(rows)}{total}</svg>'
        )

    def _row(self, part: Part, k: int, scale: float) -> str:
        top, length = k * ROW + 8, part.points * scale
        left = f" · not checked yet: {', '.join(part.unchecked)}" if part.unchecked else ""
        filled = part.earned * scale
        return (
            f'<text x="0" y="{top + 13}">{escape(part.name)}</text>'
            f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{OPEN}" '
            f'stroke="{QUIET}"/>'
            f'<rect x="{LEFT}" y="{top}" width="{filled:.1f}" height="{BAR}" fill="{EARNED}"/>'
            f'<text x="{LEFT + length + 8:.1f}" y="{top + 13}">{part.earned:.1f} of '
            f"{part.points:.0f}{left}</text>"
        )


def score_card() -> Card:
    """Return the score card of the learner whose name stands in the notebook."""
    name = log.use_learner(sys._getframe(1).f_globals.get("learner"))
    return Card(name, tuple(_part(part, ids) for part, ids in PARTS.items()))


def _part(name: str, ids: tuple[str, ...]) -> Part:
    points, seen = {i: find(i).points for i in ids}, {}
    for i in ids:
        event = log.latest("check", i)
        if event is not None:
            seen[i] = event["payload"] or {}
    credits = {i: float(payload.get("credit", 0.0)) for i, payload in seen.items()}
    missing = {i: points[i] * (1 - credits.get(i, 0.0)) for i in ids}
    return Part(
        name,
        sum(points.values()),
        sum(points[i] * credits.get(i, 0.0) for i in ids),
        tuple(i for i in ids if i not in credits),
        max(missing, key=missing.__getitem__),
        tuple(f"{i}: {_saw(payload)}" for i, payload in seen.items() if missing[i] > 0),
    )


def _saw(payload: dict[str, Any]) -> str:
    """Say what a check saw: the names of the cases that failed, or what its task tells."""
    if payload.get("failed"):
        return f"not yet right: {', '.join(payload['failed'])}"
    if payload.get("told"):
        return "; ".join(payload["told"])
    return "it could not be judged; run its check again to see why"
