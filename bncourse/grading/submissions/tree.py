"""Folders on disk and folders in zips, looked at through one pair of eyes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from bncourse.grading.submissions.files import ARCHIVE, NOTEBOOK, File
from bncourse.grading.submissions.limits import MAX_DEPTH, MAX_ENTRIES

# What is never a submission: hidden things, tools' own folders, environments, earlier feedback.
IGNORED = re.compile(
    r"\.|(__MACOSX|__pycache__|venv|env|virtualenv|site-packages|node_modules|feedback)$",
    re.IGNORECASE,
)
# What Gradescope writes about the submissions.
DESCRIPTIONS = ("submission_metadata.yml", "submission_metadata.json")
_MARK = "pyvenv.cfg"  # it lies in every virtual environment, whatever its name


@dataclass
class Listing:
    """What lies directly in a folder: ``files`` are its notebooks and zips, sorted by name.

    ``others`` names everything else, ``descriptions`` holds what Gradescope wrote among it;
    ``skipped`` pairs what was left out with the reason (a dict for its order; there may be
    very many).
    """

    folders: list[Folder] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    descriptions: dict[str, File] = field(default_factory=dict)
    skipped: dict[tuple[str, str], None] = field(default_factory=dict)

    def keep(self, file: File) -> None:
        """Add a notebook, a zip or a description where it belongs."""
        if file.name in DESCRIPTIONS:
            self.descriptions[file.name] = file
        else:
            self.files.append(file)

    def leave(self, name: str, why: str) -> None:
        """Note once that something was left out."""
        self.skipped[name, why] = None


def is_wanted(name: str) -> bool:
    """Whether a file of this name is kept: a notebook, a zip, or a description."""
    return bool(NOTEBOOK.search(name) or ARCHIVE.search(name)) or name in DESCRIPTIONS


class Folder:
    """A folder; it is looked into when its ``listing`` is first asked for."""

    def __init__(
        self,
        name: str,
        place: str,
        load: Callable[[], Listing],
        above: tuple[str, ...] = (),
    ):
        self.name, self.place, self.above = name, place, above
        self._load = load

    @cached_property
    def listing(self) -> Listing:
        """What lies in it, sorted by name."""
        found = self._load()
        found.folders.sort(key=lambda folder: folder.name)
        found.files.sort(key=lambda file: (file.name, file.parts))
        found.skipped = dict.fromkeys(sorted(found.skipped))
        return found

    def walk(self) -> Iterator[tuple[str, Folder]]:
        """Yield this folder and all below it, with the way there: ``""``, ``"week 3/"``.

        Stops at 20 folders' depth and at 20,000 entries, and leaves out virtual environments;
        what it left out is then ``skipped`` in a listing.
        """
        ahead, count = [("", 0, self)], 0
        while ahead:
            way, depth, folder = ahead.pop()
            inside = folder.listing
            if depth and _MARK in inside.others:
                continue
            yield way, folder
            count += len(inside.folders) + len(inside.files) + len(inside.others)
            if count > MAX_ENTRIES:
                inside.leave(f"{way}…", "there are too many files to look at all of them")
                return
            if depth == MAX_DEPTH and inside.folders:
                inside.leave(f"{way}…", "its folders lie too deep in one another")
                continue
            for below in reversed(inside.folders):
                ahead.append((f"{way}{below.name}/", depth + 1, below))

    @cached_property
    def holds_work(self) -> bool:
        """Whether a notebook or a zip, or one that was skipped, lies anywhere below."""
        return any(f.listing.files or f.listing.skipped for _, f in self.walk())
