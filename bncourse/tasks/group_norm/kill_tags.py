"""The bank's layers under tags that tell nothing, and a memory of what was asked of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.grading.tags import Tags
from bncourse.tasks.group_norm import kill_bank
from bncourse.tasks.group_norm.kill_bank import RIGHT, WRONG

TAGS = Tags(len(RIGHT) + len(WRONG), kill_bank.oracle)  # the right ones come first


def answered_before() -> Callable[..., Any]:
    """Return the oracle for the task's own suites, which ask the same things again and again."""
    told: dict[Any, tuple[np.ndarray, ...]] = {}

    def remembered(tag: int, event: str, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        contents = tuple((a.shape, a.dtype.char, a.tobytes()) for a in arrays)
        key = TAGS.number_of(tag), event, contents
        if key not in told:
            told[key] = TAGS.oracle(tag, event, *arrays)
        return told[key]

    return remembered
