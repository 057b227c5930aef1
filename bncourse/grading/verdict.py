"""The outcome of judging, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How an answer was found."""

    CORRECT = "correct"
    NAMED = "named"  # wrong, and the misconception is recognised
    UNRECOGNISED = "not recognised"  # wrong, and no misconception explains it
    ERROR = "error"  # raised, or ran too long
    UNREADABLE = "unreadable"  # has not the form that was asked for
    NOT_STARTED = "not started"
    UNFINISHED = "unfinished"  # what is there is right, but some of it is still empty
    RECORDED = "recorded"  # an answer that is kept, not judged


@dataclass(frozen=True)
class Verdict:
    """What the judge found, in words that can be shown to a learner.

    ``credit`` lies in 0 … 1. ``passed`` and ``failed`` say what was tried, ``seen`` describes
    the smallest failing case, ``looks_like`` and ``asks`` belong to the ``misconceptions``
    named by their keys. ``seed`` draws the same cases again.
    """

    task: str
    title: str
    status: Status
    credit: float = 0.0
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    looks_like: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    misconceptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    printed: str = ""
    seed: int = 0

    @property
    def ok(self) -> bool:
        """Whether the answer is correct."""
        return self.status is Status.CORRECT

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        from bncourse.grading.panel import as_html, as_text

        return {"text/html": as_html(self), "text/plain": as_text(self)}

    def __repr__(self) -> str:
        from bncourse.grading.panel import as_text

        return as_text(self)
