"""Misconceptions made from the faults of the patients: the wrong code itself is what is run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from bncourse.grading.diagnose import explain
from bncourse.grading.evidence import CaseEvidence, Evidence, agrees, expected
from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception, Task
from bncourse.tasks.capstone.patient import ILL, MISTAKES, built, patients_of


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


def earned(part: str, task: Task, evidence: Evidence) -> float:
    """Return the share of a part's points that mending has earned.

    An answer that fails wherever some patient does earns nothing, so that neither doing nothing
    nor the choice of a name does. Where patients have two faults, one that is left costs half.
    """
    if evidence.clean:
        return 1.0
    failed = {k for k, c in enumerate(evidence.cases) if not c.clean}
    if not any(_fails(task, evidence, ill) <= failed for ill in patients_of(part)):
        return evidence.share
    found = [e.key for e in explain(task, evidence)]
    one_left = len(found) == 1 and _fails(task, evidence, found) == failed
    return 1 - len(found) / ILL[part] if one_left else 0.0


def _fails(task: Task, evidence: Evidence, faults: Collection[str]) -> set[int]:
    """Return the numbers of the cases on which a layer with those faults fails."""
    switches = {_key(name): True for name in faults}
    return {k for k, c in enumerate(evidence.cases) if not _right(task, c, switches)}


def _right(task: Task, seen: CaseEvidence, switches: Mapping[str, bool]) -> bool:
    try:
        told = expected(task, partial(task.switchboard, **switches), copy.deepcopy(seen.case.args))
    except Exception as error:
        return type(error).__name__ == seen.case.raises
    return not seen.case.raises and all(
        agrees(task, seen.case, name, told[name], wanted) for name, wanted in seen.wanted.items()
    )


def _key(name: str) -> str:
    return name.replace(" ", "_").replace("'", "").replace(",", "")
