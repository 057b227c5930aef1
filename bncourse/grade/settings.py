"""How a run grades: what its workers need to know, small enough to be sent to other machines."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

import bncourse
from bncourse.grading.sandbox import tiers
from bncourse.grading.sandbox.box import TIME_LIMIT


@dataclass(frozen=True)
class Settings:
    """Time limit in seconds for each cell and task, the isolation wanted, and the run's seed.

    ``seeds`` repeats the seeds of an earlier run.
    """

    run_seed: str
    time_limit: float = TIME_LIMIT
    at_least: str = tiers.PROCESS
    exactly: str | None = None
    seeds: Mapping[str, int] = field(default_factory=dict)


@cache
def versions() -> Mapping[str, str]:
    """Return the versions that a verdict may depend on, the course's tasks among them."""
    return {
        "bncourse": bncourse.__version__,
        "tasks": course_digest(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


@cache
def course_digest() -> str:
    """Return a digest of the code that grades: where it changes, everything is graded anew."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for folder in ("grade", "grading", "layers", "tasks"):
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def fingerprint(data: bytes, settings: Settings) -> str:
    """Return what must be equal for an earlier result to hold: notebook, course and limits."""
    how = f"{course_digest()} {settings.time_limit} {settings.exactly} {settings.at_least}"
    return hashlib.sha256(how.encode() + b"\0" + data).hexdigest()[:24]
