"""Who submitted what, from the two descriptions that Gradescope writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from bncourse.grading.submissions.names import tidy

_KEY = re.compile(r"[\"']?(submission_\w+)[\"']?:\s*$")
_FIELD = re.compile(r"  (?:- |  ):?(name|email|sid):\s*(.*)$")

People = list[dict[str, str]]


def submitters(text: str) -> Mapping[str, People]:
    """Read ``submission_metadata.yml`` of an export: folder name → its submitters' fields.

    A reader for the few lines that are needed, not for YAML: the file is written by a machine,
    always in one shape, and holds everything that autograders printed besides. That text stands
    further to the right, so it can never pass for a submitter. Unknown lines are passed over.
    """
    found: dict[str, People] = {}
    people: People | None = None
    listing = False
    for line in text.split("\n"):
        line = line.rstrip("\r")
        if key := _KEY.match(line):
            people = found.setdefault(key[1], [])
            listing = False
        elif line.startswith("  :submitters:"):
            listing = people is not None
        elif listing and (known := _FIELD.match(line)):
            if line.startswith("  - ") or not people:
                people.append({})
            if value := tidy(_plain(known[2])):
                people[-1].setdefault(known[1], value)
        elif listing and not line.startswith(("  - ", "    ")):
            listing = False
    return found


def _plain(value: str) -> str:
    """Return what a YAML scalar on one line stands for."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    if len(value) > 1 and value[0] == value[-1] == '"':
        # JSON knows all of YAML's escapes that occur in names, but for \x.
        try:
            return str(json.loads(re.sub(r"\\x(?=[0-9A-Fa-f]{2})", r"\\u00", value)))
        except ValueError:
            return value[1:-1]
    return "" if value in ("", "~", "null") else value


def autograder(data: bytes) -> tuple[str, People]:
    """Read ``submission_metadata.json`` beside a submission: its number and its users."""
    try:
        known = json.loads(data)
        users = [user for user in known["users"] if isinstance(user, dict)]
        number = str(known["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", []
    fields = ("name", "email", "sid")
    people = [{f: tidy(u[f]) for f in fields if isinstance(u.get(f), str)} for u in users]
    return tidy(number), people
