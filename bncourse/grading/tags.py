"""A bank under tags that tell nothing: no process can know a right entry by what it is called.

An answer that judges layers or functions is handed one after the other; each stays with the judge
and answers questions under a tag. The tag is in the answer's process, where anything can be read.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from hashlib import blake2b
from typing import Any

import numpy as np

from bncourse.grading.task import Case, Task

# Of this process. An answer runs in another one and can read its own tag there, but not this.
_SECRET = secrets.token_bytes(32)


def under_tags(task: Task) -> bool:
    """Say whether what a task hands out has tags: no two of them may meet in one process.

    Of several it could be told which are right: those that mostly say what the others say.
    """
    return isinstance(getattr(task.oracle, "__self__", None), Tags)


class Tags:
    """Tags for the entries of a bank, which are numbered; ``bank(number, ...)`` answers for one."""

    def __init__(self, count: int, bank: Callable[..., Any]) -> None:
        self.count, self._bank = count, bank

    def number_of(self, tag: Any) -> int:
        """Return the number of the entry that a tag stands for."""
        digest = blake2b(str(int(tag)).encode(), key=_SECRET, digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count

    def oracle(self, tag: Any, *event: Any) -> Any:
        """Answer for the entry that a tag stands for. Raises ValueError as the bank does."""
        return self._bank(self.number_of(tag), *event)

    def cases(self, rng: np.random.Generator) -> list[Case]:
        """Deal the entries in random order, each under a tag that tells nothing."""
        order = rng.permutation(self.count).tolist()  # first, so that no secret changes it
        tags: dict[int, int] = {}
        while len(tags) < self.count:
            tag = int(rng.integers(1 << 62))
            tags.setdefault(self.number_of(tag), tag)
        return [Case("", (tags[k],)) for k in order]

    def unforgetting(self, task: Task) -> Task:
        """Let a task's own tests remember what they said of each entry: it is always the same."""

        def remember(judge_one: Callable[..., Any]) -> Callable[..., Any]:
            said: dict[Any, Any] = {}

            @wraps(judge_one)
            def remembered(tag: int, **switches: Any) -> Any:
                key = self.number_of(tag), repr(sorted(switches.items()))
                if key not in said:
                    said[key] = judge_one(tag, **switches)
                return said[key]

            return remembered

        known = tuple(
            replace(m, wrong=remember(m.wrong), variants=tuple(map(remember, m.variants)))
            for m in task.misconceptions
        )
        return replace(
            task,
            reference=remember(task.reference),
            misconceptions=known,
            switchboard=remember(task.switchboard),
        )
