"""What a worker does: it owns warm runners and grades chunks of notebooks, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from bncourse.grade.notebook import Grader, Submitted
from bncourse.grade.settings import Settings, versions
from bncourse.grading.record import Result
from bncourse.grading.sandbox.box import Sandbox

# One grader for each worker thread: its runners stay warm from chunk to chunk.
_mine = threading.local()


def grade_chunk(settings: Settings, chunk: Sequence[Submitted]) -> list[Result]:
    """Grade a chunk on this host with runners that stay warm for the next one.

    Raises IsolationError where the isolation that was asked for cannot be had on this host.
    """
    return [grader_for(settings).grade(submitted) for submitted in chunk]


def grader_for(settings: Settings) -> Grader:
    """Return this worker's grader for these settings."""
    if getattr(_mine, "settings", None) != settings:
        close()
        box = Sandbox(settings.time_limit, settings.at_least, settings.exactly)
        _mine.grader = Grader(box, settings.run_seed, versions(), settings.seeds)
        _mine.settings = settings
    return _mine.grader


def close() -> None:
    """End this worker's runners. They also end by themselves with the worker's process."""
    grader = getattr(_mine, "grader", None)
    _mine.settings = _mine.grader = None
    if grader is not None:
        grader.box.close()
