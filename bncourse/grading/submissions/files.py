"""One submitted file: where it lies, and how to read it without being led astray."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from bncourse.grading.submissions.errors import Unreadable
from bncourse.grading.submissions.limits import MAX_ARCHIVE, MAX_BYTES
from bncourse.grading.submissions.zips import Member, too_large, unpack

# Browsers save notebooks as .ipynb.txt or .ipynb.json when they do not know the kind.
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
ARCHIVE = re.compile(r"\.zip$", re.IGNORECASE)
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_STEPWISE = os.open in os.supports_dir_fd and bool(_NO_FOLLOW)


@dataclass(frozen=True)
class File:
    """A notebook (or archive) of a submission; plain data, so it can be sent to a worker.

    ``name`` is its readable name inside the submission. It lies at ``parts`` below the folder
    ``root``; no link is followed on that way. ``members`` lead on through archives. ``size`` is
    the declared size in bytes, ``modified`` a time stamp in seconds, where there is one.
    """

    name: str
    root: str
    parts: tuple[str, ...]
    members: tuple[Member, ...] = ()
    size: int = 0
    modified: float | None = None

    @property
    def place(self) -> tuple[str, tuple[Member, ...]]:
        """Where the bytes are: two files with one place are the same file."""
        return os.path.join(self.root, *self.parts), self.members

    @property
    def is_notebook(self) -> bool:
        """Whether its name is a notebook's."""
        return bool(NOTEBOOK.search(self.name))

    @property
    def stem(self) -> str:
        """The name without folders and ending."""
        return ARCHIVE.sub("", NOTEBOOK.sub("", self.name.rpartition("/")[2]))

    def read(self, limit: int = MAX_BYTES) -> bytes:
        """Return the bytes, at most ``limit``.

        Raises Unreadable with a reason for the learner: too large, gone, no ordinary file,
        reached over a link, locked or damaged in its archive.
        """
        with self.opened() as file:
            if not self.members:
                return _whole(file, limit)
            return unpack(file, self.members[-1], limit)

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file itself, or the archive that holds it. Raises Unreadable."""
        with _regular(self.root, self.parts) as file:
            for member in self.members[:-1]:
                file = io.BytesIO(unpack(file, member, MAX_ARCHIVE))
            yield file


def _whole(file: BinaryIO, limit: int) -> bytes:
    size = os.fstat(file.fileno()).st_size
    if size > limit:
        raise Unreadable(too_large(size, limit))
    data = file.read(size + 1)
    if len(data) > size:
        raise Unreadable("The file was still being written while it was read. Grade it again.")
    return data


@contextlib.contextmanager
def _regular(root: str, parts: tuple[str, ...]) -> Iterator[BinaryIO]:
    try:
        handle = _open_stepwise(root, parts) if _STEPWISE else _open_checked(root, parts)
        with open(handle, "rb") as file:
            yield file
    except FileNotFoundError as error:
        raise Unreadable("The file has gone since the submissions were listed.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unreadable(f"The file could not be opened: {reason}.") from error


def _open_stepwise(root: str, parts: tuple[str, ...]) -> int:
    """Open folder after folder, following no link, so nothing can be swapped on the way."""
    here = os.open(root, _FLAGS | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, _FLAGS | os.O_DIRECTORY | _NO_FOLLOW, dir_fd=here)
            os.close(here)
            here = below
        # A pipe would wait for a writer; not so with O_NONBLOCK.
        handle = os.open(parts[-1], _FLAGS | _NO_FOLLOW | os.O_NONBLOCK, dir_fd=here)
    finally:
        os.close(here)
    return _checked(handle)


def _open_checked(root: str, parts: tuple[str, ...]) -> int:
    """Do the same where folders cannot be opened: no way there may lead over a link."""
    path = os.path.join(root, *parts)
    straight = os.path.join(os.path.realpath(root), *parts)
    if os.path.normcase(os.path.realpath(path)) != os.path.normcase(straight):
        raise Unreadable("The file is reached over a link, and links are not followed.")
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Unreadable("This is not an ordinary file.")
    return _checked(os.open(path, _FLAGS))


def _checked(handle: int) -> int:
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise Unreadable("This is not an ordinary file.")
