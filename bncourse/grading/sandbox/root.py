"""What to do when the instructor is root, as in many containers: become nobody."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from collections.abc import Iterable

from bncourse.grading.sandbox.readable import library_folders, standard_folders


def other_user() -> tuple[int, int] | None:
    """Return the user and group that a runner should become, None to stay who we are.

    Root becomes "nobody" where everybody may read Python and its libraries. Where they lie in
    root's own home only root can run them: then the learner's process stays root in name and
    gives up all of root's capabilities.
    """
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return None
    needed = [os.path.realpath(sys.executable), *standard_folders()[:1], *library_folders()]
    return (nobody.pw_uid, nobody.pw_gid) if all_may_read(needed) else None


def all_may_read(paths: Iterable[str]) -> bool:
    """Say whether everybody may read these files and folders and go through those above them."""
    return all(_open(path) for path in paths)


def _open(path: str) -> bool:
    mode = os.stat(path).st_mode
    need = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    if mode & need != need:
        return False
    while path != (path := os.path.dirname(path)):
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
    return True
