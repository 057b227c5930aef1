"""Landlock: which files a process may touch, by three system calls without any privilege.

Source: the kernel's userspace API, documented under "Landlock: unprivileged access control".
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
VERSION_QUERY, PATH_BENEATH = 1, 1

WRITE_FILE, READ_FILE, READ_DIR, MAKE_REG, TRUNCATE = 2, 4, 8, 256, 1 << 14
READ = READ_FILE | READ_DIR
# Nothing can be removed or renamed there: what is written stays where it is counted.
PRIVATE = READ | WRITE_FILE | MAKE_REG | TRUNCATE
ON_FILES = READ_FILE | WRITE_FILE | TRUNCATE | 1
# What each version of the interface can forbid on files, on the network, between processes.
FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
NETWORK, SCOPES = 3, 3

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("files", "network", "scopes")]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("access", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """Return the version of Landlock in this kernel, 0 where there is none."""
    return max(_libc.syscall(CREATE_RULESET, None, 0, VERSION_QUERY), 0)


def ruleset(rules: Iterable[tuple[str, int]]) -> int:
    """Return a file descriptor for a set of rules: everything else is forbidden.

    A rule is a path and what may be done beneath it; paths that are not there are left out.
    Raises OSError where the kernel has no Landlock.
    """
    at = version()
    handled = FILES[max((v for v in FILES if v <= at), default=1)]
    wanted = _Ruleset(handled, NETWORK if at >= 4 else 0, SCOPES if at >= 6 else 0)
    size = 24 if at >= 6 else 16 if at >= 4 else 8
    made = _libc.syscall(CREATE_RULESET, ctypes.byref(wanted), size, 0)
    if made < 0:
        raise OSError(ctypes.get_errno(), "Landlock is not available")
    for path, access in rules:
        _allow(made, path, access & handled)
    return made


def _allow(made: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            access &= ON_FILES
        rule = _Beneath(access, place)
        if access and _libc.syscall(ADD_RULE, made, PATH_BENEATH, ctypes.byref(rule), 0) < 0:
            raise OSError(ctypes.get_errno(), f"no Landlock rule for {path}")
    finally:
        os.close(place)


def restrict(made: int) -> None:
    """Put this process under the rules, for good. Needs no_new_privs. Raises OSError."""
    if _libc.syscall(RESTRICT_SELF, made, 0) < 0:
        raise OSError(ctypes.get_errno(), "Landlock refused the rules")
