"""What a learner's process may read: Python and its libraries, and nothing of this course."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from os.path import realpath

PACKAGE = realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/usr/local/lib")
# Single files that libraries look at; none tells anything about a person.
SYSTEM_FILES = ("/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/etc/localtime")


def library_folders() -> list[str]:
    """Return the folders that Python imports installed packages from."""
    folders = {realpath(p) for p in sys.path if p.endswith(("site-packages", "dist-packages"))}
    return sorted(folder for folder in folders if os.path.isdir(folder))


def standard_folders() -> list[str]:
    """Return the folders of the standard library and of what it is linked with."""
    return [realpath(os.path.dirname(os.__file__)), realpath(os.path.join(sys.base_prefix, "lib"))]


def readable(libraries: Sequence[str], without: Sequence[str] = ()) -> Iterator[tuple[str, bool]]:
    """Yield what may be read: a path, and whether everything beneath it (else only its names).

    The course's own package is left out wherever it lies, and of the ``libraries`` those whose
    names begin with one of ``without``.
    """
    hidden = {PACKAGE}
    for folder in libraries:
        names = (n for n in os.listdir(folder) if n.startswith(("bncourse", *without)))
        hidden |= {realpath(os.path.join(folder, name)) for name in names}
    above = set()
    for path in hidden:
        while path != (path := os.path.dirname(path)):
            above.add(path)
    done: list[str] = []
    for root in map(realpath, [*standard_folders(), *libraries, *SYSTEM, *SYSTEM_FILES]):
        if os.path.exists(root) and not any(root == d or root.startswith(d + "/") for d in done):
            yield from _beneath(root, hidden, above)
            done.append(root)


def _beneath(path: str, hidden: set[str], above: set[str]) -> Iterator[tuple[str, bool]]:
    if path in hidden:
        return
    if path not in above:
        yield path, True
        return
    yield path, False
    for name in os.listdir(path):
        yield from _beneath(os.path.join(path, name), hidden, above)
