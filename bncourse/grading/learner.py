"""Who is learning: the name draws each learner's own numbers, always the same ones."""

from __future__ import annotations

import hashlib
import re
import unicodedata

import numpy as np

ANYBODY = "anybody"


def normal_name(name: object) -> str:
    """Return the name as it is used: trimmed, lower case, or "anybody" when there is none."""
    text = unicodedata.normalize("NFC", str(name or "")).strip().lower()
    return re.sub(r"\s+", " ", text) or ANYBODY


def personal_seed(name: object, task: str) -> int:
    """Return the seed of a learner's own numbers in a task."""
    digest = hashlib.sha256(f"{normal_name(name)}\n{task}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def fresh_seed() -> int:
    """Return a new seed, for cases that nobody has seen before."""
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
