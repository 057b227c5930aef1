"""What a learner did, kept in one local file: a line for each event, only ever added to.

The file lies in the folder BNCOURSE_HOME, or in ``.bncourse`` in the home folder, and never
leaves the machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bncourse.grading.learner import ANYBODY, normal_name

_current = {"learner": ANYBODY}


def use_learner(name: object) -> str:
    """Say whose progress is kept from now on; returns the name as it is used."""
    _current["learner"] = normal_name(name)
    return _current["learner"]


def current_learner() -> str:
    """Return whose progress is kept."""
    return _current["learner"]


def path(learner: str | None = None) -> Path:
    """Return the learner's file; names that no file may have are replaced."""
    name = normal_name(learner if learner is not None else current_learner())
    home = os.environ.get("BNCOURSE_HOME") or Path.home() / ".bncourse"
    safe = re.sub(r"[^a-z0-9._-]+", "-", name).strip(".-")[:60]
    if safe != name:
        safe += "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return Path(home) / f"progress-{safe}.jsonl"


def note(kind: str, name: str, payload: Any = None) -> bool:
    """Add an event; returns False (and loses nothing else) where the file cannot be written."""
    event = {"time": round(time.time(), 3), "kind": kind, "name": name, "payload": payload}
    line = json.dumps(event, ensure_ascii=False, default=str) + "\n"
    try:
        target = path()
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a+b") as file:
            # A line that an earlier crash cut short must not swallow this one.
            if file.tell() and _last_byte(file) != b"\n":
                file.write(b"\n")
            file.write(line.encode())
    except OSError:
        return False
    return True


def _last_byte(file: Any) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def events(kind: str | None = None, name: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the current learner's events, oldest first; damaged lines are passed over."""
    try:
        text = path().read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            event = json.loads(line)
            known = kind in (None, event["kind"]) and name in (None, event["name"])
        except (ValueError, KeyError, TypeError):
            continue
        if known:
            yield event


def latest(kind: str, name: str) -> dict[str, Any] | None:
    """Return the newest event of that kind and name, or None."""
    found = None
    for found in events(kind, name):  # noqa: B007  the last one is wanted
        pass
    return found
