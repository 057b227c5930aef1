"""A task made ready for a whole class: inputs drawn once, each expected array computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bncourse.grading.asked import to_data
from bncourse.grading.learner import personal_seed
from bncourse.grading.sandbox.job import Question
from bncourse.grading.tags import under_tags
from bncourse.grading.task import Case, Misconception, Task

MOST_KEPT = 20_000


def run_seed_for(run_seed: str, task: str) -> int:
    """Return the seed of a task in a run: another for each task, so that the inputs of one say
    nothing about the answers of another."""
    digest = hashlib.sha256(f"{run_seed}\n{task}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


@dataclass(frozen=True)
class Prepared:
    """A task with its drawn cases; ``task`` remembers what its own functions returned for them."""

    task: Task
    seed: int
    cases: tuple[Case, ...]

    @cached_property
    def question(self) -> Question:
        """What the learner's process is told of it. A personal form needs no inputs there."""
        cases = (Case("", (None,) * len(self.task.params)),) if self.task.personal else self.cases
        apart = under_tags(self.task)
        return Question(self.task.id, to_data(self.task), cases, self.task.oracle, apart)


def prepare(task: Task, seed: int) -> Prepared:
    """Draw a task's cases and let its functions remember what they give for them.

    Raises ValueError for a personal task that is no form: its inputs would have to be known
    before the notebook has told whose they are.
    """
    if not task.personal:
        cases = task.draw(seed)
        return Prepared(_remembering(task, cases), seed, cases)
    if not task.partial:
        raise ValueError(f"{task.id} is personal, but no form")
    return Prepared(task, 0, ())


def personal(prepared: Prepared, learner: str) -> Prepared:
    """Return a personal task with the numbers of that learner."""
    seed = personal_seed(learner, prepared.task.id)
    return Prepared(prepared.task, seed, prepared.task.draw(seed))


def _remembering(task: Task, cases: tuple[Case, ...]) -> Task:
    known = {_key(case.args) for case in cases}
    assert len(known) == len(cases), f"{task.id}: two cases are the same"
    memory: dict[Any, tuple[Any, BaseException | None]] = {}

    def remember(function: Callable[..., Any]) -> Callable[..., Any]:
        def remembered(*args: Any, **switches: Any) -> Any:
            key = (function, _key(args), repr(sorted(switches.items())))
            if key not in memory and len(memory) < MOST_KEPT:
                memory[key] = _call(function, args, switches)
            value, error = memory[key] if key in memory else _call(function, args, switches)
            if error is not None:
                raise error
            return value

        return remembered

    def also(m: Misconception) -> Misconception:
        wrong = remember(m.wrong) if m.wrong else None
        return replace(m, wrong=wrong, variants=tuple(remember(v) for v in m.variants))

    return replace(
        task,
        reference=remember(task.reference),
        misconceptions=tuple(also(m) for m in task.misconceptions),
        switchboard=remember(task.switchboard) if task.switchboard else None,
        given=remember(task.given) if task.given else None,
    )


def _call(
    function: Callable[..., Any], args: tuple[Any, ...], switches: dict[str, Any]
) -> tuple[Any, BaseException | None]:
    try:
        return function(*args, **switches), None
    except Exception as error:
        return None, error.with_traceback(None)


def _key(value: Any) -> Any:
    """Return a key for arguments by their contents: the judge hands copies to each call."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, (tuple, list)):
        return tuple(_key(v) for v in value)
    if isinstance(value, dict):
        return tuple((k, _key(v)) for k, v in value.items())
    return repr(value)
