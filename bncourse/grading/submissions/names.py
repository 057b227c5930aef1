"""Names from file systems and archives, made fit to be shown and to be file names."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import count

LONGEST = 100  # characters of a learner's file name
_BYTES = 180  # the same in UTF-8: file systems stop at 255, and suffixes follow
_SHOWN = 200
_FORBIDDEN = re.compile(r'[<>:"/\\|?*#%\ufffd]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)", re.I)


def tidy(text: str, limit: int = _SHOWN) -> str:
    """Return the name in composed form (NFC), on one line, without invisible characters.

    Control, direction and private characters go, bytes that were no text become U+FFFD, and
    what is longer than ``limit`` loses its middle, so that the ending can still be seen.
    """
    text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _instead(c) for c in text)
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 21]}…{text[-20:]}"


def _instead(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return " " if character.isspace() else ""


def safe(text: str) -> str:
    """Return a name that is a file name on every platform and stays in its folder.

    No separators, no leading dot, dash or sign that a spreadsheet would read as a formula, none
    of Windows' reserved names, at most 100 characters. Different texts may give the same name:
    see ``distinct``.
    """
    name = _FORBIDDEN.sub("_", tidy(text, 10_000)).lstrip(" .-~=+@").rstrip(" .")
    if reserved := _RESERVED.match(name):
        at = reserved.start(3)
        name = f"{name[:at]}_{name[at:]}"
    if not name.strip("_"):
        name = f"unnamed-{digest(text)}"
    if len(name) > LONGEST or len(name.encode()) > _BYTES:
        name = f"{_cut(name, LONGEST - 7, _BYTES - 7)}-{digest(text)}"
    return name


def _cut(name: str, characters: int, size: int) -> str:
    short = name[:characters].encode()[:size].decode(errors="ignore")
    return unicodedata.normalize("NFC", short).rstrip(" .")


def distinct(names: Sequence[str], origins: Sequence[str], numbers: Sequence[str]) -> list[str]:
    """Return safe names of which no two are the same, even where case is ignored.

    Names that would be the same all get a suffix: their number if they have one, else a digest
    of their origin. So a name never passes from one person to another when somebody joins.
    """
    made = [safe(name) for name in names]
    times = Counter(map(_folded, made))
    taken = {name for name in times if times[name] == 1}
    result = []
    for name, origin, number in zip(made, origins, numbers, strict=True):
        if times[_folded(name)] > 1:
            name = _with_suffix(name, origin, number, taken)
            taken.add(_folded(name))
        result.append(name)
    return result


def _with_suffix(name: str, origin: str, number: str, taken: set[str]) -> str:
    stem = _cut(name, LONGEST - 20, _BYTES - 20)
    if number and _folded(made := f"{stem}-{safe(number)[:16]}") not in taken:
        return made
    # Two origins may share a digest, and an attacker may have taken some names.
    tries = (f"{stem}-{digest(f'{origin}/{again}' if again else origin)}" for again in count())
    return next(made for made in tries if _folded(made) not in taken)


def digest(text: str, size: int = 6) -> str:
    """Return ``size`` (at most 32) hexadecimal digits that stand for the text."""
    raw = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=16).hexdigest()[:size]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())
