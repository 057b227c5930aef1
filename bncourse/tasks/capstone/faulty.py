"""Misconceptions made from the faults of the patients: the wrong code itself is what is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.capstone.patient import MISTAKES, built


def board(part: str, entry: str) -> Callable[..., Any]:
    """Return the healthy function or class of a part, with a keyword for each fault."""

    def called(*args: Any, **switches: Any) -> Any:
        faults = frozenset(name for name in MISTAKES if switches.get(_key(name)))
        return built(part, faults)[entry](*args)

    return called


def from_faults(
    part: str, entry: str, told: Mapping[str, tuple[str, str, str]]
) -> tuple[Misconception, ...]:
    """Return a misconception for each fault that is told of: its sentence, question and code."""
    slip = slips(board(part, entry))
    return tuple(
        slip(name, says, asks, code, **{_key(name): True})
        for name, (says, asks, code) in told.items()
    )


def _key(name: str) -> str:
    return name.replace(" ", "_").replace("'", "").replace(",", "")
