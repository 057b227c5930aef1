"""Folders on disk. No link is followed, and only ordinary files are kept."""

from __future__ import annotations

import os
import stat

from bncourse.grading.submissions.files import File
from bncourse.grading.submissions.limits import MAX_LISTING
from bncourse.grading.submissions.names import tidy
from bncourse.grading.submissions.tree import IGNORED, Folder, Listing, is_wanted


def disk_folder(root: str, parts: tuple[str, ...] = ()) -> Folder:
    """Return the folder at ``parts`` below ``root``, an absolute path without links."""
    place = os.path.join(root, *parts)
    above = () if parts else names_above(place)
    return Folder(tidy(os.path.basename(place)), place, lambda: _scan(root, parts), above)


def names_above(place: str) -> tuple[str, ...]:
    """Return the names of the folders that a place lies in, the nearest first."""
    return tuple(tidy(part) for part in reversed(os.path.dirname(place).split(os.sep)) if part)


def _scan(root: str, parts: tuple[str, ...]) -> Listing:
    found = Listing()
    try:
        with os.scandir(os.path.join(root, *parts)) as scan:
            for count, entry in enumerate(scan):
                if count == MAX_LISTING:
                    found.leave("…", "there are too many files to look at all of them")
                    break
                _sort_in(found, entry, root, parts)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        found.leave(tidy(parts[-1] if parts else root), f"it cannot be opened: {reason}")
    return found


def _sort_in(found: Listing, entry: os.DirEntry, root: str, parts: tuple[str, ...]) -> None:
    name = tidy(entry.name)
    if IGNORED.match(name):
        return
    if entry.is_symlink():
        found.leave(name, "it is a link, and links are not followed")
    elif entry.is_dir(follow_symlinks=False):
        found.folders.append(disk_folder(root, (*parts, entry.name)))
    elif not is_wanted(name):
        found.others.append(name)
    else:
        known = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(known.st_mode):
            way = (*parts, entry.name)
            found.keep(File(name, root, way, (), known.st_size, known.st_mtime))
        else:
            found.leave(name, "it is not an ordinary file")
