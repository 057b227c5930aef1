"""Submissions that come with Gradescope's own description."""

from __future__ import annotations

from bncourse.grading.submissions import gradescope, identity
from bncourse.grading.submissions.errors import Unreadable
from bncourse.grading.submissions.found import Found, whole
from bncourse.grading.submissions.limits import MAX_METADATA
from bncourse.grading.submissions.tree import Folder


def container(root: Folder, folder: Folder) -> Found:
    """Return the one learner of a container: ``folder`` beside the description in ``root``."""
    number, people = gradescope.autograder(_text_of(root, "submission_metadata.json"))
    if not number:
        return whole(folder)
    return Found(identity.gradescope(f"submission_{number}", people), [folder], [folder.place])


def export(root: Folder) -> list[Found]:
    """Return the learners of an export; the description may be missing."""
    text = _text_of(root, "submission_metadata.yml").decode("utf-8", "replace")
    people = gradescope.submitters(text)
    names = dict.fromkeys(people) | {f.name: f for f in root.listing.folders}
    return [
        Found(
            identity.gradescope(name, people.get(name, [])),
            [folder] if folder else [],
            [folder.place] if folder else [],
        )
        for name, folder in sorted(names.items())
    ]


def _text_of(root: Folder, name: str) -> bytes:
    file = root.listing.descriptions.get(name)
    try:
        return file.read(MAX_METADATA) if file else b""
    except Unreadable:
        return b""
