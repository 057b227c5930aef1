"""Namespaces around a runner, by bubblewrap: its own files, processes, network and users."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

from bncourse.grading.sandbox import landlock
from bncourse.grading.sandbox.folder import MAX_BYTES
from bncourse.grading.sandbox.readable import PACKAGE, SYSTEM, SYSTEM_FILES, standard_folders

COURSE, PRIVATE = "/course", "/private"


def look_for(wanted: bool = True) -> str:
    """Return where bubblewrap is. Raises FileNotFoundError where it is wanted and not there."""
    bwrap = shutil.which("bwrap") or ""
    if wanted and not bwrap:
        raise FileNotFoundError("bubblewrap (the command bwrap) is not installed")
    return bwrap


def around(command: Sequence[str], libraries: Sequence[str], cache: str) -> list[str]:
    """Return the command that runs ``command`` within namespaces of its own.

    Inside there are Python, its libraries, the part of the course that holds no answers, and one
    small folder in memory. ``cache`` is Matplotlib's.
    """
    out = [look_for(), "--unshare-all", "--unshare-user", "--cap-drop", "ALL"]
    if os.geteuid() == 0:
        out += ["--uid", "65534", "--gid", "65534"]
    for path in SYSTEM:
        out += _system(path)
    interpreter = {sys.executable, os.path.realpath(sys.executable)}
    # A virtual environment's python finds its own base by the file beside it.
    config = os.path.join(os.path.dirname(os.path.dirname(sys.executable)), "pyvenv.cfg")
    for path in [*standard_folders(), *libraries, *interpreter, config, *SYSTEM_FILES[:1]]:
        if os.path.exists(path) and not path.startswith(tuple(p + "/" for p in SYSTEM)):
            out += ["--ro-bind", path, path]
    if any(PACKAGE.startswith(folder + "/") for folder in (*libraries, *standard_folders())):
        out += ["--tmpfs", PACKAGE]
    for name in ("__init__.py", "grading"):
        out += ["--ro-bind", os.path.join(PACKAGE, name), f"{COURSE}/bncourse/{name}"]
    if cache != PRIVATE and os.path.isdir(cache):
        # Written to by the runner alone; where Landlock cannot see to that, by nobody.
        out += ["--bind" if landlock.version() else "--ro-bind", cache, cache]
    out += ["--proc", "/proc", "--dev", "/dev"]
    out += ["--size", str(MAX_BYTES), "--tmpfs", PRIVATE]
    out += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", PRIVATE]
    return [*out, "--", *command]


def _system(path: str) -> list[str]:
    if os.path.islink(path):
        return ["--symlink", os.readlink(path), path]
    return ["--ro-bind", path, path] if os.path.isdir(path) else []
