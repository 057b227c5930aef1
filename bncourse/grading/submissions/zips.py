"""Zip archives that may be hostile: listed and read in memory, never unpacked to disk."""

from __future__ import annotations

import bz2
import re
import stat
import struct
import time
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from bncourse.grading.submissions.errors import Unreadable

_HEADER = struct.Struct("<4s22xHH")  # signature … length of the name, length of the extra field
_DRIVE = re.compile("[A-Za-z]:")
_DAMAGED = "The archive is damaged here. Make the zip again, open it to check, and hand it in."
_BROKEN = (
    zipfile.BadZipFile,
    OSError,
    ValueError,
    NotImplementedError,
    OverflowError,
    EOFError,
    IndexError,
    struct.error,
)


@dataclass(frozen=True, order=True)
class Member:
    """Where one file lies in an archive. Sizes in bytes, as the archive declares them."""

    offset: int
    packed: int
    size: int
    crc: int
    method: int
    locked: bool


@dataclass(frozen=True)
class Entry:
    """One line of an archive's table of contents. ``wrong`` says why it is not to be read."""

    parts: tuple[str, ...]
    is_folder: bool
    member: Member
    modified: float | None
    wrong: str = ""


class _Bounded:
    """A file of which no single read is longer than ``most``: tables of contents may lie."""

    def __init__(self, file: BinaryIO, most: int):
        self._file, self._most = file, most
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            size = self._most
        if size > self._most:
            raise Unreadable("The archive holds too many files. Hand in the notebooks alone.")
        return self._file.read(size)


def entries(file: BinaryIO, most: int) -> list[Entry]:
    """Return the table of contents, which may be ``most`` bytes long. Raises Unreadable."""
    try:
        with zipfile.ZipFile(_Bounded(file, most)) as archive:
            return [_entry(info) for info in archive.infolist()]
    except _BROKEN as error:
        raise Unreadable(
            "This is not a zip archive that can be opened; the upload may have been cut short. "
            "Make the zip again, open it to check, and hand it in."
        ) from error


def _entry(info: zipfile.ZipInfo) -> Entry:
    name = _text(info).replace("\\", "/")
    parts = name.split("/")
    kind = stat.S_IFMT(info.external_attr >> 16)
    wrong = ""
    if "\0" in info.orig_filename:
        wrong = "its name is damaged"
    elif name.startswith("/") or ".." in parts or _DRIVE.match(name):
        wrong = "its name leads out of the archive"
        parts[0] = _DRIVE.sub("", parts[0])
    elif kind == stat.S_IFLNK:
        wrong = "it is a link, and links are not followed"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        wrong = "it is not an ordinary file"
    return Entry(
        tuple(part for part in parts if part not in ("", ".", "..")),
        name.endswith("/") or kind == stat.S_IFDIR,
        Member(
            info.header_offset,
            info.compress_size,
            info.file_size,
            info.CRC,
            info.compress_type,
            bool(info.flag_bits & 0x2041),
        ),
        _moment(info.date_time),
        wrong,
    )


def _text(info: zipfile.ZipInfo) -> str:
    """Return the name; macOS writes UTF-8 without saying so."""
    if not info.flag_bits & 0x800 and not info.filename.isascii():
        try:
            return info.filename.encode("cp437").decode()
        except UnicodeError:
            pass
    return info.filename


def _moment(date: tuple[int, ...]) -> float | None:
    try:
        return time.mktime((*date, 0, 0, -1))
    except (ValueError, OverflowError):
        return None


def unpack(file: BinaryIO, member: Member, limit: int) -> bytes:
    """Return a member's bytes, at most ``limit`` and at most what the archive declared.

    Raises Unreadable: too large, locked, damaged, or packed in a way that is not read.
    """
    if member.locked:
        raise Unreadable("The archive has a password. Make a zip without one and hand it in.")
    if max(member.size, member.packed - 65_536) > limit:
        raise Unreadable(too_large(max(member.size, member.packed), limit))
    raw = _packed(file, member)
    data = raw if member.method == zipfile.ZIP_STORED else _inflated(raw, member)
    if len(data) != member.size or zlib.crc32(data) != member.crc:
        raise Unreadable(_DAMAGED)
    return data


def _packed(file: BinaryIO, member: Member) -> bytes:
    try:
        file.seek(member.offset)
        signature, name, extra = _HEADER.unpack(file.read(_HEADER.size))
        if signature != b"PK\3\4":
            raise ValueError("no member starts here")
        file.seek(name + extra, 1)
        return file.read(member.packed)
    except (OSError, ValueError, OverflowError, struct.error) as error:
        raise Unreadable(_DAMAGED) from error


def _inflated(raw: bytes, member: Member) -> bytes:
    if member.method == zipfile.ZIP_DEFLATED:
        engine = zlib.decompressobj(-15)
    elif member.method == zipfile.ZIP_BZIP2:
        engine = bz2.BZ2Decompressor()
    else:
        raise Unreadable(
            f"The archive is packed in an unusual way (method {member.method}). "
            "Make an ordinary zip and hand it in."
        )
    try:
        # One byte more than declared is enough to know that the declaration is wrong.
        return engine.decompress(raw, member.size + 1)
    except (zlib.error, OSError, EOFError) as error:
        raise Unreadable(_DAMAGED) from error


def too_large(size: int, limit: int) -> str:
    """Say that something is too large, and what helps. Sizes in bytes."""
    return (
        f"The file is too large: {size / 1e6:,.0f} MB; at most {limit / 1e6:,.0f} MB are read. "
        "Clear all outputs, save, and hand it in again."
    )
