"""Whose a file or folder is, as far as its name tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_MOODLE = re.compile(
    r"(?P<name>[^_].*?)(_(?P<id>\d+))?_assignsubmission_(?P<kind>file|onlinetext)(_(?P<rest>.*))?$"
)
# Canvas: name, LATE, user, file, the file's own name. No number there begins with a zero.
_CANVAS = re.compile(
    r"(?P<name>\w+?)(?P<late>_LATE)?_(?P<id>[1-9]\d*)_(?P<file>[1-9]\d*)_(?P<rest>.+)$"
)
_CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<name>anon_(?P<id>[A-Za-z0-9]+))_(?P<file>[1-9]\d*)_(?P<rest>.+)$"
)
GRADESCOPE = re.compile(r"submission_\d+")
LATE = "It came in late, says Canvas."


@dataclass(frozen=True)
class Identity:
    """A learner: ``key`` says when two are the same, the others are as in ``Submission``.

    ``rest`` is what the file was called before its learner's name was put in front.
    """

    key: tuple[str, ...]
    learner: str
    name: str
    ids: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rest: str = ""


def plain(name: str) -> Identity:
    """Return the identity of a folder or file named by its learner alone."""
    return Identity(("name", name), name, name)


def moodle(name: str) -> Identity | None:
    """Read ``Ada Lovelace_123_assignsubmission_file_`` and, in flat downloads, what follows."""
    if not (found := _MOODLE.match(name)):
        return None
    who, number = found["name"], found["id"] or ""
    # Marked blind, everybody is called Participant.
    shown = f"{who} {number}" if who == "Participant" else who
    return Identity(
        ("moodle", who, number),
        f"{who}_{number}" if number else who,
        shown,
        {"moodle": number} if number else {},
        ("A text was typed in online.",) if found["kind"] == "onlinetext" else (),
        found["rest"] or "",
    )


def canvas(name: str) -> Identity | None:
    """Read ``lovelaceada_LATE_12345_678910_03_batch_norm-2``."""
    if not (found := _CANVAS_ANONYMOUS.match(name) or _CANVAS.match(name)):
        return None
    return Identity(
        ("canvas", found["name"], found["id"]),
        found["name"],
        found["name"],
        {"canvas" if found.re is _CANVAS else "canvas_anonymous": found["id"]},
        (LATE,) if found["late"] else (),
        found["rest"],
    )


def from_canvas(names: list[str]) -> bool:
    """Whether a folder's files come from Canvas: most look so, and each file has its number."""
    found = [_CANVAS_ANONYMOUS.match(name) or _CANVAS.match(name) for name in names]
    numbers = [match["file"] for match in found if match]
    return 2 * len(numbers) > len(names) and len(set(numbers)) == len(numbers)


def gradescope(folder: str, people: list[dict[str, str]]) -> Identity:
    """Return the identity of ``submission_123`` with its submitters: one learner or a group."""

    def joined(what: str) -> str:
        return ", ".join(person[what] for person in people if what in person)

    ids = {"gradescope": folder.removeprefix("submission_")}
    ids |= {what: joined(what) for what in ("email", "sid") if joined(what)}
    return Identity(("gradescope", folder), folder, joined("name") or folder, ids)
