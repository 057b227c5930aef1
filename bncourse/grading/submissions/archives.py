"""Zips as folders, grown from their tables of contents."""

from __future__ import annotations

import io

from bncourse.grading.submissions.disk import names_above
from bncourse.grading.submissions.errors import Unreadable
from bncourse.grading.submissions.files import File
from bncourse.grading.submissions.limits import (
    MAX_ARCHIVE,
    MAX_DEPTH,
    MAX_DIRECTORY,
    MAX_INNER_DIRECTORY,
)
from bncourse.grading.submissions.names import tidy
from bncourse.grading.submissions.tree import IGNORED, Folder, Listing, is_wanted
from bncourse.grading.submissions.zips import Entry, entries, unpack


class Archives:
    """Zips as folders; each is opened once and its table of contents kept."""

    def __init__(self):
        self._known: dict[tuple, Folder] = {}

    def folder(self, archive: File, of_a_class: bool = False) -> Folder:
        """Return what lies in a zip. Raises Unreadable with a reason.

        The zip ``of_a_class`` may hold far more files than one learner's.
        """
        if archive.place not in self._known:
            self._known[archive.place] = zip_folder(archive, of_a_class)
        return self._known[archive.place]


def zip_folder(archive: File, of_a_class: bool = False) -> Folder:
    """Return what lies in a zip as a folder. Raises Unreadable with a reason.

    The zip ``of_a_class`` may hold far more files than one learner's.
    """
    if len(archive.members) > 1:
        raise Unreadable("A zip in a zip in a zip is not opened. Hand in the notebooks alone.")
    with archive.opened() as file:
        if archive.members:
            file = io.BytesIO(unpack(file, archive.members[-1], MAX_ARCHIVE))
        table = entries(file, MAX_DIRECTORY if of_a_class else MAX_INNER_DIRECTORY)
    path, members = archive.place
    place = "\0".join([path, *(str(member.offset) for member in members)])
    return _Plant(archive, place).grow(table)


class _Plant:
    """Grows the folders of one archive from its table of contents."""

    def __init__(self, archive: File, place: str):
        self.archive, self.place = archive, place
        self.listings: dict[tuple[str, ...], Listing] = {}
        self.files: dict[tuple[str, ...], tuple[Listing, File]] = {}

    def grow(self, table: list[Entry]) -> Folder:
        root = self.listing(())
        for entry in table:
            names = tuple(tidy(part) or "_" for part in entry.parts)
            if names and not any(map(IGNORED.match, names)):
                self.add(names, entry)
        for inside, file in self.files.values():
            inside.keep(file)
        return Folder(self.archive.stem, self.place, lambda: root, names_above(self.place))

    def listing(self, way: tuple[str, ...]) -> Listing:
        """Return the listing at ``way``; it and the folders above are made where missing."""
        if len(way) > MAX_DEPTH:
            self.listing(way[:MAX_DEPTH]).leave("…", "its folders lie too deep in one another")
            return Listing()
        for depth in range(len(way) + 1):
            here = way[:depth]
            if here not in self.listings:
                inside = self.listings[here] = Listing()
                if depth:
                    place = "\0".join([self.place, *here])
                    folder = Folder(here[-1], place, lambda i=inside: i)
                    self.listings[here[:-1]].folders.append(folder)
        return self.listings[way]

    def add(self, names: tuple[str, ...], entry: Entry) -> None:
        if entry.wrong:
            self.listing(names[:-1]).leave(names[-1], entry.wrong)
        elif entry.is_folder:
            self.listing(names)
        elif not is_wanted(names[-1]):
            self.listing(names[:-1]).others.append(names[-1])
        else:
            inside = self.listing(names[:-1])
            if names in self.files:
                inside.leave(names[-1], "it is in the archive twice, and the last one counts")
            where = (*self.archive.members, entry.member)
            size, when = entry.member.size, entry.modified
            old = self.archive
            file = File(names[-1], old.root, old.parts, where, size, when)
            self.files[names] = (inside, file)
