"""How well learners' code is confined: three tiers, tried from the strongest on."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

NAMESPACES, LANDLOCK, PROCESS = "namespaces", "landlock", "process"
TIERS = (NAMESPACES, LANDLOCK, PROCESS)
MEANING: Mapping[str, str] = {
    NAMESPACES: (
        "a forked process without rights: namespaces (bubblewrap), seccomp, limits, and Landlock "
        "where the kernel has it"
    ),
    LANDLOCK: "a forked process without rights: Landlock, seccomp, limits",
    PROCESS: (
        "a process of its own with time limits, which can do to your files, processes and network "
        "what you can; whoever means to can forge marks there"
    ),
}


class IsolationError(Exception):
    """The isolation that was asked for cannot be had here; the message says why."""


def start(kind: str, tier: str) -> Any:
    """Start a runner of that kind and tier. Raises IsolationError saying what is missing."""
    if tier == PROCESS:
        from bncourse.grading.sandbox.fresh import FreshRunner

        return FreshRunner(kind)
    if not sys.platform.startswith("linux"):
        raise IsolationError(f"{tier}: only Linux has it")
    from bncourse.grading.sandbox import landlock
    from bncourse.grading.sandbox.warm import RunnerError, WarmRunner

    if tier == LANDLOCK and not landlock.version():
        raise IsolationError("landlock: this kernel has no Landlock, or it is switched off")
    try:
        return WarmRunner(kind, within_namespaces=tier == NAMESPACES)
    except (RunnerError, RuntimeError, OSError) as error:
        raise IsolationError(f"{tier}: {error}") from None


def best(kind: str, at_least: str = PROCESS, exactly: str | None = None) -> tuple[Any, str]:
    """Start a runner of the strongest tier that works here; returns it and the tier.

    Raises IsolationError when no tier from the strongest down to ``at_least``, or not the one
    ``exactly`` asked for, can be had.
    """
    tried = []
    for tier in [exactly] if exactly else TIERS[: TIERS.index(at_least) + 1]:
        try:
            return start(kind, tier), tier
        except IsolationError as error:
            tried.append(str(error))
    raise IsolationError("; ".join(tried))
