"""One learner's material as it was found, before anybody looks through it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from bncourse.grading.submissions import identity
from bncourse.grading.submissions.files import File
from bncourse.grading.submissions.identity import Identity
from bncourse.grading.submissions.tree import Folder

# Names of folders that are nobody's.
ANYBODY = re.compile(
    r"(submissions?|submitted|class|course|students|learners|downloads?|exports?|src|code|work"
    r"|files|data|old|backup|archive|solutions?|home|tmp|desktop|documents"
    r"|(week|lesson|lab|unit|day|task|sheet|hw|ps|problem[ _-]?set|home ?work|assignment"
    r"|exercise|notebook)s?[ _-]*\d*)",
    re.IGNORECASE,
)


@dataclass
class Found:
    """One learner's material, not yet looked through: folders, notebooks, zips, in order.

    ``places`` are the folders that are theirs, ``skipped`` what was left out, and why.
    """

    who: Identity
    sources: list[Folder | File] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def own(file: File, who: Identity) -> Found:
    """Return one file as its learner's; under its own name, without what was put in front."""
    if who.rest:
        ending = file.name[len(file.stem) :]
        file = replace(file, name=f"{who.rest}{ending}")
    return Found(who, [file])


def merged(found: Iterable[Found]) -> list[Found]:
    """Bring what belongs to one learner together."""
    one: dict[tuple[str, ...], Found] = {}
    for each in found:
        if (known := one.setdefault(each.who.key, each)) is not each:
            known.sources += each.sources
            known.skipped += each.skipped
            known.places += each.places
            notes = dict.fromkeys([*known.who.notes, *each.who.notes])
            known.who = replace(known.who, notes=tuple(notes))
    return sorted(one.values(), key=lambda each: each.who.key)


def whole(root: Folder, exercises: Collection[str] = ()) -> Found:
    """Return all of a folder as one learner's, named by it or by the folders above it.

    A name like "week 3" or that of one of the ``exercises`` is nobody's.
    """
    names = [name for name in (root.name, *root.above[:3]) if name]
    named = [name for name in names if not (ANYBODY.fullmatch(name) or name in exercises)]
    name = (named or names or ["submission"])[0]
    who = identity.moodle(name) or identity.plain(name)
    if identity.GRADESCOPE.fullmatch(name):
        who = identity.gradescope(name, [])
    return Found(who, [root], places=[root.place])
