"""When the next hint is due: after a fresh attempt or a minute's thought, and never counted."""

from __future__ import annotations

from dataclasses import dataclass

from bncourse.grading import progress

WAIT_SECONDS = 60
LAST_RUNG = 3


@dataclass(frozen=True)
class Hint:
    """A rung (1 … 3) to show, and whether it is new."""

    rung: int
    new: bool


def next_hint(task_id: str, now: float) -> Hint:
    """Return the hint that is due at the time ``now`` (seconds), without recording it.

    The first is due at once, the next after another answer was checked since the last one or
    after a minute.
    """
    given = list(progress.events("hint", task_id))
    if not given:
        return Hint(1, True)
    last = given[-1]
    rung = int(last["payload"]["rung"])
    checks = list(progress.events("check", task_id))
    seen = {e["payload"].get("answer") for e in checks if e["time"] <= last["time"]}
    tried = any(e["payload"].get("answer") not in seen for e in checks if e["time"] > last["time"])
    due = tried or now - last["time"] >= WAIT_SECONDS
    if due and rung < LAST_RUNG:
        return Hint(rung + 1, True)
    return Hint(rung, False)
