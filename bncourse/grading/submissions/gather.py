"""Look through one learner's material: their notebooks, and what was left out and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bncourse.grading.submissions.archives import Archives
from bncourse.grading.submissions.errors import Unreadable
from bncourse.grading.submissions.files import ARCHIVE, File
from bncourse.grading.submissions.found import Found
from bncourse.grading.submissions.limits import MAX_FILES, MAX_TOTAL
from bncourse.grading.submissions.names import tidy
from bncourse.grading.submissions.tree import Folder

_SHOWN = 3


def gather(found: Found, archives: Archives) -> tuple[list[File], list[str], str]:
    """Return a learner's notebooks, sorted by name; notes; and what to say if there are none."""
    basket = _Basket(archives)
    for source in found.sources:
        basket.add(source)
    basket.open_archives()
    basket.skipped += found.skipped
    files = sorted(basket.files, key=lambda file: (file.name, file.place))
    notes = [*found.who.notes, *basket.notes, *_skip_notes(basket.skipped)]
    others = [tidy(name) for name in [*(archive.name for archive in basket.zips), *basket.others]]
    only = f", only {_listed(others)}" if others else ""
    return files, notes, f"No notebook (.ipynb) was handed in{only}."


class _Basket:
    def __init__(self, archives: Archives):
        self.archives = archives
        self.files: list[File] = []
        self.zips: list[File] = []
        self.others: list[str] = []
        self.skipped: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.total = 0

    def add(self, source: Folder | File, way: str = "") -> None:
        if isinstance(source, Folder):
            for below, folder in source.walk():
                for file in folder.listing.files:
                    self.add(file, f"{way}{below}")
                self.others += folder.listing.others[: 10 * _SHOWN]
            # A listing may have been cut short while walking, so this comes afterwards.
            for below, folder in source.walk():
                self.skipped += [
                    (f"{way}{below}{name}", why) for name, why in folder.listing.skipped
                ]
        elif ARCHIVE.search(source.name):
            self.zips.append(replace(source, name=f"{way}{source.name}"))
        elif len(self.files) == MAX_FILES:
            self.skipped.append((f"{way}{source.name}", "there are too many notebooks"))
        elif not self.pay(source):
            self.skipped.append((f"{way}{source.name}", "the notebooks are too large together"))
        else:
            self.files.append(replace(source, name=tidy(f"{way}{source.name}")))

    def pay(self, file: File) -> bool:
        """Whether a file can still be unpacked; one in a zip in a zip costs that zip as well."""
        cost = sum(member.size for member in file.members) or file.size
        self.total += cost
        return self.total <= MAX_TOTAL

    def open_archives(self) -> None:
        """Open the zips; those found in them are added to the list while it is gone through."""
        loose = {_last(file) for file in self.files}
        for count, archive in enumerate(self.zips):
            # A zip on disk need not be unpacked to see what is in it.
            if count >= MAX_FILES or (archive.members and not self.pay(archive)):
                self.skipped.append((archive.name, "there are too many archives"))
                continue
            try:
                folder = self.archives.folder(archive)
            except Unreadable as error:
                self.notes.append(f"{tidy(archive.name)}: {error}")
                continue
            before = len(self.files)
            self.add(folder, f"{archive.name}/")
            # A zip beside the notebooks it was made of adds nothing.
            again = [file for file in self.files[before:] if _last(file) in loose]
            self.files = [file for file in self.files if file not in again]
            why = "a notebook of the same name lies beside the zip"
            self.skipped += [(file.name, why) for file in again]


def _last(file: File) -> str:
    return file.name.rpartition("/")[2]


def _skip_notes(skipped: Iterable[tuple[str, str]]) -> list[str]:
    """Return one sentence per reason."""
    reasons: dict[str, list[str]] = {}
    for name, why in skipped:
        reasons.setdefault(why, []).append(tidy(name))
    notes = []
    for why, names in reasons.items():
        listed = _listed(names)
        if len(names) == 1:
            notes.append(f"{listed} was skipped: {why}.")
        else:
            notes.append(f"{len(names)} files were skipped: {why} ({listed}).")
    return notes


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
